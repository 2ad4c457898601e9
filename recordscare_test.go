package offlineauth_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/offlineauth/offlineauth"
	"github.com/offlineauth/offlineauth/resource/xapi"
	"github.com/offlineauth/offlineauth/resource/xapi/statement"
	"github.com/offlineauth/offlineauth/store"
)

// withLessons makes a data directory with an account and n learning records.
func withLessons(t *testing.T, n int) (cfg offlineauth.Config, records string) {
	t.Helper()
	cfg = offlineauth.Config{Issuer: issuer, DataDir: t.TempDir(), LearningRecords: true}
	s := reopen(t, cfg)
	if _, err := s.AddAccount(t.Context(), "amina", "Amina"); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	records = filepath.Join(cfg.DataDir, "xapi.db")
	learn(t, records, n)
	return cfg, records
}

// recordsKeys are those of the store that has the records, which nobody has open.
func recordsKeys(t *testing.T, records string) (keys xapi.Keys) {
	t.Helper()
	st, err := store.Open(offlineauth.DataFile(filepath.Dir(records)), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	for _, id := range []string{"records", "records-next"} {
		k, err := st.Keys.Get(t.Context(), id)
		switch {
		case err == nil:
			keys = append(keys, k.Private)
		case !errors.Is(err, store.ErrNotFound):
			t.Fatal(err)
		}
	}
	return keys
}

// learn adds statements to the file of a directory that nobody has open.
func learn(t *testing.T, records string, n int) {
	t.Helper()
	x, err := xapi.Open(t.Context(), records, recordsKeys(t, records))
	if err != nil {
		t.Fatal(err)
	}
	batch := xapi.Addition{Authority: []byte(`{"mbox":"mailto:a@example.com"}`)}
	for range n {
		st, err := statement.Parse([]byte(`{"actor":{"mbox":"mailto:a@example.com"},"verb":{"id":"http://example.com/did"},"object":{"id":"http://example.com/it"}}`), statement.V1)
		if err != nil {
			t.Fatal(err)
		}
		batch.Statements = append(batch.Statements, st)
	}
	_, err = x.Add(t.Context(), batch)
	if err := errors.Join(err, x.Close()); err != nil {
		t.Fatal(err)
	}
}

// learned counts the statements in a file that nobody has open.
func learned(t *testing.T, records string) int {
	t.Helper()
	x, err := xapi.Open(t.Context(), records, recordsKeys(t, records))
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	page, err := x.Query(t.Context(), xapi.Query{Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	return len(page.Statements)
}

func reopen(t *testing.T, cfg offlineauth.Config) *offlineauth.Server {
	t.Helper()
	s, err := offlineauth.New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// TestRecordsComeBack with the accounts, through a server that runs, and elsewhere with a
// passphrase.
func TestRecordsComeBack(t *testing.T) {
	cfg, records := withLessons(t, 20)
	s := reopen(t, cfg)
	backup := filepath.Join(t.TempDir(), "backup")
	last := 0
	progress := func(done, total int) {
		if done < last || done > total {
			t.Errorf("%d of %d after %d", done, total, last)
		}
		last = done
	}
	file, err := s.BackupAll(t.Context(), backup, store.BackupOptions{Recovery: store.Passphrase("correct horse"), Progress: progress})
	if err != nil || file != offlineauth.RecordsBackup(backup) {
		t.Fatal(file, err)
	}
	last = 0
	if report, err := s.Check(t.Context(), progress); err != nil || len(report.Problems) > 0 || report.Records < 100 {
		t.Fatalf("%+v, %v", report, err)
	}
	last = 0
	if err := errors.Join(s.Compact(t.Context(), progress), s.Close()); err != nil {
		t.Fatal(err)
	}
	learn(t, records, 5)
	last = 0
	s = reopen(t, cfg)
	done, err := s.Restore(t.Context(), backup, store.RestoreOptions{Progress: func(done, total int) {
		progress(done, total)
		select {
		case <-s.Ended():
			t.Error("it is said to have ended while it restores")
		default:
		}
	}})
	select {
	case <-s.Ended():
	default:
		t.Error("it has not ended")
	}
	if err != nil || done.Records == nil || done.Records.Aside == "" || done.Aside == "" {
		t.Fatalf("%+v, %v", done, err)
	}
	if n := learned(t, records); n != 20 {
		t.Errorf("%d statements", n)
	}
	if n := learned(t, done.Records.Aside); n != 25 {
		t.Errorf("%d statements are kept aside", n)
	}
	elsewhere := t.TempDir()
	if done, err = offlineauth.Restore(t.Context(), elsewhere, backup, store.RestoreOptions{Recovery: store.Passphrase("correct horse")}); err != nil || done.Records == nil {
		t.Fatalf("%+v, %v", done, err)
	}
	if n := learned(t, filepath.Join(elsewhere, "xapi.db")); n != 20 {
		t.Errorf("%d statements elsewhere", n)
	}
	if err := os.WriteFile(offlineauth.RecordsBackup(backup), []byte("torn"), 0o600); err != nil {
		t.Fatal(err)
	}
	if done, err = reopen(t, cfg).Restore(t.Context(), backup, store.RestoreOptions{}); !errors.Is(err, store.ErrCorrupt) || done.Aside == "" || learned(t, records) != 20 {
		t.Errorf("torn: %+v, %v", done, err)
	}
	if err := os.Remove(offlineauth.RecordsBackup(backup)); err != nil {
		t.Fatal(err)
	}
	if done, err = reopen(t, cfg).Restore(t.Context(), backup, store.RestoreOptions{}); err != nil || done.Records != nil || learned(t, records) != 20 {
		t.Errorf("without records: %+v, %v", done, err)
	}
}

// TestDamagedRecordsStopNobody: people log in, and are told.
func TestDamagedRecordsStopNobody(t *testing.T) {
	for name, withBackup := range map[string]bool{"restored": true, "begun anew": false} {
		t.Run(name, func(t *testing.T) {
			cfg, records := withLessons(t, 20)
			if err := reopen(t, cfg).Close(); err != nil {
				t.Fatal(err)
			}
			if !withBackup {
				os.Remove(records + xapi.BackupSuffix)
			} else if _, err := os.Stat(records + xapi.BackupSuffix); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(records, []byte(strings.Repeat("garbage ", 8192)), 0o600); err != nil {
				t.Fatal(err)
			}
			s := reopen(t, cfg)
			if all, err := s.Accounts(t.Context()); err != nil || len(all) != 1 {
				t.Fatalf("%v, %v", all, err)
			}
			events, err := s.Activity(t.Context(), 1)
			if err != nil || len(events) != 1 || events[0].Kind != "restored" || !strings.Contains(events[0].Detail, "learning records") {
				t.Errorf("%+v, %v", events, err)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			want := 0
			if withBackup {
				want = 20
			}
			if n := learned(t, records); n != want {
				t.Errorf("%d statements, want %d", n, want)
			}
			if aside, _ := filepath.Glob(records + ".aside-*"); len(aside) != 1 {
				t.Errorf("kept aside: %v", aside)
			}
		})
	}
}
