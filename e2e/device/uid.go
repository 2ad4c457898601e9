//go:build linux

package device

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

const probeLimit = 10 * time.Second

// chooseUIDs finds out, by trying, whether apps can have uids of their own: root
// in a container or a user namespace often cannot give them.
func (d *Device) chooseUIDs() error {
	if os.Geteuid() == 0 && !d.opts.SharedUID {
		err := d.probe(credential(firstUID))
		switch {
		case err == nil:
			d.separate = true
			return nil
		case errors.Is(err, syscall.EACCES):
			return fmt.Errorf("an app with a uid of its own cannot reach the directory: use one whose parents are passable to everybody, such as os.MkdirTemp(\"\", ...) made 0711: %w", err)
		case !errors.Is(err, syscall.EPERM) && !errors.Is(err, syscall.EINVAL):
			return err
		}
	}
	return d.probe(nil)
}

// probe runs the device's xdg-open as an app would. It also finds a program that
// does not call Main: without it such a program would start itself again and
// again.
func (d *Device) probe(as *syscall.Credential) error {
	ctx, cancel := context.WithTimeout(context.Background(), probeLimit)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(d.dir, "bin", openerName), "--version")
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: as, Pdeathsig: syscall.SIGKILL}
	out, err := cmd.Output()
	var exited *exec.ExitError
	if err != nil && !errors.As(err, &exited) {
		return fmt.Errorf("cannot run a program: %w", err)
	}
	if err != nil || !bytes.Equal(out, []byte(version)) {
		return errors.New("the program given as Opener does not call device.Main before anything else")
	}
	return nil
}

func credential(uid int) *syscall.Credential {
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(uid)}
}
