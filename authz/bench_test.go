package authz_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/offlineauth/offlineauth/authz"
	"github.com/offlineauth/offlineauth/ipcapi"
	"github.com/offlineauth/offlineauth/linkhandler"
	"github.com/offlineauth/offlineauth/store"
)

// The benchmarks run on a real file, and what they cost is mostly its fsync. So
// each is reported as a ratio to a limit that nobody gets around: a durable commit
// of plain bbolt on the same disk, or the verification of a signature. The two take
// turns, one of each at a time, and their medians are compared: whatever else the
// machine does meanwhile, it does to both.

// A bench is a server on a bbolt file, for one client and one account.
type bench struct {
	*testing.B
	server  *authz.Server
	store   *store.Store
	handler http.Handler
	account string
	secret  string
	plain   *plainFile
}

func newBench(b *testing.B) *bench {
	b.Helper()
	dir := b.TempDir()
	server, st := openServer(b, filepath.Join(dir, "offlineauth.db"))
	if _, _, err := server.Register(b.Context(), authz.Registration{ID: "maths", RedirectURIs: []string{redirectURI}, Scopes: []string{"openid", "profile"}}); err != nil {
		b.Fatal(err)
	}
	_, secret, err := server.Register(b.Context(), authz.Registration{ID: "api", Resources: []string{issuer}, Secret: true})
	if err != nil {
		b.Fatal(err)
	}
	account, err := server.AddAccount(b.Context(), "amina", "Amina")
	if err != nil {
		b.Fatal(err)
	}
	return &bench{b, server, st, server.Handler(), account.ID, secret, newPlainFile(b, filepath.Join(dir, "plain.db"))}
}

// post sends a form and returns the answer's body.
func (b *bench) post(path string, form url.Values) string {
	r := benchRequest(b, ipcapi.WithCaller(b.Context(), ipcapi.Caller{UID: 1000, PID: 1}), path, form)
	w := httptest.NewRecorder()
	b.handler.ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		b.Fatalf("%s: %d %s", path, w.Code, w.Body)
	}
	return w.Body.String()
}

// benchRequest is a request as a server has it, without being parsed for the purpose.
func benchRequest(tb testing.TB, ctx context.Context, path string, form url.Values) *http.Request {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, issuer+path, strings.NewReader(form.Encode()))
	if err != nil {
		tb.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r
}

// field takes a member out of a flat JSON object, cheaply enough not to count.
func field(body, name string) string {
	_, rest, _ := strings.Cut(body, `"`+name+`":"`)
	value, _, _ := strings.Cut(rest, `"`)
	return value
}

func (b *bench) login(link string) string {
	interaction, err := b.server.Begin(b.Context(), link)
	if err != nil {
		b.Fatal(err)
	}
	launch, err := b.server.Approve(b.Context(), interaction.ID, authz.Decision{AccountID: b.account})
	if err != nil {
		b.Fatal(err)
	}
	response, err := linkhandler.ParseResponse(redirectURI, launch.URI)
	if err != nil {
		b.Fatal(err)
	}
	return b.post("/token", codeForm(response.Code))
}

func (b *bench) check(token string) {
	if _, err := b.server.Introspect(b.Context(), token); err != nil {
		b.Error(err)
	}
}

// BenchmarkLogin is a whole login: link, consent, code, tokens.
func BenchmarkLogin(b *testing.B) {
	bench, link := newBench(b), link(nil)
	inTurns(b, "x-commit", func() { bench.login(link) }, bench.plain.commit)
}

func BenchmarkRefresh(b *testing.B) {
	bench := newBench(b)
	token := field(bench.login(link(nil)), "refresh_token")
	inTurns(b, "x-commit", func() { token = field(bench.post("/token", refreshForm(token)), "refresh_token") }, bench.plain.commit)
}

// BenchmarkTokenCheck is what a guard in the same process does for each request,
// in verifications of the same token by golang-jwt ("x-verify"): of a token that it sees
// for the first time, and of one that it has seen before.
func BenchmarkTokenCheck(b *testing.B) {
	for _, seen := range []bool{false, true} {
		b.Run(map[bool]string{false: "new", true: "seen"}[seen], func(b *testing.B) {
			bench := newBench(b)
			token := field(bench.login(link(nil)), "access_token")
			inTurns(b, "x-verify", func() {
				if !seen {
					bench.server.ForgetSeen()
				}
				bench.check(token)
			}, bench.verification(token))
		})
	}
}

// BenchmarkIntrospectionEndpoint is what an API app in another process asks, without the wire.
func BenchmarkIntrospectionEndpoint(b *testing.B) {
	bench := newBench(b)
	token := field(bench.login(link(nil)), "access_token")
	form := url.Values{"client_id": {"api"}, "client_secret": {bench.secret}, "token": {token}}
	inTurns(b, "x-verify", func() { bench.post("/introspect", form) }, bench.verification(token))
}
