package store

import (
	"context"
	"errors"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/offlineauth/offlineauth/boltfile"
)

// fat makes a store of which most is free, and returns its path.
func fat(t *testing.T) (s *Store, path string) {
	t.Helper()
	s, path = lived(t)
	big := make([]byte, 10_000)
	for i := range 400 {
		err := s.Do(t.Context(), func(ctx context.Context) error {
			return s.PushedRequests.Put(ctx, PushedRequest{Hash: []byte{byte(i), byte(i >> 8), 31: 0}, ClientID: string(big), ExpiresAt: time.Unix(1, 0)})
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Sweep(t.Context(), time.Now(), 0); err != nil {
		t.Fatal(err)
	}
	return s, path
}

func sizeOf(t *testing.T, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

// TestCompact makes the file smaller while others read and write, and loses
// nothing of it.
func TestCompact(t *testing.T) {
	s, path := fat(t)
	before := sizeOf(t, path)
	ctx, cancel := context.WithCancel(t.Context())
	var busy sync.WaitGroup
	written := 0
	busy.Go(func() {
		for ctx.Err() == nil {
			err := s.Do(t.Context(), func(ctx context.Context) error {
				return s.Accounts.Put(ctx, Account{ID: time.Now().String(), Username: time.Now().String()})
			})
			if err != nil {
				t.Error(err)
				return
			}
			written++
		}
	})
	busy.Go(func() {
		for ctx.Err() == nil {
			if _, err := s.Clients.Get(t.Context(), "c"); err != nil {
				t.Error(err)
				return
			}
		}
	})
	reported := 0
	for range 3 {
		if err := s.Compact(t.Context(), func(done, total int) { reported = done }); err != nil {
			t.Fatal(err)
		}
	}
	cancel()
	busy.Wait()
	after := sizeOf(t, path)
	if after*3 > before || reported < 1000 {
		t.Errorf("from %d to %d bytes; %d records were reported", before, after, reported)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = mustOpen(t, path)
	if pushed, err := s.PushedRequests.List(t.Context()); err != nil || len(pushed) != 1000 {
		t.Errorf("%d requests, %v", len(pushed), err)
	}
	if accounts, err := s.Accounts.List(t.Context()); err != nil || len(accounts) != written+1 {
		t.Errorf("%d accounts of %d, %v", len(accounts), written+1, err)
	}
	if report, err := s.Check(t.Context(), nil); err != nil || len(report.Problems) > 0 {
		t.Errorf("%+v, %v", report, err)
	}
}

// TestCompactIfWorth compacts what is half free, gives way to a writer, and
// leaves alone what is not worth it.
func TestCompactIfWorth(t *testing.T) {
	s, path := fat(t)
	before := sizeOf(t, path)
	if done, err := s.CompactIfWorth(t.Context()); err != nil || !done {
		t.Fatalf("done %t, %v", done, err)
	}
	if after := sizeOf(t, path); after*3 > before {
		t.Errorf("from %d to %d bytes", before, after)
	}
	if done, err := s.CompactIfWorth(t.Context()); err != nil || done {
		t.Fatalf("again: done %t, %v", done, err)
	}
}

func TestCompactGivesWay(t *testing.T) {
	s, _ := lived(t)
	started := make(chan struct{})
	gaveWay := make(chan error, 1)
	go func() {
		gaveWay <- s.committer.alone(t.Context(), true, func(ctx context.Context) error {
			close(started)
			<-ctx.Done()
			return ctx.Err()
		})
	}()
	<-started
	if err := s.Do(t.Context(), func(ctx context.Context) error { return s.Clients.Put(ctx, Client{ID: "x"}) }); err != nil {
		t.Fatal(err)
	}
	if err := <-gaveWay; !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
}

func TestCompactInterrupted(t *testing.T) {
	s, path := fat(t)
	before := sizeOf(t, path)
	ctx, cancel := context.WithCancel(t.Context())
	err := s.Compact(ctx, func(done, _ int) {
		if done > 500 {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) || sizeOf(t, path) != before || exists(path+boltfile.NewSuffix) {
		t.Fatalf("%v; %d bytes of %d; %t", err, sizeOf(t, path), before, exists(path+boltfile.NewSuffix))
	}
	// What a crash leaves is removed, and a reader of the old file is not disturbed.
	if err := errors.Join(os.WriteFile(path+boltfile.NewSuffix, []byte("half"), 0o600), s.Close()); err != nil {
		t.Fatal(err)
	}
	s = mustOpen(t, path)
	if exists(path + boltfile.NewSuffix) {
		t.Fatal("half a file is left")
	}
	err = s.engine.View(func(r Reader) error {
		if err := s.Compact(t.Context(), nil); err != nil {
			return err
		}
		n := count(r, "pushed requests")
		if n != 1000 {
			t.Errorf("the snapshot has %d requests", n)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestReplacedWhileWaiting: who waited for the lock of a file that was compacted
// meanwhile must not get the old one.
func TestReplacedWhileWaiting(t *testing.T) {
	s, path := lived(t)
	opened := make(chan error, 1)
	var second *Store
	go func() {
		var err error
		second, err = Open(path, &Options{LockTimeout: time.Minute})
		opened <- err
	}()
	for range 3 {
		if err := s.Compact(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
	}
	err := s.Do(t.Context(), func(ctx context.Context) error { return s.Clients.Put(ctx, Client{ID: "late"}) })
	if err := errors.Join(err, s.Close(), <-opened); err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	if _, err := second.Clients.Get(t.Context(), "late"); err != nil {
		t.Fatal(err)
	}
}
