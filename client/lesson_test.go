package client_test

import (
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/offlineauth/offlineauth/client"
	"github.com/offlineauth/offlineauth/client/clienttest"
	"github.com/offlineauth/offlineauth/ipcapi"
	"github.com/offlineauth/offlineauth/linkhandler"
)

const (
	lessonTarget = "com.example.maths:/lesson"
	statements   = issuer + "/xapi/statements"
)

// launchLink is what a launcher would open, with changes.
func launchLink(t *testing.T, format linkhandler.LaunchFormat, change func(*linkhandler.LaunchLink)) string {
	t.Helper()
	l := linkhandler.LaunchLink{
		Format:       format,
		Endpoint:     issuer + "/xapi/",
		Actor:        `{"account":{"homePage":"https://auth.example","name":"amina"}}`,
		Registration: "0f2e1c4a-5b6d-4e7f-8a9b-0c1d2e3f4a5b",
		ActivityID:   "https://maths.example/fractions",
	}
	if format == linkhandler.CMI5 {
		l.Fetch = issuer + "/launch/secret"
	} else {
		l.Username, l.Password = "session", "secret"
	}
	if change != nil {
		change(&l)
	}
	link, err := linkhandler.BuildLaunchLink(lessonTarget, l)
	if err != nil {
		t.Fatal(err)
	}
	return link
}

// teach makes the app a learning record store for who has these credentials.
func (d *device) teach(username, password string) {
	d.app.Intercept(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if !strings.HasPrefix(r.URL.Path, "/xapi/") {
			next.ServeHTTP(w, r)
			return
		}
		if u, p, ok := r.BasicAuth(); !ok || u != username || p != password {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		io.WriteString(w, "[]")
	})
}

func (d *device) lessonConfig() client.LessonConfig {
	return client.LessonConfig{Services: d.config.Services, Store: d.config.Store, HTTPClient: d.config.HTTPClient, Logger: d.config.Logger}
}

func (d *device) open(link string) *client.Lesson {
	d.Helper()
	lesson, err := client.OpenLesson(d.Context(), link, d.lessonConfig())
	if err != nil {
		d.Fatal(err)
	}
	return lesson
}

func TestALessonNeedsNoLogin(t *testing.T) {
	for _, format := range []linkhandler.LaunchFormat{linkhandler.Rustici, linkhandler.RESPECT} {
		t.Run(string(format), func(t *testing.T) {
			d, service := newSocketDevice(t)
			d.teach("session", "secret")
			lesson := d.open(launchLink(t, format, func(l *linkhandler.LaunchLink) { l.IPCService = service.String() }))
			if lesson.Endpoint != issuer+"/xapi/" || lesson.ActivityID != "https://maths.example/fractions" || lesson.Registration == "" || lesson.Actor == "" {
				t.Errorf("%+v", lesson)
			}
			if status, err := fetch(t.Context(), lesson.Client, lesson.Endpoint+"statements"); status != http.StatusOK || err != nil {
				t.Errorf("%d, %v", status, err)
			}
			if n := len(d.app.Requests()); n != 1 || d.requests("stream", "/xapi/statements") != 1 {
				t.Errorf("it sent %v", d.app.Requests())
			}
		})
	}
}

func TestALessonOverTheNetwork(t *testing.T) {
	d := newDevice(t)
	d.teach("session", "secret")
	lesson := d.open(launchLink(t, linkhandler.Rustici, nil))
	if status, err := fetch(t.Context(), lesson.Client, statements); status != http.StatusOK || err != nil {
		t.Errorf("%d, %v", status, err)
	}
}

