package authz_test

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/offlineauth/offlineauth/authz"
	"github.com/offlineauth/offlineauth/linkhandler"
)

// Each test here is named after a way in which fosite v0.49.0, used plainly,
// surprises. docs/decisions/0001-fosite.md lists them by number.

func TestSharpEdge01PKCECannotBeDowngraded(t *testing.T) {
	d := newDesk(t)
	code := d.approve(link(nil)).Code
	form := codeForm(code)
	form.Set("code_verifier", strings.Repeat("w", 43))
	d.expect(http.StatusBadRequest, "invalid_grant", d.post("/token", form))
	form.Del("code_verifier")
	d.expect(http.StatusBadRequest, "invalid_grant", d.post("/token", form))
	d.expect(http.StatusOK, "", d.post("/token", codeForm(code))) // a wrong guess burns nothing
}

func TestSharpEdge01ChallengeMustBeS256(t *testing.T) {
	d := newDesk(t)
	for name, changes := range map[string]map[string][]string{
		"no challenge":    {"code_challenge": nil},
		"no method":       {"code_challenge_method": nil},
		"plain":           {"code_challenge_method": {"plain"}},
		"short challenge": {"code_challenge": {"short"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := d.server.Begin(t.Context(), link(changes))
			refusedWithRedirect(t, err, "invalid_request")
		})
	}
}

func TestSharpEdge02FortyRedemptionsOfOneCode(t *testing.T) {
	d := newDesk(t)
	form := codeForm(d.approve(link(nil)).Code)
	granted := 0
	for _, a := range inParallel(40, func() answer { return d.post("/token", form) }) {
		if a.status == http.StatusOK {
			granted++
			continue
		}
		d.expect(http.StatusBadRequest, "invalid_grant", a)
	}
	if granted != 1 {
		t.Errorf("%d of 40 got tokens", granted)
	}
}

func TestSharpEdge03TwentyRefreshesAtOnce(t *testing.T) {
	d := newDesk(t)
	form := refreshForm(d.login().text("refresh_token"))
	successors := map[string]bool{}
	for _, a := range inParallel(20, func() answer { return d.post("/token", form) }) {
		successors[d.expect(http.StatusOK, "", a).text("refresh_token")] = true
	}
	if len(successors) != 1 {
		t.Fatalf("%d successors", len(successors))
	}
	for successor := range successors {
		d.expect(http.StatusOK, "", d.post("/token", refreshForm(successor)))
	}
}

func TestSharpEdge04RevocationEndsTheWholeFamily(t *testing.T) {
	for name, revoked := range map[string]func(first, second answer) url.Values{
		"by the first access token":  func(first, _ answer) url.Values { return url.Values{"token": {first.text("access_token")}} },
		"by the second access token": func(_, second answer) url.Values { return url.Values{"token": {second.text("access_token")}} },
		"by the refresh token": func(_, second answer) url.Values {
			return url.Values{"token": {second.text("refresh_token")}, "token_type_hint": {"refresh_token"}}
		},
		"with a wrong hint": func(_, second answer) url.Values {
			return url.Values{"token": {second.text("refresh_token")}, "token_type_hint": {"access_token"}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			first := d.login()
			second := d.expect(http.StatusOK, "", d.post("/token", refreshForm(first.text("refresh_token"))))
			form := revoked(first, second)
			form.Set("client_id", "maths")
			d.expect(http.StatusOK, "", d.post("/revoke", form))
			if d.live(first.text("access_token")) || d.live(second.text("access_token")) {
				t.Error("an access token survived")
			}
			d.expect(http.StatusBadRequest, "invalid_grant", d.post("/token", refreshForm(second.text("refresh_token"))))
			d.expect(http.StatusOK, "", d.post("/revoke", form)) // RFC 7009 section 2.2
		})
	}
}

func TestSharpEdge05ReusedCodeEndsTheAuthorization(t *testing.T) {
	d := newDesk(t)
	form := codeForm(d.approve(link(nil)).Code)
	tokens := d.expect(http.StatusOK, "", d.post("/token", form))
	d.expect(http.StatusBadRequest, "invalid_grant", d.post("/token", form))
	if d.live(tokens.text("access_token")) {
		t.Error("the access token survived")
	}
}

