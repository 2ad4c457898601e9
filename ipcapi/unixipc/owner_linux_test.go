package unixipc

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/offlineauth/offlineauth/ipcapi"
)

// namespaceVariable names the directory to check to a process of this test that
// runs in a user namespace of its own.
const namespaceVariable = "UNIXIPC_TEST_NAMESPACE"

// TestCheckOwnerInUserNamespace: where one user has a number and root has none, as
// in a sandbox, the directories from the root down seem to belong to nobody. A
// kernel that refuses user namespaces has none to check in.
func TestCheckOwnerInUserNamespace(t *testing.T) {
	if dir := os.Getenv(namespaceVariable); dir != "" {
		checkInNamespace(t, dir)
		return
	}
	dir, err := os.MkdirTemp("", "owner") // t.TempDir is not passable to other users
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	uid, gid := os.Getuid(), os.Getgid()
	if uid == 0 {
		uid, gid = 1234, 1234
		strangers(t, dir, uid)
		if err := os.Chown(dir, uid, gid); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("/proc/self/exe", "-test.run=^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), namespaceVariable+"="+dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: uid, HostID: uid, Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: gid, HostID: gid, Size: 1}},
		Credential:  &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid), NoSetGroups: true},
	}
	out, err := cmd.CombinedOutput()
	if errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EINVAL) {
		t.Logf("no user namespace: %v", err)
	} else if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// strangers makes a socket of the user in a directory of root's, who will have no
// number.
func strangers(t *testing.T, dir string, uid int) {
	t.Helper()
	path := filepath.Join(dir, "strangers", "auth.sock")
	if err := os.Mkdir(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	l, err := Listen(ipcapi.Address{Scheme: ipcapi.Unix, Path: path})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	if err := os.Chown(path, uid, uid); err != nil {
		t.Fatal(err)
	}
}

func checkInNamespace(t *testing.T, dir string) {
	a := ipcapi.Address{Scheme: ipcapi.Unix, Path: filepath.Join(dir, "own", "auth.sock")}
	l, err := Listen(a)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if err := CheckOwner(a.Path, os.Getuid()); err != nil {
		t.Errorf("a sound socket: %v", err)
	}
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := CheckOwner(a.Path, os.Getuid()); !errors.Is(err, ipcapi.ErrRefused) {
		t.Errorf("below a directory that others can write: %v", err)
	}
	if err := os.Chmod(dir, 0o711); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "strangers", "auth.sock")
	if err := CheckOwner(path, os.Getuid()); !errors.Is(err, ipcapi.ErrRefused) && !errors.Is(err, ipcapi.ErrNoService) {
		t.Errorf("in a directory of nobody's: %v", err)
	}
}
