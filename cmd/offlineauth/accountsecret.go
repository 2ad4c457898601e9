package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/offlineauth/offlineauth/authz"
	"github.com/offlineauth/offlineauth/cmd/offlineauth/control"
)

// accountSecret sets or removes what an account is proved with. Its owner may:
// who can run this can read the whole directory.
type accountSecret struct {
	dataFlag
	kind     authz.Secret
	username string
	remove   bool
}

func newAccountPIN(t *terminal) *cobra.Command {
	return newAccountSecret(t, authz.PIN, "Set the PIN that the pages of this device ask for")
}

func newAccountPassword(t *terminal) *cobra.Command {
	return newAccountSecret(t, authz.Password, "Set the password for signing in over a network")
}

func newAccountSecret(t *terminal, kind authz.Secret, short string) *cobra.Command {
	s := accountSecret{kind: kind}
	c := runnable(&cobra.Command{
		Use:   string(kind),
		Short: short,
		Long:  short + ".\n\nIt is asked for twice in a terminal, or read from one line of standard input.",
	}, func(ctx context.Context) error { return s.run(ctx, t) })
	s.dataFlag.addTo(c)
	c.Flags().StringVar(&s.username, "username", "", "`USERNAME`")
	c.Flags().BoolVar(&s.remove, "remove", false, "take it away instead")
	require(c, "username")
	return c
}

func (s *accountSecret) run(ctx context.Context, t *terminal) error {
	secret := ""
	if !s.remove {
		var err error
		if secret, err = t.secret(string(s.kind)); err != nil {
			return err
		}
	}
	return s.with(ctx, func(ctx context.Context, api control.API) error {
		err := api.SetSecret(ctx, control.Secret{Username: s.username, Kind: string(s.kind), Secret: secret, Remove: s.remove})
		switch {
		case control.Unknown(err) && s.remove:
			return fmt.Errorf("there is no account %q with a %s", s.username, s.kind)
		case control.Unknown(err):
			return noAccount(s.username)
		case err != nil:
			return err
		}
		done := "has a new"
		if s.remove {
			done = "has no longer a"
		}
		fmt.Fprintf(t.out, "The account %s %s %s.\n", shownName(s.username), done, s.kind)
		return nil
	})
}

// secret asks for a secret twice without showing it, or reads a line if nobody
// is there to ask.
func (t *terminal) secret(name string) (string, error) {
	if !t.asks() {
		line, err := bufio.NewReader(io.LimitReader(t.in, 4<<10)).ReadString('\n')
		if errors.Is(err, io.EOF) && line != "" {
			err = nil
		}
		if err != nil {
			return "", fmt.Errorf("no %s came on standard input", name)
		}
		return strings.TrimRight(line, "\r\n"), nil
	}
	first, err := t.hidden("New " + name + " [it is not shown] ")
	if err != nil {
		return "", err
	}
	again, err := t.hidden("Again [it is not shown] ")
	if err == nil && first != again {
		err = fmt.Errorf("the two are not the same; the %s is as it was", name)
	}
	return first, err
}

func (t *terminal) hidden(question string) (string, error) {
	fmt.Fprint(t.err, question)
	typed, err := term.ReadPassword(int(t.in.(interface{ Fd() uintptr }).Fd()))
	fmt.Fprintln(t.err)
	return string(typed), err
}
