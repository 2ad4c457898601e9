package client

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/oauth2"
)

// errMovedOn: another process renewed the login in the meantime.
var errMovedOn = errors.New("another process renewed the login at the same moment, again and again: try later")

// renew gets a new access token and stores it before anyone uses it.
//
// Other processes may share the store. So the stored login is read first, what
// they have renewed is used as it is, and nothing of theirs is overwritten or
// removed. Two that send the same refresh token at once get the same successor
// from the server, and each a good access token.
func (s *session) renew(ctx context.Context) (*login, error) {
	for range 3 {
		l, err := s.renewOnce(ctx)
		if !errors.Is(err, errMovedOn) {
			return l, err
		}
	}
	return nil, errMovedOn
}

func (s *session) renewOnce(ctx context.Context) (*login, error) {
	stored, err := s.reload(ctx)
	switch {
	case err != nil:
		return nil, err
	case s.usable(stored):
		return stored, nil
	case stored.Token.RefreshToken == "":
		return nil, fmt.Errorf("%w (there is no refresh token, so the access token cannot be renewed)", ErrLoginRequired)
	}
	token, err := s.refresh(ctx, stored)
	var refusal *TokenError
	if errors.As(err, &refusal) && refusal.Code == "invalid_grant" {
		return nil, s.refused(ctx, stored, refusal)
	}
	if err != nil {
		return nil, err
	}
	next := *stored
	next.Token, next.IssuedAt = *token, time.Now()
	return &next, s.replace(ctx, stored, &next)
}

// reload reads the login as it is in the store now.
func (s *session) reload(ctx context.Context) (*login, error) {
	l, err := s.c.loadLogin(ctx)
	if errors.Is(err, ErrNotLoggedIn) {
		return nil, fmt.Errorf("%w (it is no longer stored)", ErrLoginRequired)
	}
	if err == nil && l.ID != s.id {
		return nil, fmt.Errorf("%w (another one took its place)", ErrLoginRequired)
	}
	return l, err
}

func (s *session) refresh(ctx context.Context, l *login) (*oauth2.Token, error) {
	ctx = context.WithValue(ctx, oauth2.HTTPClient, s.endpoints)
	token, err := s.c.oauth("", l.TokenURL).TokenSource(ctx, &oauth2.Token{RefreshToken: l.Token.RefreshToken}).Token()
	if err != nil {
		return nil, tokenError(err)
	}
	return token, s.checkType(token)
}

// replace stores the login after sent, unless another process already did.
func (s *session) replace(ctx context.Context, sent, next *login) error {
	return s.ifStill(ctx, sent, func() error { return s.c.saveLogin(ctx, next) })
}

// refused removes the login whose refresh token is no longer good.
func (s *session) refused(ctx context.Context, sent *login, refusal *TokenError) error {
	err := s.ifStill(ctx, sent, func() error { return s.c.cfg.Store.Delete(ctx, s.c.key(loginKey)) })
	if errors.Is(err, errMovedOn) {
		return err
	}
	s.c.log.InfoContext(ctx, "login is over", "issuer", s.c.cfg.Issuer, "client", s.c.cfg.ClientID, "error", refusal)
	return errors.Join(fmt.Errorf("%w: %w", ErrLoginRequired, refusal), err)
}

// ifStill calls change if the stored login still has the refresh token that was sent.
func (s *session) ifStill(ctx context.Context, sent *login, change func() error) error {
	s.c.mu.Lock()
	defer s.c.mu.Unlock()
	stored, err := s.reload(ctx)
	if err != nil {
		return err
	}
	if stored.Token.RefreshToken != sent.Token.RefreshToken {
		return errMovedOn
	}
	return change()
}
