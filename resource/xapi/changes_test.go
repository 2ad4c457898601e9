package xapi

import (
	"compress/gzip"
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"testing"

	"go.etcd.io/bbolt"

	"github.com/offlineauth/offlineauth/boltfile"
)

// older puts a file from before documents had a row of changes into a directory. It has
// three statements, two of which were forwarded, and five documents; no statement
// speaks of the last one's activity.
func older(t *testing.T) string {
	t.Helper()
	packed, err := os.Open(filepath.Join("testdata", "documents-unnamed.db.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer packed.Close()
	unpacked, err := gzip.NewReader(packed)
	if err != nil {
		t.Fatal(err)
	}
	file, err := io.ReadAll(unpacked)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "xapi.db")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestAnOlderFileIsBroughtToThisForm: its documents are forwarded, too, twice over
// none of them twice.
func TestAnOlderFileIsBroughtToThisForm(t *testing.T) {
	path := older(t)
	const agent = "account https://auth.example amina"
	want := map[string]string{
		"activities/state bookmark of https://maths.example/lessons/1 and " + agent: `{"page":3}`,
		"activities/state bookmark of https://maths.example/lessons/2 and " + agent: "page 4",
		"activities/profile settings of https://maths.example/lessons/0":            `{"sound":false}`,
		"agents/profile languages of " + agent:                                      `{"first":"fr"}`,
	}
	unspoken := Place{Resource: ActivityProfile, Activity: "https://maths.example/never-mentioned"}
	for range 2 {
		s, err := Open(t.Context(), path, careKeys)
		if err != nil {
			t.Fatal(err)
		}
		o := s.Outbox("https://lrs.example/xapi/")
		status, err := o.Status(t.Context())
		if err != nil || status.Sent != 2 || status.Waiting != 1 || status.Documents.Waiting != len(want) {
			t.Errorf("status %+v, %v", status, err)
		}
		changes, err := o.Changes(t.Context(), 50, 1<<20)
		got := map[string]string{}
		for _, c := range changes {
			got[c.String()] = string(c.Document.Content)
			if c.Registration != "" != (c.Document.ContentType == "text/plain") {
				t.Errorf("registration %q of %s", c.Registration, c)
			}
		}
		if err != nil || !maps.Equal(got, want) {
			t.Errorf("changes %v, %v", got, err)
		}
		if d, err := s.Document(t.Context(), unspoken, "settings"); err != nil || string(d.Content) != `{"sound":true}` {
			t.Errorf("%+v, %v", d, err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	s := mustOpen(t, path)
	change := func(d *Document) {
		t.Helper()
		if err := s.Change(t.Context(), unspoken, "settings", func(*Document) (*Document, error) { return d, nil }); err != nil {
			t.Fatal(err)
		}
	}
	change(&Document{ContentType: "application/json", Content: []byte("{}")})
	if status, err := s.Outbox("x").Status(t.Context()); err != nil || status.Documents.Waiting != len(want)+1 {
		t.Errorf("status %+v, %v", status, err)
	}
}

func mustOpen(t *testing.T, path string) *Store {
	t.Helper()
	s, err := Open(t.Context(), path, careKeys)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// row is what is kept of changes: entries of the row, and parts about documents at
// upstreams.
func (s *Store) row(t *testing.T) (changes, changed, copies, refused int) {
	t.Helper()
	err := s.db.View(func(tx *bbolt.Tx) error {
		changes, changed = tx.Bucket(bucketChanges).Stats().KeyN, tx.Bucket(bucketChanged).Stats().KeyN
		return tx.Bucket(bucketUpstreams).ForEach(func(k, _ []byte) error {
			switch k[hashSize] {
			case copyPart:
				copies++
			case refusedPart:
				refused++
			}
			return nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return changes, changed, copies, refused
}

// TestNothingIsKeptOfRemovedDocuments once the upstreams know, or need not.
func TestNothingIsKeptOfRemovedDocuments(t *testing.T) {
	s := mustOpen(t, filepath.Join(t.TempDir(), "xapi.db"))
	ctx, name := t.Context(), DocumentName{Place{Resource: AgentProfile, Agent: "mbox mailto:a@example.com"}, "p"}
	change := func(d *Document) {
		t.Helper()
		if err := s.Change(ctx, name.Place, name.ID, func(*Document) (*Document, error) { return d, nil }); err != nil {
			t.Fatal(err)
		}
	}
	want := func(changes, copies, refused int) {
		t.Helper()
		if a, b, c, d := s.row(t); a != changes || b != changes || c != copies || d != refused {
			t.Errorf("%d %d changes, %d copies, %d refused; want %d, %d, %d", a, b, c, d, changes, copies, refused)
		}
	}
	one, other := s.Outbox("https://one.example/"), s.Outbox("https://one.example/other")
	settle := func(o *Outbox, reason string) {
		t.Helper()
		changes, err := o.Changes(ctx, 50, 1000)
		if err != nil || len(changes) != 1 {
			t.Fatal(changes, err)
		}
		settlement := DocumentSettlement{Change: changes[0], Copy: Copy{State: "there", Tag: "tag"}, Reason: reason}
		if reason != "" {
			settlement.Copy = changes[0].Copy
		}
		err = errors.Join(o.Attempt(ctx, []Attempt{{changes[0], "there"}}), o.SettleDocuments(ctx, []DocumentSettlement{settlement}))
		if err != nil {
			t.Fatal(err)
		}
		if changes, err := o.Changes(ctx, 50, 1000); err != nil || len(changes) != 0 {
			t.Fatal(changes, err)
		}
	}
	document := func() *Document { return &Document{Content: []byte("x")} }
	change(document())
	change(document())
	want(1, 0, 0)
	change(nil) // nobody has it
	want(0, 0, 0)
	change(document())
	settle(one, "")
	settle(other, "no")
	want(1, 1, 1)
	change(nil)
	want(1, 1, 1)
	settle(one, "") // the other never had it
	want(0, 0, 0)
	change(document())
	settle(one, "")
	settle(other, "")
	change(nil)
	want(1, 2, 0)
	settle(one, "")
	want(1, 1, 0)
	if err := other.Remove(ctx); err != nil {
		t.Fatal(err)
	}
	want(0, 0, 0)
}

// TestRemovedWhileItIsSent: what an upstream gets although it was removed by then is
// removed there, too.
func TestRemovedWhileItIsSent(t *testing.T) {
	s := mustOpen(t, filepath.Join(t.TempDir(), "xapi.db"))
	ctx, name, o := t.Context(), DocumentName{Place{Resource: ActivityProfile, Activity: "https://maths.example/sums"}, "p"}, s.Outbox("one")
	change := func(d *Document) {
		t.Helper()
		if err := s.Change(ctx, name.Place, name.ID, func(*Document) (*Document, error) { return d, nil }); err != nil {
			t.Fatal(err)
		}
	}
	change(&Document{Content: []byte("x")})
	sent, err := o.Changes(ctx, 50, 1000)
	if err != nil || len(sent) != 1 {
		t.Fatal(sent, err)
	}
	change(nil)
	err = errors.Join(
		o.Attempt(ctx, []Attempt{{sent[0], "x"}}),
		o.SettleDocuments(ctx, []DocumentSettlement{{Change: sent[0], Copy: Copy{State: "x", Tag: "tag"}}}),
	)
	if err != nil {
		t.Fatal(err)
	}
	if left, err := o.Changes(ctx, 50, 1000); err != nil || len(left) != 1 || left[0].Document != nil || left[0].Copy.Tag != "tag" {
		t.Errorf("%+v, %v", left, err)
	}
}

// TestANewerFileIsLeftAlone, and so is one whose version cannot be read.
func TestANewerFileIsLeftAlone(t *testing.T) {
	for mark, want := range map[string]error{"999": ErrNewerSchema, "0": boltfile.ErrCorrupt, "x": boltfile.ErrCorrupt} {
		path := filepath.Join(t.TempDir(), "xapi.db")
		s, err := Open(t.Context(), path, careKeys)
		if err != nil {
			t.Fatal(err)
		}
		err = s.db.Update(func(tx *bbolt.Tx) error { return tx.Bucket(bucketMeta).Put(keySchema, []byte(mark)) })
		if err := errors.Join(err, s.Close()); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(t.Context(), path, careKeys); !errors.Is(err, want) {
			t.Errorf("schema %q: %v", mark, err)
		}
	}
}