func TestTheCredentialsOfALessonGoToItsEndpointAlone(t *testing.T) {
	d := newDevice(t)
	d.teach("session", "secret")
	lesson := d.open(launchLink(t, linkhandler.Rustici, nil))
	before := len(d.app.Requests())
	for _, elsewhere := range []string{"https://evil.example/xapi/statements", "http://auth.example/xapi/statements", issuer + ":444/"} {
		if _, err := fetch(t.Context(), lesson.Client, elsewhere); !errors.Is(err, client.ErrOtherOrigin) {
			t.Errorf("%s: %v", elsewhere, err)
		}
	}
	d.wantNothingSent(before)
	d.intercept("/xapi/away", func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
		http.Redirect(w, r, "https://evil.example/", http.StatusTemporaryRedirect)
	})
	if status, err := fetch(t.Context(), lesson.Client, issuer+"/xapi/away"); status != http.StatusTemporaryRedirect || err != nil {
		t.Errorf("a redirect elsewhere: %d, %v", status, err)
	}
}

func TestALessonOfAnUnverifiedServiceGetsNothing(t *testing.T) {
	for _, format := range []linkhandler.LaunchFormat{linkhandler.Rustici, linkhandler.CMI5} {
		d := newDevice(t)
		d.config.HTTPClient = &http.Client{Transport: offline{t}}
		d.config.Services = client.Pinned{issuer: {{Scheme: ipcapi.Unix, Path: "/run/good.sock"}}}
		link := launchLink(t, format, func(l *linkhandler.LaunchLink) { l.IPCService = "unix:/run/evil.sock" })
		_, err := client.OpenLesson(t.Context(), link, d.lessonConfig())
		var unverified *client.UnverifiedServiceError
		if !errors.As(err, &unverified) || unverified.Issuer != issuer || unverified.Value != "unix:/run/evil.sock" {
			t.Errorf("%s: %v", format, err)
		}
		d.wantNothingSent(0)
	}
}

func TestLinksThatOpenNoLesson(t *testing.T) {
	d, service := newSocketDevice(t)
	for name, link := range map[string]string{
		"a redirect": redirectURI + "?code=c&state=s",
		"malformed":  "::",
		"credentials elsewhere": launchLink(t, linkhandler.CMI5, func(l *linkhandler.LaunchLink) {
			l.IPCService, l.Fetch = service.String(), "https://evil.example/fetch"
		}),
	} {
		if _, err := client.OpenLesson(t.Context(), link, d.lessonConfig()); !errors.Is(err, client.ErrLaunchLink) {
			t.Errorf("%s: %v", name, err)
		}
	}
	d.wantNothingSent(0)
}

// fetches answers a fetch URL as cmi5 says: once.
func (d *device) fetches() {
	given := false
	d.intercept("/launch/secret", func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
		answer := `{"error-code":"1","error-text":"gone"}`
		if r.Method == http.MethodPost && !given {
			given, answer = true, `{"auth-token":"c2Vzc2lvbjpzZWNyZXQ="}`
		}
		answers(http.StatusOK, "application/json", answer)(w, r, nil)
	})
}

func TestCredentialsAreFetchedOnce(t *testing.T) {
	d, service := newSocketDevice(t)
	d.fetches()
	link := launchLink(t, linkhandler.CMI5, func(l *linkhandler.LaunchLink) { l.IPCService = service.String() })
	first := d.open(link)
	second := d.open(link) // the app was killed, and opened again from its recents
	if n := d.requests("", "/launch/secret"); n != 1 {
		t.Errorf("fetched %d times", n)
	}
	d.teach("session", "secret")
	for _, lesson := range []*client.Lesson{first, second} {
		if status, err := fetch(t.Context(), lesson.Client, statements); status != http.StatusOK || err != nil {
			t.Errorf("%d, %v", status, err)
		}
	}

	d.fetches()
	d.config.Store = new(client.Memory) // another app has the link
	d.open(link)
	d.config.Store = new(client.Memory)
	_, err := client.OpenLesson(t.Context(), link, d.lessonConfig())
	var refusal *client.FetchError
	if !errors.As(err, &refusal) || refusal.Code != "1" || refusal.Text != "gone" {
		t.Error(err)
	}
}

