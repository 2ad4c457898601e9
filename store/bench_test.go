package store

import (
	"context"
	"encoding/binary"
	"fmt"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"go.etcd.io/bbolt"
)

// BenchmarkDo stores one login in each transaction, and reports how
// many times as many a second that is as one raw bbolt Update after the other,
// before it and after it ("x-raw": more is better), and how many shared a commit.
func BenchmarkDo(b *testing.B) {
	for _, callers := range []int{1, 8, 64} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) { benchmarkDo(b, callers) })
	}
}

func benchmarkDo(b *testing.B, callers int) {
	before := rawUpdates(b, 200)
	s, err := Open(filepath.Join(b.TempDir(), "store.db"), nil)
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	var n atomic.Uint64
	expires := time.Now().Add(time.Hour)
	one := func() error {
		id := string(benchKey(n.Add(1)))
		return s.Do(b.Context(), func(ctx context.Context) error {
			return s.Authorizations.Put(ctx, Authorization{ID: id, ClientID: "c", ExpiresAt: expires})
		})
	}
	b.ResetTimer()
	start := time.Now()
	spread(b, callers, one)
	b.StopTimer()
	each := time.Since(start) / time.Duration(b.N)
	raw := (before + rawUpdates(b, 200)) / 2
	b.ReportMetric(float64(raw)/float64(each), "x-raw")
	b.ReportMetric(float64(b.N)/float64(s.Commits()), "do/commit")
}

// spread calls one b.N times from so many goroutines.
func spread(b *testing.B, callers int, one func() error) {
	var left atomic.Int64
	left.Store(int64(b.N))
	done := make(chan error, callers)
	for range callers {
		go func() {
			var err error
			for left.Add(-1) >= 0 && err == nil {
				err = one()
			}
			done <- err
		}()
	}
	for range callers {
		if err := <-done; err != nil {
			b.Error(err)
		}
	}
}

// rawUpdates returns how long a bbolt Update of one record takes.
func rawUpdates(b *testing.B, n int) time.Duration {
	db, err := bbolt.Open(filepath.Join(b.TempDir(), "raw.db"), 0o600, nil)
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	value := make([]byte, 200)
	start := time.Now()
	for i := range n {
		err := db.Update(func(tx *bbolt.Tx) error {
			bucket, err := tx.CreateBucketIfNotExists([]byte("b"))
			if err != nil {
				return err
			}
			return bucket.Put(benchKey(uint64(i)), value)
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	return time.Since(start) / time.Duration(n)
}

// benchKey spreads numbers over the key space as hashes are spread.
func benchKey(n uint64) []byte {
	return binary.BigEndian.AppendUint64(make([]byte, 0, 32), n*0x9E3779B97F4A7C15)
}

// BenchmarkLiveAuthorization is what a check of a token asks of the store, in raw
// bbolt reads of as many records ("x-raw": less is better). They take turns, and
// medians are compared.
func BenchmarkLiveAuthorization(b *testing.B) {
	raw := rawRead(b)
	s, err := Open(filepath.Join(b.TempDir(), "store.db"), nil)
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	now := time.Now()
	err = s.Do(b.Context(), func(ctx context.Context) error {
		g, err := s.UpsertGrant(ctx, "a", "c", "", []string{"read"}, now)
		if err != nil {
			return err
		}
		return s.Authorizations.Put(ctx, Authorization{ID: "z", GrantID: g.ID, CreatedAt: now, ExpiresAt: now.Add(time.Hour)})
	})
	if err != nil {
		b.Fatal(err)
	}
	var ours, raws []time.Duration
	for b.Loop() {
		start := time.Now()
		if _, err := s.LiveAuthorization(b.Context(), "z", now); err != nil {
			b.Fatal(err)
		}
		between := time.Now()
		raw()
		ours, raws = append(ours, between.Sub(start)), append(raws, time.Since(between))
	}
	slices.Sort(ours)
	slices.Sort(raws)
	each := ours[len(ours)/2]
	b.ReportMetric(float64(each)/float64(raws[len(raws)/2]), "x-raw")
	b.ReportMetric(float64(each), "ns/op")
}

// rawRead returns a bbolt View of two records.
func rawRead(b *testing.B) func() {
	db, err := bbolt.Open(filepath.Join(b.TempDir(), "raw.db"), 0o600, nil)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { db.Close() })
	buckets := [][]byte{[]byte("a"), []byte("b")}
	err = db.Update(func(tx *bbolt.Tx) error {
		for _, name := range buckets {
			bucket, err := tx.CreateBucket(name)
			if err == nil {
				err = bucket.Put(benchKey(1), make([]byte, 200))
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	return func() {
		err := db.View(func(tx *bbolt.Tx) error {
			for _, name := range buckets {
				if tx.Bucket(name).Get(benchKey(1)) == nil {
					b.Error("the value is gone")
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}
