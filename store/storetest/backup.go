package storetest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/offlineauth/offlineauth/store"
)

// An opener returns an empty engine each time.
type opener func(t *testing.T) store.Engine

// backedUp makes a store with what lasts and what does not, and a backup of it.
func backedUp(t *testing.T, e store.Engine, keys *Keys, o store.BackupOptions) (s *store.Store, backup string) {
	t.Helper()
	s = keyed(t, e, keys, 300)
	put(t, s, s.Clients, client("c"))
	put(t, s, s.Credentials, store.Credential{AccountID: "0001", Kind: "pin", Hash: []byte("h")})
	putLogin(t, s, "y", 1)
	put(t, s, s.PushedRequests, store.PushedRequest{Hash: hash(3), ClientID: "c", ExpiresAt: now})
	want(t, s.PutInteraction(interaction("i")), nil)
	backup = filepath.Join(t.TempDir(), "backup")
	want(t, s.Backup(t.Context(), backup, o), nil)
	return s, backup
}

// wantRestored fails the test unless s has what lasts of a store that was [backedUp], and
// nothing that a backup would revive.
func wantRestored(t *testing.T, s *store.Store, epoch int) {
	t.Helper()
	for i := range 300 {
		a, err := s.AccountByUsername(t.Context(), fmt.Sprint("user", i))
		want(t, err, nil)
		if a.ID != fmt.Sprintf("%04d", i) {
			t.Fatalf("user%d is %+v", i, a)
		}
	}
	k, noKey := s.Keys.Get(t.Context(), "k")
	_, noClient := s.Clients.Get(t.Context(), "c")
	_, noPIN := s.Credential(t.Context(), "0001", "pin")
	if err := errors.Join(noKey, noClient, noPIN); err != nil || string(k.Private) != "secret" {
		t.Fatalf("key %q, %v", k.Private, err)
	}
	events, err := s.Events.Newest(t.Context(), 0, 10)
	want(t, err, nil)
	if len(events) < 4 || events[0].Kind != "restored" {
		t.Fatalf("events %+v", events)
	}
	wantNone(t, "grants", s.Grants)
	wantNone(t, "authorizations", s.Authorizations)
	wantNone(t, "pushed requests", s.PushedRequests)
	_, err = s.LivingGrant(t.Context(), "a", "c", "app")
	want(t, err, store.ErrNotFound)
	got, err := s.Epoch()
	want(t, err, nil)
	if got != epoch {
		t.Errorf("epoch %d, want %d", got, epoch)
	}
	report, err := s.Check(t.Context(), nil)
	want(t, err, nil)
	if len(report.Problems) > 0 {
		t.Errorf("%+v", report)
	}
}

func wantNone[T any](t *testing.T, what string, table store.Table[T]) {
	t.Helper()
	all, err := table.List(t.Context())
	want(t, err, nil)
	if len(all) > 0 {
		t.Errorf("%d %s were revived", len(all), what)
	}
}

// restored makes a store of a backup on an empty engine.
func restored(t *testing.T, e store.Engine, backup string, keys store.KeyProvider) *store.Store {
	t.Helper()
	done, err := store.RestoreInto(t.Context(), e, backup, store.RestoreOptions{Keys: keys})
	want(t, err, nil)
	if done.MadeAt.IsZero() || done.Aside != "" {
		t.Errorf("%+v", done)
	}
	s, err := store.New(e, keys, slog.New(slog.DiscardHandler))
	want(t, err, nil)
	return s
}

// backupRevivesNothing restores, and restores a backup of what was restored: each begins
// a new epoch.
func backupRevivesNothing(t *testing.T, open opener) {
	keys := new(Keys)
	s, backup := backedUp(t, open(t), keys, store.BackupOptions{})
	if epoch, err := s.Epoch(); err != nil || epoch != 1 {
		t.Fatalf("epoch %d, %v", epoch, err)
	}
	want(t, s.Close(), nil)
	for epoch := 2; epoch < 4; epoch++ {
		again := restored(t, open(t), backup, keys)
		wantRestored(t, again, epoch)
		want(t, again.Backup(t.Context(), backup, store.BackupOptions{}), nil)
		want(t, again.Close(), nil)
	}
}

