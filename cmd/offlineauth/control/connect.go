package control

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/offlineauth/offlineauth"
	"github.com/offlineauth/offlineauth/ipcapi"
	"github.com/offlineauth/offlineauth/ipcapi/unixipc"
	"github.com/offlineauth/offlineauth/store"
)

// Address is where a server that has the directory open serves its control API.
func Address(dir string) ipcapi.Address {
	return ipcapi.Address{Scheme: ipcapi.Unix, Path: filepath.Join(dir, "control.sock")}
}

// An Opener opens the directory in this process.
type Opener func(context.Context) (*offlineauth.Server, error)

// pollInterval is how often a directory that another process holds is tried
// again. There is no signal to wait for: the holder may be killed.
const pollInterval = 20 * time.Millisecond

// With calls fn with a way to the person's side of dir: through the server that
// has it open, or by opening it here for as long as fn takes. A directory that
// another command holds, or that a server opens or closes this moment, is tried
// again until ctx ends, so fn may be called again after a call of its own failed
// with ipcapi.ErrNoService or ipcapi.ErrServiceDied.
func With(ctx context.Context, dir string, open Opener, fn func(API) error) error {
	for {
		err := throughServer(dir, fn)
		if !errors.Is(err, ipcapi.ErrNoService) && !errors.Is(err, ipcapi.ErrServiceDied) {
			return err
		}
		err = inProcess(ctx, open, fn)
		if !errors.Is(err, store.ErrLocked) {
			return err
		}
		if !pause(ctx) {
			return fmt.Errorf("%w (it does not answer at %s)", err, Address(dir).Path)
		}
	}
}

// Take opens dir to serve it. Commands that hold it are waited for until ctx ends,
// a server is not: then the error is a store.ErrLocked.
func Take(ctx context.Context, dir string, open Opener) (*offlineauth.Server, error) {
	for {
		server, err := open(ctx)
		if !errors.Is(err, store.ErrLocked) || served(ctx, dir) || !pause(ctx) {
			return server, err
		}
	}
}

// pause reports whether there is time for another attempt.
func pause(ctx context.Context) bool {
	select {
	case <-time.After(pollInterval):
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}

func served(ctx context.Context, dir string) bool {
	conn, err := unixipc.Dial(ctx, Address(dir))
	if err != nil {
		return false
	}
	conn.Close()
	return true
}

// WithServer calls fn with a way to the person's side of dir, through the server that
// has it open. Without one the error is ipcapi.ErrNoService.
func WithServer(dir string, fn func(API) error) error { return throughServer(dir, fn) }

func throughServer(dir string, fn func(API) error) error {
	dialer := unixipc.Dialer{Address: Address(dir), VerifyPeer: serverOf(os.Getuid())}
	stream := ipcapi.NewStreamTransport(dialer.DialContext)
	stream.Address = dialer.Address
	defer stream.CloseIdleConnections()
	return fn(API{stream})
}

// serverOf refuses the server of another user than uid, who can only have put its
// socket into a directory that others may write to. It would see what is meant for
// uid's own. root looks into other users' directories, and may.
func serverOf(uid int) func(ipcapi.Caller) error {
	return func(peer ipcapi.Caller) error {
		if peer.UID != uid && peer.UID != 0 && uid != 0 {
			return fmt.Errorf("it is served by another user, uid %d; see who may write to its directory", peer.UID)
		}
		return nil
	}
}

func inProcess(ctx context.Context, open Opener, fn func(API) error) error {
	server, err := open(ctx)
	if err != nil {
		return err
	}
	here := newHere(Handler(server, nil), ourselves())
	defer here.close()
	return errors.Join(fn(API{here.transport}), server.Close())
}

// ourselves is this process as a caller, for the audit trail.
func ourselves() ipcapi.Caller {
	executable, err := os.Executable()
	if err != nil {
		executable = os.Args[0]
	}
	return ipcapi.Caller{Transport: "local", UID: os.Getuid(), PID: os.Getpid(), Executable: executable}
}
