package mobile

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync"

	"github.com/offlineauth/offlineauth/ipcapi"
)

// maxStreams bounds what one user of the system may have open.
const maxStreams = 256

// streams serves all sockets that are handed over.
type streams struct {
	handler http.Handler

	mu      sync.Mutex
	handed  *handed     // nil when closed
	open    map[int]int // streams by uid
	serving sync.WaitGroup
}

func serveStreams(h http.Handler) *streams {
	s := &streams{handler: h, open: map[int]int{}}
	s.handed = s.begin()
	return s
}

// begin starts a server for what is handed over from now on.
func (s *streams) begin() *handed {
	ctx, end := context.WithCancel(context.Background())
	l := &handed{conns: make(chan net.Conn), closed: make(chan struct{}), end: end}
	s.serving.Go(func() {
		defer end()
		err := ipcapi.ServeStreams(ctx, l, s.handler, ipcapi.StreamConfig{Caller: func(_ context.Context, c net.Conn) (ipcapi.Caller, error) {
			return c.(*handedOver).caller, nil
		}})
		if err != nil {
			slog.Error("the streams ended", "cause", err)
		}
	})
	return l
}

// add serves a descriptor, which is closed in any case.
func (s *streams) add(fd int, caller ipcapi.Caller) error {
	file := os.NewFile(uintptr(fd), "stream")
	if file == nil {
		return errors.New("this is no descriptor")
	}
	conn, err := net.FileConn(file) // a copy, which the runtime can wait for
	if err = errors.Join(err, file.Close()); err != nil {
		return err
	}
	stream, ok := conn.(*net.UnixConn)
	if !ok {
		return errors.Join(errors.New("this is no unix socket"), conn.Close())
	}
	s.mu.Lock()
	defer s.mu.Unlock() // so that none is handed to a server that ends
	if s.handed == nil {
		return errors.Join(net.ErrClosed, conn.Close())
	}
	if s.open[caller.UID] >= maxStreams {
		return errors.Join(errors.New("this user has too many streams open"), conn.Close())
	}
	select {
	case s.handed.conns <- &handedOver{stream, caller, sync.OnceFunc(func() { s.leave(caller.UID) })}:
		s.open[caller.UID]++
		return nil
	case <-s.handed.closed:
		return errors.Join(net.ErrClosed, conn.Close())
	}
}

func (s *streams) leave(uid int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open[uid]--; s.open[uid] <= 0 {
		delete(s.open, uid)
	}
}

// rest lets the streams there are come to their end. New ones can be added at once.
func (s *streams) rest() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.handed != nil {
		s.handed.end()
		s.handed = s.begin()
	}
}

// close ends all streams, and returns when they are.
func (s *streams) close() {
	s.mu.Lock()
	if s.handed != nil {
		s.handed.end()
		s.handed = nil
	}
	s.mu.Unlock()
	s.serving.Wait()
}

// handed is a listener: what is handed over is what it accepts.
type handed struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
	end    context.CancelFunc // of its server
}

// A handedOver is a socket whose peer the system named when it was handed over.
type handedOver struct {
	*net.UnixConn
	caller ipcapi.Caller
	leave  func()
}

func (c *handedOver) Close() error {
	defer c.leave()
	return c.UnixConn.Close()
}

// Accept implements [net.Listener].
func (h *handed) Accept() (net.Conn, error) {
	select {
	case c := <-h.conns:
		return c, nil
	case <-h.closed:
		return nil, net.ErrClosed
	}
}

// Close implements [net.Listener].
func (h *handed) Close() error {
	h.once.Do(func() { close(h.closed) })
	return nil
}

// Addr implements [net.Listener].
func (h *handed) Addr() net.Addr { return &net.UnixAddr{Net: "unix"} }
