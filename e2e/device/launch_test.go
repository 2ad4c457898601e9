//go:build linux

package device_test

import (
	"context"
	"errors"
	"os/exec"
	"slices"
	"testing"

	"github.com/offlineauth/offlineauth/e2e/device"
	"github.com/offlineauth/offlineauth/linkhandler"
)

const (
	maths = "com.example.maths"
	auth  = "org.example.auth"
	evil  = "net.example.evil"
)

func linkApp(pkg string, schemes ...string) device.App {
	return device.App{Package: pkg, Schemes: schemes, LinkCommand: []string{"testapp", "got"}}
}

func TestLinkGoesToWhoClaimsIt(t *testing.T) {
	eachUser(t, func(t *testing.T, opts device.Options) {
		d := newDevice(t, opts)
		outs := map[string]*output{maths: install(t, d, linkApp(maths, "com.example.maths"))}
		app := linkApp(auth)
		app.Hosts = []string{"auth.example.org", "auth.example.org:8443"}
		outs[auth] = install(t, d, app)
		for _, test := range []struct{ uri, app string }{
			{"com.example.maths:/done?code=a%20b&state=", maths},
			{"COM.example.maths:/done", maths},
			{"https://auth.example.org/authorize?client_id=x", auth},
			{"https://AUTH.example.org:443/authorize", auth},
			{"https://auth.example.org:8443/authorize", auth},
		} {
			p, err := d.Open(t.Context(), linkhandler.Launch{URI: test.uri})
			if err != nil {
				t.Fatalf("%s: %v", test.uri, err)
			}
			if err := p.Wait(waiting(t)); err != nil {
				t.Fatalf("%s: %v", test.uri, err)
			}
			if lines := outs[test.app].lines(); len(lines) == 0 || lines[len(lines)-1] != "got "+test.uri {
				t.Errorf("%s: %s printed %q", test.uri, test.app, lines)
			}
		}
	})
}

func TestLinkNobodyClaims(t *testing.T) {
	var opened []string
	browser := func(_ context.Context, uri string) error { opened = append(opened, uri); return nil }
	for name, hook := range map[string]func(context.Context, string) error{"no browser": nil, "browser": browser} {
		t.Run(name, func(t *testing.T) {
			d := newDevice(t, device.Options{SharedUID: true, Browser: hook})
			app := linkApp(auth, "org.example.auth")
			app.Hosts = []string{"auth.example.org"}
			install(t, d, app)
			for _, uri := range []string{"https://other.example/", "https://auth.example.org:444/", "http://auth.example.org/", "com.example.none:/"} {
				opened = nil
				err := d.Launch(t.Context(), linkhandler.Launch{URI: uri})
				var typed *device.LaunchError
				switch {
				case hook == nil && (!errors.Is(err, device.ErrNoApp) || !errors.As(err, &typed) || typed.Launch.URI != uri):
					t.Errorf("%s: error %v", uri, err)
				case hook != nil && (err != nil || !slices.Equal(opened, []string{uri})):
					t.Errorf("%s: error %v, the browser opened %q", uri, err, opened)
				}
			}
		})
	}
}

func TestBadLinks(t *testing.T) {
	d := newDevice(t, device.Options{SharedUID: true, Browser: func(context.Context, string) error { return nil }})
	for _, uri := range []string{"", "-x", "--help", "/etc/passwd", "//host/", "a b:/", "com.example.maths:/a\nb", "com.example.maths:/a b", "1a:/", "com.example.maths:/%zz\x00"} {
		if err := d.Launch(t.Context(), linkhandler.Launch{URI: uri}); !errors.Is(err, device.ErrBadLink) {
			t.Errorf("%q: %v", uri, err)
		}
	}
}

// A custom scheme belongs to nobody: whoever is installed last gets its links.
// An explicit launch reaches the app it is for.
func TestHijackedScheme(t *testing.T) {
	eachUser(t, func(t *testing.T, opts device.Options) {
		d := newDevice(t, opts)
		good := install(t, d, linkApp(maths, "com.example.maths"))
		bad := install(t, d, linkApp(evil, "com.example.maths"))
		const uri = "com.example.maths:/done?code=secret"
		open := func(app string) {
			t.Helper()
			p, err := d.Open(t.Context(), linkhandler.Launch{URI: uri, App: app})
			if err != nil {
				t.Fatal(err)
			}
			p.Wait(waiting(t))
		}
		open("")
		if good.String() != "" || bad.String() != "got "+uri+"\n" {
			t.Fatalf("the app got %q, the hijacker %q", good, bad)
		}
		open("android:" + maths + "#" + digest(maths))
		if good.String() != "got "+uri+"\n" || bad.String() != "got "+uri+"\n" {
			t.Fatalf("explicitly: the app got %q, the hijacker %q", good, bad)
		}
	})
}

