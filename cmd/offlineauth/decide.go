package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/offlineauth/offlineauth/cmd/offlineauth/control"
	"github.com/offlineauth/offlineauth/ui"
)

// decide takes the decision from the flags or the person. Whatever keeps the
// person from answering is a denial; the error says what it was.
func (c *openCommand) decide(ctx context.Context, t *terminal, consent ui.Consent) (control.Decision, error) {
	if c.deny {
		return control.Decision{Method: "flag"}, nil
	}
	consent, err := c.narrowAccounts(consent)
	if err != nil {
		return control.Decision{Method: "failed"}, err
	}
	switch {
	case c.approve:
		account, err := soleAccount(consent)
		return control.Decision{Method: "flag", Decision: ui.Decision{Accept: err == nil, AccountID: account.ID}}, err
	case !t.asks():
		return control.Decision{Method: "no terminal"}, errors.New("there is no terminal to ask in, so the request was denied; use --approve or --deny")
	}
	decision, err := ui.Prompt(ctx, t.input(), t.err, consent.In(spoken()))
	if ctx.Err() != nil {
		fmt.Fprintln(t.err) // the question's line is open
		err = errors.New("interrupted, so the request was denied")
	}
	return control.Decision{Method: "terminal", Decision: decision}, err
}

// narrowAccounts leaves the account that --account names. There is one at least.
func (c *openCommand) narrowAccounts(consent ui.Consent) (ui.Consent, error) {
	if len(consent.Accounts) == 0 {
		return consent, errors.New("there is no account yet, so the request was denied; add one with «offlineauth account add», then log in again")
	}
	if c.account == "" {
		return consent, nil
	}
	for _, a := range consent.Accounts {
		if a.Username == c.account {
			consent.Accounts = []ui.Account{a}
			return consent, nil
		}
	}
	return consent, fmt.Errorf("there is no account %q, so the request was denied; «offlineauth account list» shows those there are", c.account)
}

// soleAccount is the account that nobody has to choose: the only one, or the one
// the app expects.
func soleAccount(consent ui.Consent) (ui.Account, error) {
	preferred := consent.Preferred()
	if len(consent.Accounts) > 1 && preferred.Username != consent.Hint {
		return ui.Account{}, errors.New("there are several accounts, so the request was denied; choose one with --account")
	}
	return preferred, nil
}
