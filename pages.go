package offlineauth

import (
	"context"
	"net/http"

	"github.com/offlineauth/offlineauth/linkhandler"
	"github.com/offlineauth/offlineauth/ui"
)

// LaunchingPages is [Server.Pages] for an app that launches redirects by itself, so
// that they reach the app they are for: launch is given each one that a page decided
// on, and the request it answers. The page names the redirect still, but for one that
// failed to launch.
func (s *Server) LaunchingPages(launch func(ctx context.Context, interaction string, redirect linkhandler.Launch) error) http.Handler {
	return ui.NewPages(launching{household{s}, launch}, s.log)
}

// launching is the authority of such pages.
type launching struct {
	household
	launch func(ctx context.Context, interaction string, redirect linkhandler.Launch) error
}

// Decide is as that of the server.
func (l launching) Decide(ctx context.Context, id string, d ui.Decision) (string, error) {
	redirect, err := l.server.Resolve(ctx, id, d, "page")
	if err == nil {
		err = l.launch(ctx, id, redirect)
	}
	return redirect.URI, asNotice(err)
}
