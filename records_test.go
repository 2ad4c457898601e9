package offlineauth_test

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/offlineauth/offlineauth"
	"github.com/offlineauth/offlineauth/authz"
	"github.com/offlineauth/offlineauth/resource/xapi"
)

// statements asks the learning record store of d.
func (d *desk) statements(method, query, token, body string) answer {
	d.Helper()
	r, err := http.NewRequestWithContext(d.Context(), method, d.config.Issuer+"/xapi/statements"+query, strings.NewReader(body))
	if err != nil {
		d.Fatal(err)
	}
	r.Header.Set("X-Experience-API-Version", "1.0.3")
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+token)
	return d.send(r)
}

// TestLearningRecords: a lesson records what the person did, as that person and
// nobody else, over the message wire, and it is there after a restart.
func TestLearningRecords(t *testing.T) {
	d := newDesk(t, func(c *offlineauth.Config) { c.LearningRecords = true })
	scope := strings.Join([]string{"openid", xapi.ScopeWriteMine, xapi.ScopeReadMine}, " ")
	if _, _, err := d.server.AddClient(t.Context(), authz.Registration{ID: "maths", RedirectURIs: []string{redirectURI}, Scopes: strings.Fields(scope)}); err != nil {
		t.Fatal(err)
	}
	request, err := d.server.Begin(t.Context(), d.link(scope))
	if err != nil || len(request.Scopes) != 3 || request.Scopes[1].Description != "Record what you do" {
		t.Fatalf("the person is shown %+v, %v", request.Scopes, err)
	}
	token := d.expect(http.StatusOK, "", d.redeem(d.consent(scope).Code)).field("access_token")
	subject := d.expect(http.StatusOK, "", d.get("/userinfo", token)).field("sub")
	statement := func(actor []byte) string {
		return `{"actor":` + string(actor) + `,"verb":{"id":"http://adlnet.gov/expapi/verbs/completed"},"object":{"id":"https://maths.example/sums"}}`
	}

	d.expect(http.StatusForbidden, "", d.statements("POST", "", token, statement(xapi.OwnAgent(issuer, "somebody"))))
	stored := d.expect(http.StatusOK, "", d.statements("POST", "", token, statement(xapi.OwnAgent(issuer, subject))))
	var ids []string
	if err := json.Unmarshal([]byte(stored.text), &ids); err != nil || len(ids) != 1 {
		t.Fatalf("ids %s, %v", stored.text, err)
	}
	d.restart()
	found := d.expect(http.StatusOK, "", d.statements("GET", "?statementId="+ids[0], token, ""))
	if authority, err := json.Marshal(found.body["authority"]); err != nil || !strings.Contains(string(authority), `"name":"maths"`) || !strings.Contains(string(authority), subject) {
		t.Errorf("authority %s, %v", authority, err)
	}

	metadata := d.get("/.well-known/oauth-authorization-server", "")
	known, _ := metadata.body["scopes_supported"].([]any)
	for _, s := range xapi.Scopes() {
		if !slices.Contains(known, any(s.Name)) {
			t.Errorf("the metadata does not name the scope %s", s.Name)
		}
	}
}

func TestNoLearningRecordsUnlessWanted(t *testing.T) {
	d := newDesk(t)
	d.expect(http.StatusNotFound, "", d.get("/xapi/about", ""))
	d = newDesk(t, func(c *offlineauth.Config) { c.LearningRecords = true })
	d.expect(http.StatusOK, "", d.get("/xapi/about", ""))
	d = newDesk(t, func(c *offlineauth.Config) { c.LearningRecords, c.Issuer = true, "https://auth.example/below" })
	d.expect(http.StatusOK, "", d.get("/xapi/about", ""))
}

// TestAnAPIInThePlaceOfTheRecords is refused, not hidden.
func TestAnAPIInThePlaceOfTheRecords(t *testing.T) {
	cfg := offlineauth.Config{Issuer: issuer, DataDir: t.TempDir(), LearningRecords: true}
	cfg.APIs = []offlineauth.API{{Path: "/xapi/", Scope: "openid", Handler: http.NotFoundHandler()}}
	if s, err := offlineauth.New(t.Context(), cfg); err == nil {
		s.Close()
		t.Error("both are served")
	}
	cfg.APIs = nil
	s, err := offlineauth.New(t.Context(), cfg) // the file was let go of
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
}

// TestForwardingEndsInOrder: a server told to end just as it starts to forward has
// not failed, whatever the end cut short.
func TestForwardingEndsInOrder(t *testing.T) {
	d := newDesk(t, func(c *offlineauth.Config) { c.LearningRecords = true })
	ctx, end := context.WithCancel(t.Context())
	end()
	if err := d.server.Forward(ctx); err != nil {
		t.Errorf("it ended with %v", err)
	}
}
