//go:build linux

package e2e_test

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/offlineauth/offlineauth/cmd/offlineauth/control"
	"github.com/offlineauth/offlineauth/e2e/device"
	"github.com/offlineauth/offlineauth/ipcapi"
)

// install installs an app; see the package's doc.
func (w *world) install(ts *testscript.TestScript, args []string) error {
	if len(args) == 0 || w.apps[args[0]] != nil {
		return errors.New("usage: install NAME ..., once for a name")
	}
	name := args[0]
	a := &installedApp{pkg: "com.example." + name}
	app := device.App{
		Package:     a.pkg,
		Certificate: digest(name),
		Env:         append([]string{"CLIENT_ID=" + name, "REDIRECT_URI=" + a.pkg + ":/done", "SCOPES=openid profile"}, w.env...),
		Stdout:      &a.stdout,
		Stderr:      &a.stderr,
	}
	complete := w.client
	if name == "auth" {
		complete = w.authorizationApp
	}
	if err := complete(ts, &app, name, args[1:]); err != nil {
		return err
	}
	if err := w.device.Install(app); err != nil {
		return err
	}
	w.apps[name] = a
	uid, own, err := w.device.UID(a.pkg)
	if own {
		ts.Setenv(name+"_uid", fmt.Sprint("uid:", uid))
	}
	ts.Setenv(name+"_app", app.Identity())
	if err != nil || name != "auth" {
		return err
	}
	ts.Setenv("auth_control", control.Address(filepath.Join(w.home(a), ".local/share/offlineauth")).String())
	return w.settle(ts, a)
}

// client completes an app that is not the authorization app. A link that no
// process waits for starts one that ends at once.
func (w *world) client(ts *testscript.TestScript, app *device.App, name string, args []string) error {
	flags := flag.NewFlagSet("install", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	scheme := flags.String("scheme", "", "")
	serves := flags.Bool("service", false, "")
	api := flags.Bool("api", false, "")
	signed := flags.Bool("signed", false, "")
	if err := flags.Parse(args); err != nil || flags.NArg() > 0 {
		return errors.New("usage: install NAME [-scheme S] [-service | -api] [-signed]")
	}
	app.Schemes = []string{app.Package}
	if *scheme != "" {
		app.Schemes = append(app.Schemes, *scheme)
	}
	app.LinkCommand = []string{"true"}
	if *serves {
		app.ServiceCommand = []string{"app", "rogue"}
	}
	if *api {
		app.ServiceCommand = []string{"testapi", fmt.Sprint("-signed=", *signed)}
	}
	if *serves || *api {
		w.offer(ts, app, name)
	}
	return nil
}

// offer gives an app sockets, and tells it and the script where they are.
func (w *world) offer(ts *testscript.TestScript, app *device.App, name string) {
	stream := w.device.Address(ipcapi.Unix, name+"-stream.sock")
	service := ipcapi.Service{w.device.Address(ipcapi.UnixSeqpacket, name+"-message.sock"), stream}
	app.Services = service
	app.Env = append(app.Env, "API_SERVICE="+service.String())
	ts.Setenv(name+"_service", service.String())
	ts.Setenv(name+"_stream", stream.String())
}

// authorizationApp completes the authorization app. How it answers a link is in
// the file answer, which the person writes.
func (w *world) authorizationApp(_ *testscript.TestScript, app *device.App, _ string, args []string) error {
	if len(args) == 0 {
		return errors.New("usage: install auth PROGRAM [FLAG]...")
	}
	program, flags := args[0], args[1:]
	open := []string{program, "open"}
	app.ServiceCommand = append([]string{program, "serve"}, flags...)
	app.Services = ipcapi.Service{w.device.Address(ipcapi.UnixSeqpacket, "message.sock"), w.device.Address(ipcapi.Unix, "stream.sock")}
	if program == "testauth" {
		open = append(open, flags...) // what applies to the service applies here
		app.Services = append(app.Services, w.device.Address(ipcapi.Unix, "https.sock"))
	}
	app.LinkCommand = []string{"sh", "-c", "exec " + strings.Join(open, " ") + ` $(cat "$HOME/answer") "$1"`, "sh"}
	app.Hosts = []string{"auth.example"}
	return nil
}

// settle says once how the app will be served, as its installation would, and
// has the person accept.
func (w *world) settle(ts *testscript.TestScript, a *installedApp) error {
	if err := w.answer("--approve"); err != nil {
		return err
	}
	return w.run(ts, a, "offlineauth", "init", "--issuer", issuer, "--ipc", ts.Getenv("MESSAGES"), "--ipc", ts.Getenv("STREAM"))
}

// person decides how the authorization app is answered from now on.
func (w *world) person(_ *testscript.TestScript, args []string) error {
	answers := map[string]string{"accepts": "--approve", "denies": "--deny", "is-away": ""}
	if len(args) != 1 {
		return errors.New("usage: person accepts|denies|is-away")
	}
	flag, ok := answers[args[0]]
	if !ok {
		return errors.New("a person accepts, denies or is-away")
	}
	return w.answer(flag)
}

func (w *world) answer(flag string) error {
	a, err := w.app("auth")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(w.home(a), "answer"), []byte(flag), 0o644)
}
