package upstream_test

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func response(r *http.Request, status int, body string) *http.Response {
	return &http.Response{StatusCode: status, Status: http.StatusText(status), Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Request: r}
}

func unauthorized(r *http.Request) *http.Response { return response(r, http.StatusUnauthorized, "") }

// broken is a body that ends in the middle.
type broken struct{ io.Reader }

func (broken) Close() error { return nil }

func (b broken) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// hostilities are what an upstream, or the network before it, can do to a request.
var hostilities = map[string]func(r *http.Request, next http.RoundTripper) (*http.Response, error){
	"no network": func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
		return nil, errors.New("no route to host")
	},
	"drops the reply": func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
		if _, err := next.RoundTrip(r); err != nil {
			return nil, err
		}
		return nil, io.ErrUnexpectedEOF
	},
	"closes in the middle of the body": func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
		answer, err := next.RoundTrip(r)
		if err != nil {
			return nil, err
		}
		text, err := io.ReadAll(answer.Body)
		answer.Body = broken{bytes.NewReader(text[:len(text)/2])}
		return answer, err
	},
	"never answers": func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
		<-r.Context().Done()
		return nil, r.Context().Err()
	},
	"answers too late": func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
		if _, err := next.RoundTrip(r); err != nil {
			return nil, err
		}
		<-r.Context().Done()
		return nil, r.Context().Err()
	},
	"429": func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
		answer := response(r, http.StatusTooManyRequests, "slowly")
		answer.Header.Set("Retry-After", "120")
		return answer, nil
	},
	"500": func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
		return response(r, http.StatusInternalServerError, "oops"), nil
	},
	"500 after it was done": func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
		_, err := next.RoundTrip(r)
		return response(r, http.StatusInternalServerError, "oops"), err
	},
	"503": func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
		answer := response(r, http.StatusServiceUnavailable, "")
		answer.Header.Set("Retry-After", time.Now().Add(time.Hour).UTC().Format(http.TimeFormat))
		return answer, nil
	},
	"a captive network": func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
		return response(r, http.StatusOK, "<html>Log in to the café"), nil
	},
	"other ids": func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
		return response(r, http.StatusOK, `["00000000-0000-4000-8000-000000999999"]`), nil
	},
	"a redirect": func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
		answer := response(r, http.StatusTemporaryRedirect, "")
		answer.Header.Set("Location", "https://evil.example/")
		return answer, nil
	},
	"401": func(r *http.Request, next http.RoundTripper) (*http.Response, error) { return unauthorized(r), nil },
	"404": func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
		return response(r, http.StatusNotFound, ""), nil
	},
}

// TestHostileUpstreams: whatever happens to the first requests, in the end the
// upstream has every statement, once.
func TestHostileUpstreams(t *testing.T) {
	for name, hostility := range hostilities {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSchool(t)
				s.addMany(0, 70)
				left := 5
				s.lrs.hostile = func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
					if r.Method == http.MethodGet || left == 0 {
						return next.RoundTrip(r)
					}
					left--
					return hostility(r, next)
				}
				s.runUntil(func() bool { return s.status().Sent == 70 })
				s.wantUpstream(numbers(0, 70)...)
				s.wantStatus(70, 0, 0)
				if status := s.status(); left != 0 || status.Failures != 0 || status.LastError != "" || !status.NextTry.IsZero() {
					t.Errorf("%d left, status %+v", left, status)
				}
			})
		})
	}
}

// TestAllAtOnce: every request meets another hostility, or none.
func TestAllAtOnce(t *testing.T) {
	for seed := range uint64(6) {
		synctest.Test(t, func(t *testing.T) {
			s := newSchool(t)
			s.addMany(0, 40)
			dice := rand.New(rand.NewPCG(seed, 7))
			s.lrs.hostile = func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
				for _, hostility := range hostilities { // in another order each time
					// A 404 to the question for a statement is an answer.
					if r.Method == http.MethodPost && dice.IntN(4) == 0 {
						return hostility(r, next)
					}
					break
				}
				return next.RoundTrip(r)
			}
			go func() {
				for n := range 20 {
					time.Sleep(time.Minute)
					s.addMany(40+n, 1)
				}
			}()
			s.runUntil(func() bool { return s.status().Sent == 60 })
			s.wantUpstream(numbers(0, 60)...)
			s.wantStatus(60, 0, 0)
		})
	}
}

// runUntil forwards in the background until done says so, in the time of a bubble.
func (s *school) runUntil(done func() bool) {
	s.Helper()
	ended := make(chan struct{})
	stop := make(chan struct{})
	ctx, cancel := contextOf(stop)
	defer cancel()
	go func() {
		s.forwarder.Run(ctx)
		close(ended)
	}()
	deadline := time.Now().Add(7 * 24 * time.Hour)
	for !done() && time.Now().Before(deadline) {
		time.Sleep(time.Minute)
	}
	close(stop)
	<-ended
	if !done() {
		s.Errorf("after a week: %+v", s.status())
	}
}

// TestPauses: twice as long each time, within bounds, as long as the upstream asks,
// and over the end of the process.
func TestPauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSchool(t)
		s.addMany(0, 1)
		s.lrs.hostile = hostilities["500"]
		for n := range 14 {
			if err := s.forwarder.Now(t.Context()); err == nil {
				t.Fatal("it succeeded")
			}
			s.restart()
			status := s.status()
			longest := min(2*time.Second<<n, 15*time.Minute)
			if pause := time.Until(status.NextTry); status.Failures != n+1 || pause < longest/2 || pause > longest || !strings.Contains(status.LastError, "500") {
				t.Errorf("failure %d: pause %v, status %+v", n+1, pause, status)
			}
		}
		for name, want := range map[string]time.Duration{"429": 15 * time.Minute, "503": time.Hour} {
			s.lrs.hostile = hostilities[name]
			if err := s.forwarder.Now(t.Context()); err == nil {
				t.Fatal("it succeeded")
			}
			if pause := time.Until(s.status().NextTry); pause < want/2 || pause > want {
				t.Errorf("%s: pause %v", name, pause)
			}
		}
		asked := false
		s.lrs.hostile = func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
			asked = true
			return next.RoundTrip(r)
		}
		s.runUntil(func() bool { return s.status().Sent == 1 || !asked && time.Until(s.status().NextTry) > 0 })
		if asked {
			t.Error("it did not wait")
		}
		s.now() // the person wants it now
		s.wantStatus(1, 0, 0)
	})
}
