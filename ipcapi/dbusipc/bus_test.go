//go:build linux && dbus

package dbusipc_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/offlineauth/offlineauth/ipcapi"
	"github.com/offlineauth/offlineauth/ipcapi/dbusipc"
	"github.com/offlineauth/offlineauth/ipcapi/dbusipc/bustest"
	"github.com/offlineauth/offlineauth/ipcapi/dbusipc/wire"
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

// TestRestart: the service is killed between requests, and started by the next.
func TestRestart(t *testing.T) {
	start(t)
	for method, rt := range wires(t) {
		pids := map[string]bool{}
		for range 3 {
			pid, err := ask(t.Context(), rt, "GET", "/pid", "")
			if err != nil {
				t.Fatalf("%s: %v", method, err)
			}
			pids[pid] = true
			var n int
			fmt.Sscan(pid, &n)
			syscall.Kill(n, syscall.SIGKILL)
			awaitGone(t, n)
		}
		if len(pids) != 3 {
			t.Errorf("%s: processes %v", method, pids)
		}
	}
}

// awaitGone waits until the bus knows that the process has ended.
func awaitGone(t *testing.T, pid int) {
	t.Helper()
	b, err := dbusipc.Open(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		c, err := b.Caller(t.Context(), name)
		if errors.Is(err, ipcapi.ErrNoService) || err == nil && c.PID != pid {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("process %d has the name still: %v", pid, err)
		}
	}
}

// TestPinned: who takes the name while the service lives is not called.
func TestPinned(t *testing.T) {
	start(t)
	d := &dbusipc.Dialer{Address: address}
	defer d.CloseIdleConnections()
	rt := &ipcapi.MessageTransport{Exchanger: d}
	pid, err := ask(t.Context(), rt, "GET", "/pid", "")
	if err != nil {
		t.Fatal(err)
	}
	thief, err := dbusipc.Open(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer thief.Close()
	const replaceExisting = 2
	var args wire.Body
	args.String(name)
	args.Uint32(replaceExisting)
	if _, err := thief.Call(t.Context(), dbusipc.Call{Destination: "org.freedesktop.DBus", Object: "/org/freedesktop/DBus", Interface: "org.freedesktop.DBus", Member: "RequestName", Args: args}); err != nil {
		t.Fatal(err)
	}
	if err := thief.RequestName(t.Context(), name); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("the name was taken away: %v", err)
	}
	if again, err := ask(t.Context(), rt, "GET", "/pid", ""); again != pid || err != nil {
		t.Errorf("%s, %v, want %s", again, err, pid)
	}
}

// TestNoCallIsLostWhenTheServiceEnds: the service ends a moment after its first
// request, again and again, while callers go on.
func TestNoCallIsLostWhenTheServiceEnds(t *testing.T) {
	const callers, requests = 4, 50
	done := t.TempDir() + "/done"
	start(t, "DONE="+done)
	var unknown atomic.Int32
	for method := range wires(t) {
		var calling sync.WaitGroup
		for caller := range callers {
			rt := wires(t)[method]
			calling.Go(func() {
				for i := range requests {
					id := fmt.Sprint(method, ".", caller, ".", i)
					_, err := ask(t.Context(), rt, "POST", "/end", id)
					if method == "Handle" && errors.Is(err, ipcapi.ErrServiceDied) {
						unknown.Add(1) // it came in the very moment of the end
					} else if err != nil {
						t.Errorf("%s: %v", id, err)
						return
					}
				}
			})
		}
		calling.Wait()
	}
	text, err := os.ReadFile(done)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	for id := range strings.FieldsSeq(string(text)) {
		if seen[id]++; seen[id] > 1 {
			t.Errorf("%s was carried out %d times", id, seen[id])
		}
	}
	if missing := 2*callers*requests - len(seen); missing < 0 || missing > int(unknown.Load()) {
		t.Errorf("%d requests were carried out; of %d that is not known", len(seen), unknown.Load())
	}
	t.Logf("of %d requests it is not known whether they were carried out", unknown.Load())
}