func TestSharpEdge05AnotherClientCannotEndIt(t *testing.T) {
	d := newDesk(t)
	d.register(authz.Registration{ID: "thief", RedirectURIs: []string{"com.example.thief:/done"}, Scopes: []string{"openid"}})
	form := codeForm(d.approve(link(nil)).Code)
	tokens := d.expect(http.StatusOK, "", d.post("/token", form))

	form.Set("client_id", "thief")
	d.expect(http.StatusBadRequest, "invalid_grant", d.post("/token", form))
	stolen := refreshForm(tokens.text("refresh_token"))
	stolen.Set("client_id", "thief")
	d.expect(http.StatusBadRequest, "invalid_grant", d.post("/token", stolen))
	d.expect(http.StatusOK, "", d.post("/revoke", url.Values{"client_id": {"thief"}, "token": {tokens.text("refresh_token")}}))
	if !d.live(tokens.text("access_token")) {
		t.Error("a stranger ended the authorization")
	}
}

func TestSharpEdge05ReusedRefreshToken(t *testing.T) {
	for _, test := range []struct {
		name     string
		identity string
		used     bool // whether the successor was used before the retry
		after    time.Duration
		works    bool
	}{
		{"lost answer", "", false, 59 * time.Second, true},
		{"too late, unattested", "", false, 61 * time.Second, false},
		{"a day later, attested", "uid:10012", false, 24 * time.Hour, true},
		{"successor used", "", true, time.Second, false},
		{"successor used, attested", "uid:10012", true, time.Second, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDesk(t)
				d.caller.Identity = test.identity
				first := d.login().text("refresh_token")
				second := d.expect(http.StatusOK, "", d.post("/token", refreshForm(first))).text("refresh_token")
				last := second
				if test.used {
					last = d.expect(http.StatusOK, "", d.post("/token", refreshForm(second))).text("refresh_token")
				}
				time.Sleep(test.after)
				if test.works {
					again := d.expect(http.StatusOK, "", d.post("/token", refreshForm(first)))
					if again.text("refresh_token") != second {
						t.Error("the retry got another successor")
					}
					return
				}
				d.expect(http.StatusBadRequest, "invalid_grant", d.post("/token", refreshForm(first)))
				d.expect(http.StatusBadRequest, "invalid_grant", d.post("/token", refreshForm(last)))
			})
		})
	}
}

func TestSharpEdge09PushedRequestsExpireAndCanBeReloaded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		pushedLink := d.push(pushForm(nil))
		time.Sleep(10*time.Minute - time.Second)
		first, err := d.server.Begin(t.Context(), pushedLink)
		if err != nil {
			t.Fatal(err)
		}
		again, err := d.server.Begin(t.Context(), pushedLink)
		if err != nil || again.ID != first.ID {
			t.Errorf("launched again: %+v, %v", again, err)
		}
		late := d.push(pushForm(nil))
		time.Sleep(10 * time.Minute)
		_, err = d.server.Begin(t.Context(), late)
		refused(t, err, "invalid_request_uri")
	})
}

func TestSharpEdge10OnlyAccessTokensIntrospectAsActive(t *testing.T) {
	d := newDesk(t)
	secret := d.register(authz.Registration{ID: "notes-api", Resources: []string{issuer}, Secret: true})
	tokens := d.login()
	for _, kind := range []string{"access_token", "refresh_token", "id_token"} {
		a := d.expect(http.StatusOK, "", d.post("/introspect", url.Values{"token": {tokens.text(kind)}}, func(r *http.Request) { r.SetBasicAuth("notes-api", secret) }))
		if a.body["active"] != (kind == "access_token") {
			t.Errorf("%s: active is %v", kind, a.body["active"])
		}
	}
}

