package xapi

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/offlineauth/offlineauth/boltfile"
	"github.com/offlineauth/offlineauth/resource/xapi/statement"
)

var (
	careKey  = bytes.Repeat([]byte{7}, 32)
	careKeys = Keys{careKey}
)

// lived makes a file with everything that there can be, and leaves it open.
func lived(t *testing.T) (s *Store, path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "xapi.db")
	s = mustOpen(t, path)
	for n := range uint64(4) {
		if err := s.addBench(benchBatch(n*50, 50)); err != nil {
			t.Fatal(err)
		}
	}
	object := fmt.Sprintf(`{"objectType":"StatementRef","id":%q}`, benchUUID(3))
	void := fmt.Sprintf(`[{"actor":{"mbox":"mailto:a@example.com"},"verb":{"id":%q},"object":%s}]`, statement.VerbVoided, object)
	place := Place{Resource: State, Activity: "http://example.com/a", Agent: "mbox mailto:a@example.com"}
	err := errors.Join(
		s.addBench([]byte(void)),
		s.Change(t.Context(), place, "bookmark", func(*Document) (*Document, error) {
			return &Document{ContentType: "text/plain", Content: []byte("page 7")}, nil
		}),
		s.commit.do(t.Context(), func(w *writer) error {
			return w.attach(Attachment{strings.Repeat("ab", 32), "image/png", bytes.Repeat([]byte("picture "), 20_000)})
		}),
		s.Outbox("x").Settle(t.Context(), []Settlement{{Seq: 1, ID: benchUUID(1)}}))
	if err != nil {
		t.Fatal(err)
	}
	return s, path
}

