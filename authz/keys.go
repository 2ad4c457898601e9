package authz

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/offlineauth/offlineauth/jose"
	"github.com/offlineauth/offlineauth/store"
)

// What the keys of the store are for.
const (
	useSignature = "sig"     // signs access and ID tokens
	useRefresh   = "refresh" // derives the successors of refresh tokens
)

// A keyring holds the keys in force, opened once: unsealing and parsing them for
// every token would cost more than signing.
type keyring struct {
	// issuing is held while a token request runs, and taken while keys are rotated, so
	// that the tokens of one answer are of one key.
	issuing    sync.RWMutex
	signatures atomic.Pointer[signatures]
	refresh    []byte
}

// signatures are the signing keys of one moment. They are replaced, never changed.
type signatures struct {
	kid    string
	signer crypto.Signer
	method jwt.SigningMethod
	keys   jose.Keys // public: the signing key, and those before it whose tokens may be in force
}

// tokenHeader is what precedes the claims of a token (RFC 7515 section 4.1).
type tokenHeader struct {
	Algorithm string `json:"alg"`
	Key       string `json:"kid"`
	Type      string `json:"typ"`
}

// openKeyring loads the keys, creating those that are missing.
func openKeyring(ctx context.Context, st *store.Store, algorithm string) (*keyring, error) {
	keys, err := st.Keys.List(ctx)
	if err != nil {
		return nil, err
	}
	of := func(use string) func(store.Key) bool { return func(k store.Key) bool { return k.Use == use } }
	var made []store.Key
	if !slices.ContainsFunc(keys, func(k store.Key) bool { return k.Use == useSignature && k.RetiredAt.IsZero() }) {
		key, err := newSigningKey(algorithm)
		if err != nil {
			return nil, err
		}
		made = append(made, key)
	}
	if !slices.ContainsFunc(keys, of(useRefresh)) {
		made = append(made, newRefreshKey())
	}
	if len(made) > 0 {
		if err := st.Do(ctx, func(ctx context.Context) error { return putKeys(ctx, st, made) }); err != nil {
			return nil, err
		}
		keys = append(keys, made...)
	}
	ring := new(keyring)
	for _, k := range slices.DeleteFunc(slices.Clone(keys), func(k store.Key) bool { return k.Use != useRefresh }) {
		ring.refresh = k.Private
	}
	return ring, ring.replace(slices.DeleteFunc(keys, func(k store.Key) bool { return k.Use != useSignature }))
}

func putKeys(ctx context.Context, st *store.Store, keys []store.Key) error {
	for _, k := range keys {
		if err := st.Keys.Put(ctx, k); err != nil {
			return err
		}
	}
	return nil
}

// replace makes these the signing keys. One of them is not retired.
func (r *keyring) replace(keys []store.Key) error {
	next := new(signatures)
	for _, k := range keys {
		if err := next.add(k); err != nil {
			return fmt.Errorf("key %s: %w", k.ID, err)
		}
	}
	if next.signer == nil {
		return errors.New("there is no signing key")
	}
	r.signatures.Store(next)
	return nil
}

func (s *signatures) add(k store.Key) error {
	if !k.RetiredAt.IsZero() {
		public, err := x509.ParsePKIXPublicKey(k.Public)
		if err != nil {
			return err
		}
		s.keys = append(s.keys, jose.Key{ID: k.ID, Public: public})
		return nil
	}
	private, err := x509.ParsePKCS8PrivateKey(k.Private)
	if err != nil {
		return err
	}
	signer, ok := private.(crypto.Signer)
	if !ok {
		return fmt.Errorf("a %T cannot sign", private)
	}
	public := jose.Key{ID: k.ID, Public: signer.Public()}
	if s.method = jwt.GetSigningMethod(public.Algorithm()); s.method == nil {
		return fmt.Errorf("a %T is for neither algorithm", private)
	}
	s.kid, s.signer = k.ID, signer
	s.keys = append(s.keys, public)
	return nil
}

// newSigningKey makes a key for the algorithm, ES256 if that is "".
func newSigningKey(algorithm string) (store.Key, error) {
	var private crypto.Signer
	var err error
	switch algorithm {
	case "", jose.ES256:
		private, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case jose.EdDSA:
		_, private, err = ed25519.GenerateKey(rand.Reader)
	default:
		return store.Key{}, fmt.Errorf("tokens are signed by %q, not by %.20q", jose.Algorithms(), algorithm)
	}
	if err != nil {
		return store.Key{}, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	public := jose.Key{Public: private.Public()}
	return store.Key{ID: public.Thumbprint(), Use: useSignature, Algorithm: public.Algorithm(), Private: der, CreatedAt: time.Now()}, err
}

func newRefreshKey() store.Key {
	return store.Key{ID: randomID(), Use: useRefresh, Algorithm: "HS256", Private: []byte(randomToken()), CreatedAt: time.Now()}
}

// algorithm is the one of the current key.
func (r *keyring) algorithm() string { return r.signatures.Load().method.Alg() }

// published are the keys that verify what is in force.
func (r *keyring) published() jose.Keys { return r.signatures.Load().keys }

// draft returns claims as a JWT of the type typ, to be signed with the current key.
func (r *keyring) draft(claims any, typ string) (*draft, error) {
	current := r.signatures.Load()
	input, err := jose.Input(tokenHeader{current.method.Alg(), current.kid, typ}, claims)
	return &draft{input, current}, err
}

// verificationKey finds the key of a JWT that says it is of the type typ. The key
// says by which algorithm it is signed, whatever the token says.
func (r *keyring) verificationKey(typ string) jwt.Keyfunc {
	return func(t *jwt.Token) (any, error) {
		if t.Header["typ"] != typ {
			return nil, fmt.Errorf("a token of type %v, not %s", t.Header["typ"], typ)
		}
		kid, _ := t.Header["kid"].(string)
		for _, key := range r.published() {
			if key.ID == kid && kid != "" && key.Algorithm() == t.Method.Alg() {
				return key.Public, nil
			}
		}
		return nil, fmt.Errorf("unknown key %q", kid)
	}
}
