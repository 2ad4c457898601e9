package dpop_test

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/offlineauth/offlineauth/jose/dpop"
)

// BenchmarkProof is what a request with a proof costs more than one without: the
// client makes the proof, the server checks it. The limit of each is the signature,
// and its verification, alone.
func BenchmarkProof(b *testing.B) {
	v, key := new(dpop.Verifier), newKey(b)
	digest := sha256.Sum256([]byte("a proof"))
	signature, err := ecdsa.SignASN1(rand.Reader, key, digest[:])
	if err != nil {
		b.Fatal(err)
	}
	b.Run("make", func(b *testing.B) {
		for b.Loop() {
			proof(b, key, "nonce")
		}
		limit(b, "x-signature", func() {
			if _, err := ecdsa.SignASN1(rand.Reader, key, digest[:]); err != nil {
				b.Fatal(err)
			}
		})
	})
	b.Run("check", func(b *testing.B) {
		requests := make([]*http.Request, b.N)
		for i := range requests {
			requests[i] = request("POST", proof(b, key, v.Nonce()))
		}
		b.ResetTimer()
		for _, r := range requests {
			// A nonce ends after so many proofs, which are checked as far all the same.
			if _, err := v.Check(r, target, ""); err != nil && !errors.Is(err, dpop.ErrNonce) {
				b.Fatal(err)
			}
		}
		limit(b, "x-verification", func() { ecdsa.VerifyASN1(&key.PublicKey, digest[:], signature) })
	})
}

// limit reports how much longer the benchmark took than as many of what it cannot do without.
func limit(b *testing.B, unit string, do func()) {
	b.StopTimer()
	begin := time.Now()
	for range b.N {
		do()
	}
	b.ReportMetric(float64(b.Elapsed())/float64(time.Since(begin)), unit)
}
