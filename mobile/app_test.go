package mobile

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/offlineauth/offlineauth/authz"
	"github.com/offlineauth/offlineauth/ui"
)

const (
	issuer   = "https://auth.example"
	identity = "android:com.example.maths#" + "b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2"
)

// The verifier and challenge are those of RFC 7636 appendix B.
const (
	verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
	goodLink = issuer + "/authorize?client_id=maths&redirect_uri=com.example.maths%3A%2Fdone&response_type=code&scope=openid+notes&state=s&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256"
)

var (
	maths = &Caller{UID: 10012, PID: -1, Identity: identity}
	thief = &Caller{UID: 10013, PID: -1, Identity: "android:com.example.thief#00"}
)

// phone is an app with its App, and what was launched last.
type phone struct {
	*testing.T
	App
	uri, app  string
	broken    error  // what Launch, Answer and Claimants fail with; nil if they work
	claimants string // the apps that get redirects; "" for whichever asks
}

func (p *phone) Launch(uri, app string) error {
	p.uri, p.app = uri, app
	return p.broken
}

func (p *phone) Claimants(string) (*Text, error) {
	if p.claimants == "" {
		return nil, p.broken
	}
	return NewText(p.claimants), p.broken
}

// Answer echoes the request, and says who may ask.
func (p *phone) Answer(request []byte, token *Token) (*Bytes, error) {
	body := "for " + token.Account + " by " + token.ClientID + " (" + token.Scopes + ")\n" + string(request)
	return NewBytes([]byte("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + body)), p.broken
}

func newPhone(t *testing.T) *phone {
	t.Helper()
	p := &phone{T: t}
	cfg := &Config{Issuer: issuer, DataDir: t.TempDir(), IPCService: "com.example.auth"}
	cfg.AddAPI("/notes/", "notes", "Read your notes")
	app, err := Open(cfg, p)
	p.must(err)
	p.App = app
	t.Cleanup(func() { p.must(app.Close()) })
	p.must(p.AddAccount("amina", "Amina"))
	p.must(p.AddClient("maths", "Maths", "com.example.maths:/done", "openid profile notes", identity))
	return p
}

func (p *phone) must(err error) {
	p.Helper()
	if err != nil {
		p.Fatal(err)
	}
}

// list reads a JSON list.
func (p *phone) list(text *Text, err error) (all []map[string]any) {
	p.Helper()
	p.must(err)
	p.must(json.Unmarshal([]byte(text.Get()), &all))
	return all
}

// approve launches the link, approves, and returns the code that was launched.
func (p *phone) approve() string {
	p.Helper()
	request, err := p.Begin(goodLink)
	p.must(err)
	var consent ui.Consent
	p.must(json.Unmarshal([]byte(request.JSON), &consent))
	p.must(p.Approve(request.ID, consent.Accounts[0].ID, "", ""))
	redirect, err := url.Parse(p.uri)
	p.must(err)
	return redirect.Query().Get("code")
}

func tokenRequest(code string) []byte {
	form := url.Values{"grant_type": {"authorization_code"}, "client_id": {"maths"}, "redirect_uri": {"com.example.maths:/done"}, "code": {code}, "code_verifier": {verifier}}.Encode()
	return []byte("POST /token HTTP/1.1\r\nHost: auth.example\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: " + strconv.Itoa(len(form)) + "\r\n\r\n" + form)
}

// send returns the body of the answer, which must have that status.
func (p *phone) send(request []byte, caller *Caller, status string) string {
	p.Helper()
	answer := p.Handle(request, caller, nil).Get()
	if !bytes.HasPrefix(answer, []byte("HTTP/1.1 "+status+" ")) {
		p.Fatalf("answer %s", answer)
	}
	_, body, _ := bytes.Cut(answer, []byte("\r\n\r\n"))
	return string(body)
}

func (p *phone) login() (accessToken string) {
	p.Helper()
	var tokens struct {
		AccessToken string `json:"access_token"`
	}
	p.must(json.Unmarshal([]byte(p.send(tokenRequest(p.approve()), maths, "200")), &tokens))
	return tokens.AccessToken
}

func get(path, token string) []byte {
	return []byte("GET " + path + " HTTP/1.1\r\nHost: auth.example\r\nAuthorization: Bearer " + token + "\r\n\r\n")
}

func TestLoginOverMessages(t *testing.T) {
	p := newPhone(t)
	code := p.approve()
	if p.app != identity {
		t.Errorf("the redirect may go to %q", p.app)
	}
	p.send(tokenRequest(code), thief, "401")
	if body := p.send(tokenRequest(code), maths, "200"); !strings.Contains(body, `"access_token"`) {
		t.Errorf("answer %s", body)
	}
}

// TestAnAnswerThatTheSystemDoesNotCarry names where there is room for it.
func TestAnAnswerThatTheSystemDoesNotCarry(t *testing.T) {
	p := newPhone(t)
	token := p.login()
	ask := func(limit int64) string {
		call := NewCall()
		call.LimitAnswer(limit)
		return string(p.Handle(get("/notes/", token), maths, call).Get())
	}
	if answer := ask(50); !strings.HasPrefix(answer, "HTTP/1.1 500 ") || !strings.Contains(answer, "\r\nIpc-Error: response-too-large\r\n") || !strings.Contains(answer, "\r\nIpc-Service: com.example.auth\r\n") {
		t.Error(answer)
	}
	if answer := ask(1 << 20); !strings.HasPrefix(answer, "HTTP/1.1 200 ") {
		t.Error(answer)
	}
}

// TestAnAPIOfTheApp: the app answers what passed the guard, and never sees the token.
func TestAnAPIOfTheApp(t *testing.T) {
	p := newPhone(t)
	token := p.login()
	body := p.send(get("/notes/today?x=1", token), maths, "200")
	if !strings.HasPrefix(body, "for ") || !strings.Contains(body, " by maths (openid notes)\nGET /notes/today?x=1 HTTP/1.1\r\n") || strings.Contains(body, token) {
		t.Errorf("answer %s", body)
	}
	p.send(get("/notes/today", token), thief, "401")
	p.send(get("/notes/today", "nonsense"), maths, "401")
	p.broken = errors.New("no more")
	p.send(get("/notes/today", token), maths, "502")
}

func TestGrantsAndActivity(t *testing.T) {
	p := newPhone(t)
	token := p.login()
	grants := p.list(p.Grants())
	if len(grants) != 1 || grants[0]["client"] != "maths" || grants[0]["app"] != identity {
		t.Fatalf("grants %v", grants)
	}
	p.must(p.RevokeGrant(grants[0]["id"].(string)))
	p.send(get("/notes/", token), maths, "401")
	if grants := p.list(p.Grants()); len(grants) != 0 {
		t.Errorf("grants %v", grants)
	}
	if events := p.list(p.Activity(1)); len(events) != 1 || events[0]["client"] != "maths" {
		t.Errorf("events %v", events)
	}
	if err := p.RevokeGrant("nonsense"); err == nil {
		t.Error("revoked nothing")
	}
}

// TestAPIN: whoever has a PIN must know it to approve, and to change it.
func TestAPIN(t *testing.T) {
	p := newPhone(t)
	id := p.list(p.Accounts())[0]["id"].(string)
	p.must(p.SetPIN(id, "", ""))
	p.must(p.SetPIN(id, "", "4071"))
	request, err := p.Begin(goodLink)
	p.must(err)
	for _, wrong := range []string{"", "4072"} {
		if err := p.Approve(request.ID, id, "", wrong); !errors.Is(err, authz.ErrWrongSecret) {
			t.Errorf("approved with %q: %v", wrong, err)
		}
	}
	p.must(p.Approve(request.ID, id, "", "4071"))
	for _, pin := range []string{"", "50713"} {
		if err := p.SetPIN(id, "4072", pin); !errors.Is(err, authz.ErrWrongSecret) {
			t.Errorf("changed to %q: %v", pin, err)
		}
	}
	p.must(p.SetPIN(id, "4071", "50713"))
	p.must(p.SetPIN(id, "50713", ""))
	p.approve()
}

func TestAccountsAndClients(t *testing.T) {
	p := newPhone(t)
	p.must(p.AddAccount("karim", ""))
	if accounts := p.list(p.Accounts()); len(accounts) != 2 || accounts[0]["id"] == "" {
		t.Errorf("accounts %v", accounts)
	}
	p.must(p.RemoveAccount("karim"))
	if accounts := p.list(p.Accounts()); len(accounts) != 1 || accounts[0]["username"] != "amina" {
		t.Errorf("accounts %v", accounts)
	}
	if err := p.AddAccount("amina", ""); err == nil {
		t.Error("added twice")
	}
	if clients := p.list(p.Clients()); len(clients) != 1 || clients[0]["name"] != "Maths" {
		t.Errorf("clients %v", clients)
	}
	p.must(p.RemoveClient("maths"))
	if text, err := p.Clients(); err != nil || text.Get() != "[]" {
		t.Errorf("clients %v, %v", text, err)
	}
}

// TestTheSystemSaysWhoMayRegister: an app registers itself for a redirect URI that
// the system gives to it, and to no other.
func TestTheSystemSaysWhoMayRegister(t *testing.T) {
	p := newPhone(t)
	register := func(scheme string) []byte {
		body := `{"redirect_uris":["` + scheme + `:/done"],"client_name":"Own","token_endpoint_auth_method":"none"}`
		return []byte("POST /register HTTP/1.1\r\nHost: auth.example\r\nContent-Type: application/json\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + body)
	}
	p.send(register("com.example.one"), maths, "201")
	p.claimants = "android:com.example.other#00 " + identity
	p.send(register("com.example.two"), maths, "201")
	p.claimants = "android:com.example.other#00"
	p.send(register("com.example.three"), maths, "400")
	p.broken = errors.New("nobody there")
	p.send(register("com.example.four"), maths, "500")
}

func TestRefusedLinks(t *testing.T) {
	p := newPhone(t)
	request, err := p.Begin(strings.Replace(goodLink, "openid+notes", "moon", 1))
	if request != nil || err == nil || !strings.Contains(p.uri, "error=invalid_scope") {
		t.Errorf("%+v, %v; launched %q", request, err, p.uri)
	}
	p.uri = ""
	request, err = p.Begin("https://elsewhere.example/authorize")
	if request != nil || err == nil || p.uri != "" {
		t.Errorf("%+v, %v; launched %q", request, err, p.uri)
	}
}

func TestDecisions(t *testing.T) {
	p := newPhone(t)
	request, err := p.Begin(goodLink)
	p.must(err)
	p.must(p.Deny(request.ID))
	if !strings.Contains(p.uri, "error=access_denied") {
		t.Errorf("launched %q", p.uri)
	}
	if err := p.Deny(request.ID); err == nil {
		t.Error("decided twice")
	}
	request, err = p.Begin(goodLink)
	p.must(err)
	p.broken = errors.New("nothing opens it")
	if err := p.Deny(request.ID); !errors.Is(err, p.broken) {
		t.Errorf("error is %v", err)
	}
}

func TestACallIsCancelled(t *testing.T) {
	p := newPhone(t)
	token := p.login()
	call := NewCall()
	call.Cancel()
	if answer := p.Handle(get("/userinfo", token), maths, call).Get(); bytes.HasPrefix(answer, []byte("HTTP/1.1 200 ")) {
		t.Errorf("answer %s", answer)
	}
	p.send(get("/userinfo", token), maths, "200")
}

func TestConfigurationsThatAreRefused(t *testing.T) {
	host := &phone{T: t}
	for name, open := range map[string]func() (App, error){
		"no config":    func() (App, error) { return Open(nil, host) },
		"no host":      func() (App, error) { return Open(&Config{Issuer: issuer, DataDir: t.TempDir()}, nil) },
		"no issuer":    func() (App, error) { return Open(&Config{DataDir: t.TempDir()}, host) },
		"no directory": func() (App, error) { return Open(&Config{Issuer: issuer}, host) },
		"a wrong address": func() (App, error) {
			return Open(&Config{Issuer: issuer, DataDir: t.TempDir(), IPCService: "nonsense"}, host)
		},
		"an API in the issuer's place": func() (App, error) {
			cfg := &Config{Issuer: issuer, DataDir: t.TempDir()}
			cfg.AddAPI("/token", "notes", "")
			return Open(cfg, host)
		},
	} {
		if app, err := open(); err == nil || app != nil {
			t.Errorf("%s: %v, %v", name, app, err)
		}
	}
}

func TestPanicsStayInside(t *testing.T) {
	a := &app{} // its server is missing, so every call panics
	for name, call := range map[string]func() error{
		"Begin":      func() error { _, err := a.Begin(goodLink); return err },
		"Deny":       func() error { return a.Deny("x") },
		"Approve":    func() error { return a.Approve("x", "y", "", "") },
		"AddAccount": func() error { return a.AddAccount("amina", "") },
		"Grants":     func() error { _, err := a.Grants(); return err },
		"Serve":      func() error { return a.Serve(-1, nil) },
		"Close":      a.Close,
	} {
		if err := call(); err == nil || !strings.Contains(err.Error(), "internal error") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got := a.Handle(nil, maths, nil).Get(); !bytes.HasPrefix(got, []byte("HTTP/1.1 500 ")) {
		t.Errorf("Handle: %s", got)
	}
}
