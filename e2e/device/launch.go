//go:build linux

package device

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/offlineauth/offlineauth/linkhandler"
)

// launchLimit bounds the delivery of a link.
const launchLimit = 10 * time.Second

// Why a link was not delivered. Test with errors.Is on a [*LaunchError].
var (
	ErrBadLink     = errors.New("not an absolute URI without spaces and control characters")
	ErrNoApp       = errors.New("no installed app claims it or has that name")
	ErrCertificate = errors.New("the installed app of that name is signed with another certificate")
	ErrNotRunning  = errors.New("the app is not running and has no LinkCommand to start")
)

// LaunchError is a link that was not delivered.
type LaunchError struct {
	Launch linkhandler.Launch
	Err    error
}

func (e *LaunchError) Error() string {
	to := ""
	if e.Launch.App != "" {
		to = " for " + e.Launch.App
	}
	return fmt.Sprintf("link %q%s was not delivered: %v", e.Launch.URI, to, e.Err)
}

func (e *LaunchError) Unwrap() error { return e.Err }

// Launch opens a link as a person's tap does. It implements
// [linkhandler.Launcher]: an app that is named gets the link if its certificate is
// that of the identity, whatever it claims; without a name the app that claims the
// scheme or the https host does. It goes to the standard input of the app's
// process of [Device.Start], the newest one, or else the app's LinkCommand is
// started. The error is a [*LaunchError].
func (d *Device) Launch(ctx context.Context, l linkhandler.Launch) error {
	_, err := d.Open(ctx, l)
	return err
}

// Open is as [Device.Launch] and returns the process that got the link. It is nil
// if the browser did.
func (d *Device) Open(ctx context.Context, l linkhandler.Launch) (*Process, error) {
	return d.launch(ctx, "", l)
}

func (d *Device) launch(ctx context.Context, from string, l linkhandler.Launch) (*Process, error) {
	ctx, cancel := context.WithTimeout(ctx, launchLimit)
	defer cancel()
	p, err := d.deliver(ctx, from, l)
	if err != nil {
		d.trace.emit(Event{Kind: LinkRefused, URI: l.URI, From: from, Err: err})
		return nil, &LaunchError{Launch: l, Err: err}
	}
	return p, nil
}

func (d *Device) deliver(ctx context.Context, from string, l linkhandler.Launch) (*Process, error) {
	u, err := url.Parse(l.URI) // refuses control characters
	if err != nil || u.Scheme == "" || strings.Contains(l.URI, " ") {
		return nil, ErrBadLink
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	d.mu.Lock()
	a, err := d.receiver(u, l.App)
	if err == nil {
		defer d.mu.Unlock()
		d.trace.emit(Event{Kind: LinkLaunched, URI: l.URI, From: from, App: a.Package})
		return d.hand(ctx, a, l.URI)
	}
	d.mu.Unlock()
	if !errors.Is(err, ErrNoApp) || l.App != "" || d.opts.Browser == nil {
		return nil, err
	}
	d.trace.emit(Event{Kind: LinkLaunched, URI: l.URI, From: from})
	return nil, d.opts.Browser(ctx, l.URI)
}

// receiver decides who gets the link: the app of that identity, or the one that
// claims u and was installed last.
func (d *Device) receiver(u *url.URL, identity string) (*installed, error) {
	if d.closed {
		return nil, ErrClosed
	}
	if identity != "" {
		return d.identified(identity)
	}
	for _, a := range slices.Backward(d.apps) {
		if a.claims(u) {
			return a, nil
		}
	}
	return nil, ErrNoApp
}

// identified finds the app of an identity in either form that this device's
// services see: "android:PACKAGE#DIGEST", or "uid:N" for an app with its own uid.
func (d *Device) identified(identity string) (*installed, error) {
	if number, ok := strings.CutPrefix(identity, "uid:"); ok {
		for _, a := range d.apps {
			if d.separate && strconv.Itoa(a.uid) == number {
				return a, nil
			}
		}
		return nil, ErrNoApp
	}
	pkg, _, _ := strings.Cut(strings.TrimPrefix(identity, "android:"), "#")
	a, err := d.find(pkg)
	if err == nil && a.Identity() != identity {
		return nil, ErrCertificate
	}
	return a, err
}

// hand gives the link to the app. The caller holds d.mu.
func (d *Device) hand(ctx context.Context, a *installed, uri string) (*Process, error) {
	for _, p := range slices.Backward(d.running(a.Package)) {
		if p.links != nil && p.send(ctx, uri) == nil {
			return p, nil
		}
	}
	if len(a.LinkCommand) == 0 {
		return nil, fmt.Errorf("%s: %w", a.Package, ErrNotRunning)
	}
	return d.start(a, task{command: append(slices.Clone(a.LinkCommand), uri), stdin: a.Stdin})
}

// sendLimit bounds the wait for a process that does not read its input, because
// the device waits too.
const sendLimit = time.Second

// send fails if the process does not read its standard input (any more).
func (p *Process) send(ctx context.Context, line string) error {
	deadline := time.Now().Add(sendLimit)
	if end, ok := ctx.Deadline(); ok && end.Before(deadline) {
		deadline = end
	}
	if err := p.links.SetWriteDeadline(deadline); err != nil {
		return err
	}
	_, err := p.links.WriteString(line + "\n")
	if errors.Is(err, os.ErrDeadlineExceeded) {
		p.links.Close() // half a line may have been written
	}
	return err
}
