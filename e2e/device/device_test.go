//go:build linux

package device_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/offlineauth/offlineauth/e2e/device"
)

func TestMain(m *testing.M) {
	device.Main()
	testApp()
	if os.Getenv("GORACE") == "" { // or each app takes a second to exit under the race detector
		os.Setenv("GORACE", "atexit_sleep_ms=0")
	}
	os.Exit(m.Run())
}

// limit bounds whatever a test waits for.
const limit = 30 * time.Second

func waiting(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	t.Cleanup(cancel)
	return ctx
}

// newDevice makes a device with this program as testapp. Its directory is one that
// other users can pass through.
func newDevice(t *testing.T, opts device.Options) *device.Device {
	t.Helper()
	dir, err := os.MkdirTemp("", "device")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	d, err := device.New(dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Provide("testapp", self); err != nil {
		t.Fatal(err)
	}
	return d
}

// eachUser runs a test with apps of one uid, and of their own where that works.
func eachUser(t *testing.T, test func(t *testing.T, opts device.Options)) {
	t.Run("own uids", func(t *testing.T) { test(t, device.Options{}) })
	t.Run("one uid", func(t *testing.T) { test(t, device.Options{SharedUID: true}) })
}

func digest(name string) string {
	sum := sha256.Sum256([]byte(name))
	return hex.EncodeToString(sum[:])
}

// install installs an app whose certificate is that of its package name, and
// returns what its processes print.
func install(t *testing.T, d *device.Device, app device.App) *output {
	t.Helper()
	out := &output{}
	if app.Certificate == "" {
		app.Certificate = digest(app.Package)
	}
	app.Stdout, app.Stderr = out, t.Output()
	if err := d.Install(app); err != nil {
		t.Fatal(err)
	}
	return out
}

// output is read while it is written.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

func (o *output) lines() []string {
	return strings.FieldsFunc(o.String(), func(r rune) bool { return r == '\n' })
}

// await waits for the nth event of a kind that concerns the app.
func await(t *testing.T, d *device.Device, kind device.Kind, app string, n int) device.Event {
	t.Helper()
	e, err := d.Await(waiting(t), func(e device.Event) bool {
		if e.Kind == kind && e.App == app {
			n--
		}
		return n == 0
	})
	if err != nil {
		t.Fatalf("%s %s: %v", app, kind, err)
	}
	return e
}

// count counts the events of a kind so far.
func count(t *testing.T, d *device.Device, kind device.Kind) (n int) {
	t.Helper()
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	d.Await(ended, func(e device.Event) bool {
		if e.Kind == kind {
			n++
		}
		return false
	})
	return n
}

// run runs a command as an app and waits for its end.
func run(t *testing.T, d *device.Device, pkg string, command ...string) error {
	t.Helper()
	p, err := d.Start(pkg, command...)
	if err != nil {
		t.Fatal(err)
	}
	return p.Wait(waiting(t))
}
