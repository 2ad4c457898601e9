//go:build linux

package control_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/offlineauth/offlineauth"
	"github.com/offlineauth/offlineauth/cmd/offlineauth/control"
	"github.com/offlineauth/offlineauth/ipcapi/unixipc"
	"github.com/offlineauth/offlineauth/store"
)

// patience is the deadline of every wait here.
const patience = 30 * time.Second

func limited(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// serve is a server of dir as the program runs one, until ctx ends. It calls ready
// when it answers.
func serve(ctx context.Context, dir string, ready func()) error {
	server, err := control.Take(ctx, dir, opener(dir))
	if err != nil {
		return err
	}
	l, err := unixipc.Listen(control.Address(dir))
	if err == nil {
		ready()
		err = unixipc.Serve(ctx, l, unixipc.Config{Handler: control.OwnUser(control.Handler(server, nil))})
	}
	return errors.Join(err, server.Close())
}

// started starts a server, and returns how to stop it and wait for its end.
func started(t *testing.T, dir string) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(limited(t))
	ready, ended := make(chan struct{}), make(chan error, 1)
	go func() { ended <- serve(ctx, dir, func() { close(ready) }) }()
	select {
	case <-ready:
	case err := <-ended:
		t.Fatal(err)
	}
	return func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

func TestWithAndWithoutAServer(t *testing.T) {
	dir := t.TempDir()
	ctx := limited(t)
	add := func(api control.API) error {
		_, err := api.AddClient(ctx, maths)
		return err
	}
	if err := control.With(ctx, dir, opener(dir), add); err != nil {
		t.Fatal(err)
	}
	stop := started(t, dir)
	never := func(context.Context) (*offlineauth.Server, error) {
		return nil, errors.New("opened beside the server")
	}
	if err := control.With(ctx, dir, never, add); !control.Taken(err) {
		t.Errorf("through the server: %v", err)
	}
	stop()
	if err := control.With(ctx, dir, opener(dir), add); !control.Taken(err) {
		t.Errorf("after it: %v", err)
	}
}

// Twenty commands run while servers start and stop: none of them notices.
func TestWithWhileServersComeAndGo(t *testing.T) {
	dir := t.TempDir()
	ctx := limited(t)
	commands, cancel := context.WithCancel(ctx)
	served := make(chan struct{}, 1)
	var servers, running sync.WaitGroup
	servers.Go(func() {
		for commands.Err() == nil {
			during, stop := context.WithCancel(ctx)
			err := serve(during, dir, func() {
				select {
				case served <- struct{}{}:
				default:
				}
				time.AfterFunc(5*time.Millisecond, stop)
			})
			stop()
			if err != nil {
				t.Errorf("a server: %v", err)
				return
			}
		}
	})
	for n := range 20 {
		running.Go(func() {
			for m := range 2 {
				username := fmt.Sprintf("u%d-%d", n, m)
				err := control.With(ctx, dir, opener(dir), func(api control.API) error {
					_, err := api.AddAccount(ctx, username, "")
					return err
				})
				if err != nil {
					t.Errorf("%s: %v", username, err)
				}
			}
		})
	}
	running.Wait()
	select {
	case <-served:
	case <-ctx.Done():
		t.Error("no server ever ran")
	}
	cancel()
	servers.Wait()
	err := control.With(ctx, dir, opener(dir), func(api control.API) error {
		accounts, err := api.Accounts(ctx)
		if err == nil && len(accounts) != 40 {
			t.Errorf("%d accounts", len(accounts))
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// A server waits for commands, and not for another server.
func TestTake(t *testing.T) {
	dir := t.TempDir()
	attempts := 0
	busy := func(ctx context.Context) (*offlineauth.Server, error) {
		if attempts++; attempts < 3 {
			return nil, &store.LockedError{Path: dir}
		}
		return opener(dir)(ctx)
	}
	s, err := control.Take(limited(t), dir, busy)
	if err != nil || attempts != 3 {
		t.Fatalf("%d attempts, %v", attempts, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	stop := started(t, dir)
	defer stop()
	if _, err := control.Take(limited(t), dir, opener(dir)); !errors.Is(err, store.ErrLocked) {
		t.Errorf("beside a server: %v", err)
	}
}

func TestGivingUp(t *testing.T) {
	dir := t.TempDir()
	locked := func(context.Context) (*offlineauth.Server, error) { return nil, &store.LockedError{Path: dir, PID: 7} }
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := control.With(ctx, dir, locked, func(api control.API) error {
		_, err := api.Clients(t.Context())
		return err
	})
	if !errors.Is(err, store.ErrLocked) || !strings.Contains(err.Error(), "process 7") || !strings.Contains(err.Error(), "control.sock") {
		t.Errorf("a command: %v", err)
	}
	if _, err := control.Take(ctx, dir, locked); !errors.Is(err, store.ErrLocked) {
		t.Errorf("a server: %v", err)
	}
}

// A server that ends after it took the connection is another to be tried again.
func TestWithRepeatsWhatAServerDropped(t *testing.T) {
	dir := t.TempDir()
	l, err := unixipc.Listen(control.Address(dir))
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		conn, err := l.Accept()
		if err == nil {
			conn.Read(make([]byte, 1))
			conn.Close()
		}
		l.Close()
	}()
	ctx := limited(t)
	err = control.With(ctx, dir, opener(dir), func(api control.API) error {
		_, err := api.AddAccount(ctx, "amina", "")
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
