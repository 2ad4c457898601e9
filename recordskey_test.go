package offlineauth_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/offlineauth/offlineauth"
	"github.com/offlineauth/offlineauth/resource/xapi"
	"github.com/offlineauth/offlineauth/store"
)

// backUp makes a backup that opens with a passphrase.
func backUp(t *testing.T, s *offlineauth.Server) (file string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "backup")
	if _, err := s.BackupAll(t.Context(), file, store.BackupOptions{Recovery: store.Passphrase("correct horse")}); err != nil {
		t.Fatal(err)
	}
	return file
}

// TestRecordsAreRekeyed with the rest: the key of before opens neither the file nor the
// backup beside it, and a backup of before has the key that it needs.
func TestRecordsAreRekeyed(t *testing.T) {
	cfg, records := withLessons(t, 20)
	before := recordsKeys(t, records)
	s := reopen(t, cfg)
	backup := backUp(t, s)
	last := 0
	err := s.Rekey(t.Context(), func(done, total int) {
		if done < last || done > total {
			t.Errorf("%d of %d after %d", done, total, last)
		}
		last = done
	})
	if err := errors.Join(err, s.Close()); err != nil || last < 150 {
		t.Fatalf("%d records, %v", last, err)
	}
	if after := recordsKeys(t, records); len(after) != 1 || bytes.Equal(after[0], before[0]) {
		t.Errorf("%d keys", len(after))
	}
	if n := learned(t, records); n != 20 {
		t.Errorf("%d statements", n)
	}
	if err := xapi.Opens(records, before); !errors.Is(err, store.ErrSealed) {
		t.Errorf("the key before: %v", err)
	}
	if _, err := xapi.Restore(t.Context(), filepath.Join(t.TempDir(), "xapi.db"), records+xapi.BackupSuffix, before, nil); !errors.Is(err, store.ErrCorrupt) {
		t.Errorf("the key before opens the backup: %v", err)
	}
	if _, err := xapi.Restore(t.Context(), filepath.Join(t.TempDir(), "xapi.db"), records+xapi.BackupSuffix, recordsKeys(t, records), nil); err != nil {
		t.Error(err)
	}
	s = reopen(t, cfg)
	if done, err := s.Restore(t.Context(), backup, store.RestoreOptions{Recovery: store.Passphrase("correct horse")}); err != nil || done.Records == nil {
		t.Fatalf("%+v, %v", done, err)
	}
	if n := learned(t, records); n != 20 {
		t.Errorf("%d statements came back", n)
	}
}

// TestRekeyingRecordsIsCutOff before and after the file is another: the next start, and the
// next attempt, find everything.
func TestRekeyingRecordsIsCutOff(t *testing.T) {
	for name, replaced := range map[string]bool{"before": false, "after": true} {
		t.Run(name, func(t *testing.T) {
			cfg, records := withLessons(t, 20)
			before := recordsKeys(t, records)
			next := store.Key{ID: "records-next", Use: "records", Private: bytes.Repeat([]byte{9}, 32), CreatedAt: time.Now()}
			st, err := store.Open(offlineauth.DataFile(cfg.DataDir), nil)
			if err == nil {
				err = st.Do(t.Context(), func(ctx context.Context) error { return st.Keys.Put(ctx, next) })
			}
			if err := errors.Join(err, st.Close()); err != nil {
				t.Fatal(err)
			}
			if replaced {
				x, err := xapi.Open(t.Context(), records, before)
				if err != nil {
					t.Fatal(err)
				}
				if err := errors.Join(x.Rekey(t.Context(), next.Private, nil), x.Close()); err != nil {
					t.Fatal(err)
				}
			}
			if err := reopen(t, cfg).Close(); err != nil {
				t.Fatal(err)
			}
			after := recordsKeys(t, records)
			if len(after) != 1 || bytes.Equal(after[0], next.Private) != replaced || bytes.Equal(after[0], before[0]) == replaced {
				t.Errorf("%d keys", len(after))
			}
			if n := learned(t, records); n != 20 {
				t.Errorf("%d statements", n)
			}
			s := reopen(t, cfg)
			ctx, cancel := context.WithCancel(t.Context())
			err = s.Rekey(ctx, func(done, _ int) {
				if done > 100 { // of the store there are not as many
					cancel()
				}
			})
			if !errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}
			if err := errors.Join(s.Rekey(t.Context(), nil), s.Close()); err != nil {
				t.Fatal(err)
			}
			if again := recordsKeys(t, records); len(again) != 1 || bytes.Equal(again[0], after[0]) {
				t.Errorf("%d keys after the next attempt", len(again))
			}
			if n := learned(t, records); n != 20 {
				t.Errorf("%d statements after the next attempt", n)
			}
		})
	}
}

