package offlineauth_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/offlineauth/offlineauth/authz"
	"github.com/offlineauth/offlineauth/ipcapi"
	"github.com/offlineauth/offlineauth/jose/dpop"
	"github.com/offlineauth/offlineauth/linkhandler"
	"github.com/offlineauth/offlineauth/ui"
)

// standards is a desk with the words that TestStandards is written in. A client named
// maths is registered, for any app; the app that calls is uid:10012. Words that take
// changes take pairs of a parameter and its value, of which "" leaves it out.
type standards struct{ *desk }

func newStandards(t *testing.T) *standards {
	s := &standards{newDesk(t)}
	s.registerFor()
	return s
}

// registerFor registers maths, for these apps alone if there are any.
func (s *standards) registerFor(identities ...string) {
	s.Helper()
	s.add(authz.Registration{
		ID:           "maths",
		RedirectURIs: []string{redirectURI, "http://127.0.0.1/done", "http://[::1]/done"},
		Scopes:       []string{"openid", "profile"},
		Identities:   identities,
	})
}

func (s *standards) add(r authz.Registration) (secret string) {
	s.Helper()
	_, secret, err := s.server.AddClient(s.Context(), r)
	if err != nil {
		s.Fatal(err)
	}
	return secret
}

// other is another client, api an API app.
func (s *standards) other() {
	s.add(authz.Registration{ID: "other", RedirectURIs: []string{"com.example.other:/done"}, Scopes: []string{"openid"}})
}

func (s *standards) api() string {
	return s.add(authz.Registration{ID: "notes", Resources: []string{"https://notes.example"}, Secret: true})
}

// register says what comes of registering a redirect URI.
func (s *standards) register(uri string) string {
	_, _, err := s.server.AddClient(s.Context(), authz.Registration{ID: "app", RedirectURIs: []string{uri}})
	var refusal *authz.Error
	if errors.As(err, &refusal) {
		return refusal.Code
	}
	return fmt.Sprint(err)
}

func (s *standards) kind(id string) string {
	clients, err := s.server.Clients(s.Context())
	if err != nil {
		s.Fatal(err)
	}
	for _, c := range clients {
		if c.ID == id && c.SecretHash == nil {
			return "public"
		}
	}
	return "confidential"
}

func changed(values url.Values, changes []string) url.Values {
	for i := 0; i < len(changes); i += 2 {
		values.Set(changes[i], changes[i+1])
		if changes[i+1] == "" {
			values.Del(changes[i])
		}
	}
	return values
}

func challengeOf(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func (s *standards) parameters(changes []string) url.Values {
	_, query, _ := strings.Cut(s.link("openid profile"), "?")
	values, err := url.ParseQuery(query)
	if err != nil {
		s.Fatal(err)
	}
	return changed(values, changes)
}

// launch says what comes of a link.
func (s *standards) launch(changes ...string) string {
	s.Helper()
	return s.outcome(s.parameters(changes))
}

func (s *standards) outcome(parameters url.Values) string {
	s.Helper()
	request, err := s.server.Begin(s.Context(), issuer+"/authorize?"+parameters.Encode())
	var refusal *authz.Error
	switch {
	case err == nil && request.Launch != nil && s.received(request.Launch.URI).Code != "":
		return "the app gets a code"
	case err == nil:
		return asked
	case !errors.As(err, &refusal):
		s.Fatal(err)
	case refusal.Launch == nil:
		return "the person is told " + refusal.Code
	}
	told := s.received(refusal.Launch.URI)
	answer := "the app is told " + told.Error + ", with"
	if told.State != nil && *told.State == parameters.Get("state") {
		answer += " state and"
	}
	if told.Issuer == issuer {
		answer += " iss"
	}
	return answer
}

// received reads a response as the client does, which compares the redirect URI.
func (s *standards) received(uri string) *linkhandler.Response {
	s.Helper()
	response, err := linkhandler.ParseResponse(redirectURI, uri)
	if err != nil {
		s.Fatal(err)
	}
	return response
}

// approve plays a person who accepts, and returns what the client receives.
func (s *standards) approve(parameters url.Values) *linkhandler.Response {
	s.Helper()
	request, err := s.server.Begin(s.Context(), issuer+"/authorize?"+parameters.Encode())
	if err != nil {
		s.Fatal(err)
	}
	launch, err := s.server.Resolve(s.Context(), request.ID, ui.Decision{Accept: true, AccountID: request.Preferred().ID}, "test")
	if err != nil {
		s.Fatal(err)
	}
	return s.received(launch.URI)
}

func (s *standards) code(changes ...string) string {
	s.Helper()
	return s.approve(s.parameters(changes)).Code
}

func (s *standards) issuerOfResponse() string { return s.approve(s.parameters(nil)).Issuer }

// push hands in a request and returns the parameters of its link.
func (s *standards) push() url.Values {
	s.Helper()
	a := s.expect(http.StatusCreated, "", s.post("/par", s.parameters(nil)))
	return url.Values{"client_id": {"maths"}, "request_uri": {a.field("request_uri")}}
}

// pushed is a login by a pushed request, and launchPushed says what comes of another.
func (s *standards) pushed()              { s.approve(s.push()) }
func (s *standards) launchPushed() string { return s.outcome(s.push()) }

// issued asks for tokens.
func (s *standards) issued(form ...string) answer {
	s.Helper()
	return s.call(http.MethodPost, issuer+"/token", "", changed(url.Values{"client_id": {"maths"}}, form))
}

// token is what the token endpoint says.
func (s *standards) token(form ...string) string { return said(s.issued(form...)) }

func (s *standards) redeem(code string, changes ...string) string {
	return s.token(append([]string{"grant_type", "authorization_code", "code", code, "redirect_uri", redirectURI, "code_verifier", verifier}, changes...)...)
}

// tokens are those of a whole login.
func (s *standards) tokens(changes ...string) answer {
	s.Helper()
	return s.expect(http.StatusOK, "", s.desk.redeem(s.code(changes...)))
}

// refreshed is the successor of a refresh token, "" if there is none.
func (s *standards) refreshed(token string) string {
	return s.issued("grant_type", "refresh_token", "refresh_token", token).field("refresh_token")
}

// said is an answer in short.
func said(a answer) string {
	code := a.field("error")
	if _, challenge, found := strings.Cut(a.header.Get("WWW-Authenticate"), `error="`); found {
		code, _, _ = strings.Cut(challenge, `"`)
	}
	return strings.TrimSpace(fmt.Sprint(a.status, " ", code))
}

func (s *standards) fetch(method, path string) string {
	return said(s.call(method, issuer+path, "", nil))
}

// send is a request to a path with these header fields, as pairs.
func (s *standards) send(method, path string, fields ...string) *http.Response {
	s.Helper()
	r, err := http.NewRequestWithContext(s.Context(), method, issuer+path, nil)
	if err != nil {
		s.Fatal(err)
	}
	for i := 0; i < len(fields); i += 2 {
		r.Header.Set(fields[i], fields[i+1])
	}
	response, err := ipcapi.Local(s.server.Handler(), s.caller).RoundTrip(r)
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { response.Body.Close() })
	return response
}

