package authz_test

import (
	"crypto/rand"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"go.etcd.io/bbolt"

	"github.com/offlineauth/offlineauth/jose"
)

// What benchmarks compare with.

// inTurns reports one as a ratio to the limit, and what both take.
func inTurns(b *testing.B, unit string, one, limit func()) {
	b.Helper()
	var ones, limits []time.Duration
	for b.Loop() {
		ones, limits = append(ones, took(one)), append(limits, took(limit))
	}
	is, of := median(ones), median(limits)
	b.ReportMetric(float64(is)/float64(of), unit)
	b.ReportMetric(float64(is.Nanoseconds()), "ns/op")
	b.ReportMetric(float64(of.Nanoseconds()), "ns/limit")
}

func took(one func()) time.Duration {
	start := time.Now()
	one()
	return time.Since(start)
}

// median of values, which it sorts.
func median[T time.Duration | float64](values []T) T {
	slices.Sort(values)
	return values[len(values)/2]
}

// A plainFile is what a store would be that does nothing: bbolt with one bucket.
type plainFile struct {
	b   *testing.B
	db  *bbolt.DB
	key []byte // of the last value
}

func newPlainFile(b *testing.B, path string) *plainFile {
	b.Helper()
	db, err := bbolt.Open(path, 0o600, nil)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { db.Close() })
	return &plainFile{b: b, db: db}
}

// commit makes one value durable, as large as the record of a login.
func (p *plainFile) commit() {
	p.key = make([]byte, 32)
	rand.Read(p.key)
	err := p.db.Update(func(tx *bbolt.Tx) error {
		bucket, err := tx.CreateBucketIfNotExists([]byte("bucket"))
		if err != nil {
			return err
		}
		return bucket.Put(p.key, make([]byte, 1000))
	})
	if err != nil {
		p.b.Fatal(err)
	}
}

// read reads the last value.
func (p *plainFile) read() {
	err := p.db.View(func(tx *bbolt.Tx) error {
		if tx.Bucket([]byte("bucket")).Get(p.key) == nil {
			p.b.Error("the value is gone")
		}
		return nil
	})
	if err != nil {
		p.b.Error(err)
	}
}

// verification returns what verifies the signature of one of the server's tokens,
// and nothing else.
func (b *bench) verification(token string) func() {
	b.Helper()
	w := httptest.NewRecorder()
	b.handler.ServeHTTP(w, httptest.NewRequestWithContext(b.Context(), http.MethodGet, issuer+"/jwks", nil))
	keys, err := jose.ParseKeys(w.Body.Bytes())
	if err != nil || len(keys) != 1 {
		b.Fatalf("keys %v, %v", keys, err)
	}
	key := func(*jwt.Token) (any, error) { return keys[0].Public, nil }
	return func() {
		if _, err := jwt.Parse(token, key); err != nil {
			b.Error(err)
		}
	}
}
