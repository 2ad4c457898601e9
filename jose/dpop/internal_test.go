package dpop

import (
	"errors"
	"strconv"
	"testing"
)

// TestTheMemoryIsBounded: who may ask at all can make any number of proofs.
func TestTheMemoryIsBounded(t *testing.T) {
	v := new(Verifier)
	nonce := v.Nonce()
	first := Proof{Thumbprint: "key", ID: "0", Nonce: nonce}
	for i := range maxSeen {
		if err := v.take(Proof{Thumbprint: "key", ID: strconv.Itoa(i), Nonce: nonce}); err != nil {
			t.Fatal(err)
		}
	}
	if v.Nonce() == nonce {
		t.Error("the nonce is still given out")
	}
	if err := v.take(first); !errors.Is(err, ErrNonce) {
		t.Errorf("the first proof again: %v", err)
	}
	if len(v.previous.seen) > maxSeen {
		t.Errorf("%d proofs are remembered", len(v.previous.seen))
	}
	if err := v.take(Proof{Thumbprint: "key", ID: "0", Nonce: v.Nonce()}); err != nil {
		t.Errorf("with the new nonce: %v", err)
	}
}
