//go:build linux

package unixipc

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/offlineauth/offlineauth/ipcapi"
	"github.com/offlineauth/offlineauth/ipcapi/wirebench"
)

// echoProcess in the environment makes the test program the service of the
// benchmarks: IPC is between processes, and so is what it is compared with.
const echoProcess = "OFFLINEAUTH_BENCH_SOCKET"

func TestMain(m *testing.M) {
	if value := os.Getenv(echoProcess); value != "" {
		serveEchoes(value)
		return
	}
	os.Exit(m.Run())
}

// BenchmarkRoundTrip posts a body to a service in another process and gets it
// back, with a number of callers at once. x-bare is the time against that of the
// same bytes there and back over socket pairs between the two processes, with
// as many callers, measured just before.
func BenchmarkRoundTrip(b *testing.B) {
	for _, wire := range []struct {
		scheme ipcapi.Scheme
		sizes  []int // a message has to fit into the kernel's buffer, of some 400 KB
	}{
		{ipcapi.UnixSeqpacket, []int{1 << 10, 64 << 10}},
		{ipcapi.Unix, []int{1 << 10, 64 << 10, 1 << 20, 16 << 20}},
	} {
		for _, size := range wire.sizes {
			for _, callers := range []int{1, 8, 64} {
				if size*callers > 64<<20 {
					continue // memory, not the wire
				}
				b.Run(fmt.Sprintf("%s/%dKB/%d", wire.scheme, size>>10, callers), func(b *testing.B) {
					roundTrip(b, wire.scheme, size, callers)
				})
			}
		}
	}
}

func roundTrip(b *testing.B, scheme ipcapi.Scheme, size, callers int) {
	a := addressFor(b, scheme)
	pairs := startEchoes(b, a, size, callers)
	wirebench.RoundTrip(b, transport(b, Dialer{Address: a}), pairs, size)
}

// startEchoes starts the other process, with one end of each socket pair.
func startEchoes(b *testing.B, a ipcapi.Address, size, callers int) []net.Conn {
	b.Helper()
	l, err := Listen(a)
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	l.(*ownListener).SetUnlinkOnClose(false)
	socket, err := l.(*ownListener).File()
	if err != nil {
		b.Fatal(err)
	}
	defer socket.Close()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), echoProcess+"="+strconv.Itoa(size))
	child.Stderr = os.Stderr
	child.ExtraFiles = []*os.File{socket}
	var near []net.Conn
	for range callers {
		ends := socketPair(b)
		defer ends[1].Close()
		child.ExtraFiles = append(child.ExtraFiles, ends[1])
		near = append(near, connOf(b, ends[0]))
	}
	if err := child.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { child.Process.Kill(); child.Wait() })
	return near
}

func socketPair(b *testing.B) (ends [2]*os.File) {
	b.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		b.Fatal(err)
	}
	return [2]*os.File{os.NewFile(uintptr(fds[0]), "near"), os.NewFile(uintptr(fds[1]), "far")}
}

func connOf(b *testing.B, f *os.File) net.Conn {
	b.Helper()
	defer f.Close()
	conn, err := net.FileConn(f)
	if err != nil {
		b.Fatal(err)
	}
	return conn
}

// serveEchoes is the other process. Its descriptors from 3 on are a listening
// socket, and the far ends of socket pairs that carry size bytes at a time.
func serveEchoes(size string) {
	n, err := strconv.Atoi(size)
	if err != nil {
		panic(err)
	}
	l, err := net.FileListener(os.NewFile(3, "listener"))
	if err != nil {
		panic(err)
	}
	for fd := uintptr(4); ; fd++ {
		pair, err := net.FileConn(os.NewFile(fd, "pair"))
		if err != nil {
			break
		}
		go wirebench.EchoBare(pair, n)
	}
	panic(Serve(context.Background(), l, Config{Handler: wirebench.Echo(n)}))
}
