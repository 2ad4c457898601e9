package xapi

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha1" //nolint:gosec // the form of an ETag, not a defence (Communication 3.1)
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/offlineauth/offlineauth/boltfile"
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

// hash is of a place without its registration: all registrations lie together.
func (p Place) hash() []byte { return hashed(p.Activity + "\x00" + p.Agent) }

func registrationKey(registration string) []byte {
	if registration == "" {
		return make([]byte, hashSize)
	}
	return uuidKey(registration)
}

// Document returns a document, or [ErrNotFound].
func (s *Store) Document(ctx context.Context, p Place, id string) (d *Document, err error) {
	err = s.view(ctx, func(tx *reader) (err error) {
		if d, err = tx.readDocument(tx.document(DocumentName{p, id})); d == nil && err == nil {
			return ErrNotFound
		}
		return err
	})
	return d, err
}

// Documents returns the ids of the documents that were changed after since, and
// the time of the newest change among them. Without a registration, a Place in
// State is that of all registrations.
func (s *Store) Documents(ctx context.Context, p Place, since time.Time) (ids []string, newest time.Time, err error) {
	err = s.view(ctx, func(tx *reader) error {
		return each(tx, p, func(n DocumentName, d *Document) {
			if !d.Updated.After(since) {
				return
			}
			newest = latest(newest, d.Updated)
			if !slices.Contains(ids, n.ID) {
				ids = append(ids, n.ID)
			}
		})
	})
	slices.Sort(ids)
	return ids, newest, err
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// each visits the documents of a place; without a registration, those of all.
func each(tx *reader, p Place, visit func(DocumentName, *Document)) error {
	return tx.visit(bucketDocuments, tx.place(p), func(_, plain []byte) error {
		kept, err := readKept(plain)
		if err == nil && (p.Registration == "" || p.Registration == kept.registration) {
			visit(kept.nameIn(p), &kept.Document)
		}
		return err
	})
}

// Change puts what fn returns in the place of a document: nil if there was none,
// and nil to have none. If fn returns an error, nothing changes; fn may run more
// than once.
func (s *Store) Change(ctx context.Context, p Place, id string, fn func(old *Document) (*Document, error)) error {
	return s.commit.do(ctx, func(w *writer) error {
		old, err := w.tx.readDocument(w.tx.document(DocumentName{p, id}))
		if err != nil {
			return err
		}
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
	key := w.tx.document(n)
	if d == nil {
		w.changed = true
		if err := w.tx.Bucket(bucketDocuments).Delete(key); err != nil {
			return err
		}
		return w.noteChange(n, true)
	}
	d.Updated = w.now
	if err := w.seal(bucketDocuments, key, keptDocument{*d, n.Registration, n.ID}.bytes()); err != nil {
		return err
	}
	return w.noteChange(n, false)
}

// DeleteAll removes the documents of a place. Without a registration, a Place in
// State is that of all registrations.
func (s *Store) DeleteAll(ctx context.Context, p Place) error {
	return s.commit.do(ctx, func(w *writer) error {
		var names []DocumentName
		if err := each(w.tx, p, func(n DocumentName, _ *Document) { names = append(names, n) }); err != nil {
			return err
		}
		slices.SortFunc(names, func(a, b DocumentName) int {
			return cmp.Or(cmp.Compare(a.Registration, b.Registration), cmp.Compare(a.ID, b.ID))
		})
		for _, n := range names {
			if err := w.setDocument(n, nil); err != nil {
				return err
			}
		}
		return nil
	})
}

// A keptDocument is one as it is kept, with what its key does not tell.
type keptDocument struct {
	Document
	registration string
	id           string
}

func (k keptDocument) bytes() []byte {
	b := binary.BigEndian.AppendUint64(nil, micros(k.Updated))
	b = append(b, registrationKey(k.registration)...)
	b = binary.AppendUvarint(b, uint64(len(k.id)))
	b = append(b, k.id...)
	b = append(b, strings.ReplaceAll(k.ContentType, "\x00", "")...)
	return append(append(b, 0), k.Content...)
}

// nameIn returns the name of a document that is in p, or in one of its registrations.
func (k keptDocument) nameIn(p Place) DocumentName {
	p.Registration = k.registration
	return DocumentName{p, k.id}
}

// readKept reads what bytes has written. The content is a part of b.
func readKept(b []byte) (k keptDocument, err error) {
	broken := fmt.Errorf("xapi: a stored document is broken: %w", boltfile.ErrCorrupt)
	const head = 8 + hashSize
	if len(b) < head {
		return k, broken
	}
	k.Updated = time.UnixMicro(int64(binary.BigEndian.Uint64(b)))
	k.registration = registrationOf(b[8:head])
	size, n := binary.Uvarint(b[head:])
	if n <= 0 || size > uint64(len(b)-head-n) {
		return k, broken
	}
	b = b[head+n:]
	k.id = string(b[:size])
	contentType, content, found := bytes.Cut(b[size:], []byte{0})
	if !found {
		return k, broken
	}
	k.ContentType, k.Content = string(contentType), content
	return k, nil
}

// readDocument returns the document with that key, or nil.
func (r *reader) readDocument(key []byte) (*Document, error) {
	b, err := r.get(bucketDocuments, key)
	if b == nil || err != nil {
		return nil, err
	}
	k, err := readKept(b)
	return &k.Document, err
}