// TestRecordsOfAnotherStore are refused as the store is when its key is another, and stay
// as they are; beginning anew is the way out.
func TestRecordsOfAnotherStore(t *testing.T) {
	cfg, records := withLessons(t, 20)
	_, others := withLessons(t, 5)
	file, err := os.ReadFile(others)
	if err := errors.Join(err, os.WriteFile(records, file, 0o600)); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := offlineauth.New(t.Context(), cfg); !errors.Is(err, store.ErrSealed) || !strings.Contains(err.Error(), records) {
			t.Fatalf("opened: %v", err)
		}
		if now, err := os.ReadFile(records); err != nil || !bytes.Equal(file, now) {
			t.Fatalf("the file is another: %v", err)
		}
	}
	aside, err := offlineauth.StartAnew(cfg.DataDir)
	if err != nil || len(aside) != 2 {
		t.Fatal(aside, err)
	}
	if now, err := os.ReadFile(aside[1]); err != nil || !bytes.Equal(file, now) {
		t.Errorf("what is aside is another: %v", err)
	}
	s := reopen(t, cfg)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if n := learned(t, records); n != 0 {
		t.Errorf("%d statements", n)
	}
	if aside, err = offlineauth.StartAnew(filepath.Join(cfg.DataDir, "nothing")); err != nil || len(aside) > 0 {
		t.Error(aside, err)
	}
}

// TestRestoreWithoutTheirKey: records whose key is not in a backup stay, if the store of
// before has it; else they are kept aside with it.
func TestRestoreWithoutTheirKey(t *testing.T) {
	for name, lost := range map[string]bool{"known": false, "lost": true} {
		t.Run(name, func(t *testing.T) {
			cfg, records := withLessons(t, 20)
			keys := recordsKeys(t, records)
			s := reopen(t, cfg)
			backup := backUp(t, s)
			if err := errors.Join(os.Remove(offlineauth.RecordsBackup(backup)), s.Rekey(t.Context(), nil), s.Close()); err != nil {
				t.Fatal(err)
			}
			now := recordsKeys(t, records)
			if lost {
				if err := os.Remove(string(offlineauth.KeyFile(cfg.DataDir))); err != nil {
					t.Fatal(err)
				}
			}
			done, err := offlineauth.Restore(t.Context(), cfg.DataDir, backup, store.RestoreOptions{Recovery: store.Passphrase("correct horse")})
			if err != nil || (done.Records != nil) != lost {
				t.Fatalf("%+v, %v", done, err)
			}
			if err := reopen(t, cfg).Close(); err != nil {
				t.Fatal(err)
			}
			if !lost {
				if n, after := learned(t, records), recordsKeys(t, records); n != 20 || len(after) != 1 || !bytes.Equal(after[0], now[0]) {
					t.Errorf("%d statements under %d keys", n, len(after))
				}
				return
			}
			if n, after := learned(t, records), recordsKeys(t, records); n != 0 || !bytes.Equal(after[0], keys[0]) {
				t.Errorf("%d statements", n)
			}
			if !done.Records.MadeAt.IsZero() {
				t.Errorf("a backup of %v was restored", done.Records.MadeAt)
			}
			x, err := xapi.Open(t.Context(), done.Records.Aside, now)
			if err != nil {
				t.Fatal(err)
			}
			page, err := x.Query(t.Context(), xapi.Query{Limit: 100})
			if err := errors.Join(err, x.Close()); err != nil || len(page.Statements) != 20 {
				t.Errorf("%d statements are aside, %v", len(page.Statements), err)
			}
			if _, err := os.Stat(done.Records.Aside + xapi.BackupSuffix); err != nil {
				t.Error(err)
			}
		})
	}
}
