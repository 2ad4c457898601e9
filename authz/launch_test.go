package authz_test

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/offlineauth/offlineauth/authz"
	"github.com/offlineauth/offlineauth/ipcapi"
	"github.com/offlineauth/offlineauth/linkhandler"
	"github.com/offlineauth/offlineauth/store"
)

const (
	lesson       = "com.example.maths:/lesson"
	registration = "0f2e1c4a-5b6d-4e7f-8a9b-0c1d2e3f4a5b"
)

var (
	learner = ipcapi.Caller{Transport: "unix", UID: 2000, PID: 2, Identity: "uid:2000"}
	thief   = ipcapi.Caller{Transport: "unix", UID: 3000, PID: 3, Identity: "uid:3000"}
)

func (d *desk) launchRequest(format linkhandler.LaunchFormat) authz.LaunchRequest {
	return authz.LaunchRequest{
		AccountID:    d.account.ID,
		Target:       lesson,
		Format:       format,
		Endpoint:     issuer + "/xapi/",
		ActivityID:   "https://maths.example/fractions",
		Registration: registration,
		Scopes:       []string{"openid"},
		Method:       "test",
	}
}

// launch launches a lesson and returns the link as the app reads it.
func (d *desk) launch(r authz.LaunchRequest) *linkhandler.LaunchLink {
	d.Helper()
	launch, err := d.server.Launch(d.Context(), r)
	if err != nil {
		d.Fatal(err)
	}
	l, err := linkhandler.ParseLaunchLink(launch.URI)
	if err != nil {
		d.Fatalf("%v: %s", err, launch.URI)
	}
	return l
}

func (d *desk) authenticate(caller ipcapi.Caller, username, password string) (authz.Token, error) {
	return d.server.Authenticate(ipcapi.WithCaller(d.Context(), caller), username, password)
}

func (d *desk) refusesCredentials(why string, caller ipcapi.Caller, username, password string) {
	d.Helper()
	_, err := d.authenticate(caller, username, password)
	var refusal *authz.Error
	if !errors.As(err, &refusal) || refusal.Code != "invalid_token" || strings.Contains(refusal.Description, "app") {
		d.Errorf("%s: got %v", why, err)
	}
}

// fetch asks the fetch URL of a cmi5 launch as an app.
func (d *desk) fetch(caller ipcapi.Caller, url string) answer {
	d.Helper()
	return d.serve(httptest.NewRequestWithContext(ipcapi.WithCaller(d.Context(), caller), http.MethodPost, url, nil))
}

func TestALaunchIsGoodForTheAppThatUsesItFirst(t *testing.T) {
	d := newDesk(t)
	before := d.store.Commits()
	l := d.launch(d.launchRequest(linkhandler.Rustici))
	if n := d.store.Commits() - before; n != 1 {
		t.Errorf("the launch was %d commits", n)
	}
	if want := `{"objectType":"Agent","name":"Amina","account":{"homePage":"https://auth.example","name":"` + d.account.ID + `"}}`; l.Actor != want || l.IPCService != mathsService {
		t.Errorf("link %+v", l)
	}
	d.refusesCredentials("wrong password", learner, l.Username, l.Password+"x")
	d.refusesCredentials("no password", learner, l.Username, "")
	d.refusesCredentials("wrong username", learner, l.Username+"x", l.Password)

	before = d.store.Commits()
	for range 3 {
		token, err := d.authenticate(learner, l.Username, l.Password)
		if err != nil {
			t.Fatal(err)
		}
		if token.Subject != d.account.ID || token.App != learner.Identity || token.ClientID != "launch:com.example.maths" ||
			token.Launch != "rustici" || !slices.Equal(token.Scopes, []string{"openid"}) || !slices.Equal(token.Audience, []string{issuer}) {
			t.Errorf("token %+v", token)
		}
	}
	if n := d.store.Commits() - before; n != 1 {
		t.Errorf("three uses were %d commits, want one for the first", n)
	}
	d.refusesCredentials("another app", thief, l.Username, l.Password)
	d.refusesCredentials("an unattested process", d.caller, l.Username, l.Password)
	if g := d.onlyGrant(); g.Identity != learner.Identity || g.Launched != "https://maths.example/fractions" {
		t.Errorf("grant %+v", g)
	}
	kinds := []string{}
	for _, e := range d.trail() {
		kinds = append(kinds, e.Kind)
	}
	if !strings.HasSuffix(strings.Join(kinds, " "), "launched launch used refused refused") {
		t.Errorf("trail %v", kinds)
	}
}