func TestSharpEdge11AccessTokensAreRFC9068(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		tokens := d.login()
		first := parseJWT(t, tokens.text("access_token"))
		time.Sleep(time.Minute)
		second := parseJWT(t, d.expect(http.StatusOK, "", d.post("/token", refreshForm(tokens.text("refresh_token")))).text("access_token"))
		if first.Header["typ"] != "at+jwt" {
			t.Errorf("typ %v", first.Header["typ"])
		}
		claims := first.Claims.(jwt.MapClaims)
		for _, name := range []string{"iss", "exp", "aud", "sub", "client_id", "iat", "jti", "scope", "auth_time"} {
			if claims[name] == nil {
				t.Errorf("no %s in %v", name, claims)
			}
		}
		later := second.Claims.(jwt.MapClaims)
		if later["iat"].(float64)-claims["iat"].(float64) != 60 || later["jti"] == claims["jti"] || later["auth_time"] != claims["auth_time"] {
			t.Errorf("after a refresh %v, before %v", later, claims)
		}
	})
}

func TestSharpEdge12StateIsOptionalAndKeptAsItCame(t *testing.T) {
	d := newDesk(t)
	for name, sent := range map[string][]string{"none": nil, "empty": {""}, "short": {"s"}} {
		t.Run(name, func(t *testing.T) {
			response := d.approve(link(map[string][]string{"state": sent}))
			if (response.State == nil) != (sent == nil) || response.State != nil && *response.State != sent[0] {
				t.Errorf("sent %q, got %v", sent, response.State)
			}
		})
	}
}

func TestSharpEdge13RedirectURIsMatchExactly(t *testing.T) {
	d := newDesk(t)
	d.register(authz.Registration{ID: "loop", RedirectURIs: []string{"http://127.0.0.1/cb", "https://app.example.com/cb"}, Scopes: []string{"openid"}})
	for _, test := range []struct {
		client, uri string
		ok          bool
	}{
		{"maths", "com.example.maths:/done", true},
		{"maths", "com.example.maths:done", false},
		{"maths", "com.example.maths://done", false},
		{"maths", "com.example.maths:/done/", false},
		{"maths", "COM.example.maths:/done", false},
		{"maths", "javascript:alert(1)", false},
		{"loop", "http://127.0.0.1:51234/cb", true},
		{"loop", "http://[::1]:51234/cb", false},
		{"loop", "http://localhost:51234/cb", false},
		{"loop", "https://127.0.0.1/cb", false},
		{"loop", "https://app.example.com/cb", true},
		{"loop", "https://app.example.com:8443/cb", false},
		{"loop", "https://user@app.example.com/cb", false},
	} {
		t.Run(test.uri, func(t *testing.T) {
			_, err := d.server.Begin(t.Context(), link(map[string][]string{"client_id": {test.client}, "redirect_uri": {test.uri}, "scope": {"openid"}}))
			if test.ok {
				if err != nil {
					t.Error(err)
				}
				return
			}
			refused(t, err, "invalid_request") // and never redirected
		})
	}
}

func TestSharpEdge13RepeatedParametersAreRefused(t *testing.T) {
	d := newDesk(t)
	_, err := d.server.Begin(t.Context(), link(map[string][]string{"scope": {"openid", "profile"}}))
	refusedWithRedirect(t, err, "invalid_request")
	form := codeForm(d.approve(link(nil)).Code)
	form.Add("code_verifier", verifier)
	d.expect(http.StatusBadRequest, "invalid_request", d.post("/token", form))
}

func TestSharpEdge14ScopesCanBeNarrowedOnRefresh(t *testing.T) {
	d := newDesk(t)
	form := refreshForm(d.login().text("refresh_token"))
	form.Set("scope", "openid openid")
	narrow := d.expect(http.StatusOK, "", d.post("/token", form))
	token, err := d.server.Introspect(t.Context(), narrow.text("access_token"))
	if err != nil || len(token.Scopes) != 1 || narrow.text("scope") != "openid" {
		t.Errorf("%v, %+v, answer %v", err, token, narrow.body)
	}
	wide := d.expect(http.StatusOK, "", d.post("/token", refreshForm(narrow.text("refresh_token"))))
	if wide.text("scope") != "openid profile" {
		t.Errorf("the next refresh has %q", wide.text("scope"))
	}
	form = refreshForm(wide.text("refresh_token"))
	form.Set("scope", "openid offline_access")
	d.expect(http.StatusBadRequest, "invalid_scope", d.post("/token", form))
	d.expect(http.StatusOK, "", d.post("/token", refreshForm(wide.text("refresh_token")))) // nothing was used up
}

