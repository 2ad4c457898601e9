//go:build linux

package dbusipc_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/offlineauth/offlineauth/ipcapi"
	"github.com/offlineauth/offlineauth/ipcapi/dbusipc"
	"github.com/offlineauth/offlineauth/ipcapi/dbusipc/wire"
)

// A fakeBus is the bus's end of one connection, for what a real one does not do.
type fakeBus struct {
	t      testing.TB
	conn   *net.UnixConn
	serial uint32
}

// bus is the sender of the bus's own messages.
const bus = "org.freedesktop.DBus"

// fake lets the next connections to the session bus come to serve, which is given
// each call but for Hello.
func fake(t testing.TB, serve func(*fakeBus, wire.Header, *wire.Args)) {
	t.Helper()
	dir, err := os.MkdirTemp("", "bus")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	l, err := net.Listen("unix", filepath.Join(dir, "b us"))
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	t.Cleanup(func() { l.Close(); serving.Wait() })
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path="+filepath.Join(dir, "nobody")+";unix:path="+dir+"/b%20us,guid=0123")
	serving.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			serving.Go(func() { (&fakeBus{t: t, conn: conn.(*net.UnixConn)}).run(serve) })
		}
	})
}

func (f *fakeBus) run(serve func(*fakeBus, wire.Header, *wire.Args)) {
	defer f.conn.Close()
	var hello []byte
	for b := make([]byte, 1); !bytes.HasSuffix(hello, []byte("BEGIN\r\n")); hello = append(hello, b[0]) {
		if _, err := io.ReadFull(f.conn, b); err != nil {
			return
		}
	}
	io.WriteString(f.conn, "DATA\r\nOK 0123\r\nAGREE_UNIX_FD\r\n")
	for {
		h, args, err := f.read()
		if err != nil {
			return
		}
		if h.Member == "Hello" {
			var name wire.Body
			name.String(":1.1")
			f.answer(h, bus, name)
			continue
		}
		serve(f, h, args)
	}
}

func (f *fakeBus) read() (h wire.Header, args *wire.Args, err error) {
	head := make([]byte, wire.FixedSize)
	if _, err = io.ReadFull(f.conn, head); err != nil {
		return h, nil, err
	}
	header, length, err := wire.Lengths(head)
	if err != nil {
		return h, nil, err
	}
	rest := make([]byte, header-len(head)+length)
	if _, err = io.ReadFull(f.conn, rest); err != nil {
		return h, nil, err
	}
	raw := append(head, rest...)
	h, err = wire.ParseHeader(raw[:header])
	return h, h.Args(raw[header:], nil), err
}

func (f *fakeBus) answer(call wire.Header, from string, body wire.Body) {
	f.send(wire.Header{Type: wire.Return, ReplySerial: call.Serial, Sender: from}, body)
}

func (f *fakeBus) send(h wire.Header, body wire.Body) {
	f.serial++
	h.Serial = f.serial
	raw, err := h.Marshal(body)
	if err != nil {
		f.t.Error(err)
	}
	f.write(raw, body.Files...)
}

func (f *fakeBus) write(raw []byte, files ...*os.File) {
	var rights []byte
	if len(files) > 0 {
		var fds []int
		for _, file := range files {
			fds = append(fds, int(file.Fd()))
		}
		rights = unix.UnixRights(fds...)
	}
	n, _, err := f.conn.WriteMsgUnix(raw, rights, nil)
	if err == nil && n < len(raw) {
		f.conn.Write(raw[n:])
	}
}

func open(t testing.TB) *dbusipc.Bus {
	t.Helper()
	b, err := dbusipc.Open(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}

func number(n uint32) (body wire.Body) {
	body.Uint32(n)
	return body
}

// credentials is what a bus says of this process, with a pidfd.
func credentials(pidfd *os.File) wire.Body {
	data := []byte{0, 0, 0, 0, 0, 0, 0, 0}
	for _, entry := range []struct {
		key   string
		kind  byte
		value uint32
	}{{"UnixUserID", 'u', 1000}, {"ProcessID", 'u', uint32(os.Getpid())}, {"Something", 'b', 1}, {"ProcessFD", 'h', 0}} {
		for len(data)%8 != 0 {
			data = append(data, 0)
		}
		data = append(data, byte(len(entry.key)), 0, 0, 0)
		data = append(append(data, entry.key...), 0, 1, entry.kind, 0)
		for len(data)%4 != 0 {
			data = append(data, 0)
		}
		data = append(data, byte(entry.value), byte(entry.value>>8), byte(entry.value>>16), byte(entry.value>>24))
	}
	data[0] = byte(len(data) - 8)
	return wire.Body{Signature: "a{sv}", Data: data, Files: []*os.File{pidfd}}
}

// TestProcessFD: the bus hands over the process itself (dbus 1.16). What has its
// number by now is not taken for it.
func TestProcessFD(t *testing.T) {
	own, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ended := exec.Command("true")
	if err := ended.Start(); err != nil {
		t.Fatal(err)
	}
	gone := pidfd(t, ended.Process.Pid)
	if err := ended.Wait(); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		process *os.File
		want    string
	}{
		"it runs":      {pidfd(t, os.Getpid()), own},
		"it has ended": {gone, ""},
	} {
		fake(t, func(f *fakeBus, h wire.Header, args *wire.Args) {
			switch h.Member {
			case "GetConnectionCredentials":
				f.answer(h, bus, credentials(test.process))
			case "GetConnectionUnixProcessID":
				f.answer(h, bus, number(uint32(os.Getpid())))
			}
		})
		before := openFiles(t, "self")
		b := open(t)
		for range 5 {
			caller, err := b.Caller(t.Context(), "com.example.app") // which may change hands, so that it is asked for each time
			if err != nil || caller.UID != 1000 || caller.PID != os.Getpid() || caller.Executable != test.want || caller.Identity != "" {
				t.Errorf("%s: %+v, %v", name, caller, err)
			}
		}
		if after := openFiles(t, "self"); after > before+2 { // the two ends of the connection
			t.Errorf("%s: %d files are open, and %d were", name, after, before)
		}
	}
}

