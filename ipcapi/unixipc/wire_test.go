//go:build linux

package unixipc

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/offlineauth/offlineauth/ipcapi"
)

var wires = []ipcapi.Scheme{ipcapi.Unix, ipcapi.UnixSeqpacket, ipcapi.UnixAbstract}

func addressFor(t testing.TB, s ipcapi.Scheme) ipcapi.Address {
	dir := t.TempDir()
	if s == ipcapi.UnixAbstract {
		return ipcapi.Address{Scheme: s, Name: "offlineauth.test." + filepath.Base(filepath.Dir(dir))}
	}
	return ipcapi.Address{Scheme: s, Path: filepath.Join(dir, "s")}
}

// serve runs Serve for the time of the test and requires it to end well, with
// no goroutine left behind.
func serve(t testing.TB, a ipcapi.Address, cfg Config) {
	t.Helper()
	before := runtime.NumGoroutine()
	l, err := Listen(a)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	go func() { ended <- Serve(ctx, l, cfg) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Serve: %v", err)
		}
		requireGoroutines(t, before)
	})
}

// requireGoroutines yields until the goroutines that were ended have gone.
func requireGoroutines(t testing.TB, want int) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); runtime.NumGoroutine() > want; runtime.Gosched() {
		if time.Now().After(deadline) {
			stacks := make([]byte, 1<<16)
			t.Fatalf("%d goroutines, want %d:\n%s", runtime.NumGoroutine(), want, stacks[:runtime.Stack(stacks, true)])
		}
	}
}

func transport(t testing.TB, d Dialer) http.RoundTripper {
	t.Helper()
	rt, err := d.Transport()
	if err != nil {
		t.Fatal(err)
	}
	if idle, ok := rt.(interface{ CloseIdleConnections() }); ok {
		t.Cleanup(idle.CloseIdleConnections)
	}
	return rt
}

func send1(ctx context.Context, rt http.RoundTripper, method, body string) (string, error) {
	r, err := http.NewRequestWithContext(ctx, method, "https://issuer.example/echo", strings.NewReader(body))
	if err != nil {
		return "", err
	}
	resp, err := rt.RoundTrip(r)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return fmt.Sprint(resp.StatusCode, " ", string(b)), err
}

func echo(w http.ResponseWriter, r *http.Request) {
	caller, ok := ipcapi.CallerFrom(r.Context())
	if !ok || caller.UID != os.Getuid() || caller.PID != os.Getpid() {
		http.Error(w, "wrong caller", http.StatusTeapot)
		return
	}
	body, err := io.ReadAll(r.Body) // whole, before the answer: HTTP/1.1 is half duplex
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Write(body)
}

func eachWire(t *testing.T, run func(t *testing.T, a ipcapi.Address)) {
	for _, scheme := range wires {
		t.Run(string(scheme), func(t *testing.T) { run(t, addressFor(t, scheme)) })
	}
}

func TestConcurrentCallers(t *testing.T) {
	eachWire(t, func(t *testing.T, a ipcapi.Address) {
		serve(t, a, Config{Handler: http.HandlerFunc(echo)})
		rt := transport(t, Dialer{Address: a})
		var callers sync.WaitGroup
		for i := range 64 {
			callers.Go(func() {
				for j := range 5 {
					want := strings.Repeat(fmt.Sprintf("%d-%d,", i, j), 1000)
					got, err := send1(t.Context(), rt, "POST", want)
					if err != nil || got != "200 "+want {
						t.Errorf("caller %d: %.40q, %v", i, got, err)
					}
				}
			})
		}
		callers.Wait()
	})
}

func TestCallerIsThisProcess(t *testing.T) {
	eachWire(t, func(t *testing.T, a ipcapi.Address) {
		seen := make(chan ipcapi.Caller, 1)
		serve(t, a, Config{Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			caller, _ := ipcapi.CallerFrom(r.Context())
			seen <- caller
		})})
		if _, err := send1(t.Context(), transport(t, Dialer{Address: a}), "GET", ""); err != nil {
			t.Fatal(err)
		}
		self, _ := os.Executable()
		want := ipcapi.Caller{Transport: "unix", UID: os.Getuid(), PID: os.Getpid(), Executable: self}
		if got := <-seen; got != want || got.Attested() {
			t.Errorf("got %+v, want %+v, unattested", got, want)
		}
	})
}

