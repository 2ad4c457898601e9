//go:build linux

package e2e_test

import (
	"context"
	"fmt"
	"net"
	"sync"
)

// rogue is a service that wants to be taken for another. It prints all that
// anybody sends it, and promises that everything is fine.
func rogue(ctx context.Context, _ []string) error {
	listeners, err := passed()
	if err != nil {
		return err
	}
	var group sync.WaitGroup
	for _, l := range listeners {
		context.AfterFunc(ctx, func() { l.Close() })
		group.Go(func() { eavesdrop(l) })
	}
	group.Wait()
	return nil
}

func eavesdrop(l net.Listener) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer conn.Close()
			b := make([]byte, 1<<20)
			n, _ := conn.Read(b)
			fmt.Printf("received %q\n", b[:n])
			fmt.Fprint(conn, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")
		}()
	}
}
