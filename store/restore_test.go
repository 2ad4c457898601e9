package store

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/offlineauth/offlineauth/boltfile"
)

// lived makes a store with what lasts and what does not, which was written to
// enough to have pages of all kinds, and leaves it open.
func lived(t *testing.T) (s *Store, path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "store.db")
	s = mustOpen(t, path)
	now := time.Now()
	err := s.Do(t.Context(), func(ctx context.Context) error {
		g, err := s.UpsertGrant(ctx, "1", "c", "", []string{"read"}, now)
		return errors.Join(err,
			s.Clients.Put(ctx, Client{ID: "c", Name: "C"}),
			s.Accounts.Put(ctx, Account{ID: "1", Username: "amina"}),
			s.Credentials.Put(ctx, Credential{AccountID: "1", Kind: "pin", Hash: []byte("h")}),
			s.Keys.Put(ctx, Key{ID: "k", Use: "sig", Private: []byte("private")}),
			s.Authorizations.Put(ctx, Authorization{ID: "z", GrantID: g.ID, AccountID: "1", ClientID: "c"}),
			s.Events.Append(ctx, Event{Time: now, Kind: "login"}))
	})
	for i := range 20 {
		err = errors.Join(err, s.Do(t.Context(), func(ctx context.Context) error {
			for n := range 50 {
				hash := []byte{byte(i), byte(n), 31: 1}
				if err := s.PushedRequests.Put(ctx, PushedRequest{Hash: hash, ClientID: "c", ExpiresAt: now.Add(time.Hour)}); err != nil {
					return err
				}
			}
			return nil
		}))
	}
	if err != nil {
		t.Fatal(err)
	}
	return s, path
}

// wantRestored fails the test unless s has what lasts of a store that [lived],
// and nothing else.
func wantRestored(t *testing.T, s *Store, epoch int) {
	t.Helper()
	ctx := t.Context()
	a, err := s.AccountByUsername(ctx, "amina")
	if err != nil || a.ID != "1" {
		t.Fatalf("account %+v, %v", a, err)
	}
	_, noClient := s.Clients.Get(ctx, "c")
	_, noPIN := s.Credential(ctx, "1", "pin")
	k, noKey := s.Keys.Get(ctx, "k")
	if err := errors.Join(noClient, noPIN, noKey); err != nil || string(k.Private) != "private" {
		t.Fatalf("%+v, %v", k, err)
	}
	events, err := s.Events.Newest(ctx, 0, 10)
	if err != nil || len(events) != 2 || events[0].Kind != "restored" || events[1].Kind != "login" {
		t.Fatalf("events %+v, %v", events, err)
	}
	if _, err := s.LivingGrant(ctx, "1", "c", ""); !errors.Is(err, ErrNotFound) {
		t.Errorf("a consent was revived: %v", err)
	}
	if _, err := s.LiveAuthorization(ctx, "z", time.Now()); !errors.Is(err, ErrNotFound) {
		t.Errorf("a login was revived: %v", err)
	}
	if pushed, err := s.PushedRequests.List(ctx); err != nil || len(pushed) > 0 {
		t.Errorf("%d requests were revived, %v", len(pushed), err)
	}
	if e, err := s.Epoch(); err != nil || e != epoch {
		t.Errorf("epoch %d, %v, want %d", e, err, epoch)
	}
	if report, err := s.Check(ctx, nil); err != nil || len(report.Problems) > 0 {
		t.Errorf("%+v, %v", report, err)
	}
}

