//go:build linux && (dbus || systemd)

package desktop

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/offlineauth/offlineauth/client"
	"github.com/offlineauth/offlineauth/ipcapi"
	"github.com/offlineauth/offlineauth/ipcapi/dbusipc"
	"github.com/offlineauth/offlineauth/ipcapi/unixipc"
)

func fetch(ctx context.Context, rt http.RoundTripper, url string) (status int, body []byte, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, nil, err
	}
	return send(rt, r)
}

func send(rt http.RoundTripper, r *http.Request) (status int, body []byte, err error) {
	response, err := rt.RoundTrip(r)
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	body, err = io.ReadAll(response.Body)
	return response.StatusCode, body, err
}

// killEvery is after how many requests a server is killed.
const killEvery = 1500

// tally is what came of the requests of many callers.
type tally struct {
	answered, died, other, all atomic.Int64
	turn                       chan struct{} // gets a value every so many requests; nil if nobody kills
}

// count counts one request. An answer is the right one, and an error is typed.
func (c *tally) count(t testing.TB, status int, err error) {
	if c.all.Add(1)%killEvery == 0 {
		select {
		case c.turn <- struct{}{}:
		default:
		}
	}
	var typed *ipcapi.Error
	switch {
	case err == nil && (status == http.StatusOK || status == http.StatusBadRequest):
		c.answered.Add(1)
	case errors.Is(err, ipcapi.ErrServiceDied):
		c.died.Add(1)
	case errors.As(err, &typed) && typed.Kind != nil:
		c.other.Add(1)
		t.Logf("%v", err)
	default:
		t.Errorf("neither an answer nor a typed error: %d, %v", status, err)
	}
}

// A wire connects a new caller.
type wire func() (http.RoundTripper, error)

func onBus() (http.RoundTripper, error) { return dbusipc.Connect(address) }

// atSocket connects to the unix socket. The first caller starts the server.
func atSocket() (http.RoundTripper, error) {
	a := ipcapi.Address{Scheme: ipcapi.Unix, Path: filepath.Join(os.Getenv("XDG_RUNTIME_DIR"), "offlineauth", appID+".sock")}
	return (&unixipc.Dialer{Address: a, Start: func(ctx context.Context) error {
		return client.Installed{}.StartService(ctx, issuer, a)
	}}).Transport()
}

// call sends requests of one caller: reads, and posts that nobody may simply repeat.
func call(ctx context.Context, t testing.TB, connect wire, c *tally, requests int) {
	transport, err := connect()
	if err != nil {
		t.Error(err)
		return
	}
	defer transport.(interface{ CloseIdleConnections() }).CloseIdleConnections()
	for i := range requests {
		method, path, body := http.MethodGet, "/.well-known/oauth-authorization-server", ""
		if i%2 == 1 {
			method, path, body = http.MethodPost, "/token", "grant_type=authorization_code&client_id=maths&code=x&code_verifier=y"
		}
		r, err := http.NewRequestWithContext(ctx, method, issuer+path, strings.NewReader(body))
		if err != nil {
			t.Error(err)
			return
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		status, _, err := send(transport, r)
		c.count(t, status, err)
	}
}

// TestManyCallersAndKills: 64 callers with 1000 requests each, while the server is
// killed now and again. The bus starts it anew, or the next caller does.
func TestManyCallersAndKills(t *testing.T) {
	for name, connect := range map[string]wire{"bus": onBus, "socket": atSocket} {
		t.Run(name, func(t *testing.T) { manyCallersAndKills(t, connect) })
	}
}

func manyCallersAndKills(t *testing.T, connect wire) {
	const callers, requests = 64, 1000
	w := newWorld(t)
	ctx, cancel := context.WithTimeout(t.Context(), 4*limit)
	defer cancel()
	total := tally{turn: make(chan struct{}, 1)}
	var calling sync.WaitGroup
	for range callers {
		calling.Go(func() { call(ctx, t, connect, &total, requests) })
	}
	done := make(chan struct{})
	go func() { calling.Wait(); close(done) }()
	kills := w.killNowAndAgain(ctx, total.turn, done)
	<-done
	t.Logf("%d answered, %d died with the server, %d other typed errors; the server was killed %d times", total.answered.Load(), total.died.Load(), total.other.Load(), kills)
	if all := total.answered.Load() + total.died.Load() + total.other.Load(); all != callers*requests {
		t.Errorf("of %d requests %d came back", callers*requests, all)
	}
	if kills < 5 || total.answered.Load() < callers*requests*9/10 {
		t.Error("that shows nothing")
	}
}

// killNowAndAgain kills the process that has the name, soon after each turn, until done
// is closed.
func (w *world) killNowAndAgain(ctx context.Context, turn, done <-chan struct{}) (kills int) {
	w.t.Helper()
	bus, err := dbusipc.Open(ctx, "")
	if err != nil {
		w.t.Fatal(err)
	}
	defer bus.Close()
	for {
		select {
		case <-done:
			return kills
		case <-turn:
			time.Sleep(time.Duration(rand.IntN(20)) * time.Millisecond) // at any moment of an exchange
		}
		if server, err := bus.Caller(ctx, appID); err == nil && syscall.Kill(server.PID, syscall.SIGKILL) == nil {
			kills++
		}
	}
}

// TestIdleExitRace: the server ends a moment after nobody asks, and callers ask just
// then. No request is lost, and none fails.
func TestIdleExitRace(t *testing.T) {
	w := newWorld(t)
	w.run("offlineauth", "install", "--idle-exit", "50ms")
	var total tally
	var calling sync.WaitGroup
	pids := map[string]bool{}
	var mu sync.Mutex
	for range 4 {
		calling.Go(func() {
			bus, err := dbusipc.Open(w.ctx, "")
			if err != nil {
				t.Error(err)
				return
			}
			defer bus.Close()
			for range 25 {
				call(w.ctx, t, onBus, &total, 4)
				if server, err := bus.Caller(w.ctx, appID); err == nil {
					mu.Lock()
					pids[strconv.Itoa(server.PID)] = true
					mu.Unlock()
				}
				time.Sleep(time.Duration(rand.IntN(120)) * time.Millisecond) // until about when it ends
			}
		})
	}
	calling.Wait()
	t.Logf("%d answered; at least %d servers have lived", total.answered.Load(), len(pids))
	if total.answered.Load() != 400 || len(pids) < 3 {
		t.Errorf("%d answered, %d died, %d other errors, with %d servers", total.answered.Load(), total.died.Load(), total.other.Load(), len(pids))
	}
}

// TestDoctor: in order at first, and then not.
func TestDoctor(t *testing.T) {
	w := newWorld(t)
	out := w.run("offlineauth", "doctor")
	for _, line := range []string{"ok     session bus", "ok     service", "ok     links", "ok     verification"} {
		if !strings.Contains(out, line) {
			t.Errorf("it does not say %q", line)
		}
	}
	w.install("com.example.other", "maths", appID, false)
	if out, err := w.try("offlineauth", "doctor"); err == nil || !strings.Contains(out, fmt.Sprintf("wrong  links            of %s: are given to com.example.other", appID)) {
		t.Errorf("%v", err)
	}
	w.run("offlineauth", "install")
	w.run("offlineauth", "doctor")
}
