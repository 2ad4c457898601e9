package upstream_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/offlineauth/offlineauth/resource/xapi"
	"github.com/offlineauth/offlineauth/resource/xapi/statement"
	"github.com/offlineauth/offlineauth/resource/xapi/upstream"
)

const (
	endpoint  = "https://lrs.example/xapi/"
	authority = `{"account":{"homePage":"https://auth.example","name":"amina"}}`
)

var recordsKeys = xapi.Keys{bytes.Repeat([]byte{7}, 32)}

// uuid is the nth UUID of a test.
func uuid(n int) string { return fmt.Sprintf("00000000-0000-4000-8000-%012d", n) }

// told is a statement; extra are more members.
func told(n int, extra string) string {
	return fmt.Sprintf(`{"id":%q,"actor":{"mbox":"mailto:amina@example.com"},"verb":{"id":"http://example.com/did"},"object":{"id":"http://example.com/%d"}%s}`, uuid(n), n, extra)
}

// voids is a statement that voids another one.
func voids(n, target int) string {
	return fmt.Sprintf(`{"id":%q,"actor":{"mbox":"mailto:amina@example.com"},"verb":{"id":%q},"object":{"objectType":"StatementRef","id":%q}}`, uuid(n), statement.VerbVoided, uuid(target))
}

func open(t testing.TB, path string) *xapi.Store {
	t.Helper()
	s, err := xapi.Open(t.Context(), path, recordsKeys)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// A school is a store on a device, and its upstream.
type school struct {
	*testing.T
	store     *xapi.Store
	lrs       *lrs
	config    upstream.Config
	forwarder *upstream.Forwarder
}

func newSchool(t *testing.T) *school {
	t.Helper()
	s := &school{T: t, store: open(t, filepath.Join(t.TempDir(), "xapi.db")), lrs: newLRS(t)}
	t.Cleanup(func() {
		if err := s.store.Close(); err != nil {
			t.Error(err)
		}
	})
	s.config = upstream.Config{
		Endpoint:      endpoint,
		Authorization: "Basic c2Vzc2lvbjpzZWNyZXQ=",
		Client:        &http.Client{Transport: s.lrs},
		Logger:        slog.New(slog.DiscardHandler),
	}
	s.restart()
	return s
}

func (s *school) restart() {
	s.Helper()
	f, err := upstream.New(s.store.Outbox(endpoint), s.config)
	if err != nil {
		s.Fatal(err)
	}
	s.forwarder = f
}

// add stores statements in this order, in one commit.
func (s *school) add(statements ...string) {
	s.Helper()
	batch := xapi.Addition{Authority: []byte(authority)}
	for _, text := range statements {
		st, err := statement.Parse([]byte(text), statement.V1)
		if err != nil {
			s.Fatalf("%v: %s", err, text)
		}
		batch.Statements = append(batch.Statements, st)
	}
	if _, err := s.store.Add(s.Context(), batch); err != nil {
		s.Fatal(err)
	}
}

func (s *school) addMany(from, n int) {
	s.Helper()
	statements := make([]string, n)
	for i := range n {
		statements[i] = told(from+i, "")
	}
	s.add(statements...)
}

// now forwards once, which must succeed.
func (s *school) now() {
	s.Helper()
	if err := s.forwarder.Now(s.Context()); err != nil {
		s.Fatal(err)
	}
}

func (s *school) status() xapi.OutboxStatus {
	s.Helper()
	status, err := s.forwarder.Status(s.Context())
	if err != nil {
		s.Fatal(err)
	}
	return status
}

// wantStatus checks how many statements were sent, wait, and are in quarantine.
func (s *school) wantStatus(sent, waiting, quarantined int) {
	s.Helper()
	status := s.status()
	if int(status.Sent) != sent || status.Waiting != waiting || len(status.Quarantined) != quarantined {
		s.Errorf("status %+v, want %d sent, %d waiting, %d in quarantine", status, sent, waiting, quarantined)
	}
}

// wantUpstream checks that the upstream has these statements, each once, in order.
func (s *school) wantUpstream(want ...int) {
	s.Helper()
	ids := make([]string, len(want))
	for i, n := range want {
		ids[i] = uuid(n)
	}
	got := s.lrs.order()
	for i := range max(len(got), len(ids)) {
		if i >= len(got) || i >= len(ids) || got[i] != ids[i] {
			s.Errorf("the upstream has %d statements, want %d; from the %dth on: %v", len(got), len(ids), i, got[min(i, len(got)):min(i+5, len(got))])
			return
		}
	}
}

func numbers(from, n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = from + i
	}
	return all
}