// backupSnapshot writes meanwhile: two records of one transaction are both in a backup, or
// neither.
func backupSnapshot(t *testing.T, open opener) {
	keys := new(Keys)
	s, backup := backedUp(t, open(t), keys, store.BackupOptions{})
	ctx, cancel := context.WithCancel(t.Context())
	written := make(chan int)
	go func() {
		n := 0
		for ; ctx.Err() == nil; n++ {
			err := s.Do(t.Context(), func(ctx context.Context) error {
				return errors.Join(s.Clients.Put(ctx, store.Client{ID: fmt.Sprint("pair", n)}), s.Accounts.Put(ctx, store.Account{ID: fmt.Sprint("pair", n), Username: fmt.Sprint("pair", n)}))
			})
			if err != nil {
				t.Error(err)
			}
		}
		written <- n
	}()
	for range 5 {
		want(t, s.Backup(t.Context(), backup, store.BackupOptions{}), nil)
		again := restored(t, open(t), backup, keys)
		clients, err := again.Clients.List(t.Context())
		want(t, err, nil)
		accounts, err := again.Accounts.List(t.Context())
		want(t, err, nil)
		if len(clients)-1 != len(accounts)-300 {
			t.Errorf("%d clients and %d accounts", len(clients), len(accounts))
		}
		want(t, again.Close(), nil)
	}
	cancel()
	if n := <-written; n == 0 {
		t.Error("nothing was written meanwhile")
	}
	want(t, s.Close(), nil)
}

