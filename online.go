package offlineauth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/offlineauth/offlineauth/authz"
	"github.com/offlineauth/offlineauth/ipcapi"
	"github.com/offlineauth/offlineauth/ui"
)

// ErrNoPassword means that an account has no password, or that there is no
// account: nobody could tell over a network who asks.
var ErrNoPassword = errors.New("every account needs a password before the network is let in")

// personPath is the folder of the pages of a person beyond this device.
const personPath = "/person"

// Online is what clients and browsers reach over a network, for when the app is not
// on the device: the callers' side, the authorization endpoint, and the pages to sign
// in and decide at. Serve it over TLS, at the issuer's host. Nothing else of the
// person's side is in it, and apps cannot register themselves there.
//
// The error is an [ErrNoPassword] as long as there is an account that anybody could
// decide for. Accounts that are added later cannot sign in until they have one.
func (s *Server) Online(ctx context.Context) (http.Handler, error) {
	if err := s.checkPasswords(ctx); err != nil {
		return nil, err
	}
	issuer, err := url.Parse(s.auth.Issuer())
	if err != nil {
		return nil, err
	}
	base := strings.TrimSuffix(issuer.EscapedPath(), "/")
	pages := ui.NewNetworkPages(door{household{s}}, s.log)
	mux := http.NewServeMux()
	mux.Handle("/", s.handler)
	mux.Handle(base+"/register", http.NotFoundHandler())
	mux.Handle("GET "+base+"/authorize", s.launchedOver(base))
	mux.Handle(base+personPath+"/", http.StripPrefix(base+personPath, pages))
	hop := ipcapi.HopHandler(s.onlyHost(issuer.Host, mux), s.log)
	return overNetwork(http.MaxBytesHandler(hop, ipcapi.DefaultBody)), nil
}

// checkPasswords wants a password of everybody.
func (s *Server) checkPasswords(ctx context.Context) error {
	accounts, err := s.Accounts(ctx)
	if err != nil {
		return err
	}
	if len(accounts) == 0 {
		return fmt.Errorf("%w: there is no account yet", ErrNoPassword)
	}
	for _, a := range accounts {
		switch has, err := s.HasSecret(ctx, a.ID, authz.Password); {
		case err != nil:
			return err
		case !has:
			return fmt.Errorf("%w: %q has none", ErrNoPassword, a.Username)
		}
	}
	return nil
}

// overNetwork says of requests where they come from: from nobody this system knows.
func overNetwork(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Strict-Transport-Security", "max-age=31536000")
		ctx := ipcapi.WithCaller(authz.OverNetwork(r.Context()), ipcapi.Caller{Transport: "https", UID: -1, PID: -1})
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// launchedOver is the authorization endpoint for browsers (RFC 6749 section 3.1): the
// link that the system would have opened in the app.
func (s *Server) launchedOver(base string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("Referrer-Policy", "no-referrer")
		request, err := s.Begin(r.Context(), s.auth.Issuer()+"/authorize?"+r.URL.RawQuery)
		var refusal *authz.Error
		switch {
		case errors.As(err, &refusal) && refusal.Launch != nil: // the client is told
			w.Header().Set("Location", refusal.Launch.URI)
			w.WriteHeader(http.StatusSeeOther)
		case errors.As(err, &refusal):
			http.Error(w, asNotice(refusal).Error(), http.StatusBadRequest)
		case err != nil || request.Launch != nil: // the second cannot be: over a network the person is asked
			s.log.ErrorContext(r.Context(), "authorization request not shown", "reason", err)
			http.Error(w, "Something went wrong here. Try again.", http.StatusInternalServerError)
		default:
			w.Header().Set("Location", base+personPath+"/consent?"+url.Values{"id": {request.ID}}.Encode())
			w.WriteHeader(http.StatusSeeOther)
		}
	})
}

// door is a household that knows who comes over a network.
type door struct{ household }

func (d door) SignIn(ctx context.Context, username, password string) (ui.Account, error) {
	a, err := d.server.SignIn(ctx, username, authz.Password, password)
	if err != nil {
		return ui.Account{}, asShown(err)
	}
	return d.server.shown(ctx, a)
}

// Decide carries out what the one who signed in decided. It is not remembered: the
// next time may be somebody else at the same browser.
func (d door) Decide(ctx context.Context, id string, decision ui.Decision) (string, error) {
	decision.ACR, decision.Once = authz.ACRPassword, true
	launch, err := d.server.Resolve(ctx, id, decision, "network")
	return launch.URI, asNotice(err)
}
