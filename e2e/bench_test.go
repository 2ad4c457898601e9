//go:build linux

package e2e_test

import (
	"context"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/offlineauth/offlineauth/e2e/device"
	"github.com/offlineauth/offlineauth/ipcapi"
	"github.com/offlineauth/offlineauth/ipcapi/unixipc"
)

// BenchmarkColdStart is what a caller waits for when the service does not run: from
// the request to the end of its answer. The unit is x-exec, how many times as long
// that is as to run a Go program that does nothing, on the same machine at the
// same time.
func BenchmarkColdStart(b *testing.B) {
	for _, scheme := range []ipcapi.Scheme{ipcapi.UnixSeqpacket, ipcapi.Unix} {
		b.Run(string(scheme), func(b *testing.B) {
			d, empty := benchDevice(b), emptyProgram(b)
			transport, err := unixipc.Transport(d.Address(scheme, string(scheme)), ipcapi.Limits{})
			if err != nil {
				b.Fatal(err)
			}
			fetchMetadata(b, transport) // the data directory is made once
			var cold, exec time.Duration
			for b.Loop() {
				b.StopTimer()
				if err := d.Kill(b.Context(), "com.example.auth"); err != nil {
					b.Fatal(err)
				}
				exec += run(b, empty)
				b.StartTimer()
				begun := time.Now()
				fetchMetadata(b, transport)
				cold += time.Since(begun)
			}
			b.ReportMetric(float64(cold)/float64(exec), "x-exec")
			b.ReportMetric(float64(exec.Nanoseconds())/float64(b.N), "ns/exec")
		})
	}
}

func run(b *testing.B, program string) time.Duration {
	begun := time.Now()
	if err := exec.Command(program).Run(); err != nil {
		b.Fatal(err)
	}
	return time.Since(begun)
}

// benchDevice is a device with the real program as its authorization app.
func benchDevice(b *testing.B) *device.Device {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { os.RemoveAll(dir) })
	d, err := device.New(dir, device.Options{SharedUID: true})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := d.Close(); err != nil {
			b.Error(err)
		}
	})
	program, err := exec.LookPath("offlineauth")
	if err != nil {
		b.Fatal(err)
	}
	err = d.Install(device.App{
		Package:        "com.example.auth",
		Certificate:    digest("auth"),
		ServiceCommand: []string{program, "serve", "--issuer", issuer},
		Services:       ipcapi.Service{d.Address(ipcapi.UnixSeqpacket, string(ipcapi.UnixSeqpacket)), d.Address(ipcapi.Unix, string(ipcapi.Unix))},
	})
	if err != nil {
		b.Fatal(err)
	}
	return d
}

func emptyProgram(b *testing.B) string {
	dir := b.TempDir()
	source, program := filepath.Join(dir, "main.go"), filepath.Join(dir, "empty")
	if err := os.WriteFile(source, []byte("package main\n\nfunc main() {}\n"), 0o644); err != nil {
		b.Fatal(err)
	}
	if err := build(program, source); err != nil {
		b.Fatal(err)
	}
	return program
}

func fetchMetadata(b *testing.B, transport http.RoundTripper) {
	ctx, cancel := context.WithTimeout(b.Context(), limit)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, issuer+"/.well-known/oauth-authorization-server", nil)
	if err != nil {
		b.Fatal(err)
	}
	r.Close = true // the next request is to find nobody there
	response, err := transport.RoundTrip(r)
	if err != nil {
		b.Fatal(err)
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil || response.StatusCode != http.StatusOK {
		b.Fatalf("%s, %v", response.Status, err)
	}
}
