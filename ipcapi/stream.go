package ipcapi

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync"
	"sync/atomic"
	"time"
)

// Dialer opens one connection to a service. Its errors are made by [WrapError].
type Dialer func(ctx context.Context) (net.Conn, error)

// StreamTransport is the client end of the stream wire: HTTP/1.1 on pooled
// connections, for https URLs, with no TLS. Set its fields before the first use.
type StreamTransport struct {
	Dial    Dialer
	Address Address       // named in errors
	Limits  Limits        // Body caps a response only if set: a stream may be long
	Timeout time.Duration // for the head of a response; zero means DefaultTimeout

	idle     idleConns // for small requests
	requests sync.Pool // of *bytes.Buffer

	once   sync.Once
	base   *http.Transport // for the others
	pieces sync.Pool       // of bodies that it sends
}

// NewStreamTransport returns a transport over the connections that dial opens.
func NewStreamTransport(dial Dialer) *StreamTransport { return &StreamTransport{Dial: dial} }

func (t *StreamTransport) transport() *http.Transport {
	t.once.Do(func() {
		dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
			conn, err := t.Dial(ctx)
			if err != nil {
				return nil, err
			}
			return &streamConn{Conn: conn, pieces: &t.pieces}, nil
		}
		t.base = &http.Transport{
			DialContext:            dial,
			DialTLSContext:         dial,
			DisableCompression:     true,
			MaxIdleConnsPerHost:    8,
			IdleConnTimeout:        maxIdleTime,
			ResponseHeaderTimeout:  timeoutOr(t.Timeout),
			MaxResponseHeaderBytes: int64(t.Limits.head()),
		}
	})
	return t.base
}

// CloseIdleConnections closes the connections no request is using.
func (t *StreamTransport) CloseIdleConnections() {
	t.idle.closeAll()
	t.transport().CloseIdleConnections()
}

// attempts bounds how often a request goes to a service that ends each time.
const attempts = 3

// RoundTrip is net/http's, with errors of this package. It repeats a request by
// itself where net/http does, when an idle connection turns out to be closed
// before anything was answered on it, and where no byte of it was taken: then it
// is certain that nobody has carried it out.
func (t *StreamTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	send := t.handOver
	if isSmall(r) {
		send = t.exchange
	}
	resp, err := send(r)
	if err != nil {
		return nil, t.wrap(r.Context(), err)
	}
	if err := answeredError(resp); err != nil {
		resp.Body.Close()
		return nil, err
	}
	resp.Request = r
	resp.Body = &streamBody{ReadCloser: resp.Body, transport: t, ctx: r.Context(), left: t.Limits.Body}
	return resp, nil
}

// handOver leaves a request to net/http's client.
func (t *StreamTransport) handOver(r *http.Request) (*http.Response, error) {
	resp, use, err := t.handOverOnce(r)
	for range attempts - 1 {
		if err == nil || !use.untouched() || r.Context().Err() != nil {
			break
		}
		if r = rewound(r); r == nil {
			break
		}
		resp, use, err = t.handOverOnce(r)
	}
	if err != nil && use.died() && kindOf(err) == nil {
		err = &Error{Op: "exchange", Address: t.Address, Kind: ErrServiceDied, Err: err}
	}
	return resp, err
}

func (t *StreamTransport) handOverOnce(r *http.Request) (*http.Response, *use, error) {
	use := new(use)
	trace := &httptrace.ClientTrace{GotConn: use.begin}
	resp, err := t.transport().RoundTrip(r.WithContext(httptrace.WithClientTrace(r.Context(), trace)))
	return resp, use, err
}

// rewound is the request with its body at the beginning; nil if that is gone.
func rewound(r *http.Request) *http.Request {
	if r.Body == nil || r.Body == http.NoBody {
		return r
	}
	if r.GetBody == nil {
		return nil
	}
	body, err := r.GetBody()
	if err != nil {
		return nil
	}
	again := *r
	again.Body = body
	return &again
}

// use is what one request makes of a connection, the last one if it is repeated.
type use struct {
	conn  atomic.Pointer[streamConn]
	begun atomic.Int64 // what had been written on the connection before
}

func (u *use) begin(info httptrace.GotConnInfo) {
	if c, ok := info.Conn.(*streamConn); ok {
		u.begun.Store(c.written.Load())
		u.conn.Store(c)
	}
}

func (u *use) died() bool {
	c := u.conn.Load()
	return c != nil && c.died.Load()
}

// untouched reports whether the connection ended before the service's system took
// a byte of the request.
func (u *use) untouched() bool { return u.died() && u.conn.Load().written.Load() == u.begun.Load() }

// wrap prefers what ended the request's context to the words others found for it.
func (t *StreamTransport) wrap(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return WrapError("exchange", t.Address, err)
}

// streamConn remembers that the peer ended the connection, which net/http
// reports in several ways, some without a type.
type streamConn struct {
	net.Conn
	pieces  *sync.Pool // of *[128 << 10]byte
	died    atomic.Bool
	written atomic.Int64 // bytes
}

func (c *streamConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.note(err)
	return n, err
}

func (c *streamConn) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	c.written.Add(int64(n))
	c.note(err)
	return n, err
}

// ReadFrom writes a body in pieces that are larger than those of net/http: each wakes
// the service.
func (c *streamConn) ReadFrom(r io.Reader) (int64, error) {
	piece, _ := c.pieces.Get().(*[128 << 10]byte)
	if piece == nil {
		piece = new([128 << 10]byte)
	}
	defer c.pieces.Put(piece)
	return io.CopyBuffer(struct{ io.Writer }{c}, r, piece[:])
}

func (c *streamConn) note(err error) {
	if err != nil && kindOf(err) == ErrServiceDied {
		c.died.Store(true)
	}
}

// streamBody gives errors of this package and holds the cap, if there is one.
type streamBody struct {
	io.ReadCloser
	transport *StreamTransport
	ctx       context.Context
	left      int64 // bytes; meaningful if the cap is set
}

func (b *streamBody) Read(p []byte) (int, error) {
	limit := b.transport.Limits.Body
	n, err := b.ReadCloser.Read(p)
	if b.left -= int64(n); limit > 0 && b.left < 0 {
		return n + int(b.left), &TooLargeError{Limit: limit, Response: true}
	}
	if err != nil && !errors.Is(err, io.EOF) {
		err = b.transport.wrap(b.ctx, err)
	}
	return n, err
}