// descriptors are bodies with every kind of place that a descriptor can have, and with
// none. 64-bit alignment is that of the first byte.
func descriptors() map[string]wire.Body {
	files := []*os.File{os.Stderr, os.Stderr}
	return map[string]wire.Body{
		"alone":         {Signature: "hh", Data: []byte("\x00\x00\x00\x00\x01\x00\x00\x00"), Files: files},
		"no place":      {Files: files},
		"one place":     {Signature: "h", Data: []byte("\x01\x00\x00\x00"), Files: files},
		"array":         {Signature: "ah", Data: []byte("\x08\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00"), Files: files},
		"arrays":        {Signature: "aah", Data: []byte("\x08\x00\x00\x00\x04\x00\x00\x00\x01\x00\x00\x00"), Files: files},
		"key":           {Signature: "a{hs}", Data: []byte("\x09\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"), Files: files},
		"entry":         {Signature: "a{yh}", Data: []byte("\x08\x00\x00\x00\x00\x00\x00\x00\x05\x00\x00\x00\x01\x00\x00\x00"), Files: files},
		"array inside":  {Signature: "v", Data: []byte("\x02ah\x00\x04\x00\x00\x00\x01\x00\x00\x00"), Files: files},
		"variant":       {Signature: "v", Data: []byte("\x01v\x00\x01h\x00\x00\x00\x01\x00\x00\x00"), Files: files},
		"struct":        {Signature: "(yah)", Data: []byte("\x01\x00\x00\x00\x04\x00\x00\x00\x01\x00\x00\x00"), Files: files},
		"empty array":   {Signature: "ah", Data: []byte("\x00\x00\x00\x00"), Files: files},
		"not sent with": {Signature: "ah", Data: []byte("\x00\x00\x00\x00")},
	}
}

