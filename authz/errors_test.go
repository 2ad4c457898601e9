package authz

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/ory/fosite"

	"github.com/offlineauth/offlineauth/store"
)

func TestWhatGoesWrongInsideIsSaidOutside(t *testing.T) {
	for _, test := range []struct {
		err    error
		code   string
		status int
	}{
		{refusef("invalid_scope", "no"), "invalid_scope", 400},
		{fmt.Errorf("wrapped: %w", refusef("invalid_target", "no")), "invalid_target", 400},
		{notAuthenticated(errors.New("why")), "invalid_client", 401},
		{fosite.ErrInvalidGrant.WithHint("internals"), "invalid_grant", 400},
		{fosite.ErrInvalidGrant.WithWrap(store.ErrConsumed).WithDebug("internals"), "invalid_grant", 400},
		{fosite.ErrInvalidClient, "invalid_client", 401},
		{fosite.ErrUnauthorizedClient, "unauthorized_client", 400},
		{fosite.ErrInvalidScope, "invalid_scope", 400},
		{fosite.ErrServerError.WithDebug("internals"), "server_error", 500},
		{fosite.ErrTemporarilyUnavailable, "temporarily_unavailable", 503},
		{fosite.ErrRequestUnauthorized, "invalid_request", 400}, // a code no RFC has
		{fosite.ErrUnknownRequest, "invalid_request", 400},
		{fosite.ErrNotFound, "invalid_request", 400},
		{fosite.ErrMisconfiguration, "server_error", 500},
		{store.ErrClosed, "temporarily_unavailable", 503},
		{fosite.ErrServerError.WithWrap(store.ErrClosed), "temporarily_unavailable", 503},
		{context.DeadlineExceeded, "temporarily_unavailable", 503},
		{context.Canceled, "temporarily_unavailable", 503},
		{store.ErrCorrupt, "server_error", 500},
		{errors.New("anything else"), "server_error", 500},
	} {
		t.Run(test.err.Error(), func(t *testing.T) {
			got := asError(test.err, nil)
			if got.Code != test.code || got.Status() != test.status {
				t.Errorf("%s with %d, want %s with %d", got.Code, got.Status(), test.code, test.status)
			}
			if got.Description == "" || strings.Contains(got.Description, "internals") {
				t.Errorf("description %q", got.Description)
			}
		})
	}
}

func TestTheCauseIsForTheLog(t *testing.T) {
	cause := errors.New("why")
	got := asError(fosite.ErrInvalidGrant.WithHint("hint"), cause)
	if !errors.Is(got, cause) || strings.Contains(got.Description, "why") {
		t.Errorf("%v", got)
	}
	got = asError(fosite.ErrInvalidGrant.WithHint("hint").WithDebug("debug"), nil)
	if text := got.Cause.Error(); !strings.Contains(text, "hint") || !strings.Contains(text, "debug") {
		t.Errorf("cause %q", text)
	}
}

func TestEveryDescriptionIsSpeakable(t *testing.T) {
	for code, text := range descriptions {
		if strings.ContainsFunc(code+text, func(r rune) bool { return r < 0x20 || r > 0x7E || r == '"' || r == '\\' }) {
			t.Errorf("%s: %q cannot be an error_description (RFC 6749 section 5.2)", code, text)
		}
		if status := (&Error{Code: code}).Status(); http.StatusText(status) == "" {
			t.Errorf("%s: status %d", code, status)
		}
	}
}