func pidfd(t *testing.T, pid int) *os.File {
	t.Helper()
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		t.Fatal(err)
	}
	f := os.NewFile(uintptr(fd), "pidfd")
	t.Cleanup(func() { f.Close() })
	return f
}

// openFiles is how many files a process has open.
func openFiles(t *testing.T, pid string) int {
	t.Helper()
	open, err := os.ReadDir("/proc/" + pid + "/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(open)
}

var toService = dbusipc.Call{Destination: ":1.9", Object: "/a", Interface: "a.b", Member: "C"}

// TestOnlyTheCalledAnswers: another process that guesses the serial is not heard.
func TestOnlyTheCalledAnswers(t *testing.T) {
	fake(t, func(f *fakeBus, h wire.Header, _ *wire.Args) {
		f.answer(h, ":1.66", number(66))
		f.send(wire.Header{Type: wire.Error, ReplySerial: h.Serial, Sender: ":1.66", ErrorName: "a.b"}, wire.Body{})
		f.answer(h, ":1.9", number(9))
		f.answer(h, ":1.9", number(10))
	})
	b := open(t)
	for range 10 {
		reply, err := b.Call(t.Context(), toService)
		if err != nil {
			t.Fatal(err)
		}
		if n := reply.Uint32(); n != 9 || reply.Err() != nil {
			t.Errorf("%d, %v", n, reply.Err())
		}
	}
}

// TestPassedOver: whatever else comes, with or without descriptors, the next message
// is read.
func TestPassedOver(t *testing.T) {
	long := wire.Header{Type: wire.Call, Path: "/" + strings.Repeat("a", 200<<10), Member: "B", Sender: ":1.66"}
	unknown := wire.Header{Type: wire.Call, Path: "/nowhere", Interface: "a.b", Member: "B", Sender: ":1.66", Flags: wire.NoReply}
	fake(t, func(f *fakeBus, h wire.Header, _ *wire.Args) {
		large := wire.Body{Signature: "ay", Data: append([]byte{0, 0, 16, 0}, make([]byte, 1<<20)...), Files: []*os.File{os.Stderr, os.Stderr}}
		array := wire.Body{Signature: "ah", Data: []byte{4, 0, 0, 0, 0, 0, 0, 0}, Files: []*os.File{os.Stderr}}
		for _, body := range []wire.Body{{}, large, array} {
			f.send(long, body)
			f.send(unknown, body)
			f.send(wire.Header{Type: wire.Signal, Path: "/a", Interface: "a.b", Member: "S", Sender: ":1.66"}, body)
			f.send(wire.Header{Type: 77}, body)
			f.send(wire.Header{Type: wire.Return, ReplySerial: h.Serial + 5, Sender: ":1.9"}, body)
		}
		f.write([]byte("l\x02\x00\x01\x00\x00\x00\x00\x01\x00\x00\x00\x08\x00\x00\x00\x05\x01u\x00\x00\x00\x00\x00"), os.Stderr)                              // an answer to nothing
		f.write([]byte("l\x02\x00\x01\x00\x00\x00\x00\x01\x00\x00\x00\x08\x00\x00\x00\x05\x02ah\x00\x00\x00\x00"), os.Stderr)                                 // a field of another type
		f.write([]byte("l\x02\x00\x01\x00\x00\x00\x00\x01\x00\x00\x00\x10\x00\x00\x00\x5f\x02ah\x00\x00\x00\x00\x04\x00\x00\x00\x00\x00\x00\x00"), os.Stderr) // a field that nobody knows
		answer := number(9)
		answer.File(os.Stdout)
		f.answer(h, ":1.9", answer)
	})
	b := open(t)
	before := openFiles(t, "self")
	for range 5 {
		reply, err := b.Call(t.Context(), toService)
		if err != nil {
			t.Fatal(err)
		}
		n, file := reply.Uint32(), reply.File()
		if n != 9 || file == nil || len(reply.Files) != 1 {
			t.Fatalf("%d with %d files, %v", n, len(reply.Files), reply.Err())
		}
		file.Close()
	}
	if after := openFiles(t, "self"); after > before {
		t.Errorf("%d files are open, and %d were", after, before)
	}
}

// TestBusEndsAtEveryByte: the bus ends in the middle of an answer, wherever that is.
func TestBusEndsAtEveryByte(t *testing.T) {
	var cut, whole atomic.Int64
	fake(t, func(f *fakeBus, h wire.Header, _ *wire.Args) {
		raw, err := (&wire.Header{Type: wire.Return, Serial: 5, ReplySerial: h.Serial, Sender: ":1.9"}).Marshal(number(9))
		if err != nil {
			t.Error(err)
		}
		whole.Store(int64(len(raw)))
		f.write(raw[:cut.Load()])
		f.conn.Close()
	})
	for {
		b := open(t)
		reply, err := b.Call(t.Context(), toService)
		if cut.Load() == whole.Load() {
			if err != nil || reply.Uint32() != 9 {
				t.Errorf("the whole answer: %v", err)
			}
			return
		}
		if err = dbusipc.WrapError("call", err); !errors.Is(err, ipcapi.ErrServiceDied) {
			t.Fatalf("after %d bytes: %v", cut.Load(), err)
		}
		<-b.Context().Done()
		cut.Add(1)
	}
}

// TestNobodyWaits: the descriptor of an answer that comes too late is closed.
func TestNobodyWaits(t *testing.T) {
	late := make(chan func(), 1)
	fake(t, func(f *fakeBus, h wire.Header, _ *wire.Args) {
		if h.Member == "Ping" {
			f.answer(h, ":1.9", wire.Body{})
			return
		}
		late <- func() {
			var body wire.Body
			body.File(os.Stderr)
			f.answer(h, ":1.9", body)
		}
	})
	b := open(t)
	before := openFiles(t, "self")
	for range 5 {
		ctx, cancel := context.WithCancel(t.Context())
		var answer func()
		go func() { answer = <-late; cancel() }()
		if _, err := b.Call(ctx, toService); !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		answer()
		if _, err := b.Call(t.Context(), dbusipc.Call{Destination: ":1.9", Object: "/a", Interface: "a.b", Member: "Ping"}); err != nil {
			t.Fatal(err)
		}
	}
	if after := openFiles(t, "self"); after > before {
		t.Errorf("%d files are open, and %d were", after, before)
	}
}

// TestAddresses: the first bus that answers is taken, and none that is not a unix
// socket.
func TestAddresses(t *testing.T) {
	for address, want := range map[string]error{
		"":                                 ipcapi.ErrNoService,
		"unix:path=/nowhere":               ipcapi.ErrNoService,
		"unix:abstract=offlineauth-nobody": ipcapi.ErrNoService,
		"tcp:host=localhost,port=1":        errors.ErrUnsupported,
		"unix:path=/a;unixexec:path=/b":    errors.ErrUnsupported,
		"unix:runtime=yes":                 errors.ErrUnsupported,
		"autolaunch:":                      errors.ErrUnsupported,
	} {
		t.Setenv("DBUS_SESSION_BUS_ADDRESS", address)
		t.Setenv("XDG_RUNTIME_DIR", t.TempDir())
		if _, err := dbusipc.Open(t.Context(), ""); !errors.Is(err, want) {
			t.Errorf("%q: %v", address, err)
		}
	}
}

// TestHandshakeRefused: the bus does not take us, or takes no descriptors.
func TestHandshakeRefused(t *testing.T) {
	for _, said := range []string{"REJECTED EXTERNAL\r\n", "DATA\r\nOK 01\r\nERROR\r\n", "\r\n", strings.Repeat("x", 2000), "DATA\n", ""} {
		dir := t.TempDir()
		l, err := net.Listen("unix", filepath.Join(dir, "bus"))
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			conn, err := l.Accept()
			if err == nil {
				fmt.Fprint(conn, said)
				conn.(*net.UnixConn).CloseWrite()
				io.Copy(io.Discard, conn)
				conn.Close()
			}
		}()
		t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path="+filepath.Join(dir, "bus"))
		var typed *ipcapi.Error
		if _, err := dbusipc.Open(t.Context(), ""); !errors.As(err, &typed) {
			t.Errorf("%q: %v", said, err)
		}
		l.Close()
	}
}