// TestDescriptorsAreClosed: what callers send along is not kept, and ends nothing.
func TestDescriptorsAreClosed(t *testing.T) {
	start(t)
	rt := wires(t)["Handle"]
	pid, err := ask(t.Context(), rt, "GET", "/pid", "")
	if err != nil {
		t.Fatal(err)
	}
	b, err := dbusipc.Open(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	owner, err := b.Owner(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	before := openFiles(t, pid)
	for where, body := range descriptors() {
		for _, method := range []struct{ name, in, want string }{
			{"Take", "org.example.Nothing", "UnknownMethod"},
			{"Handle", dbusipc.Interface, "InvalidArgs"},
			{"Connect", dbusipc.Interface, "InvalidArgs"},
			{"Introspect", "", "InvalidArgs"},
		} {
			if body.Signature == "" && method.want == "InvalidArgs" && method.name != "Handle" {
				continue // that is how they are called
			}
			for range 10 {
				_, err := b.Call(t.Context(), dbusipc.Call{Destination: owner, Object: "/org/example/Test_Service", Interface: method.in, Member: method.name, Args: body})
				var said *dbusipc.Error
				if !errors.As(err, &said) || !strings.HasSuffix(said.Name, method.want) {
					t.Fatalf("%s to %s: %v", where, method.name, err)
				}
			}
		}
	}
	if again, err := ask(t.Context(), rt, "GET", "/pid", ""); again != pid || err != nil {
		t.Errorf("another process answers now: %s, %v", again, err)
	}
	if after := openFiles(t, pid); after > before+2 {
		t.Errorf("the service has %d descriptors open, and had %d", after, before)
	}
}

// TestAnswersOfAnotherKind: a service answers what nobody expects, and the client
// goes on.
func TestAnswersOfAnotherKind(t *testing.T) {
	start(t)
	service, err := dbusipc.Open(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer service.Close()
	answers := make(chan wire.Body, 1)
	do := func(context.Context, string, *wire.Args) (wire.Body, *dbusipc.Error) {
		answer := <-answers
		defer func() { answers <- answer }()
		copied := answer
		copied.Files = nil
		for _, f := range answer.Files { // those of what is returned are closed
			fd, err := syscall.Dup(int(f.Fd()))
			if err != nil {
				t.Error(err)
			}
			copied.Files = append(copied.Files, os.NewFile(uintptr(fd), "copy"))
		}
		return copied, nil
	}
	const other = "org.example.Other"
	service.Export("/org/example/Other", dbusipc.API{Interface: dbusipc.Interface, Methods: map[string]dbusipc.Method{"Connect": {Do: do}, "Handle": {Args: "ay", Do: do}}})
	if err := service.RequestName(t.Context(), other); err != nil {
		t.Fatal(err)
	}
	d := &dbusipc.Dialer{Address: ipcapi.Address{Scheme: ipcapi.DBus, Name: other}, Limits: ipcapi.Limits{Body: 1 << 10}}
	defer d.CloseIdleConnections()
	before := openFiles(t, "self")
	answers <- wire.Body{}
	next := func(body wire.Body) { <-answers; answers <- body }
	for where, body := range descriptors() {
		next(body)
		for range 10 {
			if conn, err := d.DialContext(t.Context()); err == nil {
				t.Fatalf("%s: connected to %v", where, conn.RemoteAddr())
			} else if errors.Is(err, ipcapi.ErrNoService) {
				t.Fatalf("%s: %v", where, err)
			}
			if got, err := d.Exchange(t.Context(), nil); err == nil || errors.Is(err, ipcapi.ErrNoService) {
				t.Fatalf("%s: got %q, %v", where, got, err)
			}
		}
	}
	var tooLarge, good wire.Body
	tooLarge.Bytes(make([]byte, 1<<20))
	next(tooLarge)
	var large *ipcapi.TooLargeError
	if _, err := d.Exchange(t.Context(), nil); !errors.As(err, &large) || !large.Response {
		t.Errorf("a large answer: %v", err)
	}
	good.Bytes([]byte("at last"))
	next(good)
	if got, err := d.Exchange(t.Context(), nil); string(got) != "at last" || err != nil {
		t.Errorf("the next call: %q, %v", got, err)
	}
	if after := openFiles(t, "self"); after > before+3 {
		t.Errorf("%d descriptors are open, and %d were", after, before)
	}
}

// TestByHand calls the service with the tools of systemd and GLib, as docs say.
func TestByHand(t *testing.T) {
	start(t)
	for tool, command := range map[string]string{
		"busctl":            `busctl --user call org.example.Test-Service /org/example/Test_Service org.offlineauth.HTTP1 Handle ay $(printf 'GET /echo HTTP/1.1\r\nHost: a.example\r\n\r\n' | od -An -v -tu1 | wc -w) $(printf 'GET /echo HTTP/1.1\r\nHost: a.example\r\n\r\n' | od -An -v -tu1)`,
		"busctl introspect": `busctl --user introspect org.example.Test-Service /org/example/Test_Service`,
		"gdbus":             `gdbus call --session --dest org.example.Test-Service --object-path /org/example/Test_Service --method org.offlineauth.HTTP1.Handle "$(printf 'GET /echo HTTP/1.1\r\nHost: a.example\r\n\r\n' | od -An -v -tu1 | tr -s ' \n' , | sed 's/^,/[byte /;s/,$/]/')"`,
		"gdbus introspect":  `gdbus introspect --session --dest org.example.Test-Service --object-path /org/example/Test_Service`,
	} {
		out, err := exec.CommandContext(t.Context(), "sh", "-c", command).CombinedOutput()
		if err != nil {
			t.Errorf("%s: %v\n%s", tool, err, out)
			continue
		}
		want := "Handle"
		if !strings.Contains(tool, "introspect") {
			want = "200" // of HTTP/1.1 200 OK
		}
		t.Logf("%s: %s", tool, out)
		if !strings.Contains(decoded(string(out)), want) {
			t.Errorf("%s printed no %q: %s", tool, want, out)
		}
	}
}

// decoded puts numbers of bytes back into text.
func decoded(out string) string {
	var b strings.Builder
	for word := range strings.FieldsFuncSeq(out, func(r rune) bool { return strings.ContainsRune(" ,[]()\n", r) }) {
		var n byte
		if _, err := fmt.Sscanf(word, "0x%x", &n); err == nil && strings.HasPrefix(word, "0x") {
			b.WriteByte(n)
		} else if _, err := fmt.Sscanf(word, "%d", &n); err == nil {
			b.WriteByte(n)
		} else {
			b.WriteString(" " + word)
		}
	}
	return b.String()
}
