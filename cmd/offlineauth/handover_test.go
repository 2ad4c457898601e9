//go:build linux

package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/offlineauth/offlineauth"
	"github.com/offlineauth/offlineauth/cmd/offlineauth/control"
	"github.com/offlineauth/offlineauth/ipcapi"
	"github.com/offlineauth/offlineauth/ipcapi/unixipc"
)

// held are sockets that the system holds while servers come and go.
type held struct {
	dir       string
	listeners []net.Listener
}

func hold(t *testing.T, addresses ...ipcapi.Address) held {
	t.Helper()
	h := held{dir: t.TempDir()}
	for _, a := range addresses {
		l, err := unixipc.Listen(a)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		h.listeners = append(h.listeners, l)
	}
	return h
}

// serveOnce is the life of one server, from its start until it is idle.
func (h held) serveOnce(ctx context.Context, server *offlineauth.Server) error {
	s := sockets{}
	defer func() { s.close() }()
	for _, l := range h.listeners {
		file, err := l.(interface{ File() (*os.File, error) }).File()
		if err != nil {
			return err
		}
		passed, err := net.FileListener(file)
		file.Close()
		if err != nil {
			return err
		}
		s.apps = append(s.apps, passed)
	}
	var err error
	if s.control, err = unixipc.Listen(control.Address(h.dir)); err != nil {
		return err
	}
	return s.serve(ctx, server, newIdleWatch(50*time.Microsecond))
}

// A message that comes while a server ends because it is idle is answered, by that
// one or the next.
func TestIdleExitLosesNoMessage(t *testing.T) {
	dir := t.TempDir()
	message := ipcapi.Address{Scheme: ipcapi.UnixSeqpacket, Path: filepath.Join(dir, "m")}
	stream := ipcapi.Address{Scheme: ipcapi.Unix, Path: filepath.Join(dir, "s")}
	h := hold(t, message, stream)
	server, err := offlineauth.New(t.Context(), offlineauth.Config{Issuer: "https://auth.example", DataDir: h.dir})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	asking, done := context.WithCancel(ctx)
	var lives int
	var serving sync.WaitGroup
	serving.Go(func() {
		for ; asking.Err() == nil; lives++ {
			if err := h.serveOnce(asking, server); err != nil {
				t.Error(err)
				return
			}
		}
	})
	var clients sync.WaitGroup
	for _, a := range []ipcapi.Address{message, stream} {
		clients.Go(func() {
			for range 100 {
				if err := fetchKeys(ctx, a); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	clients.Wait()
	done()
	serving.Wait()
	if lives < 10 {
		t.Errorf("%d servers have lived: too few to show anything", lives)
	}
}

// fetchKeys sends one request on a connection of its own.
func fetchKeys(ctx context.Context, a ipcapi.Address) error {
	transport, err := unixipc.Transport(a, ipcapi.Limits{})
	if err != nil {
		return err
	}
	client := http.Client{Transport: transport}
	defer client.CloseIdleConnections()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://auth.example/jwks", nil)
	if err != nil {
		return err
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("status %s", response.Status)
	}
	_, err = io.Copy(io.Discard, response.Body)
	return err
}
