package control

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"github.com/offlineauth/offlineauth/store"
)

// longHere is an API of one piece of long work, in this process.
func longHere(t *testing.T, work func(*http.Request, store.Progress) (any, error)) API {
	t.Helper()
	l := newHere(long(work), ourselves())
	t.Cleanup(l.close)
	return API{l.transport}
}

func TestLongWorkTellsHowFarItIs(t *testing.T) {
	seen := make(chan struct{})
	api := longHere(t, func(r *http.Request, progress store.Progress) (any, error) {
		asked, err := decode[copyOf](r)
		progress(3, 10)
		<-seen // the caller hears of it before the end
		return asked.File, err
	})
	told := false
	result, err := callLong[string](t.Context(), api, "/", copyOf{File: "f"}, func(done, total int) {
		if done != 3 || total != 10 {
			t.Errorf("%d of %d", done, total)
		}
		if !told {
			told = true
			close(seen)
		}
	})
	if err != nil || result != "f" || !told {
		t.Fatalf("%q, %v", result, err)
	}
}

func TestLongWorkFails(t *testing.T) {
	api := longHere(t, func(*http.Request, store.Progress) (any, error) { return nil, store.ErrNotFound })
	if _, err := callLong[string](t.Context(), api, "/", nil, nil); !Unknown(err) && (err == nil || err.Error() != "there is none of that name") {
		t.Fatalf("error is %v", err)
	}
}

// TestLongWorkIsInterrupted: a command that goes away ends the work.
func TestLongWorkIsInterrupted(t *testing.T) {
	ended := make(chan error, 1)
	api := longHere(t, func(r *http.Request, progress store.Progress) (any, error) {
		progress(1, 2)
		<-r.Context().Done()
		ended <- r.Context().Err()
		return nil, r.Context().Err()
	})
	ctx, cancel := context.WithCancel(t.Context())
	_, err := callLong[string](ctx, api, "/", nil, func(int, int) { cancel() })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("the caller gets %v", err)
	}
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("the work gets %v", err)
	}
}
