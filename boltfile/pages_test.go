package boltfile

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.etcd.io/bbolt"
)

const smallPage = 1024

// written is the content of a file with all that there can be in one: buckets with many
// pages, with none of their own, and in each other; a value that is larger than a page.
func written(t testing.TB) (content []byte, root uint64) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file.db")
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{PageSize: smallPage, NoSync: true, NoGrowSync: true})
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		many, err := tx.CreateBucket([]byte("many"))
		if err != nil {
			return err
		}
		for i := range 200 {
			if err := many.Put(fmt.Appendf(nil, "key %04d", i), bytes.Repeat([]byte("v"), 40)); err != nil {
				return err
			}
		}
		few, err := tx.CreateBucket([]byte("few"))
		if err != nil {
			return err
		}
		inner, err := many.CreateBucket([]byte("inner"))
		return errors.Join(err, few.Put([]byte("a"), []byte("b")), inner.Put([]byte("large"), make([]byte, 3*smallPage)))
	})
	if err == nil {
		err = db.View(func(tx *bbolt.Tx) error {
			root = uint64(tx.Cursor().Bucket().Root())
			return checkPages(tx)
		})
	}
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	if content, err = os.ReadFile(path); err != nil {
		t.Fatal(err)
	}
	return content[:len(content)/smallPage*smallPage], root
}

// branchOf returns a page with children.
func branchOf(t *testing.T, content []byte) (page []byte, id uint64) {
	t.Helper()
	for id := uint64(firstPage); id < uint64(len(content)/smallPage); id++ {
		page := content[id*smallPage:][:smallPage]
		if binary.NativeEndian.Uint16(page[8:]) == branchPage && binary.NativeEndian.Uint64(page) == id {
			return page, id
		}
	}
	t.Fatal("no page has children")
	return nil, 0
}

// TestPagesThatAreNoTree refuses what would lead bbolt astray.
func TestPagesThatAreNoTree(t *testing.T) {
	good, root := written(t)
	if err := checkTree(good, smallPage, root); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(branch []byte, id uint64){
		"a circle":               func(branch []byte, id uint64) { binary.NativeEndian.PutUint64(branch[pageHeader+8:], id) },
		"two ways":               func(branch []byte, _ uint64) { copy(branch[pageHeader+8:], branch[pageHeader+pageElement+8:][:8]) },
		"out of the file":        func(branch []byte, _ uint64) { binary.NativeEndian.PutUint64(branch[pageHeader+8:], 1<<63) },
		"the meta pages":         func(branch []byte, _ uint64) { binary.NativeEndian.PutUint64(branch[pageHeader+8:], 1) },
		"another page":           func(branch []byte, id uint64) { binary.NativeEndian.PutUint64(branch, id+1) },
		"no kind":                func(branch []byte, _ uint64) { branch[8] = 0xff },
		"a leaf":                 func(branch []byte, _ uint64) { branch[8] = leafPage },
		"no elements":            func(branch []byte, _ uint64) { binary.NativeEndian.PutUint16(branch[10:], 0) },
		"too many elements":      func(branch []byte, _ uint64) { binary.NativeEndian.PutUint16(branch[10:], 0xffff) },
		"overflow":               func(branch []byte, _ uint64) { binary.NativeEndian.PutUint32(branch[12:], 0xffffffff) },
		"overflow into the next": func(branch []byte, _ uint64) { binary.NativeEndian.PutUint32(branch[12:], 1) },
		"a key outside":          func(branch []byte, _ uint64) { binary.NativeEndian.PutUint32(branch[pageHeader:], 0xffffffff) },
		"a long key":             func(branch []byte, _ uint64) { binary.NativeEndian.PutUint32(branch[pageHeader+4:], smallPage) },
	} {
		content := bytes.Clone(good)
		spoil(branchOf(t, content))
		if err := checkTree(content, smallPage, root); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: %v", name, err)
		}
	}
	content := bytes.Clone(good)
	binary.NativeEndian.PutUint32(content[root*smallPage+pageHeader+12:], smallPage) // a leaf: there are two buckets
	if err := checkTree(content, smallPage, root); !errors.Is(err, ErrCorrupt) {
		t.Errorf("a long value: %v", err)
	}
}

// TestPagesInPlaceOfOthers puts each page in the place of each other, as a disk does
// that has kept an old one. Whatever is found, it is found in the end.
func TestPagesInPlaceOfOthers(t *testing.T) {
	good, _ := written(t)
	path := filepath.Join(t.TempDir(), "file.db")
	pages := len(good) / smallPage
	refused := 0
	for i := firstPage; i < pages; i++ {
		for j := firstPage; j < pages; j++ {
			if i == j {
				continue
			}
			content := bytes.Clone(good)
			copy(content[i*smallPage:][:smallPage], good[j*smallPage:])
			binary.NativeEndian.PutUint64(content[i*smallPage:], uint64(i))
			if err := os.WriteFile(path, content, 0o600); err != nil {
				t.Fatal(err)
			}
			if wrong := look(path); len(wrong) > 0 {
				refused++
			}
		}
	}
	if refused == 0 {
		t.Error("nothing was wrong with any of them")
	}
	t.Logf("%d of %d files were damaged", refused, (pages-firstPage)*(pages-firstPage-1))
}

func look(path string) (wrong []error) {
	db, _, err := openGuarded(path, time.Second)
	if err != nil {
		return []error{err}
	}
	defer db.Close()
	db.View(func(tx *bbolt.Tx) error {
		wrong = Check(tx)
		return nil
	})
	return wrong
}

// FuzzPages: whatever the bytes are, the look at them ends.
func FuzzPages(f *testing.F) {
	content, root := written(f)
	f.Add(content, root)
	f.Fuzz(func(t *testing.T, content []byte, root uint64) {
		content = content[:len(content)/smallPage*smallPage]
		if err := checkTree(content, smallPage, root); err != nil && !errors.Is(err, ErrCorrupt) {
			t.Error(err)
		}
	})
}
