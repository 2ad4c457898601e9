package upstream_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/offlineauth/offlineauth/resource/xapi"
	"github.com/offlineauth/offlineauth/resource/xapi/statement"
	"github.com/offlineauth/offlineauth/resource/xapi/upstream"
)

func TestStatementsGoInOrder(t *testing.T) {
	s := newSchool(t)
	s.addMany(0, 120)
	s.wantStatus(0, 120, 0)
	s.now()
	s.wantUpstream(numbers(0, 120)...)
	if !slices.Equal(s.lrs.batches, []int{50, 50, 20}) {
		t.Errorf("batches of %v", s.lrs.batches)
	}
	s.wantStatus(120, 0, 0)
	s.restart()
	s.now()
	s.addMany(120, 1)
	s.now()
	if s.wantStatus(121, 0, 0); len(s.lrs.batches) != 4 || s.status().LastSuccess.IsZero() {
		t.Errorf("batches of %v, status %+v", s.lrs.batches, s.status())
	}
}

func TestLargeStatementsGoAlone(t *testing.T) {
	s := newSchool(t)
	for n := range 5 {
		s.add(told(n, `,"result":{"response":"`+strings.Repeat("x", 400_000)+`"}`))
	}
	s.add(told(5, `,"result":{"response":"`+strings.Repeat("x", 2_000_000)+`"}`), told(6, ""))
	s.now()
	s.wantUpstream(numbers(0, 7)...)
	if !slices.Equal(s.lrs.batches, []int{2, 2, 1, 1, 1}) {
		t.Errorf("batches of %v", s.lrs.batches)
	}
}

