package upstream_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/offlineauth/offlineauth/resource/xapi"
	"github.com/offlineauth/offlineauth/resource/xapi/upstream"
)

// TestDocumentsAreForwarded: of all three resources, as they are by then and not as
// they were in between, and what is removed is removed there.
func TestDocumentsAreForwarded(t *testing.T) {
	s := newSchool(t)
	for n := range 4 {
		s.put(n, "first")
		s.put(n, "second")
	}
	s.wantDocuments(0, 4, 0)
	s.now()
	for n := range 4 {
		s.wantHistory(n, "second")
		if k := s.lrs.documents[bookmark(n).Target()]; k == nil || k.contentType != "text/plain; charset=utf-8" {
			t.Errorf("document %d: %+v", n, k)
		}
	}
	s.wantDocuments(4, 0, 0)
	if s.status().LastSuccess.IsZero() {
		t.Error("no success")
	}
	for n := range 4 {
		s.put(n, "third")
		s.put(n, "fourth")
	}
	s.remove(3)
	s.put(4, "in vain")
	s.remove(4)
	s.wantDocuments(4, 4, 0)
	s.restart()
	s.now()
	for n := range 3 {
		s.wantHistory(n, "second", "fourth")
	}
	s.wantHistory(3, "second", "")
	s.wantHistory(4)
	before := len(s.lrs.requests)
	s.now()
	s.put(0, "fourth") // it is there
	s.now()
	if len(s.lrs.requests) != before {
		t.Errorf("%d requests too many", len(s.lrs.requests)-before)
	}
	s.put(3, "anew")
	s.now()
	s.wantHistory(3, "second", "", "anew")

	place := bookmark(0).Place
	if err := s.store.DeleteAll(t.Context(), place); err != nil {
		t.Fatal(err)
	}
	if err := s.store.DeleteAll(t.Context(), xapi.Place{Resource: xapi.State, Activity: bookmark(1).Activity, Agent: bookmark(1).Agent}); err != nil {
		t.Fatal(err)
	}
	s.wantDocuments(10, 2, 0)
	s.now()
	s.wantHistory(0, "second", "fourth", "")
	s.wantHistory(1, "second", "fourth", "")
	s.wantDocuments(12, 0, 0)
}

// TestConflicts: what somebody else has written on the upstream is not overwritten
// unless the person says so, and then only what was seen.
func TestConflicts(t *testing.T) {
	s := newSchool(t)
	s.upstreamPuts(0, "text/plain", "theirs")
	s.put(0, "ours")
	s.put(1, "ours")
	s.now()
	s.wantHistory(0, "theirs")
	s.wantHistory(1, "ours")
	s.wantReason(0, "somebody else")
	s.wantDocuments(1, 0, 1)
	s.put(0, "ours, later") // without knowing theirs
	s.now()
	s.wantHistory(0, "theirs")
	s.wantDocuments(1, 0, 1)

	s.retry(1)
	s.wantDocuments(1, 1, 0)
	s.now()
	s.wantHistory(0, "theirs", "ours, later")
	s.wantDocuments(2, 0, 0)
	s.retry(0)

	s.upstreamPuts(0, "text/plain", "theirs again")
	s.put(0, "ours again")
	s.now()
	s.upstreamPuts(0, "text/plain", "theirs, unseen")
	s.retry(1)
	s.now()
	s.wantHistory(0, "theirs", "ours, later", "theirs again", "theirs, unseen")
	s.wantReason(0, "somebody else")
	s.retry(1)
	s.now()
	s.wantHistory(0, "theirs", "ours, later", "theirs again", "theirs, unseen", "ours again")

	s.upstreamPuts(0, "", "") // removed there, changed here
	s.put(0, "still needed")
	s.now()
	s.wantReason(0, "somebody else")
	s.retry(1)
	s.now()
	s.upstreamPuts(0, "text/plain", "theirs") // changed there, removed here
	s.remove(0)
	s.now()
	s.wantReason(0, "somebody else")
	s.upstreamPuts(0, "", "") // removed by both
	s.retry(1)
	s.now()
	s.wantDocuments(int(s.status().Documents.Sent), 0, 0)
}

