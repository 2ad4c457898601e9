//go:build linux

package device

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// owner says which app a process belongs to: the one whose process is it, or is
// its ancestor, or opened its session. It is nil for others, and for a process
// that ended meanwhile, whose number may be another's now. The caller holds d.mu.
func (d *Device) owner(pid int) *installed {
	if pid <= 0 {
		return nil
	}
	handle, err := unix.PidfdOpen(pid, 0)
	if err != nil && !errors.Is(err, unix.ENOSYS) { // ENOSYS: before Linux 5.3
		return nil
	}
	if err == nil {
		defer unix.Close(handle)
	}
	a := d.descent(pid)
	if err == nil && unix.PidfdSendSignal(handle, 0, nil, 0) == unix.ESRCH {
		return nil
	}
	return a
}

// descent walks up from pid. No process can join a session: it begins its own or
// has that of its parent, even when the parent has ended.
func (d *Device) descent(pid int) *installed {
	self := os.Getpid()
	here, err := readStat(pid)
	for err == nil && pid > 1 && pid != self {
		if p := d.processes[pid]; p != nil && p.born == here.born {
			return p.app
		}
		if p := d.processes[here.session]; p != nil && !p.exited {
			return p.app
		}
		var parent, again stat
		if parent, err = readStat(here.parent); err != nil {
			break
		}
		// A parent that ended has been replaced: then the number just looked
		// up may have been another's.
		if again, err = readStat(pid); err == nil && again == here {
			pid, here = here.parent, parent
		} else {
			here = again
		}
	}
	return nil
}

// attest is the identity of the app that pid belongs to, or empty. A uid that is
// not the app's shows that the number was given to another process.
func (d *Device) attest(pid, uid int) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	a := d.owner(pid)
	if a == nil || uid >= 0 && uid != a.uid {
		return ""
	}
	return a.Identity()
}

// packageOf is the package name of the app that pid belongs to, or empty.
func (d *Device) packageOf(pid int) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	if a := d.owner(pid); a != nil {
		return a.Package
	}
	return ""
}
