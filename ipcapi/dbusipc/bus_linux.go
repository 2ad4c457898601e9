package dbusipc

import (
	"context"
	"errors"
	"fmt"
	"net"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/offlineauth/offlineauth/ipcapi"
	"github.com/offlineauth/offlineauth/ipcapi/dbusipc/wire"
)

// A Bus is a connection to a message bus. Its methods are safe for concurrent use.
// Close ends it.
type Bus struct {
	conn   *net.UnixConn
	ctx    context.Context
	end    context.CancelFunc
	serial atomic.Uint32
	calls  *calls

	sending sync.Mutex

	mu      sync.Mutex
	waiting map[uint32]*waiting      // for the answers to our calls, by serial
	objects map[string][]API         // by path
	callers map[string]ipcapi.Caller // by unique name, which the bus gives out once
}

// The bus itself, as the D-Bus Specification has it.
const (
	busName      = "org.freedesktop.DBus"
	busPath      = "/org/freedesktop/DBus"
	busInterface = "org.freedesktop.DBus"
)

const (
	patience   = 25 * time.Second // for the bus itself
	smallReply = 1 << 20          // bytes of an answer, if a call says nothing else
)

var errEnded = errors.New("the connection to the bus has ended")

func newBus(conn *net.UnixConn) *Bus {
	b := &Bus{conn: conn, calls: newCalls(), waiting: map[uint32]*waiting{}, objects: map[string][]API{}, callers: map[string]ipcapi.Caller{}}
	b.ctx, b.end = context.WithCancel(context.Background())
	return b
}

// Close ends the connection, and with it all calls that wait for an answer.
func (b *Bus) Close() error {
	b.end()
	return b.conn.Close()
}

// Context ends with the connection.
func (b *Bus) Context() context.Context { return b.ctx }

// A Call is one call of a method.
type Call struct {
	Destination string // a unique name, or that of the bus itself
	Object      string
	Interface   string
	Member      string
	Args        wire.Body // its files are not closed
	Limit       int64     // bytes of the answer's values; zero means 1 MiB
}

type waiting struct {
	from   string
	limit  int64
	answer chan answered
}

type answered struct {
	args *wire.Args
	err  error
}

// Call calls a method of a process that runs, and waits for the answer until ctx or
// the connection ends. Only the process that was called can answer. The error is an
// *Error if that is the answer. Close the answer's files, if any are expected.
func (b *Bus) Call(ctx context.Context, c Call) (*wire.Args, error) {
	w := &waiting{from: c.Destination, limit: c.Limit, answer: make(chan answered, 1)}
	if w.limit <= 0 {
		w.limit = smallReply
	}
	serial := b.nextSerial()
	b.mu.Lock()
	b.waiting[serial] = w
	b.mu.Unlock()
	h := wire.Header{Type: wire.Call, Flags: wire.NoAutoStart, Serial: serial, Destination: c.Destination, Path: c.Object, Interface: c.Interface, Member: c.Member}
	err := b.send(h, c.Args)
	if err == nil {
		select {
		case a := <-w.answer:
			return a.args, a.err
		case <-ctx.Done():
			err = ctx.Err()
		case <-b.ctx.Done():
			err = errEnded
		}
	}
	if b.waitingFor(serial) == nil { // it came just now, or never will
		select {
		case a := <-w.answer:
			return a.args, a.err
		case <-b.ctx.Done():
		}
	}
	return nil, err
}

// waitingFor returns what waits for the answer to a call, once.
func (b *Bus) waitingFor(serial uint32) *waiting {
	b.mu.Lock()
	defer b.mu.Unlock()
	w := b.waiting[serial]
	delete(b.waiting, serial)
	return w
}

// ask calls a method of the bus itself.
func (b *Bus) ask(ctx context.Context, member string, args wire.Body) (*wire.Args, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return b.Call(ctx, Call{Destination: busName, Object: busPath, Interface: busInterface, Member: member, Args: args})
}

func (b *Bus) nextSerial() uint32 {
	for {
		if n := b.serial.Add(1); n != 0 {
			return n
		}
	}
}

// send sends a message as a whole, or ends the connection.
func (b *Bus) send(h wire.Header, body wire.Body) error {
	message, err := h.Marshal(body)
	if err != nil {
		return err
	}
	var rights []byte
	if len(body.Files) > 0 {
		fds := make([]int, len(body.Files))
		for i, f := range body.Files {
			fds[i] = int(f.Fd())
		}
		rights = unix.UnixRights(fds...)
	}
	b.sending.Lock()
	defer b.sending.Unlock()
	defer runtime.KeepAlive(body.Files)
	b.conn.SetWriteDeadline(time.Now().Add(patience))
	n, _, err := b.conn.WriteMsgUnix(message, rights, nil)
	if err == nil && n < len(message) {
		_, err = b.conn.Write(message[n:])
	}
	if err != nil {
		b.Close()
		return errors.Join(errEnded, err)
	}
	return nil
}

// RequestName makes name this connection's until ReleaseName or its end. If another
// process has it the error is syscall.EADDRINUSE.
func (b *Bus) RequestName(ctx context.Context, name string) error {
	const doNotQueue, owner, already = 4, 1, 4
	var args wire.Body
	args.String(name)
	args.Uint32(doNotQueue)
	reply, err := b.ask(ctx, "RequestName", args)
	if err != nil {
		return WrapError("take a name on the bus", err)
	}
	if got := reply.Uint32(); reply.Err() == nil && got != owner && got != already {
		err = fmt.Errorf("another process has the name: %w", syscall.EADDRINUSE)
	}
	return errors.Join(err, reply.Err())
}

// ReleaseName gives it back.
func (b *Bus) ReleaseName(ctx context.Context, name string) error {
	var args wire.Body
	args.String(name)
	_, err := b.ask(ctx, "ReleaseName", args)
	return WrapError("give a name back to the bus", err)
}

// Owner is the unique name of the process that has a well-known name.
func (b *Bus) Owner(ctx context.Context, name string) (string, error) {
	var args wire.Body
	args.String(name)
	reply, err := b.ask(ctx, "GetNameOwner", args)
	if err != nil {
		return "", err
	}
	owner := reply.String()
	if reply.Err() == nil && !strings.HasPrefix(owner, ":") && owner != busName {
		return "", fmt.Errorf("the bus says that %q has the name %s", owner, name)
	}
	return owner, reply.Err()
}