func TestAttachmentsGoAlong(t *testing.T) {
	s := newSchool(t)
	for n, size := range []int{10, 10, 700_000, 700_000} {
		content := []byte(strings.Repeat(fmt.Sprint(n/2*n), size))
		sum := sha256.Sum256(content)
		hash := hex.EncodeToString(sum[:])
		text := told(n, fmt.Sprintf(`,"attachments":[{"usageType":"http://example.com/drawing","display":{"en":"a"},"contentType":"text/plain","length":%d,"sha2":%q}]`, len(content), hash))
		st, err := statement.Parse([]byte(text), statement.V1)
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.store.Add(t.Context(), xapi.Addition{
			Statements:  []*statement.Statement{st},
			Attachments: []xapi.Attachment{{SHA2: hash, ContentType: "text/plain", Content: content}},
			Authority:   []byte(authority),
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	s.now()
	s.wantUpstream(numbers(0, 4)...)
	if len(s.lrs.files) != 3 { // the first two have the same
		t.Errorf("%d files", len(s.lrs.files))
	}
	s.wantStatus(4, 0, 0)
}

func TestWhatIsRefusedGoesIntoQuarantine(t *testing.T) {
	for _, status := range []int{http.StatusBadRequest, http.StatusForbidden, http.StatusRequestEntityTooLarge} {
		t.Run(http.StatusText(status), func(t *testing.T) {
			s := newSchool(t)
			s.addMany(0, 20)
			s.lrs.judge = func(st *statement.Statement) int {
				if st.ID() == uuid(7) || st.ID() == uuid(8) {
					return status
				}
				return 0
			}
			s.now()
			s.wantUpstream(slices.Concat(numbers(0, 7), numbers(9, 11))...)
			s.wantStatus(18, 0, 2)
			q := s.status().Quarantined[0]
			if q.ID != uuid(7) || !strings.Contains(q.Reason, fmt.Sprint(status)) || !strings.Contains(q.Reason, "not this: [31m"+uuid(7)) || q.Since.IsZero() {
				t.Errorf("in quarantine: %+v", q)
			}
			before := len(s.lrs.requests)
			s.now() // nothing waits for it, and it waits for nobody
			if len(s.lrs.requests) != before {
				t.Error("it was sent again")
			}

			s.lrs.judge = nil // the upstream was mended
			s.restart()
			if n, err := s.forwarder.Retry(t.Context()); n != 2 || err != nil {
				t.Fatal(n, err)
			}
			s.wantStatus(18, 2, 0)
			s.now()
			s.wantStatus(20, 0, 0)
			s.wantUpstream(slices.Concat(numbers(0, 7), numbers(9, 11), []int{7, 8})...)
			if n, err := s.forwarder.Retry(t.Context()); n != 0 || err != nil {
				t.Error(n, err)
			}
		})
	}
}

func TestWhatIsRefusedAgainStaysInQuarantine(t *testing.T) {
	s := newSchool(t)
	s.addMany(0, 3)
	s.lrs.judge = func(st *statement.Statement) int { return http.StatusBadRequest }
	s.now()
	s.wantStatus(0, 0, 3)
	if _, err := s.forwarder.Retry(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.addMany(3, 1)
	s.now()
	s.wantStatus(0, 0, 4)
}

func TestAKnownStatementIsCompared(t *testing.T) {
	s := newSchool(t)
	when := `,"timestamp":"2026-01-02T03:04:05Z"`
	s.addMany(0, 3)
	s.add(told(3, when))
	s.addMany(4, 6)
	another := strings.Replace(told(66, when), uuid(66), uuid(6), 1)
	for n, text := range map[int]string{3: told(3, strings.Replace(when, "05Z", "05.000+00:00", 1)), 6: another} {
		st, err := statement.Parse([]byte(text), statement.V1)
		if err != nil {
			t.Fatal(err)
		}
		s.lrs.stored[uuid(n)] = st
	}
	s.now()
	s.wantUpstream(0, 1, 2, 4, 5, 7, 8, 9)
	s.wantStatus(9, 0, 1)
	if q := s.status().Quarantined[0]; q.ID != uuid(6) || !strings.Contains(q.Reason, "another statement of this id") {
		t.Errorf("in quarantine: %+v", q)
	}
}

func TestWhatVoidsComesAfterItsTarget(t *testing.T) {
	s := newSchool(t)
	s.add(told(0, ""), voids(1, 2), told(2, ""), told(3, ""), voids(4, 3), voids(5, 99))
	s.now()
	s.wantUpstream(0, 2, 1, 3, 4, 5)
	s.wantStatus(6, 0, 0)
	s.now()
	s.wantStatus(6, 0, 0)
}

func TestWhatVoidsAQuarantinedStatementIsHeld(t *testing.T) {
	s := newSchool(t)
	s.lrs.judge = func(st *statement.Statement) int {
		if st.ID() == uuid(1) {
			return http.StatusBadRequest
		}
		return 0
	}
	s.add(told(0, ""), told(1, ""), voids(2, 1)) // in one batch
	s.now()
	s.add(voids(3, 1)) // in a later one
	s.now()
	s.wantUpstream(0)
	s.wantStatus(1, 0, 3)
	for _, q := range s.status().Quarantined[1:] {
		if !strings.Contains(q.Reason, "voids is in quarantine") {
			t.Errorf("in quarantine: %+v", q)
		}
	}
	s.lrs.judge = nil
	if _, err := s.forwarder.Retry(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.now()
	s.wantUpstream(0, 1, 2, 3)
}

func TestUpstreamsAreApart(t *testing.T) {
	s := newSchool(t)
	other := newLRS(t)
	config := s.config
	config.Client = &http.Client{Transport: other}
	second, err := upstream.New(s.store.Outbox("https://second.example/"), config)
	if err != nil {
		t.Fatal(err)
	}
	s.addMany(0, 2)
	s.now()
	if status, err := second.Status(t.Context()); err != nil || status.Waiting != 2 {
		t.Errorf("%+v, %v", status, err)
	}
	if err := second.Now(t.Context()); err != nil || len(other.ids) != 2 {
		t.Error(other.ids, err)
	}
	if err := s.store.Outbox(endpoint).Remove(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.wantStatus(0, 2, 0)
	s.now() // as a new upstream, which knows them all already
	s.wantStatus(2, 0, 0)
	s.wantUpstream(0, 1)
	if status, err := second.Status(t.Context()); err != nil || status.Sent != 2 {
		t.Errorf("%+v, %v", status, err)
	}
}

func TestCredentialsAreRenewedOnce(t *testing.T) {
	s := newSchool(t)
	s.addMany(0, 1)
	renewals, good := 0, false
	s.lrs.hostile = func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
		if good || renewals == 1 && !good && s.lrs.batches == nil {
			return next.RoundTrip(r)
		}
		return unauthorized(r), nil
	}
	s.config.Renew = renewed(&renewals)
	s.restart()
	s.now()
	s.wantUpstream(0)

	s.addMany(1, 1)
	if err := s.forwarder.Now(t.Context()); err == nil || !strings.Contains(err.Error(), "401") || renewals != 2 {
		t.Errorf("%v after %d renewals", err, renewals)
	}
	s.wantStatus(1, 1, 0)
	s.config.Renew = func(context.Context) error { return errors.New("the login is over") }
	s.restart()
	if err := s.forwarder.Now(t.Context()); err == nil || !strings.Contains(err.Error(), "the login is over") {
		t.Error(err)
	}
	good = true
	s.now()
	s.wantUpstream(0, 1)
}

func TestEndpoints(t *testing.T) {
	for endpoint, good := range map[string]bool{
		"https://lrs.example/xapi": true, "https://lrs.example": true, "http://127.0.0.1:8080/xapi/": true, "http://[::1]:1/": true, "http://localhost/": true,
		"": false, "http://lrs.example/": false, "https://": false, "https://a:b@lrs.example/": false, "https://lrs.example/?a": false, "https://lrs.example/?": false, "https://lrs.example/#a": false, "::": false, "file:///etc": false,
	} {
		if _, err := upstream.New(nil, upstream.Config{Endpoint: endpoint}); (err == nil) != good {
			t.Errorf("%q: %v", endpoint, err)
		}
	}
}