func TestExplicitLaunch(t *testing.T) {
	eachUser(t, func(t *testing.T, opts device.Options) {
		d := newDevice(t, opts)
		install(t, d, linkApp(maths, "com.example.maths"))
		_, own, err := d.UID(maths)
		if err != nil {
			t.Fatal(err)
		}
		byUID := device.ErrNoApp // one uid names no app
		if own {
			byUID = nil
		}
		for _, test := range []struct {
			app  string
			want error
		}{
			{"android:" + maths + "#" + digest(maths), nil},
			{"android:" + maths + "#" + digest("another maker"), device.ErrCertificate},
			{"android:" + maths, device.ErrCertificate},
			{"android:com.example.other#" + digest(maths), device.ErrNoApp},
			{"uid:10001", byUID},
			{"uid:10002", device.ErrNoApp},
		} {
			err := d.Launch(t.Context(), linkhandler.Launch{URI: "com.example.maths:/", App: test.app})
			if !errors.Is(err, test.want) || (err == nil) != (test.want == nil) {
				t.Errorf("%s: %v, want %v", test.app, err, test.want)
			}
		}
	})
}

func TestLinkToRunningApp(t *testing.T) {
	eachUser(t, func(t *testing.T, opts device.Options) {
		d := newDevice(t, opts)
		out := install(t, d, linkApp(maths, "com.example.maths"))
		running, err := d.Start(maths, "testapp", "read", "2")
		if err != nil {
			t.Fatal(err)
		}
		for _, uri := range []string{"com.example.maths:/1", "com.example.maths:/2"} {
			p, err := d.Open(t.Context(), linkhandler.Launch{URI: uri})
			if err != nil || p != running {
				t.Fatalf("delivered to %v, error %v", p, err)
			}
		}
		if err := running.Wait(waiting(t)); err != nil {
			t.Fatal(err)
		}
		p, err := d.Open(t.Context(), linkhandler.Launch{URI: "com.example.maths:/3"})
		if err != nil || p == running {
			t.Fatalf("after its end delivered to %v, error %v", p, err)
		}
		p.Wait(waiting(t))
		want := []string{"read com.example.maths:/1", "read com.example.maths:/2", "got com.example.maths:/3"}
		if got := out.lines(); !slices.Equal(got, want) {
			t.Errorf("printed %q, want %q", got, want)
		}
	})
}

func TestLinkToAppThatIsNotRunning(t *testing.T) {
	d := newDevice(t, device.Options{SharedUID: true})
	install(t, d, device.App{Package: maths, Schemes: []string{"com.example.maths"}})
	err := d.Launch(t.Context(), linkhandler.Launch{URI: "com.example.maths:/"})
	if !errors.Is(err, device.ErrNotRunning) {
		t.Error(err)
	}
}

// An app opens a link with xdg-open, as the real program does.
func TestXDGOpen(t *testing.T) {
	eachUser(t, func(t *testing.T, opts device.Options) {
		var events []device.Event
		opts.Trace = func(e device.Event) { events = append(events, e) }
		d := newDevice(t, opts)
		install(t, d, device.App{Package: maths, Schemes: []string{"com.example.maths"}})
		out := install(t, d, linkApp(auth, "org.example.auth"))
		if err := run(t, d, maths, "testapp", "open", "org.example.auth:/authorize?a=b&c"); err != nil {
			t.Fatal(err)
		}
		await(t, d, device.ProcessEnded, auth, 1)
		if got := out.String(); got != "got org.example.auth:/authorize?a=b&c\n" {
			t.Errorf("printed %q", got)
		}
		e := await(t, d, device.LinkLaunched, auth, 1)
		if e.From != maths || e.URI != "org.example.auth:/authorize?a=b&c" || e.Time.IsZero() {
			t.Errorf("event %+v", e)
		}
		err := run(t, d, maths, "testapp", "open", "com.example.none:/")
		if exited := new(exec.ExitError); !errors.As(err, &exited) {
			t.Errorf("a link for nobody: %v", err)
		}
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
		if last := events[len(events)-1]; last.Kind != device.ProcessEnded || last.App != maths || last.Err == nil {
			t.Errorf("last event %+v", last)
		}
	})
}

func TestLauncher(t *testing.T) {
	d := newDevice(t, device.Options{SharedUID: true})
	install(t, d, linkApp(maths, "com.example.maths"))
	l := device.Launcher(d.Socket())
	for _, test := range []struct {
		launch linkhandler.Launch
		want   error
	}{
		{linkhandler.Launch{URI: "com.example.maths:/"}, nil},
		{linkhandler.Launch{URI: "com.example.maths:/", App: "android:" + maths + "#" + digest(maths)}, nil},
		{linkhandler.Launch{URI: "com.example.maths:/", App: "android:" + maths + "#" + digest(evil)}, device.ErrCertificate},
		{linkhandler.Launch{URI: "com.example.none:/"}, device.ErrNoApp},
		{linkhandler.Launch{URI: "-"}, device.ErrBadLink},
	} {
		err := l.Launch(t.Context(), test.launch)
		if !errors.Is(err, test.want) || (err == nil) != (test.want == nil) {
			t.Errorf("%+v: %v, want %v", test.launch, err, test.want)
		}
	}
	d.Close()
	if err := l.Launch(t.Context(), linkhandler.Launch{URI: "com.example.maths:/"}); err == nil {
		t.Error("a closed device took a link")
	}
}
