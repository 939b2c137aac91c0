// counter: the peer of counterd, a map behind a mutex in the idiom of the Go tutorials.
//
//	counter [-port N]     listens on 127.0.0.1, port 0 by default, and prints the port
package main

import (
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"strconv"
	"sync"
)

type counters struct {
	mu     sync.Mutex
	values map[string]int
}

func (c *counters) get(w http.ResponseWriter, r *http.Request) {
	name := r.URL.Query().Get("name")
	c.mu.Lock()
	defer c.mu.Unlock()
	if value, ok := c.values[name]; ok {
		fmt.Fprintf(w, "%s: %d\n", name, value)
	} else {
		http.Error(w, name+" not found", http.StatusNotFound)
	}
}

func (c *counters) set(w http.ResponseWriter, r *http.Request) {
	value, err := strconv.Atoi(r.URL.Query().Get("val"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.values[r.URL.Query().Get("name")] = value
	fmt.Fprintf(w, "ok\n")
}

func (c *counters) inc(w http.ResponseWriter, r *http.Request) {
	name := r.URL.Query().Get("name")
	c.mu.Lock()
	defer c.mu.Unlock()
	c.values[name]++
	fmt.Fprintf(w, "ok\n")
}

func main() {
	port := flag.Int("port", 0, "the port to listen on")
	flag.Parse()
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", *port))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	c := &counters{values: map[string]int{}}
	http.HandleFunc("/get", c.get)
	http.HandleFunc("/set", c.set)
	http.HandleFunc("/inc", c.inc)
	log.Fatal(http.Serve(listener, nil))
}
