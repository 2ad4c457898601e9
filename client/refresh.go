package client

import "context"

// Refresh renews the access token now, although it may still be good: after the
// person granted more, or when an API calls it invalid. An http.Client renews
// its token by itself when it expires; most apps never need this.
//
// If it fails, the token before stays in use. The errors are [ErrNotLoggedIn],
// [ErrLoginRequired] (also when there is no refresh token), an
// [*UnverifiedServiceError], a [*TokenError] and those of transports.
func (c *Client) Refresh(ctx context.Context) error {
	s, err := c.open(ctx)
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.unwanted = s.login.Token.AccessToken
	s.mu.Unlock()
	if _, err = s.token(ctx); err != nil {
		s.mu.Lock()
		s.unwanted = ""
		s.mu.Unlock()
	}
	return err
}

// usable reports whether the token of l can be used as it is.
func (s *session) usable(l *login) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.wanted(l)
}

// wanted is usable for callers that hold s.mu.
func (s *session) wanted(l *login) bool {
	return l.fresh() && l.Token.AccessToken != s.unwanted
}
