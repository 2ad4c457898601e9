package ipcapi

import (
	"bufio"
	"context"
	"errors"
	"math"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

// How connections to a service are kept for the next request.
const (
	maxIdleConns = 64
	maxIdleTime  = 90 * time.Second // less than a service waits for the next request
)

// warmConn is a connection that one request at a time uses.
type warmConn struct {
	net.Conn
	reader *bufio.Reader
	left   int64 // bytes that may still be read: a head has a limit
	failed error // of the last read
	expire *time.Timer
}

func newWarmConn(conn net.Conn) *warmConn {
	c := &warmConn{Conn: conn}
	c.reader = bufio.NewReader(c)
	return c
}

func (c *warmConn) Read(p []byte) (int, error) {
	if c.left <= 0 {
		return 0, errHeadTooLarge
	}
	n, err := c.Conn.Read(p[:min(int64(len(p)), c.left)])
	c.left, c.failed = c.left-int64(n), err
	return n, err
}

var (
	errHeadTooLarge = errors.New("the head of the response is too large")
	errInterim      = errors.New("interim responses without end, or a change of protocol")
)

// head reads the head of the final answer to r, of at most limit bytes.
func (c *warmConn) head(r *http.Request, limit int) (*http.Response, error) {
	c.left = int64(limit)
	for range 6 {
		resp, err := http.ReadResponse(c.reader, r)
		switch {
		case errors.Is(err, errHeadTooLarge):
			return nil, &TooLargeError{Limit: int64(limit), Response: true}
		case c.failed != nil: // net/http may call what arrived before it malformed
			return nil, c.failed
		case err != nil:
			return nil, err
		case resp.StatusCode >= http.StatusOK:
			c.left = math.MaxInt64
			return resp, nil
		case resp.StatusCode == http.StatusSwitchingProtocols:
			return nil, errInterim
		}
	}
	return nil, errInterim
}

// connection returns one that has been used before, if there is one, or a new one.
func (t *StreamTransport) connection(ctx context.Context) (c *warmConn, reused bool, err error) {
	if c := t.idle.take(); c != nil {
		return c, true, nil
	}
	ctx, cancel := context.WithTimeout(ctx, timeoutOr(t.Timeout))
	defer cancel()
	conn, err := t.Dial(ctx)
	if err != nil {
		return nil, false, err
	}
	return newWarmConn(conn), false, nil
}

// idleConns are the connections that wait for the next request. The one that was
// used last is taken first, so that those which are not needed grow old.
type idleConns struct {
	mu    sync.Mutex
	conns []*warmConn
}

func (i *idleConns) take() *warmConn {
	i.mu.Lock()
	defer i.mu.Unlock()
	last := len(i.conns) - 1
	if last < 0 {
		return nil
	}
	c := i.conns[last]
	i.conns = i.conns[:last]
	c.expire.Stop()
	return c
}

func (i *idleConns) put(c *warmConn) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if len(i.conns) >= maxIdleConns {
		c.Close()
		return
	}
	i.conns = append(i.conns, c)
	if c.expire == nil {
		c.expire = time.AfterFunc(maxIdleTime, func() { i.drop(c) })
	} else {
		c.expire.Reset(maxIdleTime)
	}
}

// drop closes c if nobody uses it.
func (i *idleConns) drop(c *warmConn) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if at := slices.Index(i.conns, c); at >= 0 {
		i.conns = slices.Delete(i.conns, at, at+1)
		c.Close()
	}
}

func (i *idleConns) closeAll() {
	i.mu.Lock()
	defer i.mu.Unlock()
	for _, c := range i.conns {
		c.expire.Stop()
		c.Close()
	}
	i.conns = nil
}
