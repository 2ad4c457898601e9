package ui

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// ErrNoAnswer means that the input ended before the person had decided. It
// counts as a denial.
var ErrNoAnswer = errors.New("no answer was given, so the request was denied")

// A Silencer is an input that can stop showing what is typed. A terminal that a
// PIN is typed into should be one.
type Silencer interface {
	// Silence stops showing until restore is called; restore is nil if it cannot.
	Silence() (restore func())
}

// Prompt asks for the decision in a terminal, in the language of c. It asks again
// until the answer is clear; an end of the input is a denial and gives
// [ErrNoAnswer]. When ctx ends it returns its error, leaving one read of in under
// way. The PIN of the decision has not been judged.
func Prompt(ctx context.Context, in io.Reader, out io.Writer, c Consent) (Decision, error) {
	p := prompt{lines: readLines(ctx, in), in: in, out: out, l: c.language}
	p.show(c)
	account, err := p.account(ctx, c)
	if err != nil {
		return Decision{}, err
	}
	d, err := p.accept(ctx, c)
	d.AccountID = account.ID
	if err != nil || !d.Accept || !account.HasPIN {
		return d, err
	}
	d.PIN, err = p.pin(ctx, account)
	d.Accept = err == nil
	return d, err
}

type prompt struct {
	lines <-chan string
	in    io.Reader
	out   io.Writer
	l     Language
}

func (p prompt) show(c Consent) {
	fmt.Fprintf(p.out, "\n%s\n\n%s\n\n%s:\n", c.Title(), c.Trust(), p.l.text("consent.asks"))
	for _, scope := range c.Scopes {
		fmt.Fprintf(p.out, "  - %s\n", scope.Label(p.l))
	}
	if reach := c.Reach(); reach != "" {
		fmt.Fprintf(p.out, "\n%s\n", reach)
	}
	fmt.Fprintf(p.out, "\n%s\n\n", c.Destination())
}

// account asks which one, if there is a choice.
func (p prompt) account(ctx context.Context, c Consent) (Account, error) {
	switch len(c.Accounts) {
	case 0:
		return Account{}, errors.New("there is no account yet; add one first")
	case 1:
		fmt.Fprintln(p.out, p.l.text("prompt.as", "name", c.Accounts[0].Label()))
		return c.Accounts[0], nil
	}
	for i, a := range c.Accounts {
		fmt.Fprintf(p.out, "  %d. %s\n", i+1, a.Label())
	}
	question := p.l.text("prompt.which", "n", strconv.Itoa(len(c.Accounts)), "name", c.Preferred().Label())
	for {
		answer, err := p.ask(ctx, question)
		if err != nil {
			return Account{}, err
		}
		if answer == "" {
			return c.Preferred(), nil
		}
		if n, err := strconv.Atoi(answer); err == nil && n >= 1 && n <= len(c.Accounts) {
			return c.Accounts[n-1], nil
		}
	}
}

// accept asks whether, and what of it if the person wants to choose.
func (p prompt) accept(ctx context.Context, c Consent) (Decision, error) {
	question, choosable := "prompt.accept", slices.ContainsFunc(c.Scopes, func(s Scope) bool { return !s.Required })
	if choosable {
		question = "prompt.accept.some"
	}
	for {
		answer, err := p.ask(ctx, p.l.text(question))
		if err != nil {
			return Decision{}, err
		}
		switch answer = strings.ToLower(answer); {
		case answer == "yes" || answer == p.l.text("prompt.yes"):
			return Decision{Accept: true}, nil
		case answer == "no" || answer == p.l.text("prompt.no"):
			return Decision{}, nil
		case choosable && answer == p.l.text("prompt.choose"):
			scopes, err := p.scopes(ctx, c)
			return Decision{Accept: err == nil, Scopes: scopes}, err
		}
	}
}

// scopes asks which of the optional ones not to allow.
func (p prompt) scopes(ctx context.Context, c Consent) ([]string, error) {
	var optional []Scope
	for _, s := range c.Scopes {
		if !s.Required {
			optional = append(optional, s)
			fmt.Fprintf(p.out, "  %d. %s\n", len(optional), s.Label(p.l))
		}
	}
	for {
		answer, err := p.ask(ctx, p.l.text("prompt.scopes"))
		if err != nil {
			return nil, err
		}
		left, clear := leave(optional, answer)
		if allowed := c.allowed(left); clear && len(allowed) > 0 {
			return allowed, nil
		}
	}
}

// leave returns the names of the scopes but for those numbered in the answer.
func leave(scopes []Scope, answer string) (names []string, clear bool) {
	refused := map[int]bool{}
	for _, word := range strings.Fields(strings.ReplaceAll(answer, ",", " ")) {
		n, err := strconv.Atoi(word)
		if err != nil || n < 1 || n > len(scopes) {
			return nil, false
		}
		refused[n] = true
	}
	for i, s := range scopes {
		if !refused[i+1] {
			names = append(names, s.Name)
		}
	}
	return names, true
}

// pin asks for the PIN, without showing it where that is possible.
func (p prompt) pin(ctx context.Context, a Account) (string, error) {
	question := p.l.text("prompt.pin", "name", a.Called())
	if s, can := p.in.(Silencer); can {
		if restore := s.Silence(); restore != nil {
			defer fmt.Fprintln(p.out)
			defer restore()
			question += " " + p.l.text("prompt.hidden")
		}
	}
	for {
		if answer, err := p.ask(ctx, question); err != nil || answer != "" {
			return answer, err
		}
	}
}

func (p prompt) ask(ctx context.Context, question string) (string, error) {
	fmt.Fprint(p.out, question+" ")
	select {
	case line, open := <-p.lines:
		if !open {
			return "", ErrNoAnswer
		}
		return strings.TrimSpace(line), nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// readLines lets a prompt give up when its context ends, which a read cannot.
func readLines(ctx context.Context, in io.Reader) <-chan string {
	lines := make(chan string)
	go func() {
		defer close(lines)
		for scanner := bufio.NewScanner(in); scanner.Scan(); {
			select {
			case lines <- scanner.Text():
			case <-ctx.Done():
				return
			}
		}
	}()
	return lines
}
