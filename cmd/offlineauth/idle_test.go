package main

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"
)

// asker begins requests of an idle watch and ends them when told.
type asker struct {
	handler http.Handler
	end     chan struct{}
}

func newAsker(w *idleWatch) *asker {
	a := &asker{end: make(chan struct{})}
	a.handler = w.count(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-a.end }))
	return a
}

// begin begins a request and waits until it is being served.
func (a *asker) begin() {
	go a.handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil))
	synctest.Wait()
}

// finish ends one request and waits until it has ended.
func (a *asker) finish() {
	a.end <- struct{}{}
	synctest.Wait()
}

func TestIdleWatchEndsAfterTheLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		ctx, stop := newIdleWatch(time.Minute).watch(t.Context())
		defer stop()
		<-ctx.Done()
		if waited := time.Since(began); waited != time.Minute {
			t.Errorf("ended after %s", waited)
		}
	})
}

func TestIdleWatchCountsFromTheLastRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		w := newIdleWatch(time.Minute)
		ctx, stop := w.watch(t.Context())
		defer stop()
		a := newAsker(w)
		time.Sleep(30 * time.Second)
		a.begin()
		time.Sleep(time.Hour) // as long as one is served
		a.begin()
		a.finish()
		time.Sleep(time.Hour)
		if ctx.Err() != nil {
			t.Fatal("ended while it served")
		}
		a.finish()
		<-ctx.Done()
		if waited := time.Since(began); waited != 2*time.Hour+30*time.Second+time.Minute {
			t.Errorf("ended after %s", waited)
		}
	})
}

// The timer may have fired, and wait for the lock, while a whole request is served.
func TestIdleWatchSurvivesALateTimer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newIdleWatch(time.Minute)
		ctx, stop := w.watch(t.Context())
		defer stop()
		a := newAsker(w)
		time.Sleep(59 * time.Second)
		a.begin()
		a.finish()
		time.Sleep(time.Second)
		w.expire(stop)
		if ctx.Err() != nil {
			t.Error("ended a second after a request")
		}
	})
}

func TestIdleWatchWithoutALimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newIdleWatch(0)
		ctx, stop := w.watch(t.Context())
		defer stop()
		a := newAsker(w)
		a.begin()
		a.finish()
		time.Sleep(1000 * time.Hour)
		if ctx.Err() != nil {
			t.Error("ended")
		}
	})
}
