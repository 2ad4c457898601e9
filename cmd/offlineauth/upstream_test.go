//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"sync/atomic"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/offlineauth/offlineauth/resource"
	"github.com/offlineauth/offlineauth/resource/xapi"
	"github.com/offlineauth/offlineauth/resource/xapi/statement"
)

// An upstreamServer is a learning record store on the network, as far as this
// device can see.
type upstreamServer struct {
	*httptest.Server
	store  *xapi.Store
	status atomic.Int32 // of every answer; 0 is what the store says
}

// upstreamIssuer is the host of an upstreamServer, which it does not look at.
const upstreamIssuer = "https://lrs.example"

func startUpstream(dir string) (*upstreamServer, error) {
	store, err := xapi.Open(context.Background(), filepath.Join(dir, "upstream.db"), xapi.Keys{make([]byte, 32)})
	if err != nil {
		return nil, err
	}
	h, err := xapi.NewHandler(xapi.Config{Store: store, Guard: &resource.Guard{Basic: school{}, Audience: upstreamIssuer}, Issuer: upstreamIssuer})
	if err != nil {
		return nil, errors.Join(err, store.Close())
	}
	u := &upstreamServer{store: store}
	u.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if status := u.status.Load(); status != 0 {
			w.WriteHeader(int(status))
			return
		}
		h.ServeHTTP(w, r)
	}))
	return u, nil
}

func (u *upstreamServer) end() {
	u.Close()
	u.store.Close()
}

// school knows one pair of credentials.
type school struct{}

func (school) Authenticate(_ context.Context, userID, password string) (resource.Token, error) {
	if userID != "school" || password != "pass:word" {
		return resource.Token{}, resource.ErrInvalidToken
	}
	return resource.Token{Subject: "school", ClientID: "device", Scopes: []string{xapi.ScopeAll}, Audience: []string{upstreamIssuer}}, nil
}

// upstream has the upstream answer everything with a status, or tells what it has.
func (w *world) upstream(ts *testscript.TestScript, args []string) (err error) {
	if w.lrs == nil {
		if w.lrs, err = startUpstream(ts.MkAbs(".")); err != nil {
			return err
		}
		ts.Setenv("UPSTREAM", w.lrs.URL+"/xapi/")
	}
	switch args[0] {
	case "statements":
		return w.lrs.print(w.ctx, ts)
	case "documents":
		return w.lrs.printDocuments(w.ctx, ts)
	}
	status, err := strconv.ParseInt(args[0], 10, 32)
	w.lrs.status.Store(int32(status))
	return err
}

func (u *upstreamServer) print(ctx context.Context, ts *testscript.TestScript) error {
	page, err := u.store.Query(ctx, xapi.Query{Limit: 1000, Ascending: true})
	if err != nil {
		return err
	}
	for _, record := range page.Statements {
		st, err := statement.Parse(record.JSON, record.Version)
		if err != nil {
			return err
		}
		fmt.Fprintln(ts.Stdout(), st.ID())
	}
	return nil
}

func (u *upstreamServer) printDocuments(ctx context.Context, ts *testscript.TestScript) error {
	documents, err := u.store.Outbox("all").Changes(ctx, 1000, 1<<20)
	for _, d := range documents {
		fmt.Fprintf(ts.Stdout(), "%s: %s %s\n", d, d.Document.ContentType, d.Document.Content)
	}
	return err
}
