package xapi

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/offlineauth/offlineauth/boltfile"
)

// damages are ways in which a file that was closed, or cut off by a loss of power, may
// not be what it was.
var damages = map[string]func(t *testing.T, path string){
	"garbage":               func(t *testing.T, path string) { overwrite(t, path, 0, bytes.Repeat([]byte("garbage "), 4096)) },
	"both ends of the head": func(t *testing.T, path string) { overwrite(t, path, 0, make([]byte, 2*4096)) },
	"shorter": func(t *testing.T, path string) {
		if err := os.Truncate(path, 5*4096); err != nil {
			t.Fatal(err)
		}
	},
	"empty": func(t *testing.T, path string) {
		if err := os.Truncate(path, 0); err != nil {
			t.Fatal(err)
		}
	},
	"a page that was not written": func(t *testing.T, path string) {
		db, err := boltfile.Open(path, time.Second)
		if err != nil {
			t.Fatal(err)
		}
		var root uint64
		err = db.Update(func(tx *bbolt.Tx) error {
			b, err := tx.CreateBucketIfNotExists(bucketMeta)
			if err != nil {
				return err
			}
			return b.Put(keyOpenMark, []byte("another boot"))
		})
		if err == nil {
			err = db.View(func(tx *bbolt.Tx) error { root = uint64(tx.Bucket(bucketIndex).Root()); return nil })
		}
		if err = errors.Join(err, db.Close()); err != nil {
			t.Fatal(err)
		}
		overwrite(t, path, int64(root)*4096, bytes.Repeat([]byte{0xff}, 4096))
	},
}

func overwrite(t *testing.T, path string, at int64, with []byte) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.WriteAt(with, at)
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
}

func TestDamagedIsRestored(t *testing.T) {
	for name, damage := range damages {
		t.Run(name, func(t *testing.T) {
			s, path := lived(t)
			before := everything(t, s)
			if err := errors.Join(s.BackupIfOld(t.Context(), time.Hour), s.Close()); err != nil {
				t.Fatal(err)
			}
			damage(t, path)
			if _, err := Open(t.Context(), path, careKeys); !errors.Is(err, boltfile.ErrCorrupt) {
				t.Fatalf("not noticed: %v", err)
			}
			var log strings.Builder
			s, restored, err := OpenOrRestore(t.Context(), path, careKeys, slog.New(slog.NewTextHandler(&log, nil)))
			if err != nil || restored == nil || restored.MadeAt.IsZero() || !strings.Contains(log.String(), "restored from a backup") {
				t.Fatalf("%+v, %v, %s", restored, err, &log)
			}
			defer s.Close()
			if _, err := os.Stat(restored.Aside); err != nil || !slices.Equal(everything(t, s), before) {
				t.Fatalf("it is not what it was; %v", err)
			}
			wantWhole(t, s)
		})
	}
}

// TestDamagedWithoutBackup begins anew, and keeps what was there.
func TestDamagedWithoutBackup(t *testing.T) {
	for name, keys := range map[string]Keys{"no backup": careKeys, "under another key": {bytes.Repeat([]byte{8}, 32)}} {
		t.Run(name, func(t *testing.T) {
			s, path := lived(t)
			var err error
			if name != "no backup" {
				err = s.BackupIfOld(t.Context(), 0)
			}
			if err = errors.Join(err, s.Close()); err != nil {
				t.Fatal(err)
			}
			damages["garbage"](t, path)
			damaged, _ := os.ReadFile(path)
			var log strings.Builder
			s, restored, err := OpenOrRestore(t.Context(), path, keys, slog.New(slog.NewTextHandler(&log, nil)))
			if err != nil || restored == nil || !restored.MadeAt.IsZero() || !strings.Contains(log.String(), "begin anew") {
				t.Fatalf("%+v, %v, %s", restored, err, &log)
			}
			defer s.Close()
			if aside, err := os.ReadFile(restored.Aside); err != nil || !bytes.Equal(aside, damaged) {
				t.Fatalf("what was there is not kept: %v", err)
			}
			if err := s.addBench(benchBatch(0, 50)); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// marked returns the mark of a file that nobody has open.
func marked(t *testing.T, path string) (mark string) {
	t.Helper()
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.View(func(tx *bbolt.Tx) error { mark = string(openMark(tx)); return nil }); err != nil {
		t.Fatal(err)
	}
	return mark
}

// TestOpenMark: a file that was closed has none, one whose process was killed has that of
// this boot, and is not read as a whole for it.
func TestOpenMark(t *testing.T) {
	s, path := lived(t)
	text, err := os.ReadFile(path)
	killed := filepath.Join(t.TempDir(), "xapi.db") // as a kill would leave it now
	if err := errors.Join(err, os.WriteFile(killed, text, 0o600)); err != nil {
		t.Fatal(err)
	}
	if got := marked(t, killed); got == "" || boltfile.BootID() != "" && got != boltfile.BootID() {
		t.Fatalf("the mark is %q", got)
	}
	again, restored, err := OpenOrRestore(t.Context(), killed, careKeys, slog.New(slog.DiscardHandler))
	if err != nil || restored != nil {
		t.Fatalf("%+v, %v", restored, err)
	}
	if err := errors.Join(again.addBench(benchBatch(3000, 1)), again.Close(), s.Close()); err != nil {
		t.Fatal(err)
	}
	for _, closed := range []string{path, killed} {
		if got := marked(t, closed); got != "" {
			t.Fatalf("it was closed, and the mark is %q", got)
		}
	}
}
