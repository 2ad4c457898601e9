package offlineauth

import (
	"errors"
	"log/slog"
	"testing"

	"github.com/offlineauth/offlineauth/authz"
	"github.com/offlineauth/offlineauth/resource"
	"github.com/offlineauth/offlineauth/store/storetest"
)

// The guard takes ErrInvalidToken for "not in force", and all else for "nobody
// can tell": what becomes of authz's and the store's errors decides which.

func TestWhatTheGuardIsTold(t *testing.T) {
	st := storetest.Open(t)
	auth, err := authz.New(t.Context(), authz.Config{Issuer: "https://auth.example", Store: st, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := (introspector{auth}).Introspect(t.Context(), "garbage"); !errors.Is(err, resource.ErrInvalidToken) {
		t.Errorf("of garbage: %v", err)
	}
	if _, err := (directory{st}).Profile(t.Context(), "nobody"); !errors.Is(err, resource.ErrInvalidToken) {
		t.Errorf("of an account that is gone: %v", err)
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := (directory{st}).Profile(t.Context(), "nobody"); err == nil || errors.Is(err, resource.ErrInvalidToken) {
		t.Errorf("of a closed store: %v", err)
	}
}

func TestOnlyRefusalsAreShownToThePerson(t *testing.T) {
	var shown interface{ Notice() string }
	if err := asNotice(&authz.Error{Code: "invalid_request", Description: "this request is gone", Cause: errors.New("secret")}); !errors.As(err, &shown) || shown.Notice() != "The request was refused: this request is gone." {
		t.Errorf("%v", err)
	}
	if err := asNotice(&authz.Error{Code: "server_error"}); errors.As(err, &shown) {
		t.Errorf("%v is shown", err)
	}
	if asNotice(nil) != nil {
		t.Error("nothing became a notice")
	}
}
