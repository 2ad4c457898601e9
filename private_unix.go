//go:build unix

package offlineauth

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// checkPrivate refuses a data directory that another user owns or can write in:
// what is in it, the sealing key before all, may be theirs. One that is not there
// yet will be made private.
func checkPrivate(dir string) error {
	info, err := os.Stat(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if owner, ok := info.Sys().(*syscall.Stat_t); ok && int(owner.Uid) != os.Geteuid() {
		return fmt.Errorf("the data directory %s belongs to another user (uid %d): use one of your own", dir, owner.Uid)
	}
	if info.Mode().Perm()&0o022 != 0 {
		return fmt.Errorf("others can write in the data directory %s: look who did, then «chmod go-w» it, or use another", dir)
	}
	return nil
}
