//go:build linux

package unixipc

import (
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/offlineauth/offlineauth/ipcapi"
)

const plainRequest = "GET / HTTP/1.1\r\nHost: issuer.example\r\n\r\n"

func dialPacket(t *testing.T, a ipcapi.Address) *net.UnixConn {
	t.Helper()
	conn, err := (&Dialer{Address: a}).dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// A client that says that it has sent all it has is still answered.
func TestHalfClosedClientIsAnswered(t *testing.T) {
	a := addressFor(t, ipcapi.UnixSeqpacket)
	serve(t, a, Config{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-r.Context().Done():
		case <-time.After(2 * time.Millisecond): // longer than the end of input takes to arrive
			io.WriteString(w, "hello")
		}
	})})
	for i := range 200 {
		conn := dialPacket(t, a)
		if err := errors.Join(send(conn, []byte(plainRequest)), conn.CloseWrite()); err != nil {
			t.Fatal(err)
		}
		b, err := receive(conn, 1<<16, unbounded)
		if err != nil || !strings.HasPrefix(string(b), "HTTP/1.1 200 ") || !strings.HasSuffix(string(b), "hello") {
			t.Fatalf("client %d: %q, %v", i, b, err)
		}
		conn.Close()
	}
}

func TestWaitHangup(t *testing.T) {
	for name, test := range map[string]struct {
		act  func(client *net.UnixConn) error
		want error
	}{
		"nothing":    {func(*net.UnixConn) error { return nil }, os.ErrDeadlineExceeded},
		"half-close": {(*net.UnixConn).CloseWrite, os.ErrDeadlineExceeded},
		"message":    {func(c *net.UnixConn) error { return send(c, []byte("more")) }, os.ErrDeadlineExceeded},
		"close":      {(*net.UnixConn).Close, nil},
	} {
		a := addressFor(t, ipcapi.UnixSeqpacket)
		l, err := Listen(a)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		client := dialPacket(t, a)
		conn, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		conn.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
		if err := test.act(client); err != nil {
			t.Fatal(err)
		}
		if err := waitHangup(conn.(*net.UnixConn)); !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v", name, err, test.want)
		}
	}
}

// A hang-up ends the handler's context, also one that comes in two steps.
func TestHangupCancelsTheHandler(t *testing.T) {
	steps := map[string]func(*net.UnixConn) error{
		"at once":            func(*net.UnixConn) error { return nil },
		"after a half-close": (*net.UnixConn).CloseWrite,
		"after more bytes":   func(c *net.UnixConn) error { return send(c, []byte("more")) },
	}
	for name, first := range steps {
		t.Run(name, func(t *testing.T) {
			a := addressFor(t, ipcapi.UnixSeqpacket)
			entered, looked, left := make(chan struct{}), make(chan struct{}), make(chan struct{})
			serve(t, a, Config{Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				entered <- struct{}{}
				<-looked
				if err := r.Context().Err(); err != nil {
					t.Errorf("ended before the hang-up: %v", err)
				}
				entered <- struct{}{}
				<-r.Context().Done()
				close(left)
			})})
			conn := dialPacket(t, a)
			if err := send(conn, []byte(plainRequest)); err != nil {
				t.Fatal(err)
			}
			<-entered
			if err := first(conn); err != nil {
				t.Fatal(err)
			}
			looked <- struct{}{}
			<-entered
			conn.Close()
			<-left
		})
	}
}
