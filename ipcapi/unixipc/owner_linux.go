package unixipc

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/offlineauth/offlineauth/ipcapi"
)

// CheckOwner reports whether only uid and root can have put the socket at path:
// it is a socket, owned by one of them; so is its directory, in which nobody
// else can write; and nobody else can replace a directory above (but the owner of
// the root directory, who need not be root in a user namespace). An error is of
// kind ipcapi.ErrRefused, or ipcapi.ErrNoService if there is no such file.
func CheckOwner(path string, uid int) error {
	if err := checkOwner(path, fs.ModeSocket, uid); err != nil {
		return ipcapi.WrapError("check", ipcapi.Address{Scheme: ipcapi.Unix, Path: path}, err)
	}
	return nil
}

// CheckFile is as CheckOwner, for an ordinary file that nobody else can write to.
func CheckFile(path string, uid int) error {
	return ipcapi.WrapError("check", ipcapi.Address{}, checkOwner(path, 0, uid))
}

func checkOwner(path string, kind fs.FileMode, uid int) error {
	if !filepath.IsAbs(path) {
		return untrusted(path, "is not an absolute path")
	}
	info, err := os.Lstat(path)
	switch {
	case err != nil:
		return err
	case info.Mode().Type() != kind:
		return untrusted(path, "is not "+map[fs.FileMode]string{fs.ModeSocket: "a socket", 0: "a file"}[kind])
	case !owned(info, uid):
		return untrusted(path, "belongs to another user")
	case kind == 0 && info.Mode().Perm()&0o022 != 0:
		return untrusted(path, "can be written to by other users")
	}
	dir := filepath.Dir(path)
	if err := checkDirs(dir, uid); err != nil {
		return err
	}
	real, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return err
	}
	if info, err = os.Lstat(real); err != nil {
		return err
	}
	if info.Mode().Perm()&0o022 != 0 {
		return untrusted(real, "can be written to by other users")
	}
	return checkDirs(real, uid)
}

// checkDirs walks up to the root. A sticky directory, such as /tmp, lets nobody
// replace what is another's. Above dir itself the owner of the root directory is as
// good as root: in a user namespace in which root has no number, both have that of
// nobody.
func checkDirs(dir string, uid int) error {
	root, err := os.Lstat("/")
	if err != nil {
		return err
	}
	for above := false; ; above = true {
		info, err := os.Lstat(dir)
		switch {
		case err != nil:
			return err
		case !owned(info, uid) && !(above && sameOwner(info, root)):
			return untrusted(dir, "belongs to another user")
		case info.IsDir() && info.Mode().Perm()&0o022 != 0 && info.Mode()&fs.ModeSticky == 0:
			return untrusted(dir, "can be written to by other users")
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return nil
		}
		dir = parent
	}
}

func owned(info fs.FileInfo, uid int) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && (int(stat.Uid) == uid || stat.Uid == 0)
}

func sameOwner(a, b fs.FileInfo) bool {
	s, ok := a.Sys().(*syscall.Stat_t)
	t, also := b.Sys().(*syscall.Stat_t)
	return ok && also && s.Uid == t.Uid
}

func untrusted(path, why string) error {
	return fmt.Errorf("%s %s: %w", path, why, fs.ErrPermission)
}
