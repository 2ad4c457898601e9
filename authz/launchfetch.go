package authz

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
)

// fetched is the answer of a fetch URL (cmi5 section 8.2), which has status 200 in
// any case.
type fetched struct {
	Token     string `json:"auth-token,omitempty"`
	ErrorCode string `json:"error-code,omitempty"`
	ErrorText string `json:"error-text,omitempty"`
}

// The error codes of cmi5 section 8.2.3.2.
var (
	alreadyFetched = fetched{ErrorCode: "1", ErrorText: "The authorization token has been returned already, or has expired. Launch the lesson again."}
	notForYou      = fetched{ErrorCode: "2", ErrorText: "This launch is not for the app that asks."}
	fetchFailed    = fetched{ErrorCode: "3", ErrorText: "The authorization server failed. Launch the lesson again."}
)

// serveFetch gives the credentials of a cmi5 launch to the first who asks: after
// that they are known by their hash alone.
func (s *Server) serveFetch(w http.ResponseWriter, r *http.Request) {
	answer, err := s.fetch(r.Context(), r.PathValue("secret"))
	switch {
	case err == nil:
	case errors.Is(err, errNotYours):
		answer = notForYou
	case notInForce(err):
		answer = alreadyFetched
	default:
		answer = fetchFailed
	}
	if err != nil {
		s.witness(r.Context(), err)
		s.log.InfoContext(r.Context(), "launch credentials refused", "cause", err, "caller", callerFrom(r.Context()))
	}
	writeJSON(w, http.StatusOK, answer)
}

func (s *Server) fetch(ctx context.Context, secret string) (fetched, error) {
	password := randomToken()
	var id string
	err := s.store.Do(ctx, func(ctx context.Context) error {
		found, err := s.store.LaunchToFetch(ctx, tokenHash(secret))
		if err != nil {
			return err
		}
		launch, grant, err := s.liveLaunch(ctx, found.ID)
		if err != nil {
			return err
		}
		if launch, err = s.bindLaunch(ctx, launch, grant); err != nil {
			return err
		}
		id = launch.ID
		return s.store.FetchLaunch(ctx, id, tokenHash(password))
	})
	if err != nil {
		return fetched{}, err
	}
	return fetched{Token: base64.StdEncoding.EncodeToString([]byte(id + ":" + password))}, nil
}
