package xapi

import (
	"bytes"
	"context"
	"crypto/sha1" //nolint:gosec // the form of an ETag, not a defence (Communication 3.1)
	"encoding/binary"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"go.etcd.io/bbolt"
)

// A Document is what an app keeps here: any bytes (Communication 2.2).
type Document struct {
	ContentType string
	Content     []byte
	Updated     time.Time
}

// ETag is the entity tag of the content (Communication 3.1).
func (d *Document) ETag() string {
	sum := sha1.Sum(d.Content)
	return `"` + hex.EncodeToString(sum[:]) + `"`
}

// A Place is where documents are: one of the three document resources, with
// whose they are.
type Place struct {
	Resource     Resource `json:"resource"`
	Activity     string   `json:"activity,omitempty"`     // the id; of State and ActivityProfile
	Agent        string   `json:"agent,omitempty"`        // the identity; of State and AgentProfile
	Registration string   `json:"registration,omitempty"` // a UUID; of State, and "" is one of its own
}

// A Resource keeps documents.
type Resource byte

const (
	State           Resource = 's'
	ActivityProfile Resource = 'a'
	AgentProfile    Resource = 'g'
)

// prefix is where the documents of the place begin. All registrations lie
// together.
func (p Place) prefix(anyRegistration bool) []byte {
	key := append([]byte{byte(p.Resource)}, hashed(p.Activity+"\x00"+p.Agent)...)
	if p.Resource != State || anyRegistration {
		return key
	}
	return append(key, registrationKey(p.Registration)...)
}

func registrationKey(registration string) []byte {
	if registration == "" {
		return make([]byte, hashSize)
	}
	return uuidKey(registration)
}

// idStart is where the id begins in a key.
func (p Place) idStart() int { return len(p.prefix(false)) }

func (p Place) key(id string) []byte {
	return append(p.prefix(false), id...)
}

// Document returns a document, or [ErrNotFound].
func (s *Store) Document(ctx context.Context, p Place, id string) (d *Document, err error) {
	err = s.view(ctx, func(tx *bbolt.Tx) error {
		if d = readDocument(tx.Bucket(bucketDocuments).Get(p.key(id))); d == nil {
			return ErrNotFound
		}
		return nil
	})
	return d, err
}

// Documents returns the ids of the documents that were changed after since, and
// the time of the newest change among them. Without a registration, a Place in
// State is that of all registrations.
func (s *Store) Documents(ctx context.Context, p Place, since time.Time) (ids []string, newest time.Time, err error) {
	err = s.view(ctx, func(tx *bbolt.Tx) error {
		each(tx, p, func(k, v []byte) {
			d := readDocument(v)
			id := string(k[p.idStart():])
			if d.Updated.After(since) && !slices.Contains(ids, id) {
				ids = append(ids, id)
				newest = latest(newest, d.Updated)
			}
		})
		return nil
	})
	return ids, newest, err
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// each visits the documents of a place.
func each(tx *bbolt.Tx, p Place, visit func(k, v []byte)) {
	prefix := p.prefix(p.Registration == "")
	c := tx.Bucket(bucketDocuments).Cursor()
	for k, v := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, v = c.Next() {
		visit(k, v)
	}
}

// Change puts what fn returns in the place of a document: nil if there was none,
// and nil to have none. If fn returns an error, nothing changes; fn may run more
// than once.
func (s *Store) Change(ctx context.Context, p Place, id string, fn func(old *Document) (*Document, error)) error {
	return s.commit.do(ctx, func(w *writer) error {
		old := readDocument(w.tx.Bucket(bucketDocuments).Get(p.key(id)))
		changed, err := fn(old)
		if err != nil || old == nil && changed == nil {
			return err
		}
		return w.setDocument(DocumentName{p, id}, changed)
	})
}

// setDocument puts a document in the place of the one there is, or of none; nil
// removes it. The upstreams will be told.
func (w *writer) setDocument(n DocumentName, d *Document) error {
	if d == nil {
		w.changed = true
		if err := w.tx.Bucket(bucketDocuments).Delete(n.bytes()); err != nil {
			return err
		}
		return w.noteChange(n, true)
	}
	d.Updated = w.now
	if err := w.put(bucketDocuments, n.bytes(), d.bytes()); err != nil {
		return err
	}
	return w.noteChange(n, false)
}

// DeleteAll removes the documents of a place. Without a registration, a Place in
// State is that of all registrations.
func (s *Store) DeleteAll(ctx context.Context, p Place) error {
	return s.commit.do(ctx, func(w *writer) error {
		var keys [][]byte
		each(w.tx, p, func(k, _ []byte) { keys = append(keys, bytes.Clone(k)) })
		for _, k := range keys {
			if err := w.setDocument(p.nameOf(k), nil); err != nil {
				return err
			}
		}
		return nil
	})
}

func (d *Document) bytes() []byte {
	b := binary.BigEndian.AppendUint64(nil, micros(d.Updated))
	b = append(b, strings.ReplaceAll(d.ContentType, "\x00", "")...)
	return append(append(b, 0), d.Content...)
}

// readDocument returns nil for nil.
func readDocument(b []byte) *Document {
	if b == nil {
		return nil
	}
	updated := time.UnixMicro(int64(binary.BigEndian.Uint64(b)))
	contentType, content, _ := bytes.Cut(b[8:], []byte{0})
	return &Document{string(contentType), bytes.Clone(content), updated}
}
