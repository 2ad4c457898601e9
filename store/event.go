package store

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"time"
)

const (
	eventsBucket = "events"
	maxEvents    = 10_000
	trimStep     = 100 // so many are deleted at once: one by one, each commit would write the oldest page, too
)

// Event is an entry of the audit trail.
type Event struct {
	Seq        uint64 // given by Append
	Time       time.Time
	Kind       string // such as "approved"
	AccountID  string `json:",omitzero"`
	ClientID   string `json:",omitzero"`
	Identity   string `json:",omitzero"` // app identity of who called
	UID        int    // of who called; -1 when unknown
	PID        int    // likewise
	Executable string `json:",omitzero"` // for display only
	Detail     string `json:",omitzero"`
}

// Events is the audit trail: entries are added, never changed, and the newest
// 10,000 are kept, and up to 99 more. They are sealed: they tell who did what, and when.
type Events struct{ store *Store }

// Append adds the event, inside [Store.Do], and gives it the next Seq.
func (es Events) Append(ctx context.Context, e Event) error {
	o := es.store.writer(ctx)
	e.Seq = es.last(o) + 1
	value, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("store: events: %w", err)
	}
	if e.Seq > maxEvents && e.Seq%trimStep == 0 {
		es.trim(o, e.Seq-maxEvents)
	}
	es.store.newest.Store(e.Seq)
	key := eventKey(e.Seq)
	o.put(eventsBucket, key, es.store.ring.Load().seal(eventsBucket, key, value))
	return nil
}

// Newest returns up to limit events, newest first, that came before the one
// numbered before; 0 begins with the newest.
func (es Events) Newest(ctx context.Context, before uint64, limit int) ([]Event, error) {
	r := Range{Reverse: true}
	if before > 0 {
		r.To = eventKey(before)
	}
	var events []Event
	err := es.store.read(ctx, func(read Reader) error {
		for key, value := range read.Scan(eventsBucket, r) {
			if len(events) >= limit {
				break
			}
			e, err := es.open(key, value)
			if err != nil {
				return err
			}
			events = append(events, e)
		}
		return nil
	})
	return events, err
}

func (es Events) open(key, sealed []byte) (e Event, err error) {
	value, err := es.store.ring.Load().open(eventsBucket, key, sealed)
	if err != nil {
		return e, fmt.Errorf("store: events: %w", err)
	}
	if err := json.Unmarshal(value, &e); err != nil {
		return e, fmt.Errorf("store: events: %w: %v", ErrCorrupt, err)
	}
	return e, nil
}

func (es Events) sealAnew(o *overlay, key []byte) error {
	value, err := es.store.ring.Load().open(eventsBucket, key, o.Get(eventsBucket, key))
	if err != nil {
		return fmt.Errorf("store: events: %w", err)
	}
	o.put(eventsBucket, key, es.store.ring.Load().seal(eventsBucket, key, value))
	return nil
}

// last returns the highest Seq, 0 if there is none. Each is one more than the one before,
// so one that has none after it is the last: the newest that was added is tried first.
func (es Events) last(r Reader) uint64 {
	newest := es.store.newest.Load()
	if r.Get(eventsBucket, eventKey(newest)) != nil && r.Get(eventsBucket, eventKey(newest+1)) == nil {
		return newest
	}
	for k := range r.Scan(eventsBucket, Range{Reverse: true}) {
		return binary.BigEndian.Uint64(k)
	}
	return 0
}

// trim deletes the events up to seq.
func (es Events) trim(o *overlay, seq uint64) {
	var old [][]byte
	for k := range o.Scan(eventsBucket, Range{To: eventKey(seq + 1)}) {
		old = append(old, append([]byte(nil), k...))
	}
	for _, k := range old {
		o.delete(eventsBucket, k)
	}
}

func eventKey(seq uint64) []byte { return binary.BigEndian.AppendUint64(nil, seq) }
