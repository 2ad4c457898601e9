//go:build linux && dbus

package dbusipc_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/offlineauth/offlineauth/ipcapi"
	"github.com/offlineauth/offlineauth/ipcapi/dbusipc"
	"github.com/offlineauth/offlineauth/ipcapi/dbusipc/bustest"
	"github.com/offlineauth/offlineauth/ipcapi/wirebench"
)

const name = "org.example.Test-Service"

var address = ipcapi.Address{Scheme: ipcapi.DBus, Name: name}

// serviceVariable makes this test binary the service.
const serviceVariable = "DBUSIPC_TEST_SERVICE"

func TestMain(m *testing.M) {
	if os.Getenv(serviceVariable) == "" || len(os.Args) < 2 || os.Args[1] != "serve" {
		os.Exit(m.Run())
	}
	if err := serveTest(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// serveTest serves until it is told to end, or until a number of requests came.
func serveTest() error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	b, err := dbusipc.Open(ctx, "")
	if err != nil {
		return err
	}
	ctx, end := context.WithCancel(ctx)
	defer end()
	cfg := dbusipc.Config{Handler: testHandler(end), Limits: ipcapi.Limits{Body: 1 << 20}, MaxConns: 64}
	if os.Getenv("BARE") != "" { // for the benchmarks
		size, err := strconv.Atoi(os.Getenv("SIZE"))
		if err != nil {
			return err
		}
		cfg = dbusipc.Config{Handler: wirebench.Echo(size)}
		go serveBare(size)
	}
	return dbusipc.Serve(ctx, b, address, cfg)
}

func testHandler(end func()) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/echo", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		w.Write(body)
	})
	mux.HandleFunc("/caller", func(w http.ResponseWriter, r *http.Request) {
		c, _ := ipcapi.CallerFrom(r.Context())
		fmt.Fprintf(w, "%s %d %d %s %q", c.Transport, c.UID, c.PID, c.Executable, c.Identity)
	})
	mux.HandleFunc("/pid", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, os.Getpid()) })
	var once sync.Once
	mux.HandleFunc("/end", func(w http.ResponseWriter, r *http.Request) {
		id, _ := io.ReadAll(r.Body)
		if f, err := os.OpenFile(os.Getenv("DONE"), os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600); err == nil {
			fmt.Fprintf(f, "%s\n", id)
			f.Close()
		}
		once.Do(func() { time.AfterFunc(time.Duration(os.Getpid()%7)*time.Millisecond, end) })
	})
	return mux
}

// start starts a bus with the service installed.
func start(t testing.TB, env ...string) *bustest.Bus {
	t.Helper()
	b := bustest.Start(t, append(env, serviceVariable+"=1")...)
	own, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	b.Install(t, name, own, "serve")
	return b
}

func ask(ctx context.Context, rt http.RoundTripper, method, path, body string) (string, error) {
	r, err := http.NewRequestWithContext(ctx, method, "https://issuer.example"+path, strings.NewReader(body))
	if err != nil {
		return "", err
	}
	response, err := rt.RoundTrip(r)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	b, err := io.ReadAll(response.Body)
	return string(b), err
}

// wires are the two ways to call the service.
func wires(t *testing.T) map[string]http.RoundTripper {
	stream, err := dbusipc.Connect(address)
	if err != nil {
		t.Fatal(err)
	}
	d := &dbusipc.Dialer{Address: address}
	t.Cleanup(d.CloseIdleConnections)
	t.Cleanup(stream.(interface{ CloseIdleConnections() }).CloseIdleConnections)
	return map[string]http.RoundTripper{"Connect": stream, "Handle": &ipcapi.MessageTransport{Exchanger: d}}
}

func TestActivatedByACall(t *testing.T) {
	for _, method := range []string{"Connect", "Handle"} {
		t.Run(method, func(t *testing.T) {
			start(t)
			rt := wires(t)[method]
			got, err := ask(t.Context(), rt, "POST", "/echo", "hello")
			if got != "hello" || err != nil {
				t.Fatalf("%q, %v", got, err)
			}
			own, _ := os.Executable()
			want := fmt.Sprintf("dbus %d %d %s \"\"", os.Getuid(), os.Getpid(), own)
			if got, err := ask(t.Context(), rt, "GET", "/caller", ""); got != want || err != nil {
				t.Errorf("the service saw %q, want %q; %v", got, want, err)
			}
		})
	}
}

func TestErrors(t *testing.T) {
	b := start(t)
	nobody := ipcapi.Address{Scheme: ipcapi.DBus, Name: "org.example.Nobody"}
	b.Install(t, "org.example.Broken", "/bin/false")
	broken := ipcapi.Address{Scheme: ipcapi.DBus, Name: "org.example.Broken"}
	elsewhere := address
	elsewhere.Object = "/nowhere"
	for _, test := range []struct {
		name string
		d    *dbusipc.Dialer
		want error
	}{
		{"no such service", &dbusipc.Dialer{Address: nobody}, ipcapi.ErrNoService},
		{"one that does not start", &dbusipc.Dialer{Address: broken}, ipcapi.ErrNoService},
		{"not the one", &dbusipc.Dialer{Address: address, VerifyPeer: func(ipcapi.Caller) error { return errors.New("no") }}, ipcapi.ErrRefused},
	} {
		t.Run(test.name, func(t *testing.T) {
			defer test.d.CloseIdleConnections()
			rt, err := test.d.Transport()
			if err != nil {
				t.Fatal(err)
			}
			if _, err := ask(t.Context(), rt, "GET", "/pid", ""); !errors.Is(err, test.want) {
				t.Errorf("stream: %v", err)
			}
			if _, err := test.d.Exchange(t.Context(), []byte("GET / HTTP/1.1\r\nHost: a\r\n\r\n")); !errors.Is(err, test.want) {
				t.Errorf("message: %v", err)
			}
		})
	}
	d := &dbusipc.Dialer{Address: elsewhere}
	defer d.CloseIdleConnections()
	var typed *ipcapi.Error
	if _, err := d.Exchange(t.Context(), nil); !errors.As(err, &typed) {
		t.Errorf("no such object: %v", err)
	}
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "tcp:host=localhost,port=1")
	if _, err := dbusipc.Open(t.Context(), ""); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("a bus over TCP: %v", err)
	}
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "")
	t.Setenv("XDG_RUNTIME_DIR", t.TempDir())
	if _, err := dbusipc.Open(t.Context(), ""); !errors.Is(err, ipcapi.ErrNoService) {
		t.Errorf("no bus: %v", err)
	}
}

func TestTooLarge(t *testing.T) {
	start(t)
	rt := wires(t)["Handle"]
	var large *ipcapi.TooLargeError
	_, err := ask(t.Context(), rt, "POST", "/echo", strings.Repeat("x", 2<<20))
	if !errors.As(err, &large) || large.Response || large.Stream != address {
		t.Errorf("got %v", err)
	}
	if got, err := ask(t.Context(), rt, "POST", "/echo", "small"); got != "small" || err != nil {
		t.Errorf("the next request: %q, %v", got, err)
	}
}
