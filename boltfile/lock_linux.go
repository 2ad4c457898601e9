package boltfile

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// lockHolder asks the kernel who has the file locked. It may not know, as when
// the holder is in another container.
func lockHolder(path string) *LockedError {
	e := &LockedError{Path: path}
	info, err := os.Stat(path)
	if err != nil {
		return e
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return e
	}
	locks, err := os.Open("/proc/locks")
	if err != nil {
		return e
	}
	defer locks.Close()
	for s := bufio.NewScanner(locks); s.Scan(); {
		if pid := flockPID(s.Text(), stat.Ino); pid > 0 {
			e.PID = pid
			e.Executable, _ = os.Readlink(fmt.Sprintf("/proc/%d/exe", pid))
			break
		}
	}
	return e
}

// flockPID reads a line of /proc/locks, such as
// "1: FLOCK  ADVISORY  WRITE 708 08:01:7346 0 EOF", and returns the process if
// it is about this inode, else 0. The device is not compared, since overlay
// file systems report another one there.
func flockPID(line string, inode uint64) int {
	f := strings.Fields(line)
	if len(f) < 6 || f[1] != "FLOCK" || f[3] != "WRITE" {
		return 0
	}
	if !strings.HasSuffix(f[5], ":"+strconv.FormatUint(inode, 10)) {
		return 0
	}
	pid, err := strconv.Atoi(f[4])
	if err != nil {
		return 0
	}
	return pid
}