// everything is what a backup is to hold.
func everything(t *testing.T, s *Store) (all []string) {
	t.Helper()
	err := s.view(t.Context(), func(tx *reader) error {
		for _, bucket := range buckets {
			err := tx.Bucket(bucket).ForEach(func(k, v []byte) error {
				all = append(all, fmt.Sprintf("%s %x %x", bucket, k, v))
				return nil
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil || len(all) < 1000 {
		t.Fatalf("%d records, %v", len(all), err)
	}
	return all
}

func wantWhole(t *testing.T, s *Store) {
	t.Helper()
	report, err := s.Check(t.Context(), nil)
	if err != nil || len(report.Problems) > 0 || report.Records < 1000 {
		t.Fatalf("%+v, %v", report, err)
	}
}

func TestBackupAndRestore(t *testing.T) {
	s, path := lived(t)
	before := everything(t, s)
	backup := path + ".copy"
	reported := 0
	progress := func(done, total int) {
		if done < reported || done > total {
			t.Errorf("%d of %d after %d", done, total, reported)
		}
		reported = done
	}
	if err := s.Backup(t.Context(), backup, progress); err != nil || reported != len(before) {
		t.Fatalf("%d of %d, %v", reported, len(before), err)
	}
	text, err := os.ReadFile(backup)
	if info, _ := os.Stat(backup); err != nil || info.Mode() != 0o600 || bytes.Contains(text, []byte("example.com")) {
		t.Fatalf("mode %v, open %t, %v", info.Mode(), bytes.Contains(text, []byte("example.com")), err)
	}
	if err := s.addBench(benchBatch(1000, 50)); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		done, err := Restore(t.Context(), path, backup, careKeys, nil)
		if err != nil || time.Since(done.MadeAt) > time.Hour || done.Aside == "" {
			t.Fatalf("%+v, %v", done, err)
		}
		if _, err := os.Stat(done.Aside); err != nil {
			t.Fatal(err)
		}
		again := mustOpen(t, path)
		if !slices.Equal(everything(t, again), before) {
			t.Fatal("it is not what it was")
		}
		wantWhole(t, again)
		if err := again.addBench(benchBatch(2000, 50)); err != nil {
			t.Fatal(err)
		}
		if err := again.Close(); err != nil {
			t.Fatal(err)
		}
	}
	elsewhere := filepath.Join(t.TempDir(), "new", "xapi.db")
	if done, err := Restore(t.Context(), elsewhere, backup, careKeys, nil); err != nil || done.Aside != "" {
		t.Fatalf("%+v, %v", done, err)
	}
	wantWhole(t, mustOpen(t, elsewhere))
}

// TestRestoreRefuses what is not whole, and changes nothing.
func TestRestoreRefuses(t *testing.T) {
	s, path := lived(t)
	backup := path + ".copy"
	if err := errors.Join(s.Backup(t.Context(), backup, nil), s.Close()); err != nil {
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
	altered := func(at int) []byte { b := bytes.Clone(good); b[at] ^= 1; return b }
	head := len(streamMark) + saltSize
	chunk := 4 + chunkSize + sealSize
	for name, text := range map[string][]byte{
		"empty": {}, "the head alone": good[:head], "torn": good[:len(good)/2], "without its end": good[:len(good)-1],
		"cut between chunks": good[:head+chunk], "longer": append(bytes.Clone(good), 0), "another mark": altered(3),
		"another salt": altered(len(streamMark)), "an altered length": altered(head), "an altered chunk": altered(len(good) / 2),
		"a chunk left out": slices.Concat(good[:head], good[head+chunk:]), "a store": before,
	} {
		if err := os.WriteFile(backup, text, 0o600); err != nil {
			t.Fatal(err)
		}
		if done, err := Restore(t.Context(), path, backup, careKeys, nil); !errors.Is(err, boltfile.ErrCorrupt) {
			t.Errorf("%s: %+v, %v", name, done, err)
		}
	}
	if err := os.WriteFile(backup, good, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Restore(t.Context(), path, backup, Keys{bytes.Repeat([]byte{8}, 32)}, nil); !errors.Is(err, boltfile.ErrCorrupt) {
		t.Errorf("another key: %v", err)
	}
	if _, err := Restore(t.Context(), path, path+".none", careKeys, nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no backup: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	if _, err := Restore(ctx, path, backup, careKeys, func(int, int) { cancel() }); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: %v", err)
	}
	open := mustOpen(t, path)
	if _, err := Restore(t.Context(), path, backup, careKeys, nil); !errors.Is(err, boltfile.ErrLocked) {
		t.Errorf("beneath a server: %v", err)
	}
	if err := open.Close(); err != nil {
		t.Fatal(err)
	}
	if after, _ := os.ReadFile(path); !bytes.Equal(before, after) {
		t.Error("the file was changed")
	}
	if left, _ := filepath.Glob(path + "*"); len(left) != 2 {
		t.Errorf("left: %v", left)
	}
}

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

func TestBackupIfOld(t *testing.T) {
	s, path := lived(t)
	written := func(age time.Duration) bool {
		t.Helper()
		before, _ := os.Stat(path + BackupSuffix)
		if err := s.BackupIfOld(t.Context(), age); err != nil {
			t.Fatal(err)
		}
		after, _ := os.Stat(path + BackupSuffix)
		return after != nil && (before == nil || !os.SameFile(before, after))
	}
	if !written(time.Hour) || written(time.Hour) {
		t.Error("it is made once")
	}
	if err := s.addBench(benchBatch(1000, 1)); err != nil {
		t.Fatal(err)
	}
	if written(time.Hour) {
		t.Error("one that is young was made again")
	}
	old := time.Now().Add(-2 * time.Hour)
	if err := os.Chtimes(path+BackupSuffix, old, old); err != nil {
		t.Fatal(err)
	}
	if !written(time.Hour) || written(0) {
		t.Error("an old one is made again, and only if something was stored since")
	}
	empty := mustOpen(t, filepath.Join(t.TempDir(), "xapi.db"))
	if err := empty.BackupIfOld(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(empty.path + BackupSuffix); err == nil {
		t.Error("there is a backup of nothing")
	}
}

// TestCompactRecords under load: nobody who reads or writes fails, and nothing is lost.
func TestCompactRecords(t *testing.T) {
	s, path := lived(t)
	place := Place{Resource: ActivityProfile, Activity: "http://example.com/large"}
	change := func(d *Document) {
		t.Helper()
		if err := s.Change(t.Context(), place, "d", func(*Document) (*Document, error) { return d, nil }); err != nil {
			t.Fatal(err)
		}
	}
	change(&Document{ContentType: "x/y", Content: make([]byte, 4<<20)})
	change(nil)
	var busy sync.WaitGroup
	ctx, cancel := context.WithCancel(t.Context())
	stored := uint64(0)
	busy.Go(func() {
		for ; ctx.Err() == nil; stored++ {
			if err := s.addBench(benchBatch(10_000+stored, 1)); err != nil {
				t.Error(err)
			}
		}
	})
	busy.Go(func() {
		for ctx.Err() == nil {
			if _, err := s.Query(t.Context(), Query{Limit: 10}); err != nil {
				t.Error(err)
			}
		}
	})
	before := s.Usage()
	stopped, stop := context.WithCancel(t.Context())
	if err := s.Compact(stopped, func(int, int) { stop() }); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: %v", err)
	}
	for range 3 {
		if err := s.Compact(t.Context(), nil); err != nil {
			t.Error(err)
		}
	}
	cancel()
	busy.Wait()
	if after := s.Usage(); after.Size > before.Size-(3<<20) {
		t.Errorf("%+v became %+v", before, after)
	}
	wantWhole(t, s)
	page, err := s.Query(t.Context(), Query{Limit: 10_000})
	if err != nil || uint64(len(page.Statements)) != 200+stored {
		t.Fatalf("%d statements, want %d, %v", len(page.Statements), 200+stored, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	wantWhole(t, mustOpen(t, path))
	if left, _ := filepath.Glob(path + ".*"); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
	if err := s.Compact(t.Context(), nil); !errors.Is(err, ErrClosed) {
		t.Errorf("after the end: %v", err)
	}
}

// FuzzRestore: a backup is restored, or refused, whatever it is. Half of the inputs are
// sealed well, and hold anything.
func FuzzRestore(f *testing.F) {
	sealed := func(plain []byte) []byte {
		var b bytes.Buffer
		w, err := newSealer(&b, careKey)
		if err != nil {
			f.Fatal(err)
		}
		w.Write(plain)
		w.Close()
		return b.Bytes()
	}
	var parts bytes.Buffer
	writeParts(&parts, []byte(madeBucket), []byte("at"), []byte("7"))
	writeParts(&parts, bucketIDs, []byte("key"), []byte("value"))
	f.Add(parts.Bytes(), true)
	f.Add(sealed(parts.Bytes()), false)
	f.Add(sealed(nil)[:10], false)
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0x0f}, true)
	f.Fuzz(func(t *testing.T, text []byte, seal bool) {
		if seal {
			text = sealed(text)
		}
		r, err := newOpener(bytes.NewReader(text), careKey)
		for err == nil {
			_, _, _, err = readRecordParts(r)
		}
		if !errors.Is(err, io.EOF) && !errors.Is(err, errStream) {
			t.Fatal(err)
		}
	})
}
