package unixipc

import (
	"errors"
	"net"
	"sync"
	"time"

	"github.com/offlineauth/offlineauth/ipcapi"
)

// limitedListener turns away connections beyond a number for each uid, so that
// one caller cannot use up what all share.
type limitedListener struct {
	net.Listener
	max int

	mu   sync.Mutex
	open map[int]int // connections by uid
}

func (l *limitedListener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		peer, ok := conn.(*net.UnixConn)
		if !ok {
			conn.Close()
			continue
		}
		uid, err := peerUID(peer)
		if err != nil {
			conn.Close()
			continue
		}
		if !l.enter(uid) {
			turnAway(peer)
			continue
		}
		return &limitedConn{UnixConn: peer, uid: uid, leave: sync.OnceFunc(func() { l.leave(uid) })}, nil
	}
}

// Drain lets nobody else connect to a socket that is this process's own; those who
// are connected can still be accepted, and then Accept fails.
func (l *limitedListener) Drain() error {
	own, ok := l.Listener.(*ownListener)
	if !ok {
		return errors.ErrUnsupported
	}
	return own.shut()
}

func drain(l *limitedListener) {
	if l.Drain() != nil {
		l.Close()
	}
}

// turnAway answers a request that may not even be there yet. The buffer of a new
// connection takes it at once, on either wire.
func turnAway(conn *net.UnixConn) {
	conn.SetWriteDeadline(time.Now().Add(time.Second))
	conn.Write(ipcapi.BusyAnswer())
	conn.Close()
}

func (l *limitedListener) enter(uid int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open[uid] >= l.max {
		return false
	}
	l.open[uid]++
	return true
}

func (l *limitedListener) leave(uid int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open[uid]--; l.open[uid] == 0 {
		delete(l.open, uid)
	}
}

// limitedConn counts until it is closed, and does not wait for ever for a
// client that takes nothing.
type limitedConn struct {
	*net.UnixConn
	uid   int
	leave func()
}

// writePiece is how much of a long write has to go within the deadline, in bytes.
const writePiece = 256 << 10

func (c *limitedConn) Write(b []byte) (written int, err error) {
	for {
		c.SetWriteDeadline(time.Now().Add(writeLimit))
		n, err := c.UnixConn.Write(b[written:min(len(b), written+writePiece)])
		if written += n; err != nil || written == len(b) {
			return written, err
		}
	}
}

func (c *limitedConn) Close() error {
	c.leave()
	return c.UnixConn.Close()
}