func TestBackupAndRestore(t *testing.T) {
	s, path := lived(t)
	backup := path + ".copy"
	if err := s.Backup(t.Context(), backup, BackupOptions{}); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(backup)
	if err != nil || info.Mode() != 0o600 {
		t.Fatalf("mode %v, %v", info.Mode(), err)
	}
	if _, err := Restore(t.Context(), path, backup, RestoreOptions{LockTimeout: 1}); !errors.Is(err, ErrLocked) {
		t.Fatalf("restored beneath a server: %v", err)
	}
	if _, err := open(backup); !errors.Is(err, ErrBackup) {
		t.Fatalf("a backup was opened as a store: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for epoch := 2; epoch < 4; epoch++ {
		done, err := Restore(t.Context(), path, backup, RestoreOptions{})
		if err != nil || done.Epoch != epoch || time.Since(done.MadeAt) > time.Hour {
			t.Fatalf("%+v, %v", done, err)
		}
		if !exists(done.Aside) {
			t.Fatalf("nothing is at %s", done.Aside)
		}
		s = mustOpen(t, path)
		wantRestored(t, s, epoch)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	for _, left := range []string{path + boltfile.NewSuffix, backup + boltfile.NewSuffix} {
		if exists(left) {
			t.Errorf("%s is left", left)
		}
	}
}

// TestRestoreElsewhere has neither the key nor the directory of the store.
func TestRestoreElsewhere(t *testing.T) {
	s, path := lived(t)
	backup := path + ".copy"
	if err := s.Backup(t.Context(), backup, BackupOptions{Recovery: Passphrase("correct horse")}); err != nil {
		t.Fatal(err)
	}
	elsewhere := filepath.Join(t.TempDir(), "new", "store.db")
	for name, recovery := range map[string]KeyProvider{"none": nil, "wrong": Passphrase("battery staple")} {
		if _, err := Restore(t.Context(), elsewhere, backup, RestoreOptions{Recovery: recovery}); !errors.Is(err, ErrSealed) {
			t.Fatalf("passphrase %s: %v", name, err)
		}
		if exists(elsewhere) || exists(elsewhere+".key") {
			t.Fatal("something is there after a failure")
		}
	}
	done, err := Restore(t.Context(), elsewhere, backup, RestoreOptions{Recovery: Passphrase("correct horse")})
	if err != nil || done.Aside != "" {
		t.Fatalf("%+v, %v", done, err)
	}
	wantRestored(t, mustOpen(t, elsewhere), 2)
}

func TestRestoreRefuses(t *testing.T) {
	s, path := lived(t)
	backup := path + ".copy"
	if err := errors.Join(s.Backup(t.Context(), backup, BackupOptions{}), s.Close()); err != nil {
		t.Fatal(err)
	}
	good, err := os.ReadFile(backup)
	if err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	spoilt := bytes.Clone(good)
	for i := range spoilt[8192:] { // but for the meta pages
		spoilt[8192+i] ^= byte(i)
	}
	for name, c := range map[string]struct {
		content []byte
		want    error
	}{
		"a store":  {before, ErrCorrupt},
		"garbage":  {bytes.Repeat([]byte("garbage "), 4096), ErrCorrupt},
		"cut":      {good[:8192], ErrCorrupt},
		"spoilt":   {spoilt, ErrCorrupt},
		"an empty": {nil, ErrCorrupt},
	} {
		if err := os.WriteFile(backup, c.content, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Restore(t.Context(), path, backup, RestoreOptions{}); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Restore(t.Context(), path, path+".none", RestoreOptions{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no backup: %v", err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	os.WriteFile(backup, good, 0o600)
	if _, err := Restore(ended, path, backup, RestoreOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: %v", err)
	}
	if after, _ := os.ReadFile(path); !bytes.Equal(before, after) {
		t.Error("the store was changed")
	}
	if all, _ := filepath.Glob(path + "*"); len(all) != 3 { // the store, its key, the backup
		t.Errorf("there are %q", all)
	}
}

// TestDamagedIsRestored spoils the file in each way that can be noticed when it
// is opened.
func TestDamagedIsRestored(t *testing.T) {
	for name, spoil := range map[string]func(path string, content []byte) error{
		"torn":    func(path string, content []byte) error { return os.Truncate(path, int64(len(content)/2)) },
		"cut":     func(path string, content []byte) error { return os.Truncate(path, 8192) },
		"empty":   func(path string, _ []byte) error { return os.Truncate(path, 0) },
		"garbage": func(path string, _ []byte) error { return os.WriteFile(path, []byte(strings.Repeat("x", 9999)), 0o600) },
		"after a power cut": func(path string, content []byte) error {
			for i := range content[8192:] {
				content[8192+i] ^= byte(i >> 3)
			}
			return os.WriteFile(path, content, 0o600)
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, path := lived(t)
			if err := errors.Join(s.BackupIfChanged(t.Context()), s.pretendReboot(), s.engine.Close()); err != nil {
				t.Fatal(err)
			}
			content, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := spoil(path, bytes.Clone(content)); err != nil {
				t.Fatal(err)
			}
			spoilt, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			var log bytes.Buffer
			s, err = Open(path, &Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			epoch := 2
			wantRestored(t, s, epoch)
			if got := log.String(); !strings.Contains(got, "level=ERROR") || !strings.Contains(got, path+".aside-") {
				t.Errorf("logged %q", got)
			}
			aside, err := filepath.Glob(path + ".aside-*")
			if err != nil || len(aside) != 1 {
				t.Fatalf("aside are %q, %v", aside, err)
			}
			if kept, _ := os.ReadFile(aside[0]); !bytes.Equal(kept, spoilt) {
				t.Error("what is kept aside is not what was there")
			}
		})
	}
}

// pretendReboot makes the store look as if the device was started since.
func (s *Store) pretendReboot() error {
	return s.engine.Update(func(tx Tx) error { return tx.Put(metaBucket, []byte(openMark), []byte("another boot")) })
}

// TestDamagedWithoutBackup leaves the file where it is.
func TestDamagedWithoutBackup(t *testing.T) {
	s, path := lived(t)
	if err := errors.Join(s.Close(), os.Truncate(path, 8192)); err != nil {
		t.Fatal(err)
	}
	_, err := open(path)
	if !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), "no backup") {
		t.Fatalf("error is %v", err)
	}
	if all, _ := filepath.Glob(path + "*"); len(all) != 2 {
		t.Errorf("there are %q", all)
	}
	aside, err := StartAnew(path, 0)
	if err != nil || !exists(aside) || exists(path) {
		t.Fatalf("aside at %s, %v", aside, err)
	}
	if accounts, err := mustOpen(t, path).Accounts.List(t.Context()); err != nil || len(accounts) > 0 {
		t.Fatalf("%+v, %v", accounts, err)
	}
}

// TestBackupIfChanged writes when it has to, also after a restart.
func TestBackupIfChanged(t *testing.T) {
	s, path := lived(t)
	backup := path + backupSuffix
	made := func() bool {
		t.Helper()
		if err := s.BackupIfChanged(t.Context()); err != nil {
			t.Fatal(err)
		}
		there := exists(backup)
		if there {
			if err := os.Rename(backup, backup+".last"); err != nil {
				t.Fatal(err)
			}
		}
		return there
	}
	if !made() || made() {
		t.Fatal("it is written at first, and not twice")
	}
	event := func(ctx context.Context) error { return s.Events.Append(ctx, Event{Kind: "login"}) }
	account := func(ctx context.Context) error { return s.Accounts.Put(ctx, Account{ID: "2", Username: "b"}) }
	if err := s.Do(t.Context(), event); err != nil || made() {
		t.Fatalf("written for an event, %v", err)
	}
	if err := s.Do(t.Context(), account); err != nil || !made() {
		t.Fatalf("not written for an account, %v", err)
	}
	if err := s.Rekey(t.Context(), nil); err != nil || !made() {
		t.Fatalf("not written for new keys, %v", err)
	}
	if err := errors.Join(os.Rename(backup+".last", backup), s.Close()); err != nil {
		t.Fatal(err)
	}
	s = mustOpen(t, path)
	info, _ := os.Stat(backup)
	if err := s.BackupIfChanged(t.Context()); err != nil {
		t.Fatal(err)
	}
	if again, _ := os.Stat(backup); !again.ModTime().Equal(info.ModTime()) {
		t.Fatal("written again after a restart")
	}
}

func FuzzPassphraseUnwrap(f *testing.F) {
	f.Add([]byte(nil))
	f.Add(bytes.Repeat([]byte{0}, 60))
	f.Add([]byte{0, 0, 0, 1, 60: 0})
	f.Fuzz(func(t *testing.T, wrapped []byte) {
		if len(wrapped) > 2 { // do not spend the time in rounds
			wrapped[0], wrapped[1] = 0, 0
		}
		if _, err := Passphrase("p").Unwrap(t.Context(), wrapped); !errors.Is(err, ErrSealed) {
			t.Fatalf("opened: %v", err)
		}
	})
}
