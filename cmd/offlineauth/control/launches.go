package control

import (
	"net/http"

	"github.com/offlineauth/offlineauth"
	"github.com/offlineauth/offlineauth/authz"
	"github.com/offlineauth/offlineauth/linkhandler"
)

// A Launch is a lesson to open. What is left out is chosen by the server.
type Launch struct {
	Account      string                   `json:"sub"`
	ClientID     string                   `json:"client_id,omitempty"`
	Target       string                   `json:"target"`
	Format       linkhandler.LaunchFormat `json:"format"`
	Endpoint     string                   `json:"endpoint,omitempty"`
	ActivityID   string                   `json:"activity_id,omitempty"`
	Registration string                   `json:"registration,omitempty"`
	Scopes       []string                 `json:"scopes,omitempty"`
}

// launches are apps that the person opens as lessons.
type launches struct{ server *offlineauth.Server }

func (l launches) add(r *http.Request) (any, error) {
	asked, err := decode[Launch](r)
	if err != nil {
		return nil, err
	}
	launch, err := l.server.Launch(r.Context(), authz.LaunchRequest{
		AccountID:    asked.Account,
		ClientID:     asked.ClientID,
		Target:       asked.Target,
		Format:       asked.Format,
		Endpoint:     asked.Endpoint,
		ActivityID:   asked.ActivityID,
		Registration: asked.Registration,
		Scopes:       asked.Scopes,
	})
	return Redirect{URI: launch.URI, App: launch.App}, err
}
