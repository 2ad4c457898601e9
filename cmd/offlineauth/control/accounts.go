package control

import (
	"net/http"

	"github.com/offlineauth/offlineauth"
	"github.com/offlineauth/offlineauth/authz"
)

// accounts are the people who can log in.
type accounts struct{ server *offlineauth.Server }

func (a accounts) list(r *http.Request) (any, error) {
	all, err := a.server.Accounts(r.Context())
	return convert(all, newAccount), err
}

func (a accounts) add(r *http.Request) (any, error) {
	asked, err := decode[Account](r)
	if err != nil {
		return nil, err
	}
	account, err := a.server.AddAccount(r.Context(), asked.Username, asked.Name)
	return newAccount(account), err
}

func (a accounts) remove(r *http.Request) (any, error) {
	return struct{}{}, a.server.RemoveAccount(r.Context(), r.URL.Query().Get("username"))
}

func (a accounts) secret(r *http.Request) (any, error) {
	asked, err := decode[Secret](r)
	if err != nil {
		return nil, err
	}
	account, err := a.server.Account(r.Context(), asked.Username)
	if err != nil {
		return nil, err
	}
	kind := authz.Secret(asked.Kind)
	if asked.Remove {
		return struct{}{}, a.server.RemoveSecret(r.Context(), account.ID, kind)
	}
	return struct{}{}, a.server.SetSecret(r.Context(), account.ID, kind, asked.Secret)
}
