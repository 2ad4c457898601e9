//go:build linux

package device

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/offlineauth/offlineauth/ipcapi"
)

// An App is what gets installed. Only Package and Certificate are required.
//
// A program of a command that is named without a slash is looked for among
// those of [Device.Provide] first, then in this process's PATH.
type App struct {
	Package     string   // such as "com.example.maths"
	Certificate string   // SHA-256 of the signing certificate, 64 lower-case hex digits
	Schemes     []string // private-use URI schemes it claims (RFC 8252 section 7.1)
	Hosts       []string // hosts whose https links it claims, with ":port" if not 443 (section 7.2)

	LinkCommand []string // started for a link, with the URI as last argument, if no process of [Device.Start] takes it

	ServiceCommand []string         // started when one of Services is connected to and it is not running
	Services       []ipcapi.Address // unix or unix-seqpacket; see [Device.Address]

	Env            []string  // "NAME=value", added to [Device.Environ]
	Stdin          *os.File  // of LinkCommand, such as the terminal to ask in; nil is empty
	Stdout, Stderr io.Writer // of all its processes; nil is the file [Device.Log]
}

// Identity is how the device attests the app.
func (a App) Identity() string { return "android:" + a.Package + "#" + a.Certificate }

// What [Device.Install] refuses.
var (
	ErrInstalled   = errors.New("an app of this package name is installed already")
	ErrHostClaimed = errors.New("another app has the host: its claim was verified with the host's owner")
)

// installed is an app with what the device gave it.
type installed struct {
	App
	uid            int    // of its processes
	home           string // its private directory
	stdout, stderr io.Writer
	closers        []io.Closer
}

// Install makes an app known and opens the sockets of its services; none of its
// processes is started. Of several apps that claim one scheme the one installed
// last gets its links, as on a device where nobody checks such claims. A host
// cannot be claimed twice.
func (d *Device) Install(app App) error {
	if err := app.check(); err != nil {
		return fmt.Errorf("install %q: %w", app.Package, err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.admit(app); err != nil {
		return fmt.Errorf("install %q: %w", app.Package, err)
	}
	a, err := d.settle(app)
	if err != nil {
		return fmt.Errorf("install %q: %w", app.Package, err)
	}
	d.apps = append(d.apps, a)
	return nil
}

var packageName = regexp.MustCompile(`^[A-Za-z]\w*(\.[A-Za-z]\w*)+$`)

var certificateDigest = regexp.MustCompile(`^[0-9a-f]{64}$`)

func (a App) check() error {
	switch {
	case !packageName.MatchString(a.Package):
		return errors.New("the package name is not of the form com.example.app")
	case !certificateDigest.MatchString(a.Certificate):
		return errors.New("the certificate is not a SHA-256 in 64 lower-case hex digits")
	case len(a.Services) > 0 && len(a.ServiceCommand) == 0:
		return errors.New("it has Services and no ServiceCommand")
	}
	for _, address := range a.Services {
		if address.Scheme != ipcapi.Unix && address.Scheme != ipcapi.UnixSeqpacket || !filepath.IsAbs(address.Path) {
			return fmt.Errorf("service %q is not a unix or unix-seqpacket address", address)
		}
	}
	return nil
}

// admit compares app with those that are there.
func (d *Device) admit(app App) error {
	if d.closed {
		return ErrClosed
	}
	for _, other := range d.apps {
		if other.Package == app.Package {
			return ErrInstalled
		}
		for _, host := range app.Hosts {
			if slices.ContainsFunc(other.Hosts, func(h string) bool { return strings.EqualFold(h, host) }) {
				return fmt.Errorf("%s: %w", host, ErrHostClaimed)
			}
		}
	}
	return nil
}

// settle gives app its uid, directory, log and sockets.
func (d *Device) settle(app App) (_ *installed, err error) {
	a := &installed{App: app, uid: os.Getuid(), home: filepath.Join(d.dir, "apps", app.Package)}
	if d.separate {
		a.uid = firstUID + len(d.apps)
	}
	defer func() {
		if err != nil {
			a.close()
		}
	}()
	if err := a.makeHome(); err != nil {
		return nil, err
	}
	if err := a.openOutput(d.Log(app.Package)); err != nil {
		return nil, err
	}
	return a, d.offer(a)
}

func (a *installed) makeHome() error {
	for _, dir := range []string{a.home, filepath.Join(a.home, "run")} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			return err
		}
		if err := os.Chown(dir, a.uid, -1); err != nil {
			return err
		}
	}
	return nil
}

func (a *installed) close() {
	for _, c := range slices.Backward(a.closers) {
		c.Close()
	}
}

func (d *Device) find(pkg string) (*installed, error) {
	for _, a := range d.apps {
		if a.Package == pkg {
			return a, nil
		}
	}
	return nil, fmt.Errorf("%s: %w", pkg, ErrNoApp)
}

// claims reports whether the app gets links such as u when nobody is named.
func (a *installed) claims(u *url.URL) bool {
	if u.Scheme == "https" {
		host := strings.TrimSuffix(u.Host, ":443")
		return slices.ContainsFunc(a.Hosts, func(h string) bool { return strings.EqualFold(h, host) })
	}
	return slices.ContainsFunc(a.Schemes, func(s string) bool { return strings.EqualFold(s, u.Scheme) })
}
