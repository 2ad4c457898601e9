package unixipc

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// lockPath keeps two processes that start at once from removing each other's
// socket. The lock is on a file beside the socket that this user alone can open:
// one on the directory could be held by anybody who may read it. It ends with the
// process at the latest.
func lockPath(ctx context.Context, socket string) (unlock func(), err error) {
	name := socket + ".lock"
	for {
		f, err := tryLock(name)
		if err == nil {
			return func() { os.Remove(name); f.Close() }, nil
		}
		if !errors.Is(err, unix.EWOULDBLOCK) && !errors.Is(err, unix.EINTR) {
			return nil, err
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("another process of this user holds %s: end it, or choose another path: %w", name, ctx.Err())
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// tryLock returns EWOULDBLOCK if the lock is held, or was removed by its holder
// since it was opened.
func tryLock(name string) (*os.File, error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, fmt.Errorf("cannot take the lock (remove the file if another user made it, or choose a directory of this user alone): %w", err)
	}
	if err := lock(f); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

func lock(f *os.File) error {
	opened, err := f.Stat()
	if err != nil {
		return err
	}
	stat, ok := opened.Sys().(*syscall.Stat_t)
	if !ok || !opened.Mode().IsRegular() || int(stat.Uid) != os.Geteuid() || opened.Mode().Perm()&0o077 != 0 {
		return fmt.Errorf("%s is not a file of this user alone, so others could hold the lock: remove it, or choose a directory of this user alone: %w", f.Name(), fs.ErrPermission)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		return err
	}
	if named, err := os.Lstat(f.Name()); err != nil || !os.SameFile(opened, named) {
		return unix.EWOULDBLOCK
	}
	return nil
}
