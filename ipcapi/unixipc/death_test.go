//go:build linux

package unixipc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"syscall"
	"testing"

	"github.com/offlineauth/offlineauth/ipcapi"
)

// TestPeerDies ends the service's side at several points of an exchange.
func TestPeerDies(t *testing.T) {
	long := "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"
	points := []struct {
		name  string
		act   func(conn net.Conn)
		kind  error // on a stream
		after string
	}{
		{"before it reads", func(net.Conn) {}, ipcapi.ErrServiceDied, ""},
		{"after it read", func(c net.Conn) { c.Read(make([]byte, 4096)) }, ipcapi.ErrServiceDied, ""},
		{"in the head", func(c net.Conn) { c.Read(make([]byte, 4096)); io.WriteString(c, "HTTP/1.1 20") }, ipcapi.ErrServiceDied, "status"},
		{"in the body", func(c net.Conn) { c.Read(make([]byte, 4096)); io.WriteString(c, long+"abc") }, ipcapi.ErrServiceDied, "body-short"},
	}
	for _, p := range points {
		for _, scheme := range []ipcapi.Scheme{ipcapi.Unix, ipcapi.UnixSeqpacket} {
			t.Run(p.name+" "+string(scheme), func(t *testing.T) {
				a := addressFor(t, scheme)
				l, err := Listen(a)
				if err != nil {
					t.Fatal(err)
				}
				done := make(chan struct{})
				go func() {
					defer close(done)
					for { // what was not taken is sent again
						conn, err := l.Accept()
						if err != nil {
							return
						}
						p.act(conn)
						conn.Close()
					}
				}()
				rt := transport(t, Dialer{Address: a})
				_, err = send1(t.Context(), rt, "POST", "x")
				var bad *ipcapi.MessageError
				switch {
				case scheme == ipcapi.UnixSeqpacket && p.after != "":
					if !errors.As(err, &bad) || bad.Reason != p.after {
						t.Errorf("got %v, want %s", err, p.after)
					}
				case !errors.Is(err, p.kind):
					t.Errorf("got %v, want %v", err, p.kind)
				}
				l.Close()
				<-done
				if _, err := send1(t.Context(), rt, "POST", "x"); !errors.Is(err, ipcapi.ErrNoService) {
					t.Errorf("when it is gone: %v", err)
				}
				serve(t, a, Config{Handler: http.HandlerFunc(echo)})
				if got, err := send1(t.Context(), rt, "POST", "x"); got != "200 x" {
					t.Errorf("when it is back: %q, %v", got, err)
				}
			})
		}
	}
}

// A pooled connection whose service restarted must not fail the next request.
func TestRestartBetweenRequests(t *testing.T) {
	a := addressFor(t, ipcapi.Unix)
	rt := transport(t, Dialer{Address: a})
	for i := range 3 {
		l, err := Listen(a)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- Serve(ctx, l, Config{Handler: http.HandlerFunc(echo)}) }()
		if got, err := send1(t.Context(), rt, "POST", "x"); got != "200 x" {
			t.Errorf("life %d: %q, %v", i, got, err)
		}
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

// TestRudeClients hang up or speak nonsense at several points; the next request
// must be served.
func TestRudeClients(t *testing.T) {
	rude := []string{"", "GET / HT", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 50\r\n\r\nabc", "\x00\x00\x00", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\na"}
	eachWire(t, func(t *testing.T, a ipcapi.Address) {
		serve(t, a, Config{Handler: http.HandlerFunc(echo)})
		for _, bytes := range rude {
			conn, err := (&Dialer{Address: a}).DialContext(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if bytes != "" {
				io.WriteString(conn, bytes)
			}
			conn.Close()
			if got, err := send1(t.Context(), transport(t, Dialer{Address: a}), "POST", "x"); got != "200 x" {
				t.Errorf("after %.20q: %q, %v", bytes, got, err)
			}
		}
	})
}

func TestMalformedMessageIsAnswered(t *testing.T) {
	a := addressFor(t, ipcapi.UnixSeqpacket)
	serve(t, a, Config{Handler: http.HandlerFunc(echo)})
	b, err := NewExchanger(a).Exchange(t.Context(), []byte("GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := ipcapi.UnmarshalResponse(b, nil, ipcapi.Limits{})
	if err != nil || resp.StatusCode != 400 || resp.Header.Get("Ipc-Error") != "malformed" {
		t.Errorf("%q, %v", b, err)
	}
}

func TestNoService(t *testing.T) {
	eachWire(t, func(t *testing.T, a ipcapi.Address) {
		rt := transport(t, Dialer{Address: a})
		_, err := send1(t.Context(), rt, "GET", "")
		var typed *ipcapi.Error
		if !errors.Is(err, ipcapi.ErrNoService) || !errors.As(err, &typed) || typed.Address != a {
			t.Errorf("nothing there: %v", err)
		}
		if a.Path == "" {
			return
		}
		makeStale(t, a)
		if _, err := send1(t.Context(), rt, "GET", ""); !errors.Is(err, ipcapi.ErrNoService) {
			t.Errorf("stale file: %v", err)
		}
		serve(t, a, Config{Handler: http.HandlerFunc(echo)}) // takes its place
		if got, err := send1(t.Context(), rt, "POST", "x"); got != "200 x" {
			t.Errorf("%q, %v", got, err)
		}
	})
}

// makeStale leaves a socket file at which nobody listens, as a killed service does.
func makeStale(t *testing.T, a ipcapi.Address) {
	t.Helper()
	l, err := Listen(a)
	if err != nil {
		t.Fatal(err)
	}
	l.(*ownListener).SetUnlinkOnClose(false)
	l.Close()
}

func TestPermissionRefused(t *testing.T) {
	if os.Getuid() != 0 {
		t.Log("only root can take on another uid: the mode alone is checked, by TestListenModes")
		return
	}
	for _, scheme := range []ipcapi.Scheme{ipcapi.Unix, ipcapi.UnixSeqpacket} {
		a := addressFor(t, scheme)
		serve(t, a, Config{Handler: http.HandlerFunc(echo)})
		asNobody(t, func() {
			_, err := send1(t.Context(), transport(t, Dialer{Address: a}), "GET", "")
			if !errors.Is(err, ipcapi.ErrRefused) {
				t.Errorf("%s: %v", scheme, err)
			}
		})
	}
}

func TestOtherUIDIsAttested(t *testing.T) {
	if os.Getuid() != 0 {
		t.Log("only root can take on another uid: AttestUID has its own test")
		return
	}
	for _, scheme := range []ipcapi.Scheme{ipcapi.UnixAbstract} {
		a := addressFor(t, scheme)
		serve(t, a, Config{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			c, _ := ipcapi.CallerFrom(r.Context())
			fmt.Fprint(w, c.Identity)
		})})
		asNobody(t, func() {
			if got, err := send1(t.Context(), transport(t, Dialer{Address: a}), "GET", ""); got != "200 uid:10012" {
				t.Errorf("%q, %v", got, err)
			}
		})
	}
}

// asNobody runs f with another effective uid in the whole process.
func asNobody(t *testing.T, f func()) {
	t.Helper()
	if err := syscall.Seteuid(10012); err != nil {
		t.Fatal(err)
	}
	defer syscall.Seteuid(0)
	f()
}

func TestAttestUID(t *testing.T) {
	for uid, want := range map[int]string{-1: "", os.Getuid(): "", overflowUID: "", 10012: "uid:10012"} {
		if got, err := AttestUID(t.Context(), ipcapi.Caller{UID: uid}); got != want || err != nil {
			t.Errorf("uid %d: %q, %v", uid, got, err)
		}
	}
}
