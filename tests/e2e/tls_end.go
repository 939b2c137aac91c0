// tls_end: Go's crypto/tls between standard input and output.
//
//	tls_end listen|connect [-address A] [-cert PEM] [-ca PEM] [-max 1.2] [-truncate]
//
// It prints the port if it listens. The end of standard input is CloseWrite, or with -truncate the
// end of the TCP connection; the end of what it receives is that of standard output. With -ca the
// other side must have a certificate. It exits with 1 and the reason when TLS fails.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
)

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func configuration(cert, ca, max string) *tls.Config {
	config := &tls.Config{ServerName: "localhost", MinVersion: tls.VersionTLS12}
	if max == "1.2" {
		config.MaxVersion = tls.VersionTLS12
	}
	if cert != "" {
		pair, err := tls.LoadX509KeyPair(cert, cert)
		check(err)
		config.Certificates = []tls.Certificate{pair}
	}
	if ca != "" {
		pem, err := os.ReadFile(ca)
		check(err)
		config.RootCAs = x509.NewCertPool()
		config.RootCAs.AppendCertsFromPEM(pem)
		config.ClientCAs = config.RootCAs
		config.ClientAuth = tls.RequireAndVerifyClientCert
	}
	return config
}

func connection(listens bool, address string) net.Conn {
	if !listens {
		conn, err := net.Dial("tcp", address)
		check(err)
		return conn
	}
	listener, err := net.Listen("tcp", address)
	check(err)
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	conn, err := listener.Accept()
	check(err)
	return conn
}

func main() {
	flags := flag.NewFlagSet("tls_end", flag.ExitOnError)
	address := flags.String("address", "127.0.0.1:0", "")
	cert := flags.String("cert", "", "")
	ca := flags.String("ca", "", "")
	max := flags.String("max", "", "")
	truncate := flags.Bool("truncate", false, "")
	check(flags.Parse(os.Args[2:]))
	listens := os.Args[1] == "listen"
	under := connection(listens, *address)
	config := configuration(*cert, *ca, *max)
	conn := tls.Client(under, config)
	if listens {
		conn = tls.Server(under, config)
	}
	check(conn.Handshake())
	received := make(chan error)
	go func() {
		_, err := io.Copy(os.Stdout, conn)
		os.Stdout.Close()
		received <- err
	}()
	_, err := io.Copy(conn, os.Stdin)
	check(err)
	if *truncate {
		under.Close()
		return
	}
	check(conn.CloseWrite())
	check(<-received)
	conn.Close()
}
