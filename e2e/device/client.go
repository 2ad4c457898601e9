//go:build linux

package device

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/offlineauth/offlineauth/ipcapi"
	"github.com/offlineauth/offlineauth/linkhandler"
)

// Attestor asks the device at a control socket which app a caller's process
// belongs to. Processes of no app are unattested; an error turns the caller away.
//
// The device is asked by process number, so a caller that ends while it calls is
// unattested, and, as wherever a number is all there is, one that ended before and
// whose number went to another app's process already is taken for that one.
func Attestor(socket string) ipcapi.Attestor {
	return func(ctx context.Context, c ipcapi.Caller) (string, error) {
		a, err := ask(ctx, socket, question{Attest: &peer{PID: c.PID, UID: c.UID}})
		if err == nil {
			err = a.err()
		}
		return a.Identity, err
	}
}

// Launcher opens links through the device at a control socket. Unlike xdg-open it
// can deliver to one app alone. Its errors are as those of [Device.Launch].
func Launcher(socket string) linkhandler.Launcher { return launcher(socket) }

type launcher string

func (socket launcher) Launch(ctx context.Context, l linkhandler.Launch) error {
	a, err := ask(ctx, string(socket), question{Launch: &l})
	if err == nil {
		err = a.err()
	}
	if err != nil {
		return &LaunchError{Launch: l, Err: err}
	}
	return nil
}

func ask(ctx context.Context, socket string, q question) (a answer, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("ask the simulated device: %w", err)
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, controlLimit)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "unix", socket)
	if err != nil {
		return a, err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	if err = json.NewEncoder(conn).Encode(q); err == nil {
		err = json.NewDecoder(io.LimitReader(conn, maxQuestion)).Decode(&a)
	}
	if err != nil && ctx.Err() != nil {
		err = ctx.Err()
	}
	return a, err
}

func (a answer) err() error {
	if a.Error == "" {
		return nil
	}
	if kind := kinds()[a.Kind]; kind != nil {
		return kind
	}
	return errors.New(a.Error)
}
