package authz_test

import (
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/offlineauth/offlineauth/authz"
	"github.com/offlineauth/offlineauth/store"
)

// olderVersion unpacks a store of an older version, with what the apps of its
// device held.
func olderVersion(t *testing.T, version string) (st *store.Store, held map[string]string) {
	t.Helper()
	from, to := filepath.Join("..", "store", "testdata", version), t.TempDir()
	for name, open := range map[string]func(io.Reader) (io.Reader, error){
		"offlineauth.db.gz":  func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) },
		"offlineauth.db.key": func(r io.Reader) (io.Reader, error) { return r, nil },
	} {
		source, err := os.Open(filepath.Join(from, name))
		if err != nil {
			t.Fatal(err)
		}
		defer source.Close()
		r, err := open(source)
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(r)
		if err = errors.Join(err, os.WriteFile(filepath.Join(to, trimGzip(name)), content, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(filepath.Join(from, "held.json"))
	if err = errors.Join(err, json.Unmarshal(text, &held)); err != nil {
		t.Fatal(err)
	}
	if st, err = store.Open(filepath.Join(to, "offlineauth.db"), nil); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	return st, held
}

func trimGzip(name string) string {
	if filepath.Ext(name) == ".gz" {
		return name[:len(name)-len(".gz")]
	}
	return name
}

// TestWhatAppsHoldOutlivesAnUpdate: a device is updated, and no app has to log
// in again, and none gets more than it had.
func TestWhatAppsHoldOutlivesAnUpdate(t *testing.T) {
	for _, version := range []string{"version1", "version2", "version3"} {
		t.Run(version, func(t *testing.T) { outlivesAnUpdate(t, version) })
	}
}

func outlivesAnUpdate(t *testing.T, version string) {
	st, held := olderVersion(t, version)
	server, err := authz.New(t.Context(), authz.Config{Issuer: issuer, Store: st})
	if err != nil {
		t.Fatal(err)
	}
	d := &desk{T: t, server: server, store: st, account: store.Account{ID: held["account"]}}
	d.caller.UID = 1000
	if !d.live(held["access_token"]) {
		t.Error("the access token is refused")
	}
	refreshed := d.expect(http.StatusOK, "", d.post("/token", refreshForm(held["refresh_token"])))
	if !d.live(refreshed.text("access_token")) {
		t.Error("the refreshed access token is refused")
	}
	d.expect(http.StatusOK, "", d.post("/token", codeForm(held["code"])))
	d.expect(http.StatusBadRequest, "invalid_grant", d.post("/token", codeForm(held["code"])))
	interaction, err := server.Begin(t.Context(), issuer+"/authorize?"+url.Values{"client_id": {"maths"}, "request_uri": {held["request_uri"]}}.Encode())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := server.Approve(t.Context(), interaction.ID, authz.Decision{AccountID: held["account"]}); err != nil {
		t.Fatal(err)
	}
	answer := d.expect(http.StatusOK, "", d.post("/introspect", url.Values{"client_id": {"api"}, "client_secret": {held["api_secret"]}, "token": {refreshed.text("access_token")}}))
	if answer.body["active"] != true {
		t.Errorf("the API app is told %v", answer.body)
	}

	if version != "version1" {
		d.outlivesSince2(held)
	}
	if version == "version3" {
		d.outlivesSince3(held)
	}

	// The token before is one that was used up: its reuse ends the login.
	d.expect(http.StatusBadRequest, "invalid_grant", d.post("/token", refreshForm(held["rotated_refresh_token"])))
	if d.live(held["access_token"]) {
		t.Error("reuse of a rotated token ended nothing")
	}
}

// outlivesSince2 is about what there was not in version 1.
func (d *desk) outlivesSince2(held map[string]string) {
	d.Helper()
	if _, err := d.authenticate(learner, held["launch_username"], held["launch_password"]); err != nil {
		d.Errorf("the launched lesson is refused: %v", err)
	}
	if err := d.server.Prove(d.Context(), held["pin_account"], authz.PIN, held["pin"]); err != nil {
		d.Errorf("the PIN is refused: %v", err)
	}
	waiting, err := d.server.Interaction(d.Context(), held["undecided"])
	if err != nil || waiting.New || !slices.Equal(d.grantedBefore(waiting), []string{"openid", "profile"}) {
		d.Errorf("the request that waits is %+v, %v", waiting, err)
	}
}

// outlivesSince3 is about what no older file has.
func (d *desk) outlivesSince3(held map[string]string) {
	d.Helper()
	for _, token := range []string{"ended_refresh_token", "unanswered_refresh_token"} { // whose app is not known, and who comes too late
		d.expect(http.StatusBadRequest, "invalid_grant", d.post("/token", refreshForm(held[token])))
	}
	bound := d.caller
	bound.Transport, bound.Identity = "unix", held["bound_identity"]
	first := d.expect(http.StatusOK, "", d.postAs(d.Context(), bound, "/token", refreshForm(held["bound_refresh_token"])))
	again := d.expect(http.StatusOK, "", d.postAs(d.Context(), bound, "/token", refreshForm(held["bound_refresh_token"])))
	if first.text("refresh_token") != again.text("refresh_token") {
		d.Error("an answer that was lost cannot be had again")
	}
	d.expect(http.StatusOK, "", d.postAs(d.Context(), bound, "/token", refreshForm(first.text("refresh_token"))))

	if !d.live(held["redeemed_access_token"]) {
		d.Error("the access token of a redeemed code is refused")
	}
	d.expect(http.StatusBadRequest, "invalid_grant", d.post("/token", codeForm(held["redeemed_code"])))
	if d.live(held["redeemed_access_token"]) {
		d.Error("reuse of a code ended nothing")
	}
	decided := issuer + "/authorize?" + url.Values{"client_id": {"maths"}, "request_uri": {held["decided_request_uri"]}}.Encode()
	if _, err := d.server.Begin(d.Context(), decided); err == nil {
		d.Error("a request that was decided begins anew")
	}
}