// backupInterrupted leaves what was there, and nothing else.
func backupInterrupted(t *testing.T, open opener) {
	keys := new(Keys)
	s, backup := backedUp(t, open(t), keys, store.BackupOptions{})
	defer s.Close()
	before, err := os.ReadFile(backup)
	want(t, err, nil)
	ctx, cancel := context.WithCancel(t.Context())
	want(t, s.Backup(ctx, backup, store.BackupOptions{Progress: func(done, _ int) {
		if done > 10 {
			cancel()
		}
	}}), context.Canceled)
	after, err := os.ReadFile(backup)
	want(t, err, nil)
	if string(before) != string(after) {
		t.Error("the backup has changed")
	}
	e := open(t)
	defer e.Close()
	ctx, cancel = context.WithCancel(t.Context())
	_, err = store.RestoreInto(ctx, e, backup, store.RestoreOptions{Keys: keys, Progress: func(done, _ int) {
		if done > 10 {
			cancel()
		}
	}})
	want(t, err, context.Canceled)
	wantEmpty(t, e)
	if left, _ := filepath.Glob(backup + "?*"); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

// wantEmpty fails the test unless a store can begin on the engine.
func wantEmpty(t *testing.T, e store.Engine) {
	t.Helper()
	s, err := store.New(keepOpen{e}, new(Keys), slog.New(slog.DiscardHandler))
	want(t, err, nil)
	if all, err := s.Accounts.List(t.Context()); err != nil || len(all) > 0 {
		t.Errorf("%d accounts, %v", len(all), err)
	}
	want(t, s.Close(), nil)
}

// backupElsewhere has not the key of the store, but a recovery.
func backupElsewhere(t *testing.T, open opener) {
	recovery, theirs := new(Keys), new(Keys)
	s, backup := backedUp(t, open(t), new(Keys), store.BackupOptions{Recovery: recovery})
	want(t, s.Close(), nil)
	e := open(t)
	for name, o := range map[string]store.RestoreOptions{
		"no recovery": {Keys: theirs}, "another recovery": {Keys: theirs, Recovery: fixedKeys(9)},
	} {
		if _, err := store.RestoreInto(t.Context(), e, backup, o); !errors.Is(err, store.ErrSealed) {
			t.Fatalf("%s: %v", name, err)
		}
	}
	_, err := store.RestoreInto(t.Context(), e, backup, store.RestoreOptions{Keys: theirs, Recovery: recovery})
	want(t, err, nil)
	again, err := store.New(keepOpen{e}, theirs, slog.New(slog.DiscardHandler))
	want(t, err, nil)
	wantRestored(t, again, 2)
	want(t, again.Close(), nil)
	_, err = store.New(e, recovery, nil)
	want(t, err, store.ErrSealed)
	want(t, e.Close(), nil)
}

// backupRefused is damaged, no backup, or for an engine that has a store already.
func backupRefused(t *testing.T, open opener) {
	keys := new(Keys)
	s, backup := backedUp(t, keepOpen{open(t)}, keys, store.BackupOptions{})
	want(t, s.Close(), nil)
	good, err := os.ReadFile(backup)
	want(t, err, nil)
	e := open(t)
	defer e.Close()
	for name, text := range map[string]string{"empty": "", "garbage": "no backup, and nothing else", "torn": string(good[:5*os.Getpagesize()])} {
		torn := filepath.Join(t.TempDir(), "torn")
		want(t, os.WriteFile(torn, []byte(text), 0o600), nil)
		if _, err := store.RestoreInto(t.Context(), e, torn, store.RestoreOptions{Keys: keys}); !errors.Is(err, store.ErrCorrupt) {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err = store.RestoreInto(t.Context(), e, backup+".none", store.RestoreOptions{Keys: keys})
	want(t, err, os.ErrNotExist)
	wantEmpty(t, e) // begins a store
	_, err = store.RestoreInto(t.Context(), e, backup, store.RestoreOptions{Keys: keys})
	want(t, err, store.ErrExists)
}

// rekeyClosesBackups: one of before opens by its recovery alone, one of after by the key.
func rekeyClosesBackups(t *testing.T, open opener) {
	keys, recovery := new(Keys), new(Keys)
	s, before := backedUp(t, open(t), keys, store.BackupOptions{Recovery: recovery})
	want(t, s.Rekey(t.Context(), nil), nil)
	after := filepath.Join(t.TempDir(), "after")
	want(t, s.Backup(t.Context(), after, store.BackupOptions{}), nil)
	want(t, s.Close(), nil)
	e := open(t)
	_, err := store.RestoreInto(t.Context(), e, before, store.RestoreOptions{Keys: keys})
	want(t, err, store.ErrSealed)
	again := restored(t, e, after, keys)
	wantRestored(t, again, 2)
	want(t, again.Close(), nil)
	e = open(t)
	_, err = store.RestoreInto(t.Context(), e, before, store.RestoreOptions{Keys: keys, Recovery: recovery})
	want(t, err, nil)
	want(t, e.Close(), nil)
}

// movable are keys that can be somewhere else from a moment on.
type movable struct {
	*Keys        // where they are to be
	before *Keys // where they were
}

func (m *movable) Unwrap(ctx context.Context, wrapped []byte) ([]byte, error) {
	plain, err := m.Keys.Unwrap(ctx, wrapped)
	if errors.Is(err, store.ErrSealed) && m.before != nil {
		return m.before.Unwrap(ctx, wrapped)
	}
	return plain, err
}

// rekeyMoves takes the keys elsewhere, is cut off, and ends it in another process.
func rekeyMoves(t *testing.T, e store.Engine) {
	const n = 600
	e = keepOpen{e}
	keys := &movable{Keys: new(Keys)}
	s, err := store.New(e, keys, slog.New(slog.DiscardHandler))
	want(t, err, nil)
	do(t, s, func(ctx context.Context) error {
		for i := range n {
			if err := s.Accounts.Put(ctx, store.Account{ID: fmt.Sprintf("%04d", i), Username: fmt.Sprint("user", i)}); err != nil {
				return err
			}
		}
		return nil
	})
	keys.before, keys.Keys = keys.Keys, new(Keys)
	ctx, cancel := context.WithCancel(t.Context())
	want(t, s.Rekey(ctx, func(done, _ int) {
		if done > 300 {
			cancel()
		}
	}), context.Canceled)
	want(t, s.Close(), nil)
	s, err = store.New(e, keys, slog.New(slog.DiscardHandler))
	want(t, err, nil)
	want(t, s.Rekey(t.Context(), nil), nil)
	want(t, s.Close(), nil)
	_, err = store.New(e, keys.before, nil)
	want(t, err, store.ErrSealed)
	s, err = store.New(e, keys.Keys, slog.New(slog.DiscardHandler))
	want(t, err, nil)
	all, err := s.Accounts.List(t.Context())
	want(t, err, nil)
	if len(all) != n {
		t.Errorf("%d accounts", len(all))
	}
	want(t, s.Close(), nil)
}
