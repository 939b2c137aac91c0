// reverb: the peer of reverbd in the idiom of the Go books, a goroutine a client and one more a
// line, each line echoed three times; the last echo closes the connection.
//
//	reverb [-port N] [-delay 1s]     listens on 127.0.0.1, port 0 by default, and prints the port
package main

import (
	"bufio"
	"flag"
	"fmt"
	"log"
	"net"
	"strings"
	"sync"
	"time"
)

func echo(conn net.Conn, shout string, delay time.Duration) {
	fmt.Fprintln(conn, "\t", strings.ToUpper(shout))
	time.Sleep(delay)
	fmt.Fprintln(conn, "\t", shout)
	time.Sleep(delay)
	fmt.Fprintln(conn, "\t", strings.ToLower(shout))
}

func handleConn(conn net.Conn, delay time.Duration) {
	defer conn.Close()
	var echoes sync.WaitGroup
	input := bufio.NewScanner(conn)
	for input.Scan() {
		echoes.Add(1)
		go func(shout string) {
			defer echoes.Done()
			echo(conn, shout, delay)
		}(input.Text())
	}
	echoes.Wait()
}

func main() {
	port := flag.Int("port", 0, "the port to listen on")
	delay := flag.Duration("delay", 1*time.Second, "the time between two echoes")
	flag.Parse()
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", *port))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	for {
		conn, err := listener.Accept()
		if err != nil {
			log.Print(err)
			continue
		}
		go handleConn(conn, *delay)
	}
}
