package ui

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"time"
)

// What a form has to be, to be taken.
const (
	settling    = 500 * time.Millisecond // a page is looked at for so long, before a click on it counts
	formLife    = 2 * time.Hour
	doubleClick = time.Minute // a form sent again within it gets the same answer
)

var (
	errEarly = errors.New("the form came back at once: nobody has read the page")
	errStale = errors.New("the form is not of a page that was shown to this visitor, or is too old")
)

// forms makes and checks the mark of each form that is served: whom it was
// served to, where it leads, and when. A page of somebody else cannot make one.
// Times are the process's own, so that no change of the clock matters.
type forms struct {
	key     []byte
	started time.Time
}

func newForms() forms {
	key := make([]byte, sha256.Size)
	_, _ = rand.Read(key) // never fails
	return forms{key: key, started: time.Now()}
}

// markSize is a time, a random number, and the mark proper.
const markSize = 8 + 8 + 16

// mark returns the mark of a new form for that visitor, to be sent there.
func (f forms) mark(visitor, action string) string {
	raw := binary.BigEndian.AppendUint64(nil, uint64(time.Since(f.started)))
	raw = append(raw, make([]byte, 8)...)
	_, _ = rand.Read(raw[8:16]) // never fails: each form is another
	return base64.RawURLEncoding.EncodeToString(append(raw, f.sum(raw, visitor, action)...))
}

func (f forms) sum(raw []byte, visitor, action string) []byte {
	h := hmac.New(sha256.New, f.key)
	h.Write(raw[:16])
	h.Write([]byte(visitor + "\x00" + action))
	return h.Sum(nil)[:16]
}

// check returns errStale or errEarly, or nil if the form may be taken.
func (f forms) check(mark, visitor, action string) error {
	raw, err := base64.RawURLEncoding.DecodeString(mark)
	if err != nil || len(raw) != markSize || visitor == "" || !hmac.Equal(raw[16:], f.sum(raw, visitor, action)) {
		return errStale
	}
	age := time.Since(f.started) - time.Duration(binary.BigEndian.Uint64(raw))
	switch {
	case age > formLife:
		return errStale
	case age < settling:
		return errEarly
	}
	return nil
}
