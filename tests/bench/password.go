// password: the peer of passwordd as a tutorial has it, net/http and a crypto/rand.Int a character.
//
//	password [-port N]     listens on 127.0.0.1, port 0 by default, and prints the port
package main

import (
	"crypto/rand"
	"flag"
	"fmt"
	"log"
	"math/big"
	"net"
	"net/http"
)

const (
	charset = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789#@$"
	count   = 100
	length  = 12
)

func generatePassword() (string, error) {
	password := make([]byte, length)
	for i := range password {
		n, err := rand.Int(rand.Reader, big.NewInt(int64(len(charset))))
		if err != nil {
			return "", err
		}
		password[i] = charset[n.Int64()]
	}
	return string(password), nil
}

func handlePassword(w http.ResponseWriter, r *http.Request) {
	for i := 0; i < count; i++ {
		password, err := generatePassword()
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		fmt.Fprintln(w, password)
	}
}

func main() {
	port := flag.Int("port", 0, "the port to listen on")
	flag.Parse()
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", *port))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	http.HandleFunc("/password", handlePassword)
	log.Fatal(http.Serve(listener, nil))
}