func TestAnswersOfAFetchThatAreNone(t *testing.T) {
	for name, answer := range map[string]func(http.ResponseWriter, *http.Request, http.Handler){
		"status":    answers(http.StatusInternalServerError, "application/json", `{"auth-token":"YTpi"}`),
		"nothing":   answers(http.StatusOK, "application/json", ``),
		"no token":  answers(http.StatusOK, "application/json", `{}`),
		"no base64": answers(http.StatusOK, "application/json", `{"auth-token":"a\r\nb"}`),
		"a page":    answers(http.StatusOK, "text/html", `<html>`),
		"huge":      answers(http.StatusOK, "application/json", `{"x":"`+strings.Repeat("x", 64<<10)+`","auth-token":"YTpi"}`),
		"a redirect": func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
		},
		"number codes": answers(http.StatusOK, "application/json", `{"error-code":1}`),
	} {
		t.Run(name, func(t *testing.T) {
			d := newDevice(t)
			d.intercept("/launch/secret", answer)
			_, err := client.OpenLesson(t.Context(), launchLink(t, linkhandler.CMI5, nil), d.lessonConfig())
			var refusal *client.FetchError
			if !errors.As(err, &refusal) || refusal.Code != "" {
				t.Error(err)
			}
		})
	}
}

// A fetch that got no answer may be tried again: perhaps it never arrived.
func TestAFetchThatDoesNotArrive(t *testing.T) {
	d, service := newSocketDevice(t)
	link := launchLink(t, linkhandler.CMI5, func(l *linkhandler.LaunchLink) { l.IPCService = service.String() })
	good := d.config.Services
	d.config.Services = client.Pinned{issuer: {{Scheme: ipcapi.Unix, Path: "/run/nobody-is-here.sock"}}}
	other := clienttest.Tamper(link, "ipc-service", "unix:/run/nobody-is-here.sock")
	if _, err := client.OpenLesson(t.Context(), other, d.lessonConfig()); !errors.Is(err, ipcapi.ErrNoService) {
		t.Error(err)
	}
	d.config.Services = good
	d.fetches()
	d.open(link)
}

// FuzzFetched checks that whatever a fetch URL answers, nothing but credentials gets
// into a header.
func FuzzFetched(f *testing.F) {
	f.Add([]byte(`{"auth-token":"c2Vzc2lvbjpzZWNyZXQ="}`))
	f.Add([]byte(`{"error-code":"1","error-text":"gone"}`))
	f.Add([]byte(`{"auth-token":"a\r\nX: y"}`))
	f.Add([]byte(`{"auth-token":"c2Vz\r\nc2lv"}`))
	f.Add([]byte(`[]`))
	link, err := linkhandler.BuildLaunchLink(lessonTarget, linkhandler.LaunchLink{
		Format: linkhandler.CMI5, Endpoint: issuer + "/xapi/", Fetch: issuer + "/launch/secret", ActivityID: "https://maths.example/fractions",
		Registration: "0f2e1c4a-5b6d-4e7f-8a9b-0c1d2e3f4a5b", Actor: `{"account":{"homePage":"https://auth.example","name":"amina"}}`,
	})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		sent := ""
		transport := roundTrip(func(r *http.Request) (*http.Response, error) {
			sent = r.Header.Get("Authorization")
			return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(string(body))), Request: r}, nil
		})
		lesson, err := client.OpenLesson(t.Context(), link, client.LessonConfig{HTTPClient: &http.Client{Transport: transport}})
		if err != nil {
			var refusal *client.FetchError
			if !errors.As(err, &refusal) {
				t.Fatalf("%q: %#v", body, err)
			}
			return
		}
		if _, err := fetch(t.Context(), lesson.Client, statements); err != nil {
			t.Fatal(err)
		}
		token, ok := strings.CutPrefix(sent, "Basic ")
		if _, err := base64.StdEncoding.DecodeString(token); err != nil || !ok || token == "" || strings.ContainsAny(token, "\r\n") {
			t.Fatalf("%q: sent %q", body, sent)
		}
	})
}
