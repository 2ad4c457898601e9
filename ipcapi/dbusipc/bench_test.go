//go:build linux && dbus

package dbusipc_test

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/offlineauth/offlineauth/ipcapi"
	"github.com/offlineauth/offlineauth/ipcapi/dbusipc"
	"github.com/offlineauth/offlineauth/ipcapi/wirebench"
)

// BenchmarkRoundTrip posts a body to a service that the bus has started and gets it
// back, with a number of callers at once, by each of the two methods. x-bare is the
// time against that of the same bytes there and back over unix sockets to the same
// process, with as many callers, measured just before.
func BenchmarkRoundTrip(b *testing.B) {
	for _, method := range []struct {
		name  string
		sizes []int // over the bus itself 16 MB would take minutes
	}{
		{"Connect", []int{1 << 10, 64 << 10, 1 << 20, 16 << 20}},
		{"Handle", []int{1 << 10, 64 << 10, 1 << 20}},
	} {
		for _, size := range method.sizes {
			for _, callers := range []int{1, 8, 64} {
				if size*callers > 64<<20 || method.name == "Handle" && size*callers > 1<<20 {
					continue
				}
				b.Run(fmt.Sprintf("%s/%dKB/%d", method.name, size>>10, callers), func(b *testing.B) {
					roundTrip(b, method.name, size, callers)
				})
			}
		}
	}
}

func roundTrip(b *testing.B, method string, size, callers int) {
	bare := filepath.Join(b.TempDir(), "bare")
	start(b, "BARE="+bare, fmt.Sprint("SIZE=", size))
	d := &dbusipc.Dialer{Address: address}
	b.Cleanup(d.CloseIdleConnections)
	var rt http.RoundTripper = &ipcapi.MessageTransport{Exchanger: d}
	if method == "Connect" {
		rt = connected(b)
	}
	if err := wirebench.Post(rt, nil, nil); err != nil { // starts the service
		b.Fatal(err)
	}
	conns := make([]net.Conn, callers)
	for i := range conns {
		var err error
		if conns[i], err = net.Dial("unix", bare); err != nil {
			b.Fatal(err)
		}
	}
	wirebench.RoundTrip(b, rt, conns, size)
}

func connected(b *testing.B) http.RoundTripper {
	rt, err := dbusipc.Connect(address)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(rt.(interface{ CloseIdleConnections() }).CloseIdleConnections)
	return rt
}

// serveBare is the other end of the bare connections, in the service's process.
func serveBare(size int) {
	l, err := net.Listen("unix", os.Getenv("BARE"))
	if err != nil {
		return
	}
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		go wirebench.EchoBare(conn, size)
	}
}
