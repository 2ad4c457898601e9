package store

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"
)

// Schema 3 kept the code of a login, and each of its refresh tokens, as a record of its
// own, found by its hash alone; and a mark for each request that was decided. Tokens
// name their login since schema 4. Those that apps still hold do not.

// tokenOf3 leads from a code or a refresh token that does not name its login to it.
type tokenOf3 struct {
	Hash            []byte
	AuthorizationID string
	ExpiresAt       time.Time `json:",omitzero"`
}

func tokensOf3() spec[tokenOf3] {
	return spec[tokenOf3]{
		bucket:  "tokens of schema 3",
		key:     func(t *tokenOf3) []byte { return t.Hash },
		expires: func(t *tokenOf3) time.Time { return t.ExpiresAt },
	}
}

// AuthorizationOf returns the ID of the authorization that a code or a refresh token
// belongs to which does not name it: one that schema 3 or an older one has issued. It
// returns ErrNotFound if there is none.
func (s *Store) AuthorizationOf(ctx context.Context, hash []byte) (id string, err error) {
	t, err := s.tokensOf3.Get(ctx, string(hash))
	return t.AuthorizationID, err
}

// of3 are the buckets of schema 3 that schema 4 does not have.
var of3 = []string{"codes", "refresh tokens", "decisions"}

// mergeLogins makes one record of a login. A code or a token whose login cannot be read
// was worth nothing, and goes.
func (s *Store) mergeLogins(tx Tx) error {
	o := newOverlay(tx)
	if err := errors.Join(s.mergeCodes(tx, o), s.mergeRefreshTokens(tx, o)); err != nil {
		return err
	}
	for _, bucket := range of3 {
		for key := range tx.Scan(bucket, Range{}) {
			o.delete(bucket, bytes.Clone(key))
		}
	}
	for entry := range tx.Scan(expiryBucket, Range{}) {
		if bucket, _, ok := expiryTarget(entry); ok && slices.Contains(of3, bucket) {
			o.delete(expiryBucket, bytes.Clone(entry))
		}
	}
	return o.apply(tx, make(map[string]bool))
}

func (s *Store) mergeCodes(tx Tx, o *overlay) error {
	for _, value := range tx.Scan("codes", Range{}) {
		var old struct {
			Code
			AuthorizationID string
		}
		if json.Unmarshal(value, &old) != nil {
			continue
		}
		err := s.merge(o, tokenOf3{old.Hash, old.AuthorizationID, old.ExpiresAt}, func(a *Authorization) { a.Code = old.Code })
		if err != nil {
			return err
		}
	}
	return nil
}

type refreshTokenOf3 struct {
	tokenOf3
	IssuedAt, RotatedAt time.Time
	Successor           []byte
}

func (s *Store) mergeRefreshTokens(tx Tx, o *overlay) error {
	var all []refreshTokenOf3
	before := make(map[string][]byte) // by successor
	for _, value := range tx.Scan("refresh tokens", Range{}) {
		var old refreshTokenOf3
		if json.Unmarshal(value, &old) != nil {
			continue
		}
		all = append(all, old)
		if old.Successor != nil {
			before[string(old.Successor)] = old.Hash
		}
	}
	for _, old := range all {
		err := s.merge(o, old.tokenOf3, func(a *Authorization) {
			if !old.RotatedAt.IsZero() {
				return
			}
			a.Refresh = RefreshTokens{Last: old.Hash, IssuedAt: old.IssuedAt, ExpiresAt: old.ExpiresAt}
			for hash := before[string(old.Hash)]; hash != nil && len(a.Refresh.Rotated) < maxRotated; hash = before[string(hash)] {
				a.Refresh.Rotated = append(a.Refresh.Rotated, hash)
			}
			slices.Reverse(a.Refresh.Rotated)
			a.Refresh.Rotations = len(a.Refresh.Rotated)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// merge changes the login of a token, and has the token lead to it.
func (s *Store) merge(o *overlay, token tokenOf3, change func(*Authorization)) error {
	login, err := s.Authorizations.load(o, []byte(token.AuthorizationID))
	if err != nil {
		return nil
	}
	change(login)
	return errors.Join(s.Authorizations.put(o, login), s.tokensOf3.put(o, &token))
}
