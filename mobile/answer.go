package mobile

import (
	"errors"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"strings"

	"github.com/offlineauth/offlineauth/ipcapi"
	"github.com/offlineauth/offlineauth/resource"
)

// hostHandler passes requests that a guard has let through to the app around.
type hostHandler struct{ host Host }

func (h hostHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	token, ok := resource.TokenFrom(r.Context())
	if !ok {
		panic("mobile: an API without a guard")
	}
	response, err := h.ask(r, token)
	if err != nil {
		slog.ErrorContext(r.Context(), "an API of the app failed", "path", r.URL.Path, "cause", err)
		http.Error(w, "the API failed", http.StatusBadGateway)
		return
	}
	defer response.Body.Close()
	maps.Copy(w.Header(), response.Header)
	w.WriteHeader(response.StatusCode)
	_, _ = io.Copy(w, response.Body) // the caller may be gone
}

func (h hostHandler) ask(r *http.Request, token resource.Token) (*http.Response, error) {
	message, err := ipcapi.MarshalRequest(withoutToken(r), ipcapi.Limits{})
	if err != nil {
		return nil, err
	}
	answer, err := h.host.Answer(message, &Token{
		Account:  token.Subject,
		ClientID: token.ClientID,
		Scopes:   strings.Join(token.Scopes, " "),
		App:      token.App,
	})
	switch {
	case err != nil:
		return nil, err
	case answer == nil:
		return nil, errors.New("it gave no answer")
	}
	return ipcapi.UnmarshalResponse(answer.bytes, r, ipcapi.Limits{})
}

// withoutToken is the request without the token, which is not the API's to use.
func withoutToken(r *http.Request) *http.Request {
	r = r.Clone(r.Context())
	r.Header.Del("Authorization")
	return r
}
