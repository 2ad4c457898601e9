//go:build linux

package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os/exec"
	"regexp"
	"strconv"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/offlineauth/offlineauth/e2e/device"
	"github.com/offlineauth/offlineauth/linkhandler"
)

// commands is the vocabulary; the package's doc says what each word means.
func commands() map[string]func(ts *testscript.TestScript, neg bool, args []string) {
	return map[string]func(*testscript.TestScript, bool, []string){
		"install":  word((*world).install),
		"person":   word((*world).person),
		"as":       word((*world).as),
		"start":    word((*world).start),
		"await":    word((*world).await),
		"crash":    word((*world).crash),
		"launch":   word((*world).launch),
		"redirect": word((*world).redirect),
		"take":     word((*world).take),
		"event":    event,
	}
}

// word makes a command of a function. With ! it must fail in the way that a
// program or a launch does: a mistake of the script, or the end of the story's
// time, is never expected.
func word(do func(*world, *testscript.TestScript, []string) error) func(*testscript.TestScript, bool, []string) {
	return func(ts *testscript.TestScript, neg bool, args []string) {
		w := ts.Value(worldKey{}).(*world)
		err := do(w, ts, args)
		var exited *exec.ExitError
		var refused *device.LaunchError
		expected := errors.As(err, &exited) || errors.As(err, &refused)
		switch {
		case err != nil && (!neg || !expected || w.ctx.Err() != nil):
			ts.Fatalf("%v", err)
		case err == nil && neg:
			ts.Fatalf("it succeeded")
		case err != nil:
			ts.Logf("[%v]", err)
		}
	}
}

// as runs a program as an app.
func (w *world) as(ts *testscript.TestScript, args []string) error {
	if len(args) < 2 {
		return errors.New("usage: as NAME PROGRAM [ARG]...")
	}
	a, err := w.app(args[0])
	if err != nil {
		return err
	}
	return w.run(ts, a, args[1:]...)
}

func (w *world) run(ts *testscript.TestScript, a *installedApp, command ...string) error {
	p, err := w.device.Start(a.pkg, command...)
	if err != nil {
		return err
	}
	defer a.show(ts)
	return p.Wait(w.ctx)
}

func (w *world) start(_ *testscript.TestScript, args []string) (err error) {
	if len(args) < 2 {
		return errors.New("usage: start NAME PROGRAM [ARG]...")
	}
	a, err := w.app(args[0])
	if err != nil {
		return err
	}
	if a.started != nil {
		return errors.New("await what was started before")
	}
	a.started, err = w.device.Start(a.pkg, args[1:]...)
	return err
}

// only returns the app that is the one argument.
func (w *world) only(args []string) (*installedApp, error) {
	if len(args) != 1 {
		return nil, errors.New("the one argument is the name of an app")
	}
	return w.app(args[0])
}

func (w *world) await(ts *testscript.TestScript, args []string) error {
	a, err := w.only(args)
	if err != nil {
		return err
	}
	if a.started == nil {
		return errors.New("nothing was started")
	}
	defer a.show(ts)
	p := a.started
	a.started = nil
	return p.Wait(w.ctx)
}

func (w *world) crash(_ *testscript.TestScript, args []string) error {
	a, err := w.only(args)
	if err != nil {
		return err
	}
	return w.device.Kill(w.ctx, a.pkg)
}

// launch shows what the authorization app says: it is who gets links that people
// tap.
func (w *world) launch(ts *testscript.TestScript, args []string) error {
	if len(args) != 1 {
		return errors.New("usage: launch LINK")
	}
	p, err := w.device.Open(w.ctx, linkhandler.Launch{URI: args[0]})
	if err != nil {
		return err
	}
	if a := w.apps["auth"]; a != nil {
		defer a.show(ts)
	}
	return p.Wait(w.ctx)
}

func (w *world) redirect(ts *testscript.TestScript, args []string) error {
	a, err := w.only(args)
	if err != nil {
		return err
	}
	a.links++
	e, err := w.nth(w.ctx, device.LinkLaunched, a.pkg, a.links)
	if err != nil {
		return err
	}
	u, err := url.Parse(e.URI)
	if err != nil {
		return err
	}
	ts.Setenv("REDIRECT", e.URI)
	ts.Setenv("CODE", u.Query().Get("code"))
	_, err = fmt.Fprintln(ts.Stdout(), e.URI)
	return err
}

// event waits for an event, or makes sure that there was none.
func event(ts *testscript.TestScript, neg bool, args []string) {
	w := ts.Value(worldKey{}).(*world)
	kinds := map[string]device.Kind{
		"launched": device.LinkLaunched, "woken": device.ServiceWoken,
		"stopped": device.ProcessEnded, "failed": device.ServiceFailed,
	}
	if len(args) < 2 || len(args) > 3 || kinds[args[0]] == "" {
		ts.Fatalf("usage: event launched|woken|stopped|failed NAME [N]")
	}
	a, err := w.app(args[1])
	ts.Check(err)
	n := 1
	if len(args) == 3 {
		n, err = strconv.Atoi(args[2])
		ts.Check(err)
	}
	ctx := w.ctx
	if neg {
		over, cancel := context.WithCancel(w.ctx)
		cancel()
		ctx = over
	}
	e, err := w.nth(ctx, kinds[args[0]], a.pkg, n)
	if !neg {
		ts.Check(err)
		fmt.Fprintln(ts.Stdout(), e.Kind, e.App, e.Address, e.URI, e.Err)
	} else if err == nil {
		ts.Fatalf("it happened: %+v", e)
	}
}

// nth waits for the nth event of a kind. Of processes that ended those of services
// count.
func (w *world) nth(ctx context.Context, kind device.Kind, pkg string, n int) (device.Event, error) {
	services := map[int]bool{} // by process number
	return w.device.Await(ctx, func(e device.Event) bool {
		if e.Kind == device.ServiceWoken {
			services[e.PID] = true
		}
		if e.Kind == kind && e.App == pkg && (kind != device.ProcessEnded || services[e.PID]) {
			n--
		}
		return n == 0
	})
}

func (w *world) take(ts *testscript.TestScript, args []string) error {
	if len(args) != 2 {
		return errors.New("usage: take VARIABLE REGEXP")
	}
	pattern, err := regexp.Compile(args[1])
	if err != nil {
		return err
	}
	found := pattern.FindStringSubmatch(ts.ReadFile("stdout"))
	if len(found) != 2 {
		return fmt.Errorf("no match of %s, or not one group in it", pattern)
	}
	ts.Setenv(args[0], found[1])
	return nil
}
