// Command desk serves the pages of real authorization servers to a browser under
// test, each in a folder of its own below one loopback address, and does on
// request what apps and the system do around them. For the tests in ../ alone.
//
//	POST /desks                 a new, empty server: {"path": "/1/"}
//	POST /desks/1/accounts      {"username", "name", "pin"}
//	POST /desks/1/requests      an app asks: {"client", "name", "attested", ...}; {"id"} of what waits
//	GET  /desks/1/events        the kinds of what happened, newest first
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync"

	"github.com/offlineauth/offlineauth"
	"github.com/offlineauth/offlineauth/authz"
)

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "desks")
	if err != nil {
		log.Fatal(err)
	}
	h := &hall{dir: dir, mux: http.NewServeMux()}
	h.mux.Handle("POST /desks", serve(h.open))
	fmt.Println("http://" + listener.Addr().String())
	log.Fatal(http.Serve(listener, h.mux))
}

// A hall has the desks, each a server of its own.
type hall struct {
	dir string
	mux *http.ServeMux

	mu    sync.Mutex
	desks int
}

func (h *hall) open(*http.Request) (any, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.desks++
	name := strconv.Itoa(h.desks)
	server, err := offlineauth.New(context.Background(), offlineauth.Config{
		Issuer:  "https://school.example",
		DataDir: h.dir + "/" + name,
		Scopes: append(authz.DefaultScopes(),
			authz.Scope{Name: "results", Description: "Write your results into your learning record"},
			authz.Scope{Name: "courses", Description: "See which courses you take"},
		),
	})
	if err != nil {
		return nil, err
	}
	d := desk{server}
	h.mux.Handle("POST /desks/"+name+"/accounts", serve(d.account))
	h.mux.Handle("POST /desks/"+name+"/requests", serve(d.request))
	h.mux.Handle("GET /desks/"+name+"/events", serve(d.events))
	h.mux.Handle("/"+name+"/", http.StripPrefix("/"+name, server.Pages()))
	return map[string]string{"path": "/" + name + "/"}, nil
}

func serve(do func(*http.Request) (any, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer, err := do(r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		_ = json.NewEncoder(w).Encode(answer)
	})
}