func TestAttestorTurnsAway(t *testing.T) {
	eachWire(t, func(t *testing.T, a ipcapi.Address) {
		serve(t, a, Config{
			Handler:  http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("served") }),
			Attestor: func(context.Context, ipcapi.Caller) (string, error) { return "", errors.New("unknown app") },
		})
		_, err := send1(t.Context(), transport(t, Dialer{Address: a}), "POST", "x")
		if !errors.Is(err, ipcapi.ErrRefused) {
			t.Errorf("got %v, want ErrRefused", err)
		}
	})
}

func TestVerifyPeerComesBeforeTheRequest(t *testing.T) {
	eachWire(t, func(t *testing.T, a ipcapi.Address) {
		serve(t, a, Config{Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("served") })})
		impostor := errors.New("impostor")
		rt := transport(t, Dialer{Address: a, VerifyPeer: func(c ipcapi.Caller) error {
			if c.UID != os.Getuid() || c.PID != os.Getpid() {
				t.Errorf("wrong peer %+v", c)
			}
			return impostor
		}})
		if _, err := send1(t.Context(), rt, "POST", "x"); !errors.Is(err, impostor) || !errors.Is(err, ipcapi.ErrRefused) {
			t.Errorf("got %v", err)
		}
	})
}

func TestDeadlineAndCancel(t *testing.T) {
	eachWire(t, func(t *testing.T, a ipcapi.Address) {
		entered, left := make(chan struct{}, 1), make(chan struct{}, 1)
		serve(t, a, Config{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == "PUT" {
				return
			}
			entered <- struct{}{}
			<-r.Context().Done() // the caller went away
			left <- struct{}{}
		})})
		rt := transport(t, Dialer{Address: a})
		short, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		if _, err := send1(short, rt, "GET", ""); !errors.Is(err, ipcapi.ErrDeadline) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("deadline: %v", err)
		}
		<-entered
		<-left
		ctx, stop := context.WithCancel(t.Context())
		go func() { <-entered; stop() }()
		if _, err := send1(ctx, rt, "GET", ""); !errors.Is(err, context.Canceled) || errors.Is(err, ipcapi.ErrDeadline) {
			t.Errorf("cancel: %v", err)
		}
		<-left
		if _, err := send1(t.Context(), transport(t, Dialer{Address: a, Timeout: 20 * time.Millisecond}), "GET", ""); !errors.Is(err, ipcapi.ErrDeadline) {
			t.Errorf("timeout of the dialer: %v", err)
		}
		<-entered
		if got, err := send1(t.Context(), rt, "PUT", ""); got != "200 " || err != nil {
			t.Errorf("next request: %q, %v", got, err)
		}
	})
}

func TestPanicOfTheHandler(t *testing.T) {
	eachWire(t, func(t *testing.T, a ipcapi.Address) {
		serve(t, a, Config{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == "POST" {
				panic("secret detail")
			}
		})})
		rt := transport(t, Dialer{Address: a})
		got, err := send1(t.Context(), rt, "POST", "x")
		switch {
		case a.Scheme == ipcapi.UnixSeqpacket && (err != nil || got != "500 internal error\n"):
			t.Errorf("got %q, %v", got, err)
		case a.Scheme != ipcapi.UnixSeqpacket && !errors.Is(err, ipcapi.ErrServiceDied):
			t.Errorf("got %q, %v", got, err)
		}
		if got, err := send1(t.Context(), rt, "GET", ""); err != nil || got != "200 " {
			t.Errorf("next request: %q, %v", got, err)
		}
	})
}

func TestRequestTooLarge(t *testing.T) {
	stream := ipcapi.Address{Scheme: ipcapi.Unix, Path: "/run/lms/stream"}
	eachWire(t, func(t *testing.T, a ipcapi.Address) {
		var served atomic.Bool
		serve(t, a, Config{StreamAddress: stream, Limits: ipcapi.Limits{Body: 100}, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			served.Store(true)
		})})
		rt := transport(t, Dialer{Address: a})
		for _, size := range []int{101, 150_000, 8 << 20} {
			_, err := send1(t.Context(), rt, "POST", strings.Repeat("x", size))
			var large *ipcapi.TooLargeError
			if !errors.As(err, &large) || large.Response || served.Load() {
				t.Fatalf("%d bytes: %v, served %v", size, err, served.Load())
			}
			if a.Scheme == ipcapi.UnixSeqpacket && large.Stream != stream {
				t.Errorf("%d bytes: the stream is not named: %v", size, err)
			}
		}
		if got, err := send1(t.Context(), rt, "POST", "x"); err != nil || got != "200 " || !served.Load() {
			t.Errorf("next request: %q, %v", got, err)
		}
	})
}

