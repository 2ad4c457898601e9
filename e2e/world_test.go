//go:build linux

package e2e_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/offlineauth/offlineauth/e2e/device"
	"github.com/offlineauth/offlineauth/ipcapi"
)

const issuer = "https://auth.example"

// The verifier and challenge are those of RFC 7636 appendix B.
const (
	verifier  = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
	challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
)

// A world is a device, and what a story did on it.
type world struct {
	ctx    context.Context // ends with the story, at the latest with its deadline
	device *device.Device
	dir    string
	env    []string // of every app
	apps   map[string]*installedApp
}

// An installedApp is one of com.example.NAME.
type installedApp struct {
	pkg            string
	stdout, stderr transcript
	started        *device.Process
	links          int // that redirect has seen
}

// worldKey finds the world of a script.
type worldKey struct{}

// setUp makes the world of a script and takes it down in the end.
func setUp(env *testscript.Env, options device.Options) error {
	dir, err := os.MkdirTemp("", "e2e")
	if err != nil {
		return err
	}
	env.Defer(func() { os.RemoveAll(dir) })
	d, err := device.New(dir, options)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	w := &world{ctx: ctx, device: d, dir: dir, apps: map[string]*installedApp{}}
	t := env.T().(testing.TB)
	env.Defer(func() {
		cancel()
		if err := d.Close(); err != nil {
			t.Errorf("something of the device is left: %v", err)
		}
		if t.Failed() {
			w.showUnread(t)
		}
	})
	env.Values[worldKey{}] = w
	if err := w.provide(); err != nil {
		return err
	}
	for _, name := range []string{"auth.pem", "other.pem"} {
		if err := makeCertificate(filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	w.setVariables(env)
	return nil
}

// tooLarge is a number of bytes that no message has: more than a socket of this
// system holds, however large a process makes it.
func tooLarge() int {
	text, err := os.ReadFile("/proc/sys/net/core/wmem_max")
	limit, wrong := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil || wrong != nil { // a network namespace may not show it
		limit = 4 << 20
	}
	return 2*limit + 1
}

func (w *world) provide() error {
	for _, name := range []string{"offlineauth", "testauth", "testapi", "app"} {
		path, err := exec.LookPath(name)
		if err != nil {
			return err
		}
		if _, err := w.device.Provide(name, path); err != nil {
			return err
		}
	}
	return nil
}

// setVariables names, for scripts and for apps, what is the same in all stories.
func (w *world) setVariables(env *testscript.Env) {
	messages, stream := w.device.Address(ipcapi.UnixSeqpacket, "message.sock"), w.device.Address(ipcapi.Unix, "stream.sock")
	variables := map[string]string{
		"ISSUER":      issuer,
		"MESSAGES":    messages.String(),
		"STREAM":      stream.String(),
		"STREAM_PATH": stream.Path,
		"SERVICE":     ipcapi.Service{messages, stream}.String(),
		"NETWORK":     w.device.Address(ipcapi.Unix, "https.sock").Path,
		"CERTIFICATE": filepath.Join(w.dir, "auth.pem"),
		"OTHER":       filepath.Join(w.dir, "other.pem"),
		"LARGE":       strconv.Itoa(tooLarge()),
		"VERIFIER":    verifier,
		"CHALLENGE":   challenge,
		"PKCE":        "response_type=code&state=af0ifjsldkj&code_challenge_method=S256&code_challenge=" + challenge,
	}
	for _, name := range slices.Sorted(maps.Keys(variables)) {
		env.Setenv(name, variables[name])
		w.env = append(w.env, name+"="+variables[name])
	}
}

// showUnread shows what programs wrote that the script did not look at.
func (w *world) showUnread(t testing.TB) {
	for name, a := range w.apps {
		if text := a.stdout.next() + a.stderr.next(); text != "" {
			t.Logf("%s wrote, too:\n%s", name, text)
		}
	}
}

func (w *world) app(name string) (*installedApp, error) {
	if a := w.apps[name]; a != nil {
		return a, nil
	}
	return nil, fmt.Errorf("no app %q is installed", name)
}

// home is the private directory of an app.
func (w *world) home(a *installedApp) string { return filepath.Join(w.dir, "apps", a.pkg) }

// show gives the script what the app wrote since it last looked.
func (a *installedApp) show(ts *testscript.TestScript) {
	fmt.Fprint(ts.Stdout(), a.stdout.next())
	fmt.Fprint(ts.Stderr(), a.stderr.next())
}

func digest(name string) string {
	sum := sha256.Sum256([]byte(name))
	return hex.EncodeToString(sum[:])
}

// A transcript is what processes wrote, read piece by piece while they write.
type transcript struct {
	mu     sync.Mutex
	unread bytes.Buffer
}

func (t *transcript) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.unread.Write(b)
}

func (t *transcript) next() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	defer t.unread.Reset()
	return t.unread.String()
}
