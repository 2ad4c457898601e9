//go:build linux && vm

package powercut

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/offlineauth/offlineauth"
	"github.com/offlineauth/offlineauth/authz"
	"github.com/offlineauth/offlineauth/ipcapi"
	"github.com/offlineauth/offlineauth/linkhandler"
	"github.com/offlineauth/offlineauth/resource/xapi"
	"github.com/offlineauth/offlineauth/store"
	"github.com/offlineauth/offlineauth/ui"
)

const (
	issuer      = "https://auth.example"
	redirectURI = "com.example.maths:/done"
	dataDir     = mountPoint + "/auth"
	dataFile    = dataDir + "/offlineauth.db"
)

var (
	verifier = strings.Repeat("v", 43)
	scope    = strings.Join([]string{"openid", "profile", xapi.ScopeWriteMine, xapi.ScopeReadMine}, " ")
)

// A desk is the real server, and an app that the system knows.
type desk struct {
	server *offlineauth.Server
	caller ipcapi.Caller
}

// openDesk opens the server's files, and makes what is missing in them.
func openDesk(ctx context.Context) (*desk, error) {
	server, err := offlineauth.New(ctx, offlineauth.Config{
		Issuer:          issuer,
		DataDir:         dataDir,
		Lifetimes:       authz.Lifetimes{Code: time.Hour, AccessToken: time.Hour}, // until they are looked for, on a slow machine
		LearningRecords: true,
		Logger:          slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})),
	})
	if err != nil {
		return nil, err
	}
	d := &desk{server, ipcapi.Caller{Transport: "local", UID: 1000, PID: 1, Identity: "uid:10012"}}
	_, _, err = server.AddClient(ctx, authz.Registration{ID: "maths", Name: "Maths", RedirectURIs: []string{redirectURI}, Scopes: strings.Fields(scope)})
	if err == nil {
		_, err = server.Account(ctx, "amina")
	}
	if errors.Is(err, store.ErrNotFound) {
		_, err = server.AddAccount(ctx, "amina", "Amina")
	}
	if err != nil {
		return nil, errors.Join(err, server.Close())
	}
	return d, nil
}

// next does what comes after the login's stage, and is back when it was answered.
func (d *desk) next(ctx context.Context, l *login) (err error) {
	switch l.stage + 1 {
	case approved:
		l.code, err = d.approve(ctx)
	case redeemed:
		err = d.take(l, d.redeem(ctx, l.code))
	case recorded:
		err = d.record(ctx, l)
	case refreshed, refreshedAgain:
		err = d.take(l, d.refresh(ctx, l.refresh))
	case revoked:
		err = d.revoke(ctx, l.refresh).want(http.StatusOK)
	}
	l.stage++
	return err
}

func (d *desk) approve(ctx context.Context) (code string, err error) {
	challenge := sha256.Sum256([]byte(verifier))
	link := issuer + "/authorize?" + url.Values{
		"client_id":             {"maths"},
		"redirect_uri":          {redirectURI},
		"response_type":         {"code"},
		"scope":                 {scope},
		"state":                 {"af0ifjsldkj"},
		"code_challenge":        {base64.RawURLEncoding.EncodeToString(challenge[:])},
		"code_challenge_method": {"S256"},
	}.Encode()
	request, err := d.server.Begin(ctx, link)
	if err != nil {
		return "", err
	}
	launch, err := d.server.Resolve(ctx, request.ID, ui.Decision{Accept: true, AccountID: request.Preferred().ID}, "test")
	if err != nil {
		return "", err
	}
	response, err := linkhandler.ParseResponse(redirectURI, launch.URI)
	if err != nil {
		return "", err
	}
	return response.Code, nil
}

// take gives the login the tokens of an answer.
func (d *desk) take(l *login, a answer) error {
	if err := a.want(http.StatusOK); err != nil {
		return err
	}
	l.refresh, l.access = a.field("refresh_token"), a.field("access_token")
	return nil
}

func (d *desk) record(ctx context.Context, l *login) error {
	who := d.userinfo(ctx, l.access)
	if err := who.want(http.StatusOK); err != nil {
		return err
	}
	statement := fmt.Appendf(nil, `{"id":%q,"actor":%s,"verb":{"id":"http://adlnet.gov/expapi/verbs/completed"},"object":{"id":"https://maths.example/sums"}}`,
		newID(), xapi.OwnAgent(issuer, who.field("sub")))
	a := d.send(ctx, http.MethodPost, "/xapi/statements", l.access, "application/json", statement)
	var ids []string
	if err := errors.Join(a.want(http.StatusOK), json.Unmarshal(a.body, &ids)); err != nil {
		return err
	}
	if len(ids) != 1 {
		return fmt.Errorf("a statement has the identifiers %q", ids)
	}
	l.statement = ids[0]
	return nil
}

// newID is a random UUID (RFC 9562 section 5.4).
func newID() string {
	var b [16]byte
	rand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	h := hex.EncodeToString(b[:])
	return strings.Join([]string{h[:8], h[8:12], h[12:16], h[16:20], h[20:]}, "-")
}

func (d *desk) redeem(ctx context.Context, code string) answer {
	return d.post(ctx, "/token", url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {redirectURI}, "code_verifier": {verifier}})
}

func (d *desk) refresh(ctx context.Context, token string) answer {
	return d.post(ctx, "/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}})
}

func (d *desk) revoke(ctx context.Context, token string) answer {
	return d.post(ctx, "/revoke", url.Values{"token": {token}})
}

func (d *desk) userinfo(ctx context.Context, access string) answer {
	return d.send(ctx, http.MethodGet, "/userinfo", access, "", nil)
}

func (d *desk) statement(ctx context.Context, id, access string) answer {
	return d.send(ctx, http.MethodGet, "/xapi/statements?statementId="+id, access, "", nil)
}

func (d *desk) post(ctx context.Context, path string, form url.Values) answer {
	form.Set("client_id", "maths")
	return d.send(ctx, http.MethodPost, path, "", "application/x-www-form-urlencoded", []byte(form.Encode()))
}

// An answer is what the server said.
type answer struct {
	status int
	body   []byte
	err    error
}

func (d *desk) send(ctx context.Context, method, path, access, kind string, body []byte) answer {
	r, err := http.NewRequestWithContext(ctx, method, issuer+path, bytes.NewReader(body))
	if err != nil {
		return answer{err: err}
	}
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	if access != "" {
		r.Header.Set("Authorization", "Bearer "+access)
		r.Header.Set("X-Experience-API-Version", "1.0.3")
	}
	response, err := ipcapi.Local(d.server.Handler(), d.caller).RoundTrip(r)
	if err != nil {
		return answer{err: err}
	}
	defer response.Body.Close()
	a := answer{status: response.StatusCode}
	a.body, a.err = io.ReadAll(response.Body)
	return a
}

func (a answer) want(status int) error {
	if a.err != nil || a.status == status {
		return a.err
	}
	return fmt.Errorf("answered %d %s, want %d", a.status, bytes.TrimSpace(a.body), status)
}

func (a answer) field(name string) string {
	var fields map[string]any
	if json.Unmarshal(a.body, &fields) != nil {
		return ""
	}
	text, _ := fields[name].(string)
	return text
}

// setAside lists files that the server found damaged.
func setAside() ([]string, error) { return filepath.Glob(dataDir + "/*.aside-*") }
