package ipcapi

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// smallBody is the largest body, in bytes, of a request that its own goroutine
// writes in one piece. The buffer of a unix socket takes it whole.
const smallBody = 64 << 10

// isSmall reports whether the goroutine that asks can carry out the exchange by
// itself, which takes half the time: net/http's client hands every request over
// to two other goroutines and back. It leaves to net/http what has to be read and
// written at once, and what net/http refuses.
func isSmall(r *http.Request) bool {
	bodyless := r.Body == nil || r.Body == http.NoBody
	return (bodyless || r.ContentLength > 0 && r.ContentLength <= smallBody) &&
		r.URL != nil && r.URL.Host != "" && isToken(r.Method) && r.Method != http.MethodConnect &&
		len(r.TransferEncoding) == 0 && len(r.Trailer) == 0 &&
		r.Header.Get("Expect") == "" && r.Header.Get("Upgrade") == "" && fieldsAreGood(r.Header)
}

func fieldsAreGood(h http.Header) bool {
	for name, values := range h {
		for _, value := range values {
			if err := (field{name, value}).check(); err != nil {
				return false
			}
		}
	}
	return true
}

// exchange writes the request in one piece and reads the head of its answer.
// If the service had closed a connection while nobody used it, or ends just now,
// nothing was sent, and the request goes out on another one; once some of it was
// sent only a request that can do no harm is repeated, as net/http does.
func (t *StreamTransport) exchange(r *http.Request) (*http.Response, error) {
	request, _ := t.requests.Get().(*bytes.Buffer)
	if request == nil {
		request = new(bytes.Buffer)
	}
	defer t.requests.Put(request)
	request.Reset()
	if err := r.Write(request); err != nil {
		return nil, err
	}
	for fresh := 0; ; {
		c, reused, err := t.connection(r.Context())
		if err != nil {
			return nil, err
		}
		resp, sent, err := t.over(c, r, request.Bytes())
		if err == nil {
			return resp, nil
		}
		c.Close()
		if !reused {
			fresh++
		}
		if fresh == attempts || sent && (!reused || !harmless(r.Method)) || r.Context().Err() != nil || !errors.Is(WrapError("exchange", t.Address, err), ErrServiceDied) {
			return nil, err
		}
	}
}

func harmless(method string) bool {
	return method == http.MethodGet || method == http.MethodHead || method == http.MethodOptions || method == http.MethodTrace
}

// over carries out one exchange on one connection. sent is false if the service
// cannot have seen any of the request.
func (t *StreamTransport) over(c *warmConn, r *http.Request, request []byte) (resp *http.Response, sent bool, err error) {
	stop := context.AfterFunc(r.Context(), func() { c.Close() })
	c.SetDeadline(time.Now().Add(timeoutOr(t.Timeout)))
	n, failed := c.Write(request)
	// A service may answer and hang up before it has read all.
	if resp, err = c.head(r, t.Limits.head()); err != nil {
		stop()
		if failed != nil {
			err = failed
		}
		return nil, n > 0, err
	}
	c.SetDeadline(time.Time{}) // a body may take as long as it moves
	body := &exchangeBody{ReadCloser: resp.Body, giveUp: func() { stop(); c.Close() }, keep: func() {
		if !stop() || failed != nil || resp.Close || r.Close || c.reader.Buffered() > 0 {
			c.Close()
			return
		}
		t.idle.put(c)
	}}
	if resp.Body == http.NoBody {
		body.keep()
	} else {
		resp.Body = body
	}
	return resp, true, nil
}

// exchangeBody gives its connection back when it has been read to its end. One
// that is closed before that ends the connection: nobody knows how much would
// have to be read.
type exchangeBody struct {
	io.ReadCloser
	once         sync.Once
	closed       atomic.Bool
	keep, giveUp func()
}

func (b *exchangeBody) Read(p []byte) (int, error) {
	if b.closed.Load() {
		return 0, http.ErrBodyReadAfterClose
	}
	n, err := b.ReadCloser.Read(p)
	switch {
	case err == io.EOF:
		b.once.Do(b.keep)
	case err != nil:
		b.once.Do(b.giveUp)
	}
	return n, err
}

func (b *exchangeBody) Close() error {
	b.closed.Store(true)
	b.once.Do(b.giveUp)
	return nil
}