// TestEqualDocumentsAreNoConflict: in whatever way JSON is written.
func TestEqualDocumentsAreNoConflict(t *testing.T) {
	s := newSchool(t)
	s.upstreamPuts(0, "application/json; charset=utf-8", `{ "b": [1, 2], "a": "é" }`)
	s.upstreamPuts(1, "application/json", `{"a":1}`)
	s.upstreamPuts(2, "text/plain", `{"a":1}`)
	s.upstreamPuts(3, "application/json", `{"a":[2,1]}`)
	s.putJSON(0, `{"a":"\u00e9","b":[1,2]}`)
	s.putJSON(1, `{"a":2}`)
	s.putJSON(2, `{"a":1}`)
	s.putJSON(3, `{"a":[1,2]}`)
	s.now()
	s.wantDocuments(1, 0, 3)
	s.putJSON(0, `{"a":"e"}`)
	s.now()
	s.wantHistory(0, `{ "b": [1, 2], "a": "é" }`, `{"a":"e"}`)
}

// TestRefusedDocuments go into quarantine, and out of it when they are other ones.
func TestRefusedDocuments(t *testing.T) {
	for _, status := range []int{http.StatusBadRequest, http.StatusForbidden, http.StatusRequestEntityTooLarge, http.StatusRequestURITooLong} {
		t.Run(http.StatusText(status), func(t *testing.T) {
			s := newSchool(t)
			s.addMany(0, 1)
			s.put(0, "large")
			s.lrs.refuse = status
			s.now()
			s.wantUpstream(0)
			s.wantReason(0, fmt.Sprint("the upstream answered ", status))
			before := len(s.lrs.requests)
			s.now()
			if len(s.lrs.requests) != before {
				t.Error("it was sent again")
			}
			s.put(0, "less")
			s.wantDocuments(0, 1, 0)
			s.now()
			s.wantReason(0, fmt.Sprint(status))
			s.lrs.refuse = 0
			s.restart()
			s.retry(1)
			s.now()
			s.wantHistory(0, "less")

			s.put(1, "a")
			s.lrs.refuse = status
			s.now()
			s.remove(1) // nothing of it is there
			s.now()
			s.lrs.refuse = 0
			s.wantHistory(1)
			s.wantDocuments(1, 0, 0)
			s.retry(0)
		})
	}
}

// TestEntityTags: whatever tags an upstream makes, and wherever it tells them.
func TestEntityTags(t *testing.T) {
	for name, tags := range map[string]tagging{
		"sums": {onChange: true}, "sums, weak": {onChange: true, weak: true}, "own": {own: true}, "own, on change": {own: true, onChange: true},
		"own, weak": {own: true, weak: true}, "none": {never: true},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSchool(t)
			s.lrs.tags = tags
			s.put(0, "first")
			s.now()
			s.put(0, "second")
			s.now()
			s.put(0, "third")
			s.now()
			s.wantHistory(0, "first", "second", "third")
			s.upstreamPuts(0, "text/plain", "theirs")
			s.put(0, "fourth")
			s.now()
			s.wantReason(0, "somebody else")
			s.retry(1)
			s.now()
			s.wantHistory(0, "first", "second", "third", "theirs", "fourth")
		})
	}
	s := newSchool(t)
	s.put(0, "first")
	s.now()
	s.lrs.tags.broken = true
	s.put(0, "second")
	s.now()
	s.wantReason(0, "refuses the ETag that it gave")
}

// TestLostAnswers: a copy of which nobody said that it arrived is known for ours.
func TestLostAnswers(t *testing.T) {
	s := newSchool(t)
	lost := func(change func()) {
		t.Helper()
		change()
		s.lrs.hostile = hostilities["drops the reply"]
		if err := s.forwarder.Now(t.Context()); err == nil {
			t.Fatal("the answer was not lost")
		}
		s.lrs.hostile = nil
		s.restart()
	}
	lost(func() { s.put(0, "a") })
	lost(func() { s.put(0, "b") })
	lost(func() { s.put(0, "c") })
	s.put(0, "d")
	s.now()
	s.wantHistory(0, "a", "d")
	lost(func() { s.put(0, "e") })
	s.put(0, "d") // as the upstream last said to have it
	s.now()
	s.wantHistory(0, "a", "d", "e", "d")
	lost(func() { s.remove(0) })
	s.put(0, "f")
	s.now()
	s.wantHistory(0, "a", "d", "e", "d", "", "f")
	lost(func() { s.put(1, "a") })
	s.remove(1)
	s.now()
	s.wantHistory(1, "a", "")
	s.wantDocuments(int(s.status().Documents.Sent), 0, 0)
}

