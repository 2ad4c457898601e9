package store

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"
)

// TestLately compares what is in a bucket whose newest entries lie elsewhere with a map,
// whatever is put and deleted, in transactions of any size, and through a reopening.
func TestLately(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	e, err := openBolt(path, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { e.Close() }()
	want := map[string]map[string]string{eventsBucket: {}, expiryBucket: {}}
	random := rand.New(rand.NewPCG(1, 2))
	for round := range 300 {
		err := e.Update(func(tx Tx) error {
			for range random.IntN(30) {
				bucket := []string{eventsBucket, expiryBucket}[random.IntN(2)]
				key := fmt.Sprintf("%04d", random.IntN(400))
				value := fmt.Sprintf("%*d", 1+random.IntN([]int{50, 500, 6000}[random.IntN(3)]), round)
				if random.IntN(3) == 0 {
					delete(want[bucket], key)
					if err := tx.Delete(bucket, []byte(key)); err != nil {
						return err
					}
					continue
				}
				want[bucket][key] = value
				if err := tx.Put(bucket, []byte(key), []byte(value)); err != nil {
					return err
				}
			}
			return compareLately(tx, want, random)
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := e.View(func(r Reader) error { return compareLately(r, want, random) }); err != nil {
			t.Fatal(err)
		}
		if wrong := e.check(); wrong != nil {
			t.Fatal(wrong)
		}
		if round%50 == 0 {
			if err := e.Close(); err != nil {
				t.Fatal(err)
			}
			if e, err = openBolt(path, 0); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func compareLately(r Reader, want map[string]map[string]string, random *rand.Rand) error {
	for bucket, entries := range want {
		within := Range{Reverse: random.IntN(2) == 0}
		if random.IntN(2) == 0 {
			within.From = fmt.Appendf(nil, "%04d", random.IntN(400))
		}
		if random.IntN(2) == 0 {
			within.To = fmt.Appendf(nil, "%04d", random.IntN(400))
		}
		keys := slices.Sorted(maps.Keys(entries))
		keys = slices.DeleteFunc(keys, func(k string) bool { return !within.contains(k) })
		if within.Reverse {
			slices.Reverse(keys)
		}
		var got []string
		for k, v := range r.Scan(bucket, within) {
			if entries[string(k)] != string(v) || string(r.Get(bucket, k)) != string(v) {
				return fmt.Errorf("%s of %s is %.20q", k, bucket, v)
			}
			got = append(got, string(k))
		}
		if !slices.Equal(got, keys) {
			return fmt.Errorf("%s has %q, want %q", bucket, got, keys)
		}
	}
	return nil
}

// TestLatelyIsOnePage: that is what it is for.
func TestLatelyIsOnePage(t *testing.T) {
	e, err := openBolt(filepath.Join(t.TempDir(), "store.db"), 0)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	fullest := 0
	for i := range 500 {
		err := e.Update(func(tx Tx) error {
			return tx.Put(eventsBucket, fmt.Appendf(nil, "%08d", i), make([]byte, 1+i%700))
		})
		if err != nil {
			t.Fatal(err)
		}
		err = e.View(func(r Reader) error {
			b := r.(boltTx).tx.Bucket([]byte(latelyBucket)).Stats()
			if b.BranchPageN > 0 || b.LeafPageN+b.InlineBucketN > 1 {
				t.Fatalf("after %d events: %+v", i+1, b)
			}
			fullest = max(fullest, b.LeafInuse)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if fullest < 3000 {
		t.Errorf("it had %d bytes at most", fullest)
	}
}
