package storetest

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/offlineauth/offlineauth/store"
)

func update(t *testing.T, e store.Engine, pairs ...string) {
	t.Helper()
	err := e.Update(func(tx store.Tx) error {
		for i := 0; i < len(pairs); i += 2 {
			if err := tx.Put("b", []byte(pairs[i]), []byte(pairs[i+1])); err != nil {
				return err
			}
		}
		return nil
	})
	want(t, err, nil)
}

func get(t *testing.T, e store.Engine, key string) (value []byte) {
	t.Helper()
	want(t, e.View(func(r store.Reader) error {
		value = bytes.Clone(r.Get("b", []byte(key)))
		return nil
	}), nil)
	return value
}

func engineCommitAndRollback(t *testing.T, e store.Engine) {
	defer e.Close()
	if v := get(t, e, "k"); v != nil {
		t.Fatalf("a bucket never written to has %q", v)
	}
	update(t, e, "k", "1")
	refused := errors.New("refused")
	err := e.Update(func(tx store.Tx) error {
		if got := tx.Get("b", []byte("k")); string(got) != "1" {
			t.Errorf("the writer reads %q", got)
		}
		err := errors.Join(tx.Put("b", []byte("k"), []byte("2")), tx.Put("b", []byte("new"), []byte("3")), tx.Delete("none", []byte("k")))
		if got := tx.Get("b", []byte("k")); string(got) != "2" {
			t.Errorf("the writer reads %q of its own write", got)
		}
		return errors.Join(err, refused)
	})
	want(t, err, refused)
	if v := get(t, e, "k"); string(v) != "1" {
		t.Fatalf("after a rollback k is %q", v)
	}
	if v := get(t, e, "new"); v != nil {
		t.Fatalf("after a rollback new is %q", v)
	}
	want(t, e.Update(func(tx store.Tx) error {
		return errors.Join(tx.Delete("b", []byte("k")), tx.Delete("b", []byte("absent")))
	}), nil)
	if v := get(t, e, "k"); v != nil {
		t.Fatalf("a deleted key has %q", v)
	}
}

func engineRanges(t *testing.T, e store.Engine) {
	defer e.Close()
	update(t, e, "b", "2", "a", "1", "d", "4", "c", "3", "c\x00", "3")
	for _, c := range []struct {
		name string
		r    store.Range
		want []string
	}{
		{"all", store.Range{}, []string{"a", "b", "c", "c\x00", "d"}},
		{"all reversed", store.Range{Reverse: true}, []string{"d", "c\x00", "c", "b", "a"}},
		{"from a key", store.Range{From: []byte("b")}, []string{"b", "c", "c\x00", "d"}},
		{"from after a key", store.Range{From: []byte("c\x00")}, []string{"c\x00", "d"}},
		{"from between", store.Range{From: []byte("bb")}, []string{"c", "c\x00", "d"}},
		{"to a key", store.Range{To: []byte("c")}, []string{"a", "b"}},
		{"to a key reversed", store.Range{To: []byte("c"), Reverse: true}, []string{"b", "a"}},
		{"to beyond, reversed", store.Range{To: []byte("x"), Reverse: true}, []string{"d", "c\x00", "c", "b", "a"}},
		{"both, reversed", store.Range{From: []byte("b"), To: []byte("d"), Reverse: true}, []string{"c\x00", "c", "b"}},
		{"to the first", store.Range{To: []byte("a"), Reverse: true}, nil},
		{"nothing between", store.Range{From: []byte("e")}, nil},
		{"turned round", store.Range{From: []byte("d"), To: []byte("a")}, nil},
	} {
		want(t, e.View(func(r store.Reader) error {
			var got []string
			for k := range r.Scan("b", c.r) {
				got = append(got, string(k))
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("%s: %q, want %q", c.name, got, c.want)
			}
			for range r.Scan("b", c.r) { // may be left
				break
			}
			for k := range r.Scan("never written to", c.r) {
				t.Errorf("%s: %q in an empty bucket", c.name, k)
			}
			return nil
		}), nil)
	}
}

// engineSnapshots reads while a writer has its transaction open, and writes
// while a reader has its own.
func engineSnapshots(t *testing.T, e store.Engine) {
	defer e.Close()
	update(t, e, "k", "1")
	want(t, e.Update(func(tx store.Tx) error {
		if err := tx.Put("b", []byte("k"), []byte("2")); err != nil {
			return err
		}
		read := make(chan string)
		go func() {
			defer close(read)
			e.View(func(r store.Reader) error {
				read <- string(r.Get("b", []byte("k")))
				return nil
			})
		}()
		if v := <-read; v != "1" {
			t.Errorf("beside a writer a reader sees %q", v)
		}
		return nil
	}), nil)
	want(t, e.View(func(r store.Reader) error {
		written := make(chan struct{})
		go func() {
			defer close(written)
			update(t, e, "k", "3")
		}()
		<-written
		if v := r.Get("b", []byte("k")); string(v) != "2" {
			t.Errorf("a snapshot changed to %q", v)
		}
		return nil
	}), nil)
}

func engineOwnsItsBytes(t *testing.T, e store.Engine) {
	defer e.Close()
	key, value := []byte("key"), []byte("value")
	want(t, e.Update(func(tx store.Tx) error { return tx.Put("b", key, value) }), nil)
	key[0], value[0] = 'x', 'x'
	if v := get(t, e, "key"); string(v) != "value" {
		t.Fatalf("the value changed to %q with the caller's slice", v)
	}
}

func engineClosed(t *testing.T, e store.Engine) {
	want(t, e.Close(), nil)
	want(t, e.View(func(store.Reader) error { return nil }), store.ErrClosed)
	want(t, e.Update(func(store.Tx) error { return nil }), store.ErrClosed)
}