// TestDocumentsDoNotWaitForStatements, nor they for documents; but nobody insists
// where an upstream wants to be left alone.
func TestDocumentsDoNotWaitForStatements(t *testing.T) {
	for _, status := range []int{http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusServiceUnavailable, http.StatusTooManyRequests, http.StatusUnauthorized} {
		for _, broken := range []string{"statements", "state"} {
			s := newSchool(t)
			s.addMany(0, 1)
			s.put(0, "a")
			asked := 0
			s.lrs.hostile = func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
				if asked++; strings.HasSuffix(r.URL.Path, broken) {
					return response(r, status, ""), nil
				}
				return next.RoundTrip(r)
			}
			if err := s.forwarder.Now(t.Context()); err == nil || !strings.Contains(err.Error(), fmt.Sprint(status)) {
				t.Errorf("%d: %v", status, err)
			}
			switch alone := status == http.StatusServiceUnavailable || status == http.StatusTooManyRequests || status == http.StatusUnauthorized; {
			case broken == "state":
				s.wantUpstream(0)
				s.wantDocuments(0, 1, 0)
			case alone && asked != 1:
				t.Errorf("%d: asked %d times", status, asked)
			case alone:
				s.wantDocuments(0, 1, 0)
			default:
				s.wantHistory(0, "a")
				s.wantStatus(0, 1, 0)
			}
			if s.status().Failures != 1 {
				t.Errorf("%d: status %+v", status, s.status())
			}
		}
	}
}

// TestDocumentsOfTwoUpstreams: what is removed waits for both.
func TestDocumentsOfTwoUpstreams(t *testing.T) {
	s := newSchool(t)
	other := newLRS(t)
	config := s.config
	config.Client = &http.Client{Transport: other}
	second, err := upstream.New(s.store.Outbox("https://second.example/"), config)
	if err != nil {
		t.Fatal(err)
	}
	s.put(0, "a")
	s.now()
	if err := second.Now(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.remove(0)
	s.now()
	s.now()
	if status, err := second.Status(t.Context()); err != nil || status.Documents.Waiting != 1 {
		t.Errorf("%+v, %v", status, err)
	}
	if err := second.Now(t.Context()); err != nil {
		t.Fatal(err)
	}
	if k := other.documents[bookmark(0).Target()]; k == nil || k.there || len(k.history) != 2 {
		t.Errorf("the second has %+v", k)
	}
	s.put(0, "b")
	s.now()
	s.wantHistory(0, "a", "", "b")
	if err := s.store.Outbox(endpoint).Remove(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.wantDocuments(0, 1, 0)
	s.now() // as a new upstream, which has it already
	s.wantHistory(0, "a", "", "b")
	s.wantDocuments(1, 0, 0)
}

// TestHostileToDocuments: whatever happens to the requests while documents change, in
// the end the upstream has them as they are, and never had an older state of one after
// a newer.
func TestHostileToDocuments(t *testing.T) {
	all := slices.Sorted(maps.Keys(hostilities))
	for _, name := range append(all, "all at once") {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSchool(t)
				dice := rand.New(rand.NewPCG(uint64(len(name)), 7))
				s.lrs.hostile = func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
					if dice.IntN(2) == 0 {
						return next.RoundTrip(r)
					}
					if name != "all at once" {
						return hostilities[name](r, next)
					}
					return hostilities[all[dice.IntN(len(all))]](r, next)
				}
				last := map[int]string{}
				changed := make(chan struct{})
				go func() {
					defer close(changed)
					for version := range 40 {
						time.Sleep(time.Minute)
						n := version % 7
						if version%9 == 8 {
							s.remove(n)
							last[n] = ""
							continue
						}
						last[n] = fmt.Sprintf("%03d", version)
						s.put(n, last[n])
					}
				}()
				s.runUntil(func() bool {
					select {
					case <-changed:
						return s.status().Documents.Waiting == 0
					default:
						return false
					}
				})
				for n, want := range last {
					k := s.lrs.documents[bookmark(n).Target()]
					if k == nil && want == "" {
						continue
					}
					if k == nil || k.there != (want != "") || k.content != want {
						t.Errorf("document %d is %+v, want %q", n, k, want)
						continue
					}
					newest := ""
					for _, content := range k.history {
						if content != "" && content <= newest {
							t.Errorf("document %d was %q", n, k.history)
						}
						newest = max(newest, content)
					}
				}
				s.wantDocuments(int(s.status().Documents.Sent), 0, 0)
			})
		})
	}
}