func TestOfManyAppsOneUsesALaunch(t *testing.T) {
	d := newDesk(t)
	l := d.launch(d.launchRequest(linkhandler.RESPECT))
	served := make([]bool, 64)
	var wg sync.WaitGroup
	for i := range served {
		wg.Go(func() {
			app := ipcapi.Caller{Identity: "uid:" + string(rune('a'+i))}
			_, err := d.authenticate(app, l.Username, l.Password)
			served[i] = err == nil
		})
	}
	wg.Wait()
	if n := len(slices.DeleteFunc(served, func(s bool) bool { return !s })); n != 1 {
		t.Errorf("%d apps were served", n)
	}
}

func TestALaunchUsedByAnUnattestedProcessIsNoAppsOwn(t *testing.T) {
	d := newDesk(t)
	l := d.launch(d.launchRequest(linkhandler.Rustici))
	for range 2 {
		if token, err := d.authenticate(d.caller, l.Username, l.Password); err != nil || token.App != "" {
			t.Errorf("token %+v, %v", token, err)
		}
	}
	d.refusesCredentials("an app, later", thief, l.Username, l.Password)
}

func TestALaunchIsAGrantLikeAnyOther(t *testing.T) {
	for name, end := range map[string]func(d *desk, g store.Grant) error{
		"revoked":          func(d *desk, g store.Grant) error { return d.server.RevokeGrant(d.Context(), g.ID) },
		"account removed":  func(d *desk, g store.Grant) error { return d.server.RemoveAccount(d.Context(), "amina") },
		"client withdrawn": func(d *desk, g store.Grant) error { return d.server.Unregister(d.Context(), "maths") },
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			request := d.launchRequest(linkhandler.Rustici)
			request.ClientID = "maths"
			l := d.launch(request)
			if _, err := d.authenticate(learner, l.Username, l.Password); err != nil {
				t.Fatal(err)
			}
			g := d.onlyGrant()
			if g.ClientID != "maths" || !slices.Equal(g.Scopes, []string{"openid"}) {
				t.Errorf("grant %+v", g)
			}
			if err := end(d, g); err != nil {
				t.Fatal(err)
			}
			d.refusesCredentials(name, learner, l.Username, l.Password)
		})
	}
}

// TestALaunchIsNoConsent shows that what a launch may do is apart from what the
// same app may do after a login.
func TestALaunchIsNoConsent(t *testing.T) {
	d := newDesk(t)
	request := d.launchRequest(linkhandler.Rustici)
	request.ClientID = "maths"
	request.Scopes = []string{"profile"}
	d.launch(request)
	d.launch(request)
	if i, err := d.server.Begin(t.Context(), link(nil)); err != nil || !i.New || len(d.grantedBefore(i)) != 0 {
		t.Errorf("the person is told that this was granted before: %+v, %v", i, err)
	}
	d.login()
	grants, err := d.server.Grants(t.Context(), "")
	if err != nil || len(grants) != 3 {
		t.Errorf("grants %+v, %v", grants, err)
	}
}

func TestALaunchIsForTheRegisteredApp(t *testing.T) {
	d := newDesk(t)
	d.register(authz.Registration{ID: "bound", RedirectURIs: []string{redirectURI}, Scopes: []string{"openid"}, Identities: []string{learner.Identity}})
	request := d.launchRequest(linkhandler.Rustici)
	request.ClientID = "bound"
	launch, err := d.server.Launch(t.Context(), request)
	if err != nil || launch.App != learner.Identity {
		t.Fatalf("launch %+v, %v", launch, err)
	}
	l, err := linkhandler.ParseLaunchLink(launch.URI)
	if err != nil {
		t.Fatal(err)
	}
	d.refusesCredentials("a hijacker", thief, l.Username, l.Password)
	d.refusesCredentials("an unattested process", d.caller, l.Username, l.Password)
	if _, err := d.authenticate(learner, l.Username, l.Password); err != nil {
		t.Errorf("the registered app, after them: %v", err)
	}

	request.Format = linkhandler.CMI5
	c := d.launch(request)
	if a := d.fetch(thief, c.Fetch); a.status != http.StatusOK || a.text("error-code") != "2" || a.text("auth-token") != "" {
		t.Errorf("a hijacker fetched %v", a.body)
	}
	if a := d.fetch(learner, c.Fetch); a.text("auth-token") == "" {
		t.Errorf("the registered app, after it, fetched %v", a.body)
	}
}

