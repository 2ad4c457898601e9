package upstream

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// A refusal is an answer that does not say that it was done.
type refusal struct {
	status int
	said   string        // by the upstream, or by us of its answer; may be empty
	after  time.Duration // how long it asks to be left alone; 0 if it does not
	speaks bool          // xAPI: it is the answer of a learning record store
}

func (e *refusal) Error() string {
	text := fmt.Sprintf("the upstream answered %d %s", e.status, http.StatusText(e.status))
	if e.said != "" {
		text += ": " + e.said
	}
	return text
}

// lasting reports whether the same request would be refused again: it is about the
// statements, and not about the moment.
func (e *refusal) lasting() bool {
	switch e.status {
	case http.StatusBadRequest, http.StatusForbidden, http.StatusConflict, http.StatusRequestEntityTooLarge:
		return true
	}
	return false
}

// aboutDocument reports whether the same document would be refused again.
func (e *refusal) aboutDocument() bool {
	switch e.status {
	case http.StatusUnauthorized, http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return false
	}
	return e.status >= 400 && e.status < 500
}

// only reports whether a refusal of one kind of records says nothing of the other:
// err is nil, or about the resource that was asked.
func only(err error) bool {
	var refused *refusal
	if !errors.As(err, &refused) {
		return err == nil
	}
	return refused.status < 500 && refused.status != http.StatusTooManyRequests && refused.status != http.StatusUnauthorized
}

func refusalOf(response *http.Response) *refusal {
	text, _ := io.ReadAll(io.LimitReader(response.Body, 1<<10)) // it only explains
	return &refusal{
		status: response.StatusCode,
		said:   displayable(string(text)),
		after:  retryAfter(response.Header.Get("Retry-After")),
		speaks: response.Header.Get(versionHeader) != "",
	}
}

// displayable is what may be shown to the person of what an upstream said.
func displayable(text string) string {
	clean := strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) || r == unicode.ReplacementChar {
			return ' '
		}
		return r
	}, text)
	short := []rune(strings.Join(strings.Fields(clean), " "))
	return string(short[:min(len(short), 200)])
}

// retryAfter reads the field of that name (RFC 9110 section 10.2.3).
func retryAfter(value string) time.Duration {
	if seconds, err := strconv.ParseUint(value, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(time.Until(at), 0)
	}
	return 0
}

// askedBy is how long the upstream that stopped a pass asks to be left alone.
func askedBy(stopped error) time.Duration {
	var refused *refusal
	if errors.As(stopped, &refused) {
		return refused.after
	}
	return 0
}