// get reads userinfo with these credentials.
func (s *standards) get(authorization string, fields ...string) string {
	s.Helper()
	response := s.send(http.MethodGet, "/userinfo", append([]string{"Authorization", authorization}, fields...)...)
	return said(answer{status: response.StatusCode, header: response.Header})
}

// metadata is a member of the metadata.
func (s *standards) metadata(name string) string {
	return fmt.Sprint(s.document("/.well-known/oauth-authorization-server").body[name])
}

func (s *standards) document(path string) answer { return s.call(http.MethodGet, issuer+path, "", nil) }

func (s *standards) issuerSeenWith(fields ...string) string {
	var metadata struct {
		Issuer string `json:"issuer"`
	}
	if err := json.NewDecoder(s.send(http.MethodGet, "/.well-known/oauth-authorization-server", fields...).Body).Decode(&metadata); err != nil {
		s.Fatal(err)
	}
	return metadata.Issuer
}

func (s *standards) introspectAs(id, secret string) string {
	return said(s.call(http.MethodPost, issuer+"/introspect", "", url.Values{"client_id": {id}, "client_secret": {secret}, "token": {"token"}}))
}

// payload is what a JWT claims.
func (s *standards) payload(token string) map[string]any {
	s.Helper()
	parts := strings.Split(token, ".")
	claims := map[string]any{}
	decoded, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err = errors.Join(err, json.Unmarshal(decoded, &claims)); err != nil {
		s.Fatal(err)
	}
	return claims
}

// claim is one of an access token.
func (s *standards) claim(name string) string {
	return fmt.Sprint(s.payload(s.tokens().field("access_token"))[name])
}

func (s *standards) idTokenHasHash() string {
	tokens := s.tokens()
	sum := sha256.Sum256([]byte(tokens.field("access_token")))
	if s.payload(tokens.field("id_token"))["at_hash"] == base64.RawURLEncoding.EncodeToString(sum[:16]) {
		return "yes"
	}
	return "no"
}

// introduced lets an app register itself under an identifier it wants.
func (s *standards) introduced(id string) string {
	a := s.introduce(`{"client_id":"` + id + `","client_name":"Sums","redirect_uris":["org.example.sums:/done"]}`)
	if got := a.field("client_id"); got == "" || got == id {
		return fmt.Sprint(a.status, ", called ", got)
	}
	return fmt.Sprint(a.status, ", called something else")
}

func (s *standards) introduce(metadata string) answer {
	s.Helper()
	r := httptest.NewRequestWithContext(ipcapi.WithCaller(s.Context(), s.caller), http.MethodPost, issuer+"/register", strings.NewReader(metadata))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	s.server.Handler().ServeHTTP(w, r)
	a := answer{status: w.Code, header: w.Header()}
	if err := json.Unmarshal(w.Body.Bytes(), &a.body); err != nil {
		s.Fatal(err)
	}
	return a
}