func TestARESPECTLaunchNamesTheAndroidApp(t *testing.T) {
	services, err := ipcapi.ParseService("unix:/run/auth.sock,android:com.example.auth/.Service")
	if err != nil {
		t.Fatal(err)
	}
	d := newDesk(t, func(cfg *authz.Config) { cfg.Services = services })
	if l := d.launch(d.launchRequest(linkhandler.RESPECT)); l.Package != "com.example.auth" || l.IPCService != services.String() {
		t.Errorf("link %+v", l)
	}
	if l := d.launch(d.launchRequest(linkhandler.Rustici)); l.Package != "" {
		t.Errorf("link %+v", l)
	}
}

func TestALaunchExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, func(cfg *authz.Config) { cfg.Lifetimes.Launch = time.Hour })
		l := d.launch(d.launchRequest(linkhandler.Rustici))
		c := d.launch(d.launchRequest(linkhandler.CMI5))
		time.Sleep(time.Hour - time.Nanosecond)
		if _, err := d.authenticate(learner, l.Username, l.Password); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Nanosecond)
		d.refusesCredentials("an hour later", learner, l.Username, l.Password)
		if a := d.fetch(learner, c.Fetch); a.text("error-code") != "1" {
			t.Errorf("an hour later: %v", a.body)
		}
		if grants, err := d.server.Grants(t.Context(), ""); err != nil || len(grants) != 0 {
			t.Errorf("grants %+v, %v", grants, err)
		}
	})
}

func TestALaunchFromTheFutureDoesNotLive(t *testing.T) {
	d := newDesk(t)
	l := d.launch(d.launchRequest(linkhandler.Rustici))
	c := d.launch(d.launchRequest(linkhandler.CMI5))
	all, err := d.store.Launches.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, launch := range all { // as if the clock had been years ahead
		launch.CreatedAt, launch.ExpiresAt = launch.CreatedAt.AddDate(9, 0, 0), launch.ExpiresAt.AddDate(9, 0, 0)
		if err := d.store.Do(t.Context(), func(ctx context.Context) error { return d.store.Launches.Put(ctx, launch) }); err != nil {
			t.Fatal(err)
		}
	}
	d.refusesCredentials("from the future", learner, l.Username, l.Password)
	if a := d.fetch(learner, c.Fetch); a.text("error-code") != "1" || a.text("auth-token") != "" {
		t.Errorf("from the future: %v", a.body)
	}
}

func TestCredentialsAreFetchedOnce(t *testing.T) {
	d := newDesk(t)
	l := d.launch(d.launchRequest(linkhandler.CMI5))
	if l.Username != "" || !strings.HasPrefix(l.Fetch, issuer+"/launch/") {
		t.Errorf("link %+v", l)
	}
	before := d.store.Commits()
	first := d.fetch(learner, l.Fetch)
	if first.status != http.StatusOK || first.header.Get("Content-Type") != "application/json" || first.header.Get("Cache-Control") != "no-store" || first.text("error-code") != "" {
		t.Fatalf("fetched %d %v", first.status, first.body)
	}
	plain, err := base64.StdEncoding.DecodeString(first.text("auth-token"))
	username, password, ok := strings.Cut(string(plain), ":")
	if err != nil || !ok {
		t.Fatalf("token %q", plain)
	}
	for range 2 {
		if again := d.fetch(learner, l.Fetch); again.status != http.StatusOK || again.text("error-code") != "1" || again.text("error-text") == "" || again.text("auth-token") != "" {
			t.Errorf("fetched again: %d %v", again.status, again.body)
		}
	}
	token, err := d.authenticate(learner, username, password)
	if err != nil || token.Launch != "cmi5" {
		t.Errorf("token %+v, %v", token, err)
	}
	if n := d.store.Commits() - before; n != 1 {
		t.Errorf("a fetch and a use were %d commits", n)
	}
	d.refusesCredentials("another app", thief, username, password)
	d.refusesCredentials("the secret of the fetch URL", learner, username, strings.TrimPrefix(l.Fetch, issuer+"/launch/"))
	if a := d.fetch(learner, issuer+"/launch/unknown"); a.status != http.StatusOK || a.text("error-code") != "1" {
		t.Errorf("unknown: %d %v", a.status, a.body)
	}
	if a := d.serve(httptest.NewRequest(http.MethodGet, l.Fetch, nil)); a.status != http.StatusMethodNotAllowed {
		t.Errorf("GET: %d", a.status)
	}
}