// The client's own kernel refuses a message of this size; the address of the
// stream is then asked for.
func TestRequestTooLargeForTheKernel(t *testing.T) {
	a, stream := addressFor(t, ipcapi.UnixSeqpacket), ipcapi.Address{Scheme: ipcapi.Unix, Path: "/run/lms/stream"}
	serve(t, a, Config{StreamAddress: stream, Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("served") })})
	_, err := send1(t.Context(), transport(t, Dialer{Address: a}), "POST", strings.Repeat("x", 8<<20))
	var large *ipcapi.TooLargeError
	if !errors.As(err, &large) || large.Response || large.Stream != stream || large.Limit < 64<<10 {
		t.Errorf("got %v", err)
	}
}

func TestResponseTooLarge(t *testing.T) {
	a, stream := addressFor(t, ipcapi.UnixSeqpacket), ipcapi.Address{Scheme: ipcapi.Unix, Path: "/run/lms/stream"}
	var size atomic.Int64
	serve(t, a, Config{StreamAddress: stream, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Write(bytes.Repeat([]byte("x"), int(size.Load())))
	})})
	rt := transport(t, Dialer{Address: a})
	for _, n := range []int64{8 << 20, ipcapi.DefaultBody + 1} { // over the kernel's, over the limit
		size.Store(n)
		_, err := send1(t.Context(), rt, "GET", "")
		var large *ipcapi.TooLargeError
		if !errors.As(err, &large) || !large.Response || large.Stream != stream {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
	size.Store(300_000) // needs a larger buffer than the default
	if got, err := send1(t.Context(), rt, "GET", ""); err != nil || len(got) != 300_004 {
		t.Errorf("next request: %d bytes, %v", len(got), err)
	}
}

func TestEndlessResponseIsCapped(t *testing.T) {
	a := addressFor(t, ipcapi.Unix)
	gone := make(chan struct{})
	serve(t, a, Config{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer close(gone)
		for r.Context().Err() == nil {
			if _, err := w.Write(make([]byte, 1000)); err != nil {
				return
			}
		}
	})})
	_, err := send1(t.Context(), transport(t, Dialer{Address: a, Limits: ipcapi.Limits{Body: 10_000}}), "GET", "")
	if large := (*ipcapi.TooLargeError)(nil); !errors.As(err, &large) || !large.Response {
		t.Errorf("got %v", err)
	}
	<-gone
}

func TestConnectionsOfOneUID(t *testing.T) {
	eachWire(t, func(t *testing.T, a ipcapi.Address) {
		entered, release := make(chan struct{}), make(chan struct{})
		serve(t, a, Config{MaxConns: 1, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			entered <- struct{}{}
			<-release
		})})
		first := make(chan error, 1)
		rt := transport(t, Dialer{Address: a})
		go func() { _, err := send1(t.Context(), rt, "GET", ""); first <- err }()
		<-entered
		if _, err := send1(t.Context(), transport(t, Dialer{Address: a}), "POST", "x"); !errors.Is(err, ipcapi.ErrBusy) {
			t.Errorf("one too many: %v", err)
		}
		close(release)
		if err := <-first; err != nil {
			t.Errorf("the first: %v", err)
		}
	})
}

func TestInheritedListener(t *testing.T) {
	eachWire(t, func(t *testing.T, a ipcapi.Address) {
		l, err := Listen(a)
		if err != nil {
			t.Fatal(err)
		}
		l.(*ownListener).SetUnlinkOnClose(false)
		file, err := l.(*ownListener).File()
		if err != nil {
			t.Fatal(err)
		}
		l.Close()
		inherited, err := net.FileListener(file)
		if err != nil {
			t.Fatal(err)
		}
		// A service manager keeps its own copy: connections wait there meanwhile.
		defer file.Close()
		for range 2 {
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan error, 1)
			go func() { ended <- Serve(ctx, inherited, Config{Handler: http.HandlerFunc(echo)}) }()
			if got, err := send1(t.Context(), transport(t, Dialer{Address: a}), "POST", "hi"); got != "200 hi" {
				t.Errorf("got %q, %v", got, err)
			}
			cancel()
			if err := <-ended; err != nil {
				t.Error(err)
			}
			if inherited, err = net.FileListener(file); err != nil {
				t.Fatal(err)
			}
		}
		inherited.Close()
	})
}
