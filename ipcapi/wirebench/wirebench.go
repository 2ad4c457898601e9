// Package wirebench has what the benchmarks of all wires share: a body that goes to a
// service in another process and comes back, and the same bytes over bare sockets to
// that process, as the limit that the wire is measured against.
package wirebench

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// turns is how often a benchmark goes from the bare bytes to the wire and back, so that
// what else the machine does falls on both.
const turns = 50

// RoundTrip posts bodies of size bytes to a service that has [Echo], by as many callers
// at once as there are bare connections to its process, each with [EchoBare] at the
// other end. It closes those. It reports x-bare, the time against that of as many round
// trips of the bare bytes, in turns with them, and ns/bare.
func RoundTrip(b *testing.B, rt http.RoundTripper, bare []net.Conn, size int) {
	b.Helper()
	defer func() {
		for _, conn := range bare {
			conn.Close()
		}
	}()
	bodies, answers := make([][]byte, len(bare)), make([][]byte, len(bare))
	for i := range bare {
		bodies[i], answers[i] = bytes.Repeat([]byte("x"), size), make([]byte, size)
	}
	overBare := func(caller int) error {
		if _, err := bare[caller].Write(bodies[caller]); err != nil {
			return err
		}
		_, err := io.ReadFull(bare[caller], answers[caller])
		return err
	}
	overWire := func(caller int) error { return Post(rt, bodies[caller], answers[caller]) }
	trips(b, len(bare), len(bare), overBare) // the first ones take memory
	var limit, took time.Duration
	b.SetBytes(int64(2 * size))
	b.ReportAllocs()
	b.ResetTimer()
	for turn := range turns {
		n := b.N*(turn+1)/turns - b.N*turn/turns
		b.StopTimer()
		limit += trips(b, len(bare), n, overBare)
		b.StartTimer()
		took += trips(b, len(bare), n, overWire)
	}
	b.ReportMetric(float64(took)/float64(limit), "x-bare")
	b.ReportMetric(float64(limit.Nanoseconds())/float64(b.N), "ns/bare")
}

// trips has callers make n round trips between them, and returns how long that took.
func trips(b *testing.B, callers, n int, trip func(caller int) error) time.Duration {
	var left atomic.Int64
	left.Store(int64(n))
	var running sync.WaitGroup
	begun := time.Now()
	for caller := range callers {
		running.Go(func() {
			for left.Add(-1) >= 0 {
				if err := trip(caller); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	running.Wait()
	return time.Since(begun)
}

// Post is one request. The answer must have the length of answer.
func Post(rt http.RoundTripper, body, answer []byte) error {
	r, err := http.NewRequest("POST", "https://issuer.example/echo", bytes.NewReader(body))
	if err != nil {
		return err
	}
	response, err := rt.RoundTrip(r)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if _, err := io.ReadFull(response.Body, answer); err != nil {
		return err
	}
	// The end, so that the connection can be used again.
	if n, err := response.Body.Read(make([]byte, 1)); n > 0 || err != io.EOF {
		return fmt.Errorf("after the body: %d, %v", n, err)
	}
	return nil
}

// Echo is the service of [RoundTrip]: it reads a body of size bytes and sends it back.
func Echo(size int) http.Handler {
	buffers := sync.Pool{New: func() any { b := make([]byte, size); return &b }}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		buffer := buffers.Get().(*[]byte)
		defer buffers.Put(buffer)
		n, err := io.ReadFull(r.Body, *buffer)
		if err != nil && n > 0 {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Length", strconv.Itoa(n))
		w.Write((*buffer)[:n])
	})
}

// EchoBare sends size bytes back at a time, until the other end is closed.
func EchoBare(conn net.Conn, size int) {
	defer conn.Close()
	buffer := make([]byte, size)
	for {
		if _, err := io.ReadFull(conn, buffer); err != nil {
			return
		}
		conn.Write(buffer)
	}
}