func TestSharpEdge15ErrorsCarryTheIssuer(t *testing.T) {
	d := newDesk(t)
	_, err := d.server.Begin(t.Context(), link(map[string][]string{"scope": {"openid moon"}}))
	response := refusedWithRedirect(t, err, "invalid_scope")
	if response.Issuer != issuer || response.State == nil || *response.State != "state-of-the-client" || response.Code != "" {
		t.Errorf("redirect %+v", response)
	}
}

func TestSharpEdge16CodesLiveSixtySeconds(t *testing.T) {
	for _, test := range []struct {
		after  time.Duration
		status int
		code   string
	}{{59 * time.Second, http.StatusOK, ""}, {60 * time.Second, http.StatusBadRequest, "invalid_grant"}} {
		synctest.Test(t, func(t *testing.T) {
			d := newDesk(t)
			form := codeForm(d.approve(link(nil)).Code)
			time.Sleep(test.after)
			d.expect(test.status, test.code, d.post("/token", form))
		})
	}
}

func TestSharpEdge17AnAppIdentityIsTheClientsCredential(t *testing.T) {
	d := newDesk(t)
	d.register(authz.Registration{ID: "maths", RedirectURIs: []string{redirectURI}, Scopes: []string{"openid", "profile"}, Identities: []string{"uid:10012"}})
	form := codeForm(d.approve(link(nil)).Code)
	d.caller.Identity = "uid:10013"
	d.expect(http.StatusUnauthorized, "invalid_client", d.post("/token", form))
	d.caller.Identity = "uid:10012"
	tokens := d.expect(http.StatusOK, "", d.post("/token", form))
	if token, err := d.server.Introspect(t.Context(), tokens.text("access_token")); err != nil || token.App != "uid:10012" {
		t.Errorf("%+v, %v", token, err)
	}
	d.caller.Identity = ""
	d.expect(http.StatusUnauthorized, "invalid_client", d.post("/token", refreshForm(tokens.text("refresh_token"))))
}

// inParallel calls f n times at once.
func inParallel(n int, f func() answer) []answer {
	answers := make([]answer, n)
	var start, done sync.WaitGroup
	start.Add(1)
	for i := range answers {
		done.Go(func() {
			start.Wait()
			answers[i] = f()
		})
	}
	start.Done()
	done.Wait()
	return answers
}

func parseJWT(t *testing.T, token string) *jwt.Token {
	t.Helper()
	parsed, _, err := jwt.NewParser().ParseUnverified(token, jwt.MapClaims{})
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

// refused fails the test unless err is a refusal of which the client is not told.
func refused(t *testing.T, err error, code string) *authz.Error {
	t.Helper()
	refusal, ok := err.(*authz.Error)
	if !ok || refusal.Code != code {
		t.Fatalf("got %v, want %s", err, code)
	}
	if refusal.Launch != nil && refusal.Launch.URI != "" {
		t.Errorf("redirected to %s", refusal.Launch.URI)
	}
	return refusal
}

// refusedWithRedirect fails the test unless the client is told of the refusal.
func refusedWithRedirect(t *testing.T, err error, code string) *linkhandler.Response {
	t.Helper()
	refusal, ok := err.(*authz.Error)
	if !ok || refusal.Code != code || refusal.Launch == nil {
		t.Fatalf("got %v, want a redirect with %s", err, code)
	}
	response, err := linkhandler.ParseResponse(redirectURI, refusal.Launch.URI)
	if err != nil || response.Error != code {
		t.Fatalf("redirect %s: %v", refusal.Launch.URI, err)
	}
	return response
}
