package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/offlineauth/offlineauth/e2e/device"
	"github.com/offlineauth/offlineauth/ipcapi"
)

const (
	issuer   = "https://auth.example"
	authApp  = "com.example.auth"
	mathsApp = "com.example.maths"
)

// A stage is a device with the two apps installed.
type stage struct {
	device  *device.Device
	service ipcapi.Service // of the authorization app
	ownUIDs bool           // whether each app has a uid of its own, as on Android
	story   *story
}

func setUp(ctx context.Context, dir, programs string, ask bool, s *story) (*stage, error) {
	d, err := device.New(filepath.Join(dir, "device"), device.Options{Trace: s.event})
	if err != nil {
		return nil, err
	}
	st := &stage{device: d, story: s, service: ipcapi.Service{
		d.Address(ipcapi.UnixSeqpacket, "auth-messages.sock"),
		d.Address(ipcapi.Unix, "auth-stream.sock"),
	}}
	err = st.install(programs, ask)
	if err == nil {
		err = st.configure(ctx)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%w\n%s", err, st.logs()), d.Close())
	}
	return st, nil
}

// install puts the programs and the apps onto the device.
func (st *stage) install(programs string, ask bool) error {
	for _, name := range []string{"offlineauth", "mathsapp"} {
		if _, err := st.device.Provide(name, filepath.Join(programs, name)); err != nil {
			return fmt.Errorf("%w (run «make build» first)", err)
		}
	}
	auth := device.App{
		Package:     authApp,
		Certificate: strings.Repeat("a1", 32),
		Hosts:       []string{"auth.example"},
		LinkCommand: []string{"offlineauth", "open", "--approve"},
		// The service's log goes beside its data; the terminal is for the person.
		ServiceCommand: []string{"sh", "-c", `exec offlineauth serve --idle-exit 2s 2>>"$HOME/serve.log"`},
		Services:       st.service,
	}
	if ask {
		auth.LinkCommand = []string{"offlineauth", "open"}
		auth.Stdin, auth.Stderr = os.Stdin, os.Stderr
	}
	maths := device.App{
		Package:     mathsApp,
		Certificate: strings.Repeat("b2", 32),
		Schemes:     []string{mathsApp},
		Stdout:      st.story.appOutput(),
	}
	for _, app := range []device.App{auth, maths} {
		if err := st.device.Install(app); err != nil {
			return err
		}
	}
	return nil
}

// configure does once what installing the apps would have done: who lives on the
// device, and which app may ask.
func (st *stage) configure(ctx context.Context) error {
	uid, own, err := st.device.UID(mathsApp)
	if err != nil {
		return err
	}
	st.ownUIDs = own
	client := []string{"client", "add", "--id", "maths", "--name", "Maths", "--redirect-uri", mathsApp + ":/done"}
	if own {
		client = append(client, "--app", fmt.Sprintf("uid:%d", uid))
	}
	for _, command := range [][]string{
		{"init", "--issuer", issuer, "--ipc", st.service[0].String(), "--ipc", st.service[1].String()},
		{"account", "add", "--username", "amina", "--name", "Amina"},
		client,
	} {
		process, err := st.device.Start(authApp, append([]string{"offlineauth"}, command...)...)
		if err != nil {
			return err
		}
		if err := process.Wait(ctx); err != nil {
			return fmt.Errorf("offlineauth %s: %w", strings.Join(command, " "), err)
		}
	}
	return nil
}

// play starts the client app and waits until it has done its part. If the person
// wanted to have to do with it, they open a lesson of it, too.
func (st *stage) play(ctx context.Context) error {
	maths, err := st.maths()
	if err == nil {
		err = maths.Wait(ctx)
	}
	if err == nil && st.story.loggedIn() {
		err = st.learn(ctx)
	}
	if err != nil {
		return fmt.Errorf("the client app failed: %w", err)
	}
	return nil
}

func (st *stage) maths(flags ...string) (*device.Process, error) {
	command := []string{"mathsapp", "-issuer", issuer, "-service", st.service.String(), "-report"}
	return st.device.Start(mathsApp, append(command, flags...)...)
}

// learn opens the client app as a lesson, as a launcher does.
func (st *stage) learn(ctx context.Context) error {
	maths, err := st.maths("-lesson")
	if err != nil {
		return err
	}
	launcher, err := st.device.Start(authApp, "offlineauth", "launch", "--client-id", "maths", "--activity", "https://maths.example/fractions", mathsApp+":/lesson")
	if err == nil {
		err = launcher.Wait(ctx)
	}
	if err != nil {
		return err
	}
	return maths.Wait(ctx)
}

// logs is what the apps wrote, for when something went wrong.
func (st *stage) logs() string {
	var all strings.Builder
	for _, app := range []string{authApp, mathsApp} {
		log, err := os.ReadFile(st.device.Log(app))
		if err == nil && len(log) > 0 {
			fmt.Fprintf(&all, "%s wrote:\n%s\n", app, log)
		}
	}
	return all.String()
}