// An lrs is an upstream that is as strict as one can be: it stores each statement
// once, answers 409 for an id that it knows, and takes the attachments it is due.
type lrs struct {
	t testing.TB

	mu       sync.Mutex
	stored   map[string]*statement.Statement
	ids      []string // in the order of arrival
	files    map[string]string
	requests []*http.Request
	batches  []int
	judge    func(*statement.Statement) int // the status for a statement; 0 is good. May be nil

	documents map[string]*kept // by target
	refuse    int              // the status for a change of a document; 0 is good
	tags      tagging

	// hostile may answer in the place of next, or spoil what it answers. May be nil.
	hostile func(r *http.Request, next http.RoundTripper) (*http.Response, error)
}

func newLRS(t testing.TB) *lrs {
	return &lrs{t: t, stored: map[string]*statement.Statement{}, files: map[string]string{}, documents: map[string]*kept{}}
}

func (l *lrs) order() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.ids)
}

type tripper func(r *http.Request) (*http.Response, error)

func (f tripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// RoundTrip is the network between the two.
func (l *lrs) RoundTrip(r *http.Request) (*http.Response, error) {
	next := tripper(func(r *http.Request) (*http.Response, error) {
		w := httptest.NewRecorder()
		l.ServeHTTP(w, r)
		return w.Result(), nil
	})
	if l.hostile != nil {
		return l.hostile(r, next)
	}
	return next(r)
}

func (l *lrs) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.requests = append(l.requests, r)
	w.Header().Set("X-Experience-API-Version", "1.0.3")
	target, below := strings.CutPrefix(r.URL.RequestURI(), "/xapi/")
	if !below || r.Header.Get("X-Experience-API-Version") != "1.0.3" || r.Header.Get("Authorization") != "Basic c2Vzc2lvbjpzZWNyZXQ=" {
		l.t.Errorf("request %s %s %v", r.Method, r.URL, r.Header)
	}
	if r.URL.Path != "/xapi/statements" {
		l.document(w, r, target)
		return
	}
	if r.Method == http.MethodGet {
		l.get(w, r)
		return
	}
	text, files, err := l.read(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	l.post(w, text, files)
}

func (l *lrs) get(w http.ResponseWriter, r *http.Request) {
	st := l.stored[r.FormValue("statementId")]
	if st == nil {
		http.Error(w, "none", http.StatusNotFound)
		return
	}
	w.Write(st.Complete(statement.Assigned{ID: st.ID(), Authority: []byte(`{"mbox":"mailto:upstream@example.com"}`)}))
}

// read takes a request apart.
func (l *lrs) read(r *http.Request) (text []byte, files map[string]string, err error) {
	mediaType, parameters, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		return nil, nil, err
	}
	if mediaType == "application/json" {
		text, err = io.ReadAll(r.Body)
		return text, nil, err
	}
	if mediaType != "multipart/mixed" {
		return nil, nil, errors.New("the type is " + mediaType)
	}
	parts, files := multipart.NewReader(r.Body, parameters["boundary"]), map[string]string{}
	for {
		part, err := parts.NextRawPart()
		if err == io.EOF {
			return text, files, nil
		}
		if err != nil {
			return nil, nil, err
		}
		content, err := io.ReadAll(part)
		if err != nil {
			return nil, nil, err
		}
		if text == nil {
			text = content
			continue
		}
		sum := sha256.Sum256(content)
		if hash := part.Header.Get("X-Experience-API-Hash"); hash != hex.EncodeToString(sum[:]) || part.Header.Get("Content-Transfer-Encoding") != "binary" {
			return nil, nil, fmt.Errorf("part %v", part.Header)
		}
		files[hex.EncodeToString(sum[:])] = string(content)
	}
}

func (l *lrs) post(w http.ResponseWriter, text []byte, files map[string]string) {
	batch, err := statement.ParseBatch(text, statement.V1)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	l.batches = append(l.batches, len(batch))
	ids := []string{}
	for _, st := range batch {
		status := 0
		if l.judge != nil {
			status = l.judge(st)
		}
		if l.stored[st.ID()] != nil {
			status = http.StatusConflict
		}
		if st.Authority() != nil || strings.Contains(string(st.Portable()), `"stored"`) || st.Timestamp() == "" {
			status = http.StatusBadRequest
		}
		for _, a := range st.Attachments() {
			if files[a.SHA2] == "" {
				status = http.StatusBadRequest
			}
		}
		if status != 0 {
			http.Error(w, "not this: \x1b[31m"+st.ID(), status)
			return
		}
		ids = append(ids, st.ID())
	}
	for _, st := range batch {
		l.stored[st.ID()] = st
	}
	for sum, content := range files {
		l.files[sum] = content
	}
	l.ids = append(l.ids, ids...)
	json.NewEncoder(w).Encode(ids)
}

// renewed counts, and is a Renew that works.
func renewed(n *int) func(context.Context) error {
	return func(context.Context) error { *n++; return nil }
}

// contextOf ends when stop is closed.
func contextOf(stop <-chan struct{}) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		select {
		case <-stop:
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, cancel
}
