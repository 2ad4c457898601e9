package client

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/offlineauth/offlineauth/ipcapi"
)

// patience is how long a request may go without a byte moving. A frozen app
// keeps its connections and says nothing, and a body may take as long as it moves.
const patience = time.Minute

// patient ends requests that have stopped moving, with ipcapi.ErrDeadline.
type patient struct{ base http.RoundTripper }

func (p patient) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(r.Context())
	w := &watch{ctx: ctx, cancel: cancel}
	w.timer = time.AfterFunc(patience, func() {
		cancel(&ipcapi.Error{Op: "request", Kind: ipcapi.ErrDeadline, Err: errors.New("nothing moved for " + patience.String())})
	})
	response, err := p.base.RoundTrip(w.watched(r))
	w.answered()
	if err != nil {
		err = w.explain(err)
		cancel(nil)
		return nil, err
	}
	response.Request = r
	response.Body = &answerBody{response.Body, w}
	return response, nil
}

// A watch is the timer of one request.
type watch struct {
	ctx    context.Context
	cancel context.CancelCauseFunc
	timer  *time.Timer

	mu   sync.Mutex
	head bool // of the answer is there
}

func (w *watch) watched(r *http.Request) *http.Request {
	r = r.WithContext(w.ctx)
	if r.Body == nil || r.Body == http.NoBody {
		return r
	}
	r.Body = &requestBody{r.Body, w}
	if get := r.GetBody; get != nil {
		r.GetBody = func() (io.ReadCloser, error) {
			body, err := get()
			return &requestBody{body, w}, err
		}
	}
	return r
}

// sent notes that some of the request went out.
func (w *watch) sent() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.head {
		w.timer.Reset(patience)
	}
}

func (w *watch) answered() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.head = true
	w.timer.Stop()
}

// explain prefers the timer's reason to what the transport made of it.
func (w *watch) explain(err error) error {
	var stalled *ipcapi.Error
	if err != nil && errors.As(context.Cause(w.ctx), &stalled) {
		return stalled
	}
	return err
}

type requestBody struct {
	io.ReadCloser
	watch *watch
}

func (b *requestBody) Read(p []byte) (int, error) {
	b.watch.sent()
	return b.ReadCloser.Read(p)
}

// answerBody runs the timer while somebody reads: a reader may take its time.
type answerBody struct {
	io.ReadCloser
	watch *watch
}

func (b *answerBody) Read(p []byte) (int, error) {
	b.watch.timer.Reset(patience)
	n, err := b.ReadCloser.Read(p)
	b.watch.timer.Stop()
	if err == io.EOF {
		return n, err
	}
	return n, b.watch.explain(err)
}

func (b *answerBody) Close() error {
	err := b.ReadCloser.Close()
	b.watch.timer.Stop()
	b.watch.cancel(nil)
	return err
}
