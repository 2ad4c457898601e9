//go:build linux && dbus

package dbusipc_test

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/offlineauth/offlineauth/ipcapi"
	"github.com/offlineauth/offlineauth/ipcapi/dbusipc"
	"github.com/offlineauth/offlineauth/ipcapi/dbusipc/wire"
)

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
