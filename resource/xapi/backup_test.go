package xapi

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/offlineauth/offlineauth/boltfile"
)

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
