//go:build linux

package device

import (
	"context"
	"sync"
	"time"

	"github.com/offlineauth/offlineauth/ipcapi"
)

// Kind says what an [Event] is about.
type Kind string

// The kinds of events, and the fields that are set besides Time.
const (
	AppStarted    Kind = "app started"    // App, PID
	LinkLaunched  Kind = "link launched"  // URI, From, App (empty: the browser)
	LinkRefused   Kind = "link refused"   // URI, From, Err
	ServiceWoken  Kind = "service woken"  // App, PID, Address that was connected to
	ServiceFailed Kind = "service failed" // App, Err; those who waited were turned away
	ProcessEnded  Kind = "process ended"  // App, PID, Err as of [Process.Wait]
)

// An Event is one thing that happened on the device.
type Event struct {
	Time    time.Time
	Kind    Kind
	App     string // package name
	From    string // package name of the app that launched the link; empty: none, such as the person
	PID     int
	URI     string
	Address ipcapi.Address
	Err     error
}

// A recorder keeps the events in their order and wakes those who wait for one.
type recorder struct {
	callback func(Event) // may be nil

	mu      sync.Mutex
	events  []Event
	changed chan struct{} // closed, and made anew, at every event
}

func newRecorder(callback func(Event)) *recorder {
	return &recorder{callback: callback, changed: make(chan struct{})}
}

func (r *recorder) emit(e Event) {
	e.Time = time.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, e)
	if r.callback != nil {
		r.callback(e)
	}
	close(r.changed)
	r.changed = make(chan struct{})
}

// since returns the events from the nth on, and a channel that is closed when
// there are more.
func (r *recorder) since(n int) ([]Event, <-chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.events[n:len(r.events):len(r.events)], r.changed
}

// Await shows match every event since the device was made, oldest first, and
// returns the first one it accepts, waiting for it until ctx ends. To wait for
// the second of a kind, let match count.
func (d *Device) Await(ctx context.Context, match func(Event) bool) (Event, error) {
	seen := 0
	for {
		events, changed := d.trace.since(seen)
		for _, e := range events {
			if match(e) {
				return e, nil
			}
		}
		seen += len(events)
		select {
		case <-changed:
		case <-ctx.Done():
			return Event{}, context.Cause(ctx)
		}
	}
}