// launchStranger says what comes of a link for a client that registered itself.
func (s *standards) launchStranger(changes ...string) string {
	s.Helper()
	const stranger = "org.example.sums:/done"
	a := s.introduce(`{"client_name":"Sums","redirect_uris":["` + stranger + `"]}`)
	return s.launch(append([]string{"client_id", a.field("client_id"), "redirect_uri", stranger}, changes...)...)
}

// crossOrigin names the paths that let a page of another site read them.
func (s *standards) crossOrigin(paths ...string) string {
	for _, path := range paths {
		for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodOptions} {
			response := s.send(method, path, "Origin", "https://evil.example", "Access-Control-Request-Method", "POST")
			if response.Header.Get("Access-Control-Allow-Origin") != "" {
				return method + " " + path
			}
		}
	}
	return "none"
}

// prove makes a proof for a request with this token.
func (s *standards) prove(key *ecdsa.PrivateKey, method, path, token string) string {
	s.Helper()
	nonce := s.send(method, path, dpop.Field, "none").Header.Get(dpop.NonceField)
	proof, err := dpop.New(key, method, issuer+path, nonce, token)
	if err != nil {
		s.Fatal(err)
	}
	return proof
}

func (s *standards) newKey() *ecdsa.PrivateKey {
	s.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		s.Fatal(err)
	}
	return key
}

// keyed are the tokens of a login with a key.
func (s *standards) keyed(key ...*ecdsa.PrivateKey) answer {
	s.Helper()
	key = append(key, s.newKey())
	form := url.Values{"grant_type": {"authorization_code"}, "client_id": {"maths"}, "code": {s.code()}, "redirect_uri": {redirectURI}, "code_verifier": {verifier}}
	r := httptest.NewRequestWithContext(ipcapi.WithCaller(s.Context(), s.caller), http.MethodPost, issuer+"/token", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set(dpop.Field, s.prove(key[0], http.MethodPost, "/token", ""))
	w := httptest.NewRecorder()
	s.server.Handler().ServeHTTP(w, r)
	a := answer{status: w.Code, header: w.Header()}
	if err := json.Unmarshal(w.Body.Bytes(), &a.body); err != nil || a.field("token_type") != "DPoP" {
		s.Fatalf("%v, %v", a.body, err)
	}
	return a
}

// proven uses a token with a proof of its key.
func (s *standards) proven(method, path string) string {
	s.Helper()
	key := s.newKey()
	token := s.keyed(key).field("access_token")
	response := s.send(method, path, "Authorization", "DPoP "+token, dpop.Field, s.prove(key, method, path, token))
	return said(answer{status: response.StatusCode, header: response.Header})
}

// idle is a refresh after the time that one may go unused.
func (s *standards) idle() string {
	s.Helper()
	s.config.Lifetimes = authz.Lifetimes{RefreshIdle: time.Hour}
	s.restart()
	token := s.tokens().field("refresh_token")
	time.Sleep(2 * time.Hour)
	return s.token("grant_type", "refresh_token", "refresh_token", token)
}

func (s *standards) takeBack() {
	s.Helper()
	grants, err := s.server.Grants(s.Context())
	if err != nil || len(grants) == 0 {
		s.Fatal(grants, err)
	}
	for _, g := range grants {
		if err := s.server.RevokeGrant(s.Context(), g.ID); err != nil {
			s.Fatal(err)
		}
	}
}

// visit asks the person's side for the page of a request, as a browser does.
func (s *standards) visit(method, path string, form url.Values, cookies ...*http.Cookie) *http.Response {
	s.Helper()
	r := httptest.NewRequestWithContext(s.Context(), method, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for _, c := range cookies {
		r.AddCookie(c)
	}
	w := httptest.NewRecorder()
	s.server.Pages().ServeHTTP(w, r)
	return w.Result()
}

func (s *standards) consentPage() (path string, page *http.Response) {
	s.Helper()
	request, err := s.server.Begin(s.Context(), s.link("openid"))
	if err != nil {
		s.Fatal(err)
	}
	path = "/consent?id=" + request.ID
	return path, s.visit(http.MethodGet, path, nil)
}

func (s *standards) page(field string) string {
	_, page := s.consentPage()
	return page.Header.Get(field)
}

// posted is the status by which a decision is answered.
func (s *standards) posted() string {
	path, page := s.consentPage()
	text, err := io.ReadAll(page.Body)
	if err != nil {
		s.Fatal(err)
	}
	form := url.Values{"decision": {"deny"}}
	for _, hidden := range regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)"`).FindAllStringSubmatch(string(text), -1) {
		form.Set(hidden[1], html.UnescapeString(hidden[2]))
	}
	time.Sleep(time.Second) // a decision that comes at once was meant for something else
	answer := s.visit(http.MethodPost, path, form, page.Cookies()...)
	if events, err := s.server.Activity(s.Context(), 1); err != nil || len(events) != 1 || events[0].Kind != "denied" {
		s.Fatalf("it was not decided: %v, %v", events, err)
	}
	return fmt.Sprint(answer.StatusCode)
}

func (s *standards) framed() string {
	if strings.Contains(s.page("Content-Security-Policy"), "frame-ancestors 'none'") {
		return "no"
	}
	return "yes"
}
