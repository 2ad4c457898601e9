package unixipc

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/offlineauth/offlineauth/ipcapi"
)

// TestChildServes is a service in a process of its own, for TestStart: it writes down
// that it has begun, and ends after its first request.
func TestChildServes(t *testing.T) {
	path := os.Getenv("UNIXIPC_TEST_SERVE")
	if path == "" {
		return
	}
	a := ipcapi.Address{Scheme: ipcapi.Unix, Path: path}
	l, err := Listen(a)
	if err != nil {
		t.Fatal(err)
	}
	begun, err := os.OpenFile(path+".begun", os.O_APPEND|os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintln(begun, "begun")
	begun.Close()
	ctx, end := context.WithCancel(t.Context())
	Serve(ctx, l, Config{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if fmt.Fprint(w, "hello"); r.Method == http.MethodDelete {
			end()
		}
	})})
}

func TestStart(t *testing.T) {
	a := addressFor(t, ipcapi.Unix)
	t.Setenv("UNIXIPC_TEST_SERVE", a.Path)
	command := []string{os.Args[0], "-test.run=^TestChildServes$"}
	d := Dialer{Address: a, Start: func(ctx context.Context) error { return Start(ctx, a, command) }}
	for life := 1; life <= 3; life++ {
		var calling sync.WaitGroup
		for range 8 {
			rt := transport(t, d)
			calling.Go(func() {
				if got, err := send1(t.Context(), rt, "GET", ""); got != "200 hello" || err != nil {
					t.Errorf("%q, %v", got, err)
				}
			})
		}
		calling.Wait()
		if begun, err := os.ReadFile(a.Path + ".begun"); bytes.Count(begun, []byte("\n")) != life {
			t.Fatalf("in life %d: %s %v", life, begun, err)
		}
		if _, err := send1(t.Context(), transport(t, d), "DELETE", ""); err != nil {
			t.Fatal(err)
		}
		for deadline := time.Now().Add(10 * time.Second); serving(t.Context(), a); time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatal("it does not end")
			}
		}
	}
	if left, err := filepath.Glob(a.Path + "*.lock"); len(left) > 0 || err != nil {
		t.Errorf("left behind: %v %v", left, err)
	}
}

func TestStartFails(t *testing.T) {
	a := addressFor(t, ipcapi.Unix)
	for name, command := range map[string][]string{
		"no such command": {"/nonexistent"},
		"one that fails":  {"/bin/sh", "-c", "echo why >&2; exit 3"},
	} {
		err := Start(t.Context(), a, command)
		if !errors.Is(err, ipcapi.ErrNoService) {
			t.Errorf("%s: %v", name, err)
		}
		t.Log(err)
	}
	if err := Start(t.Context(), a, nil); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("no command: %v", err)
	}
}
