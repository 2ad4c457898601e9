package offlineauth_test

import (
	"errors"
	"testing"

	"github.com/offlineauth/offlineauth"
	"github.com/offlineauth/offlineauth/authz"
	"github.com/offlineauth/offlineauth/store"
)

func TestSecretsOutliveTheServer(t *testing.T) {
	dir := t.TempDir()
	open := func() *offlineauth.Server {
		s, err := offlineauth.New(t.Context(), offlineauth.Config{Issuer: "https://auth.example", DataDir: dir})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	server := open()
	account, err := server.AddAccount(t.Context(), "amina", "Amina")
	if err != nil {
		t.Fatal(err)
	}
	if err := server.SetSecret(t.Context(), account.ID, authz.Password, "correct horse"); err != nil {
		t.Fatal(err)
	}
	if _, err := server.SignIn(t.Context(), "amina", authz.Password, "wrong horse"); !errors.Is(err, authz.ErrWrongSecret) {
		t.Errorf("a wrong one: %v", err)
	}
	if err := server.Close(); err != nil {
		t.Fatal(err)
	}
	server = open()
	defer server.Close()
	if got, err := server.SignIn(t.Context(), "amina", authz.Password, "correct horse"); err != nil || got.ID != account.ID {
		t.Errorf("the right one: %+v, %v", got, err)
	}
	if err := server.RemoveSecret(t.Context(), account.ID, authz.Password); err != nil {
		t.Fatal(err)
	}
	if has, err := server.HasSecret(t.Context(), account.ID, authz.Password); has || err != nil {
		t.Errorf("it is still there: %v, %v", has, err)
	}
	if err := server.RemoveSecret(t.Context(), account.ID, authz.Password); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("removed twice: %v", err)
	}
	if err := server.Prove(t.Context(), account.ID, authz.Password, "correct horse"); !errors.Is(err, authz.ErrWrongSecret) {
		t.Errorf("proved without one: %v", err)
	}
}
