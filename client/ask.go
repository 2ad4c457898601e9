package client

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/offlineauth/offlineauth/linkhandler"
)

// An Ask says what one login wants of the person (OpenID Connect Core section
// 3.1.2.1). The zero Ask leaves that to the authorization app.
type Ask struct {
	// Pushed hands the request to the authorization app first, as [Client.StartPushed].
	Pushed bool
	// Prompt is "none" to learn at once if the person would have to be asked (then the
	// error is an [*AuthorizationError] such as `consent_required`), or some of "login",
	// "consent" and "select_account", separated by spaces.
	Prompt string
	// LoginHint is the username that is expected.
	LoginHint string
	// MaxAge is how long ago the person may have authenticated, in whole seconds; 0 for
	// however long. The ID token has to say so: ask for the scope openid.
	MaxAge time.Duration
}

// StartAs is as [Client.Start], and asks for more.
func (c *Client) StartAs(ctx context.Context, ask Ask) (*Login, error) {
	p, err := c.boundTo(ctx, newPending(c.cfg))
	if err != nil {
		return nil, err
	}
	if ask.MaxAge > 0 && p.Nonce == "" {
		return nil, errors.New("client: MaxAge without the scope openid: nobody would say when the person authenticated")
	}
	p.MaxAge = ask.MaxAge.Truncate(time.Second)
	request := c.request(p)
	ask.addTo(request)
	link, err := c.link(request)
	if err != nil {
		return nil, err
	}
	if ask.Pushed {
		short, err := c.push(ctx, request)
		if err != nil {
			return nil, err
		}
		if short != "" {
			link = short
		}
	}
	return c.started(ctx, p, link)
}

func (a Ask) addTo(r *linkhandler.Request) {
	r.Prompt, r.LoginHint = a.Prompt, a.LoginHint
	if a.MaxAge > 0 {
		seconds := int(a.MaxAge / time.Second)
		r.MaxAge = &seconds
	}
}

// checkAge refuses an ID token of a person who authenticated too long ago, or that does
// not say when (OpenID Connect Core section 3.1.3.7).
func (c *idClaims) checkAge(maxAge time.Duration, now time.Time) error {
	if maxAge == 0 {
		return nil
	}
	at := time.Unix(int64(min(c.AuthTime, 1<<40)), 0)
	if c.AuthTime <= 0 || now.Sub(at) > maxAge+clockSkew {
		return fmt.Errorf("the person authenticated at %v, more than %v ago", at, maxAge)
	}
	return nil
}
