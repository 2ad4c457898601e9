package offlineauth

import (
	"context"
	"fmt"
	"net/http"

	"github.com/offlineauth/offlineauth/authz"
	"github.com/offlineauth/offlineauth/resource/xapi"
)

// withRecords adds what clients may ask of the learning record store.
func withRecords(scopes []authz.Scope) []authz.Scope {
	if scopes == nil {
		scopes = authz.DefaultScopes()
	}
	all := append([]authz.Scope(nil), scopes...)
	for _, s := range xapi.Scopes() {
		all = append(all, authz.Scope{Name: s.Name, Description: s.Description})
	}
	return all
}

// serveRecords opens the learning record store and serves it below base.
func (s *Server) serveRecords(ctx context.Context, mux *http.ServeMux, base string, cfg Config) error {
	if err := s.openRecords(ctx); err != nil {
		return err
	}
	handler, err := xapi.NewHandler(xapi.Config{Store: s.records, Guard: s.guard, Issuer: cfg.Issuer, Logger: cfg.Logger})
	if err != nil {
		return err
	}
	if err := handle(mux, base+xapi.DefaultPath+"/", handler); err != nil {
		return fmt.Errorf("the learning record store: %w", err)
	}
	return nil
}

// closeRecords closes the learning record store, if there is one.
func (s *Server) closeRecords() error {
	if s.records == nil {
		return nil
	}
	return s.records.Close()
}
