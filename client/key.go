package client

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"

	"github.com/offlineauth/offlineauth/jose"
)

// A KeyStore is a [Store] that also keeps a key. With one, tokens are bound to the
// key by DPoP (RFC 9449), if the server can do that, and a stolen token is worth
// nothing without it. Use it where the system does not tell the authorization app
// who calls, and for logins over the network.
//
// [WithKey] makes one of any store; a platform's hardware can be a better one.
type KeyStore interface {
	Store

	// Key returns the P-256 key of that name, and makes it if there is none. The
	// name is one of letters, digits and "-".
	Key(ctx context.Context, name string) (crypto.Signer, error)
}

// WithKey is store with a key beside the login, as secret as that. nil is a new
// [Memory].
func WithKey(store Store) KeyStore {
	if store == nil {
		store = new(Memory)
	}
	return keyBeside{store}
}

type keyBeside struct{ Store }

func (k keyBeside) Key(ctx context.Context, name string) (crypto.Signer, error) {
	encoded, err := k.Load(ctx, name)
	if isNotExist(err) {
		if err := k.make(ctx, name); err != nil {
			return nil, err
		}
		encoded, err = k.Load(ctx, name) // another process may have been quicker
	}
	if err != nil {
		return nil, err
	}
	key, err := x509.ParsePKCS8PrivateKey(encoded)
	if err != nil {
		return nil, err
	}
	signer, ok := key.(*ecdsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("a %T is no key for ES256", key)
	}
	return signer, nil
}

func (k keyBeside) make(ctx context.Context, name string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(key)
	return errors.Join(err, k.Save(ctx, name, encoded))
}

// proofKey returns the key of this client, nil if its store keeps none.
func (c *Client) proofKey(ctx context.Context) (crypto.Signer, error) {
	keys, ok := c.cfg.Store.(KeyStore)
	if !ok {
		return nil, nil
	}
	key, err := keys.Key(ctx, c.key("key"))
	if err != nil {
		return nil, fmt.Errorf("key for DPoP: %w", err)
	}
	if (jose.Key{Public: key.Public()}).Algorithm() != jose.ES256 {
		return nil, errors.New("key for DPoP: it is not one of P-256")
	}
	return key, nil
}

// boundTo names the key that the code of a login is to be for (RFC 9449 section
// 10). A server that knows nothing of it ignores it.
func (c *Client) boundTo(ctx context.Context, p pending) (pending, error) {
	key, err := c.proofKey(ctx)
	if key != nil {
		p.Key = jose.Key{Public: key.Public()}.Thumbprint()
	}
	return p, err
}

// useKey makes the session prove its key, if it has one and the server can check.
func (s *session) useKey(ctx context.Context, meta *metadata) error {
	s.tokenURL = meta.Token
	if !slices.Contains(meta.ProofAlgorithms, jose.ES256) {
		return nil
	}
	key, err := s.c.proofKey(ctx)
	if key != nil {
		s.prover = newProver(key)
	}
	return err
}

// keepKey is the same for a stored login, whose token says whether it is bound.
func (s *session) keepKey(ctx context.Context) error {
	s.tokenURL = s.login.TokenURL
	if !isBound(&s.login.Token) {
		return nil
	}
	key, err := s.c.proofKey(ctx)
	if err == nil && key == nil {
		err = fmt.Errorf("%w (its token is bound to a key, and the store keeps none)", ErrLoginRequired)
	}
	if err == nil {
		s.prover = newProver(key)
	}
	return err
}
