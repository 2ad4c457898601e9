package control

import (
	"net/http"

	"github.com/offlineauth/offlineauth"
	"github.com/offlineauth/offlineauth/authz"
)

// keys are the keys that sign tokens.
type keys struct{ server *offlineauth.Server }

func (k keys) list(r *http.Request) (any, error) {
	all, err := k.server.SigningKeys(r.Context())
	return convert(all, newSigningKey), err
}

func (k keys) rotate(r *http.Request) (any, error) {
	how, err := decode[Rotation](r)
	if err != nil {
		return nil, err
	}
	next, err := k.server.RotateKey(r.Context(), authz.Rotation{Algorithm: how.Algorithm, Discard: how.Discard})
	return newSigningKey(next), err
}