func TestOfManyFetchesOneSucceeds(t *testing.T) {
	d := newDesk(t)
	l := d.launch(d.launchRequest(linkhandler.CMI5))
	answers := make([]answer, 64)
	var wg sync.WaitGroup
	for i := range answers {
		wg.Go(func() { answers[i] = d.fetch(learner, l.Fetch) })
	}
	wg.Wait()
	won := 0
	for _, a := range answers {
		if a.text("auth-token") != "" {
			won++
		} else if a.text("error-code") != "1" {
			t.Errorf("answer %v", a.body)
		}
	}
	if won != 1 {
		t.Errorf("%d of %d fetched it", won, len(answers))
	}
}

func TestOnlyHashesOfALaunchAreKept(t *testing.T) {
	d := newDesk(t)
	l := d.launch(d.launchRequest(linkhandler.Rustici))
	c := d.launch(d.launchRequest(linkhandler.CMI5))
	all, err := d.store.Launches.List(t.Context())
	if err != nil || len(all) != 2 {
		t.Fatalf("%+v, %v", all, err)
	}
	for _, kept := range all {
		for _, secret := range []string{l.Password, strings.TrimPrefix(c.Fetch, issuer+"/launch/")} {
			if kept.ID == secret || string(kept.SecretHash) == secret || string(kept.FetchHash) == secret || len(kept.SecretHash)+len(kept.FetchHash) != 32 {
				t.Errorf("kept %+v", kept)
			}
		}
	}
}

func TestLaunchRefuses(t *testing.T) {
	d := newDesk(t)
	for name, change := range map[string]func(r *authz.LaunchRequest){
		"an unknown account":   func(r *authz.LaunchRequest) { r.AccountID = "nobody" },
		"an unknown client":    func(r *authz.LaunchRequest) { r.ClientID = "nothing" },
		"an unknown scope":     func(r *authz.LaunchRequest) { r.Scopes = []string{"everything"} },
		"another endpoint":     func(r *authz.LaunchRequest) { r.Endpoint = "https://auth.example.evil.example/" },
		"a target that runs":   func(r *authz.LaunchRequest) { r.Target = "javascript:alert(1)" },
		"a target that is not": func(r *authz.LaunchRequest) { r.Target = "::" },
		"no format":            func(r *authz.LaunchRequest) { r.Format = "" },
		"no activity":          func(r *authz.LaunchRequest) { r.ActivityID, r.Format = "", linkhandler.RESPECT },
		"no registration":      func(r *authz.LaunchRequest) { r.Registration, r.Format = "", linkhandler.CMI5 },
	} {
		request := d.launchRequest(linkhandler.Rustici)
		change(&request)
		before := d.store.Commits()
		_, err := d.server.Launch(t.Context(), request)
		var refusal *authz.Error
		if !errors.As(err, &refusal) || refusal.Status() >= http.StatusInternalServerError || d.store.Commits() != before {
			t.Errorf("%s: got %v, %d commits", name, err, d.store.Commits()-before)
		}
	}
}

func TestALaunchOfAnOddName(t *testing.T) {
	d := newDesk(t)
	account, err := d.server.AddAccount(context.Background(), "odd", "Z\u0000o\u0085ë \"\\\u202e\xff"+strings.Repeat("x", 5000))
	if err != nil {
		t.Fatal(err)
	}
	request := d.launchRequest(linkhandler.CMI5)
	request.AccountID = account.ID
	if l := d.launch(request); len(l.Actor) > 1000 || !strings.Contains(l.Actor, "Zoë") {
		t.Errorf("actor %s", l.Actor)
	}
}
