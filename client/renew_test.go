package client_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/offlineauth/offlineauth/client"
)

// inTime runs a test whose time is synthetic.
func inTime(t *testing.T, run func(t *testing.T, d *device)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { run(t, newDevice(t)) })
}

func TestTokenIsRenewed(t *testing.T) {
	inTime(t, func(t *testing.T, d *device) {
		hc := d.login()
		for range 5 {
			time.Sleep(11 * time.Minute)
			d.wantUserinfo(hc)
			d.wantUserinfo(hc)
		}
		if n := d.requests("", "/token"); n != 6 {
			t.Errorf("%d token requests", n)
		}
		d.restart()
		stored, err := d.client.HTTPClient(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		d.wantUserinfo(stored)
		if n := d.requests("", "/token"); n != 6 {
			t.Errorf("the renewed token was not stored: %d token requests", n)
		}
	})
}

func TestParallelRequestsShareARenewal(t *testing.T) {
	inTime(t, func(t *testing.T, d *device) {
		hc := d.login()
		time.Sleep(11 * time.Minute)
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() { d.wantUserinfo(hc) })
		}
		all.Wait()
		if n := d.requests("", "/token"); n != 2 {
			t.Errorf("%d token requests", n)
		}
	})
}

// The answer of a refresh is lost; the retry gets the same successor.
func TestLostRefreshIsRetried(t *testing.T) {
	inTime(t, func(t *testing.T, d *device) {
		hc := d.login()
		time.Sleep(11 * time.Minute)
		d.intercept("/token", func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			next.ServeHTTP(discard{}, r)
			panic(http.ErrAbortHandler)
		})
		for range 2 {
			if _, err := d.userinfo(hc); err == nil || errors.Is(err, client.ErrLoginRequired) {
				t.Errorf("lost: %v", err)
			}
		}
		d.app.Intercept(nil)
		for range 3 {
			d.wantUserinfo(hc)
			time.Sleep(11 * time.Minute)
		}
	})
}

type discard struct{}

func (discard) Header() http.Header         { return http.Header{} }
func (discard) Write(b []byte) (int, error) { return len(b), nil }
func (discard) WriteHeader(int)             {}

// A store that fails keeps the new token from being used, and nothing is lost.
func TestNewTokenIsSavedBeforeItIsUsed(t *testing.T) {
	inTime(t, func(t *testing.T, d *device) {
		store := &failing{Store: d.config.Store}
		d.config.Store = store
		d.restart()
		hc := d.login()
		time.Sleep(11 * time.Minute)
		store.err = errors.New("disk full")
		sent := d.requests("", "/userinfo")
		if _, err := d.userinfo(hc); !errors.Is(err, store.err) {
			t.Errorf("used without being saved: %v", err)
		}
		if d.requests("", "/userinfo") != sent {
			t.Error("the request was sent")
		}
		store.err = nil
		d.wantUserinfo(hc)
		time.Sleep(11 * time.Minute)
		d.wantUserinfo(hc)
	})
}

type failing struct {
	client.Store
	err error // of Save
}

func (f *failing) Save(ctx context.Context, key string, value []byte) error {
	if f.err != nil {
		return f.err
	}
	return f.Store.Save(ctx, key, value)
}

func TestFailingStoreFailsTheLogin(t *testing.T) {
	d := newDevice(t)
	store := &failing{Store: d.config.Store}
	d.config.Store = store
	d.restart()
	redirect := d.accept(d.start())
	store.err = errors.New("disk full")
	if _, err := d.client.Start(t.Context()); !errors.Is(err, store.err) {
		t.Error(err)
	}
	if hc, err := d.client.Finish(t.Context(), redirect); hc != nil || !errors.Is(err, store.err) {
		t.Error(err)
	}
}

func TestRevokedByThePerson(t *testing.T) {
	inTime(t, func(t *testing.T, d *device) {
		hc := d.login()
		d.app.EndLogins()
		if status, err := d.userinfo(hc); status != http.StatusUnauthorized || err != nil {
			t.Errorf("an API's answer: %d, %v", status, err)
		}
		time.Sleep(11 * time.Minute)
		_, err := d.userinfo(hc)
		var refused *client.TokenError
		if !errors.Is(err, client.ErrLoginRequired) || !errors.As(err, &refused) || refused.Code != "invalid_grant" {
			t.Error(err)
		}
		if _, err := d.client.HTTPClient(t.Context()); !errors.Is(err, client.ErrNotLoggedIn) {
			t.Errorf("still stored: %v", err)
		}
		if _, err := d.userinfo(hc); !errors.Is(err, client.ErrLoginRequired) {
			t.Error(err)
		}
		d.wantUserinfo(d.login())
	})
}

// What is not invalid_grant says nothing about the login.
func TestOtherRefusalsKeepTheLogin(t *testing.T) {
	for _, answer := range []struct {
		status int
		body   string
	}{{503, `{"error":"temporarily_unavailable"}`}, {500, "x"}, {401, `{"error":"invalid_client"}`}, {200, `{"access_token":"a","token_type":"mac"}`}, {200, `{}`}} {
		inTime(t, func(t *testing.T, d *device) {
			hc := d.login()
			time.Sleep(11 * time.Minute)
			d.intercept("/token", answers(answer.status, "application/json", answer.body))
			var refused *client.TokenError
			if _, err := d.userinfo(hc); !errors.As(err, &refused) || errors.Is(err, client.ErrLoginRequired) {
				t.Errorf("%s: %v", answer.body, err)
			}
			d.app.Intercept(nil)
			d.wantUserinfo(hc)
		})
	}
}

