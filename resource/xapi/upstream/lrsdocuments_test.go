package upstream_test

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/offlineauth/offlineauth/resource/xapi"
)

// kept is a document of an upstream, there or not, and all that it ever was.
type kept struct {
	there       bool
	contentType string
	content     string
	history     []string
}

// tagging is how an upstream makes entity tags, and where it tells them.
type tagging struct {
	own      bool // tags that are no sum of the content, another one with each change
	onChange bool // in the answer to a change, too
	weak     bool // somebody on the way makes them weak
	never    bool // it gives none, and heeds the others
	broken   bool // it heeds none
}

func (l *lrs) tag(k *kept) string {
	if l.tags.own {
		return fmt.Sprintf("%q", fmt.Sprint("version ", len(k.history)))
	}
	sum := sha1.Sum([]byte(k.content))
	return `"` + hex.EncodeToString(sum[:]) + `"`
}

func (l *lrs) sayTag(w http.ResponseWriter, k *kept) {
	switch {
	case l.tags.never:
	case l.tags.weak:
		w.Header().Set("ETag", "W/"+l.tag(k))
	default:
		w.Header().Set("ETag", l.tag(k))
	}
}

// document answers as strictly as one can: nobody changes what they have not seen.
func (l *lrs) document(w http.ResponseWriter, r *http.Request, target string) {
	k := l.documents[target]
	if k == nil {
		k = &kept{}
		l.documents[target] = k
	}
	if r.Method == http.MethodGet {
		if !k.there {
			http.Error(w, "none", http.StatusNotFound)
			return
		}
		l.sayTag(w, k)
		w.Header().Set("Content-Type", k.contentType)
		io.WriteString(w, k.content)
		return
	}
	match, none := r.Header.Get("If-Match"), r.Header.Get("If-None-Match")
	switch {
	case (match == "") == (none == ""):
		l.t.Errorf("%s %s: If-Match %q, If-None-Match %q", r.Method, target, match, none)
	case l.refuse != 0:
		http.Error(w, "not this", l.refuse)
		return
	case none != "" && k.there, match != "" && (!k.there || match != l.tag(k) || l.tags.broken):
		http.Error(w, "it is another one", http.StatusPreconditionFailed)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if r.Method == http.MethodDelete {
		k.set(false, "", "")
	} else {
		k.set(true, r.Header.Get("Content-Type"), string(body))
		if l.tags.onChange {
			l.sayTag(w, k)
		}
	}
	w.WriteHeader(http.StatusNoContent)
}

func (k *kept) set(there bool, contentType, content string) {
	k.there, k.contentType, k.content = there, contentType, content
	k.history = append(k.history, content)
}

// bookmark is the name of the nth document of a test, each of another kind.
func bookmark(n int) xapi.DocumentName {
	activity, agent := fmt.Sprintf("http://example.com/%d", n), "account https://auth.example amina b"
	places := []xapi.Place{
		{Resource: xapi.State, Activity: activity, Agent: agent},
		{Resource: xapi.State, Activity: activity, Agent: "mbox mailto:amina@example.com", Registration: uuid(n)},
		{Resource: xapi.ActivityProfile, Activity: activity},
		{Resource: xapi.AgentProfile, Agent: agent},
	}
	return xapi.DocumentName{Place: places[n%len(places)], ID: fmt.Sprintf("bookmark %d & /?#", n)}
}

// put changes a document as an app does.
func put(ctx context.Context, s *xapi.Store, n int, contentType, content string) error {
	name := bookmark(n)
	return s.Change(ctx, name.Place, name.ID, func(*xapi.Document) (*xapi.Document, error) {
		return &xapi.Document{ContentType: contentType, Content: []byte(content)}, nil
	})
}

func (s *school) put(n int, content string) {
	s.Helper()
	if err := put(s.Context(), s.store, n, "text/plain; charset=utf-8", content); err != nil {
		s.Fatal(err)
	}
}

func (s *school) putJSON(n int, content string) {
	s.Helper()
	if err := put(s.Context(), s.store, n, "application/json", content); err != nil {
		s.Fatal(err)
	}
}

func (s *school) remove(n int) {
	s.Helper()
	name := bookmark(n)
	err := s.store.Change(s.Context(), name.Place, name.ID, func(*xapi.Document) (*xapi.Document, error) { return nil, nil })
	if err != nil {
		s.Fatal(err)
	}
}

// upstreamPuts is somebody else's change, on the upstream.
func (s *school) upstreamPuts(n int, contentType, content string) {
	s.lrs.mu.Lock()
	defer s.lrs.mu.Unlock()
	target := bookmark(n).Target()
	if s.lrs.documents[target] == nil {
		s.lrs.documents[target] = &kept{}
	}
	s.lrs.documents[target].set(contentType != "", contentType, content)
}

// wantHistory checks all that a document ever was upstream.
func (s *school) wantHistory(n int, want ...string) {
	s.Helper()
	s.lrs.mu.Lock()
	defer s.lrs.mu.Unlock()
	var got []string
	if k := s.lrs.documents[bookmark(n).Target()]; k != nil {
		got = k.history
	}
	if !slices.Equal(got, want) {
		s.Errorf("document %d was %q, want %q", n, got, want)
	}
}

// wantDocuments checks how many changes were sent, documents wait, and are in quarantine.
func (s *school) wantDocuments(sent, waiting, quarantined int) {
	s.Helper()
	d := s.status().Documents
	if int(d.Sent) != sent || d.Waiting != waiting || len(d.Quarantined) != quarantined {
		s.Errorf("documents %+v, want %d sent, %d waiting, %d in quarantine", d, sent, waiting, quarantined)
	}
}

// wantReason checks why the only document in quarantine is there.
func (s *school) wantReason(n int, reason string) {
	s.Helper()
	q := s.status().Documents.Quarantined
	if len(q) != 1 || !strings.Contains(q[0].ID, bookmark(n).ID) || !strings.Contains(q[0].Reason, reason) || q[0].Since.IsZero() {
		s.Errorf("in quarantine: %+v, want %d for %q", q, n, reason)
	}
}

func (s *school) retry(want int) {
	s.Helper()
	if n, err := s.forwarder.Retry(s.Context()); n != want || err != nil {
		s.Fatalf("%d to be sent once more, %v, want %d", n, err, want)
	}
}
