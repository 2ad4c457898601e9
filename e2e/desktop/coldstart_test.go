//go:build linux && (dbus || systemd)

package desktop

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/offlineauth/offlineauth/ipcapi/dbusipc"
)

// emptyID is the name of a service that does nothing but to take it.
const emptyID = "com.example.empty"

// empty takes its name and ends when it is asked for nothing else.
func empty([]string) error {
	bus, err := dbusipc.Open(context.Background(), "")
	if err != nil {
		return err
	}
	if err := bus.RequestName(context.Background(), emptyID); err != nil {
		return err
	}
	<-bus.Context().Done()
	return nil
}

// BenchmarkColdStart is what a caller waits for when nothing runs: from the request
// to the end of its answer, the start of the server by the bus included. The units
// are x-exec, how many times as long that is as to run a Go program that does
// nothing, and x-bus, as to have the bus start one that takes its name; both are
// measured in between.
func BenchmarkColdStart(b *testing.B) {
	w := newWorld(b)
	w.bus.Install(b, emptyID, w.own, "empty")
	nothing := emptyProgram(b)
	bus, err := dbusipc.Open(b.Context(), "")
	if err != nil {
		b.Fatal(err)
	}
	defer bus.Close()
	var cold, ran, started time.Duration
	for b.Loop() {
		b.StopTimer()
		end(b, bus, appID)
		end(b, bus, emptyID)
		ran += took(b, func() error { return exec.Command(nothing).Run() })
		started += took(b, func() error { _, _, err := bus.Start(b.Context(), emptyID); return err })
		b.StartTimer()
		cold += took(b, func() error { return ask(b.Context()) })
	}
	b.ReportMetric(float64(cold)/float64(ran), "x-exec")
	b.ReportMetric(float64(cold)/float64(started), "x-bus")
	b.ReportMetric(float64(ran.Nanoseconds())/float64(b.N), "ns/exec")
	b.ReportMetric(float64(started.Nanoseconds())/float64(b.N), "ns/bus")
}

// ask sends one request as a client that has just started does.
func ask(ctx context.Context) error {
	transport, err := dbusipc.Connect(address)
	if err != nil {
		return err
	}
	defer transport.(interface{ CloseIdleConnections() }).CloseIdleConnections()
	status, _, err := fetch(ctx, transport, issuer+"/.well-known/oauth-authorization-server")
	if err == nil && status != 200 {
		err = fmt.Errorf("status %d", status)
	}
	return err
}

func took(b *testing.B, do func() error) time.Duration {
	b.Helper()
	begun := time.Now()
	if err := do(); err != nil {
		b.Fatal(err)
	}
	return time.Since(begun)
}

// end kills the process that has a name, and waits until the bus knows.
func end(b *testing.B, bus *dbusipc.Bus, name string) {
	b.Helper()
	for {
		owner, err := bus.Owner(b.Context(), name)
		if err != nil {
			return
		}
		if c, err := bus.Caller(b.Context(), owner); err == nil {
			syscall.Kill(c.PID, syscall.SIGKILL)
		}
		time.Sleep(time.Millisecond)
	}
}

func emptyProgram(b *testing.B) string {
	dir := b.TempDir()
	source, program := filepath.Join(dir, "main.go"), filepath.Join(dir, "nothing")
	if err := os.WriteFile(source, []byte("package main\n\nfunc main() {}\n"), 0o600); err != nil {
		b.Fatal(err)
	}
	build := exec.Command("go", "build", "-o", program, source)
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	return program
}
