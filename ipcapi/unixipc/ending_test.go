//go:build linux

package unixipc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/offlineauth/offlineauth/ipcapi"
)

// lives are services that follow each other at one address, as those do that end
// when they are idle and are started by the next caller. Each ends in the middle of
// its callers' work.
type lives struct {
	mu    sync.Mutex
	seen  map[string]int // how often each request was carried out
	count int
}

func (l *lives) serve(ctx context.Context, t *testing.T, a ipcapi.Address) {
	for ctx.Err() == nil {
		listener, err := Listen(a)
		if err != nil {
			t.Error(err)
			return
		}
		life, end := context.WithCancel(ctx)
		left := 1 + rand.IntN(50)
		handler := func(w http.ResponseWriter, r *http.Request) {
			id, _ := io.ReadAll(r.Body)
			l.mu.Lock()
			defer l.mu.Unlock()
			l.seen[string(id)]++
			if left--; left == 0 {
				end()
			}
		}
		err = Serve(life, listener, Config{Handler: http.HandlerFunc(handler)})
		end()
		if err != nil {
			t.Error(err)
			return
		}
		l.count++
	}
}

// TestNoRequestIsLostAtTheEnd: a request that meets the end of a service is carried
// out once, by that one or the next, or the caller learns that nobody is there. It
// is a POST on a connection that is kept, which nobody may simply send again.
func TestNoRequestIsLostAtTheEnd(t *testing.T) {
	const callers, requests = 8, 150
	eachWire(t, func(t *testing.T, a ipcapi.Address) {
		l := &lives{seen: map[string]int{}}
		ctx, stop := context.WithCancel(t.Context())
		var serving, calling sync.WaitGroup
		serving.Go(func() { l.serve(ctx, t, a) })
		for caller := range callers {
			calling.Go(func() {
				transport := transport(t, Dialer{Address: a})
				for i := range requests {
					if err := insist(t.Context(), transport, fmt.Sprint(caller, ".", i)); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		calling.Wait()
		stop()
		serving.Wait()
		for id, times := range l.seen {
			if times != 1 {
				t.Errorf("request %s was carried out %d times", id, times)
			}
		}
		if len(l.seen) != callers*requests || l.count < 10 {
			t.Errorf("%d requests were carried out by %d services", len(l.seen), l.count)
		}
	})
}

// insist sends a request until somebody is there to take it.
func insist(ctx context.Context, transport http.RoundTripper, id string) error {
	for deadline := time.Now().Add(time.Minute); ; {
		got, err := send1(ctx, transport, http.MethodPost, id)
		switch {
		case err == nil && got == "200 ":
			return nil
		case !errors.Is(err, ipcapi.ErrNoService) || time.Now().After(deadline):
			return fmt.Errorf("request %s: %q, %w", id, got, err)
		}
		time.Sleep(time.Millisecond) // nobody signals that the next service is there
	}
}
