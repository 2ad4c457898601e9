//go:build linux

package unixipc_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"

	"github.com/offlineauth/offlineauth/ipcapi"
	"github.com/offlineauth/offlineauth/ipcapi/unixipc"
)

// A service and a client of it. In life they are two processes.
func Example() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	address := ipcapi.Address{Scheme: ipcapi.UnixSeqpacket, Path: filepath.Join(dir, "service")}

	l, err := unixipc.Listen(address)
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	served := make(chan error)
	go func() {
		served <- unixipc.Serve(ctx, l, unixipc.Config{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			caller, _ := ipcapi.CallerFrom(r.Context())
			fmt.Fprintf(w, "%s over %s, attested: %v", r.URL.Path, caller.Transport, caller.Attested())
		})})
	}()

	if err := unixipc.CheckOwner(address.Path, os.Getuid()); err != nil {
		fmt.Println(err)
		return
	}
	transport, err := unixipc.Transport(address, ipcapi.Limits{})
	if err != nil {
		fmt.Println(err)
		return
	}
	client := &http.Client{Transport: transport}
	resp, err := client.Get("https://issuer.example/userinfo")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	fmt.Println(string(body), err)

	stop()
	fmt.Println(<-served)
	// Output:
	// /userinfo over unix, attested: false <nil>
	// <nil>
}
