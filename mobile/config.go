package mobile

import (
	"context"
	"errors"
	"strings"

	"github.com/offlineauth/offlineauth"
	"github.com/offlineauth/offlineauth/authz"
	"github.com/offlineauth/offlineauth/ipcapi"
	"github.com/offlineauth/offlineauth/store"
)

// api is a REST API of the app.
type api struct{ path, scope, description string }

// full is the configuration as the root package wants it.
func (c *Config) full(host Host) (offlineauth.Config, error) {
	full := offlineauth.Config{
		Issuer:       c.Issuer,
		DataDir:      c.DataDir,
		CustomScheme: c.CustomScheme,
		Scopes:       authz.DefaultScopes(),
		System:       offlineauth.System{Claimants: claimants(host)},

		LearningRecords: c.Records,
	}
	if c.keystore != nil {
		full.System.Keys = keyProvider{c.keystore}
	}
	for _, a := range c.apis {
		full.APIs = append(full.APIs, offlineauth.API{Path: a.path, Scope: a.scope, Handler: hostHandler{host}})
		full.Scopes = append(full.Scopes, authz.Scope{Name: a.scope, Description: a.description})
	}
	if c.IPCService == "" {
		return full, nil
	}
	var err error
	full.Services, err = ipcapi.ParseService(c.IPCService)
	return full, err
}

func claimants(host Host) func(context.Context, string) ([]string, error) {
	return func(_ context.Context, redirectURI string) ([]string, error) {
		apps, err := host.Claimants(redirectURI)
		if err != nil || apps == nil {
			return nil, err
		}
		return strings.Fields(apps.text), nil
	}
}

// keyProvider is a Keystore as the store wants to ask it.
type keyProvider struct{ keystore Keystore }

func (k keyProvider) Wrap(_ context.Context, plain []byte) ([]byte, error) {
	sealed, err := k.keystore.Seal(plain)
	switch {
	case err != nil:
		return nil, err
	case sealed == nil:
		return nil, errors.New("the keystore sealed nothing")
	}
	return sealed.bytes, nil
}

func (k keyProvider) Unwrap(_ context.Context, wrapped []byte) ([]byte, error) {
	plain, err := k.keystore.Unseal(wrapped)
	switch {
	case err != nil:
		return nil, err
	case plain == nil:
		return nil, store.ErrSealed
	}
	return plain.bytes, nil
}
