package store

import (
	"iter"
	"maps"
	"slices"
	"testing"
)

// plain is a bucket of one letter keys that needs no engine.
type plain map[string][]byte

func (p plain) Get(_ string, key []byte) []byte { return p[string(key)] }

func (p plain) Scan(_ string, r Range) iter.Seq2[[]byte, []byte] {
	keys := slices.Sorted(maps.Keys(p))
	if r.Reverse {
		slices.Reverse(keys)
	}
	return func(yield func(k, v []byte) bool) {
		for _, k := range keys {
			if r.contains(k) && !yield([]byte(k), p[k]) {
				return
			}
		}
	}
}

func (p plain) Put(_ string, key, value []byte) error { p[string(key)] = value; return nil }
func (p plain) Delete(_ string, key []byte) error     { delete(p, string(key)); return nil }

// FuzzOverlay compares an overlay with writes done at once: each byte of
// below is a key that exists, each pair in writes puts or deletes one.
func FuzzOverlay(f *testing.F) {
	f.Add([]byte("bdf"), []byte("a1b0c1d2g1"), byte('b'), byte('g'), false)
	f.Add([]byte("abc"), []byte("b0"), byte(0), byte(0), true)
	f.Add([]byte(""), []byte("a1a0"), byte('a'), byte(0), true)
	f.Add([]byte("az"), []byte("a0z0m5"), byte('z'), byte('a'), false)
	f.Fuzz(func(t *testing.T, below, writes []byte, from, to byte, reverse bool) {
		base, model := plain{}, plain{}
		for _, b := range below {
			base[string(b)], model[string(b)] = []byte("old"), []byte("old")
		}
		o := newOverlay(base)
		for ; len(writes) > 1; writes = writes[2:] {
			key, value := []byte(string(writes[0])), []byte{writes[1]}
			if writes[1] == '0' {
				o.delete("b", key)
				model.Delete("b", key)
			} else {
				o.put("b", key, value)
				model.Put("b", key, value)
			}
		}
		r := Range{Reverse: reverse}
		if from > 0 {
			r.From = []byte(string(from))
		}
		if to > 0 {
			r.To = []byte(string(to))
		}
		got, want := pairs(o.Scan("b", r)), pairs(model.Scan("b", r))
		if !slices.Equal(got, want) {
			t.Fatalf("%+v: %q, want %q", r, got, want)
		}
		changed, err := applied(o, base)
		if err != nil || !maps.EqualFunc(base, model, slices.Equal) {
			t.Fatalf("applied to %q, want %q (%v)", base, model, err)
		}
		if again, _ := applied(o, base); again {
			t.Fatalf("changed again (at first: %v)", changed)
		}
	})
}

func pairs(seq iter.Seq2[[]byte, []byte]) (all []string) {
	for k, v := range seq {
		all = append(all, string(k)+"="+string(v))
	}
	return all
}

func applied(o *overlay, tx Tx) (changed bool, err error) {
	buckets := make(map[string]bool)
	err = o.apply(tx, buckets)
	return len(buckets) > 0, err
}
