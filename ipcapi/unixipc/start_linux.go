package unixipc

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/offlineauth/offlineauth/ipcapi"
)

// readyLimit bounds the start of a service.
const readyLimit = 20 * time.Second

// Start runs the command of a service that listens at a, if nobody does, and
// returns when somebody does. It is for systems on which nobody starts services: of
// callers that find none at the same moment, one starts it and the others wait. It
// is to exit by itself when it is idle, and to outlive this process. The errors are
// of package ipcapi.
//
// a is a socket with a path. While the service starts a lock is held on a file
// beside it, whose name ends in ".start.lock".
func Start(ctx context.Context, a ipcapi.Address, command []string) error {
	if a.Path == "" || len(command) == 0 {
		return &ipcapi.Error{Op: "start", Address: a, Err: errors.ErrUnsupported}
	}
	ctx, cancel := context.WithTimeout(ctx, readyLimit)
	defer cancel()
	if err := os.MkdirAll(filepath.Dir(a.Path), 0o700); err != nil {
		return ipcapi.WrapError("start", a, err)
	}
	unlock, err := lockPath(ctx, a.Path+".start")
	if err != nil {
		return ipcapi.WrapError("start", a, err)
	}
	defer unlock()
	if serving(ctx, a) {
		return nil
	}
	return start(ctx, a, command)
}

func serving(ctx context.Context, a ipcapi.Address) bool {
	conn, err := Dial(ctx, a)
	if err != nil {
		return false
	}
	conn.Close()
	return true
}

func start(ctx context.Context, a ipcapi.Address, command []string) error {
	said, err := os.CreateTemp("", "offlineauth-start-*") // what it says if it fails
	if err != nil {
		return ipcapi.WrapError("start", a, err)
	}
	defer said.Close()
	defer os.Remove(said.Name())
	service := exec.Command(command[0], command[1:]...)
	service.Dir, service.Stderr = "/", said
	service.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // no signal of this process's terminal is for it
	if err := service.Start(); err != nil {
		return failedStart(a, err)
	}
	ended := make(chan error, 1)
	go func() { ended <- service.Wait() }()
	for {
		select {
		case err := <-ended:
			if serving(ctx, a) { // somebody else's start was quicker
				return nil
			}
			return failedStart(a, fmt.Errorf("%s ended (%v) and said: %s", command[0], err, lastLine(said.Name())))
		case <-ctx.Done():
			return ipcapi.WrapError("start", a, ctx.Err())
		case <-time.After(2 * time.Millisecond):
			if serving(ctx, a) {
				return nil
			}
		}
	}
}

func failedStart(a ipcapi.Address, err error) error {
	return &ipcapi.Error{Op: "start", Address: a, Kind: ipcapi.ErrNoService, Err: err}
}

func lastLine(file string) string {
	text, err := os.ReadFile(file)
	if err != nil {
		return ""
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return lines[len(lines)-1]
}