func TestExpiredWithoutRefreshToken(t *testing.T) {
	inTime(t, func(t *testing.T, d *device) {
		d.config.Scopes = []string{"profile"}
		d.restart()
		hc := d.login()
		time.Sleep(11 * time.Minute)
		if _, err := d.userinfo(hc); !errors.Is(err, client.ErrLoginRequired) {
			t.Error(err)
		}
	})
}

// A token from the future was issued before the clock was set back.
func TestClockSetBack(t *testing.T) {
	inTime(t, func(t *testing.T, d *device) {
		d.login()
		store := &edited{Store: d.config.Store, from: time.Now().UTC().Format("2006-01-02T"), to: "2035-01-01T"}
		d.config.Store = store
		d.restart()
		hc, err := d.client.HTTPClient(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		d.wantUserinfo(hc)
		if n := d.requests("", "/token"); n != 2 {
			t.Errorf("%d token requests", n)
		}
	})
}

// edited is a store whose values have one word replaced, until the next is saved.
type edited struct {
	client.Store
	from, to string
}

func (e *edited) Load(ctx context.Context, key string) ([]byte, error) {
	value, err := e.Store.Load(ctx, key)
	if e.from == "" || err != nil {
		return value, err
	}
	return []byte(strings.ReplaceAll(string(value), e.from, e.to)), nil
}

func (e *edited) Save(ctx context.Context, key string, value []byte) error {
	e.from = ""
	return e.Store.Save(ctx, key, value)
}

// Two processes share a store.
func TestTwoProcesses(t *testing.T) {
	inTime(t, func(t *testing.T, d *device) {
		one := d.login()
		d.restart()
		two, err := d.client.HTTPClient(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for range 5 {
			time.Sleep(11 * time.Minute)
			before := d.requests("", "/token")
			d.wantUserinfo(one)
			d.wantUserinfo(two)
			if n := d.requests("", "/token") - before; n != 1 {
				t.Errorf("%d token requests: the other's token was not used", n)
			}
			time.Sleep(11 * time.Minute)
			var both sync.WaitGroup
			both.Go(func() { d.wantUserinfo(one) })
			both.Go(func() { d.wantUserinfo(two) })
			both.Wait()
		}
	})
}

// The other process renews the login while this one's request is on its way.
func TestOverwritesNothingOfOtherProcesses(t *testing.T) {
	for name, answer := range map[string]func(http.ResponseWriter, *http.Request, http.Handler){
		"refused": answers(400, "application/json", `{"error":"invalid_grant"}`),
		"granted": answers(200, "application/json", `{"access_token":"old","refresh_token":"old","token_type":"Bearer","expires_in":600}`),
	} {
		t.Run(name, func(t *testing.T) {
			inTime(t, func(t *testing.T, d *device) {
				slow := d.login()
				d.restart()
				quick, err := d.client.HTTPClient(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				time.Sleep(11 * time.Minute)
				first := true
				d.intercept("/token", func(w http.ResponseWriter, r *http.Request, next http.Handler) {
					if !first {
						next.ServeHTTP(w, r)
						return
					}
					first = false
					d.wantUserinfo(quick)
					answer(w, r, next)
				})
				d.wantUserinfo(slow)
				time.Sleep(11 * time.Minute)
				d.wantUserinfo(slow)
				d.wantUserinfo(quick)
			})
		})
	}
}

func TestEndedInAnotherProcess(t *testing.T) {
	for name, end := range map[string]func(d *device){
		"replaced": func(d *device) { d.login() },
		"removed":  func(d *device) { d.client.Forget(d.Context()) },
	} {
		t.Run(name, func(t *testing.T) {
			inTime(t, func(t *testing.T, d *device) {
				hc := d.login()
				d.restart()
				end(d)
				time.Sleep(11 * time.Minute)
				sent := d.requests("", "/token")
				if _, err := d.userinfo(hc); !errors.Is(err, client.ErrLoginRequired) {
					t.Error(err)
				}
				if d.requests("", "/token") != sent {
					t.Error("a token of another login was touched")
				}
			})
		})
	}
}

// The caller gives up; the renewal does not, so that its answer is not lost.
func TestRenewalOutlivesTheRequest(t *testing.T) {
	inTime(t, func(t *testing.T, d *device) {
		hc := d.login()
		time.Sleep(11 * time.Minute)
		release := make(chan struct{})
		d.intercept("/token", func(w http.ResponseWriter, r *http.Request, next http.Handler) { <-release; next.ServeHTTP(w, r) })
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := fetch(ctx, hc, issuer+"/userinfo"); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		close(release)
		synctest.Wait()
		d.wantUserinfo(hc)
		if n := d.requests("", "/token"); n != 2 {
			t.Errorf("%d token requests", n)
		}
	})
}

// Once the code was redeemed, a caller that gives up loses nothing.
func TestLoginIsStoredThoughTheCallerGaveUp(t *testing.T) {
	d := newDevice(t)
	d.config.Store = client.Dir(t.TempDir() + "/logins")
	d.config.Scopes = []string{"profile"}
	ctx, cancel := context.WithCancel(t.Context())
	d.config.HTTPClient = &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		response, err := d.app.HTTPClient().Transport.RoundTrip(r)
		if r.URL.Path == "/token" {
			response.Body = &cancelling{response.Body, cancel}
		}
		return response, err
	})}
	d.restart()
	if _, err := d.client.Finish(ctx, d.accept(d.start())); err != nil {
		t.Fatal(err)
	}
	if _, err := d.client.HTTPClient(t.Context()); err != nil {
		t.Error(err)
	}
}

// cancelling ends its request's context when it is closed.
type cancelling struct {
	io.ReadCloser
	cancel func()
}

func (c *cancelling) Close() error { c.cancel(); return c.ReadCloser.Close() }
