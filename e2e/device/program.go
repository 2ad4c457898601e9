//go:build linux

package device

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

// Provide puts an executable into the device's PATH under a name, where apps of
// every uid can run it, and returns its path there. It is linked if possible,
// and copied if not.
func (d *Device) Provide(name, executable string) (string, error) {
	if name == "" || name != filepath.Base(name) {
		return "", fmt.Errorf("provide %q: a name must have no directory", name)
	}
	source, err := filepath.EvalSymlinks(executable)
	if err != nil {
		return "", fmt.Errorf("provide %q: %w", name, err)
	}
	target := filepath.Join(d.dir, "bin", name)
	if err := place(source, target); err != nil {
		return "", fmt.Errorf("provide %q: %w", name, err)
	}
	return target, nil
}

func place(source, target string) error {
	info, err := os.Stat(source)
	if err != nil {
		return err
	}
	if info.Mode().Perm()&0o005 == 0o005 {
		err := os.Link(source, target)
		if err == nil || errors.Is(err, os.ErrExist) {
			return err
		}
	}
	return copyProgram(source, target)
}

// copyProgram lets no process of this one be born while the copy is open for
// writing: the child would hold it open, and the kernel refuses to run such a
// file (ETXTBSY).
func copyProgram(source, target string) error {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	from, err := os.Open(source)
	if err != nil {
		return err
	}
	defer from.Close()
	to, err := os.OpenFile(target, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o755)
	if err != nil {
		return err
	}
	_, err = io.Copy(to, from)
	return errors.Join(err, to.Chmod(0o755), to.Close())
}

// lookPath finds a program as an app does, whose PATH begins with the device's.
func (d *Device) lookPath(name string) (string, error) {
	if strings.Contains(name, "/") {
		return name, nil
	}
	own := filepath.Join(d.dir, "bin", name)
	if _, err := os.Stat(own); err == nil {
		return own, nil
	}
	return exec.LookPath(name)
}

// Environ is the environment of the app's processes: this process's own with the
// device's PATH, and a home and XDG directories of the app's own.
func (d *Device) Environ(pkg string) ([]string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	a, err := d.find(pkg)
	if err != nil {
		return nil, err
	}
	return d.environ(a), nil
}

func (d *Device) environ(a *installed) []string {
	set := []string{
		"HOME=" + a.home,
		"TMPDIR=" + a.home,
		"PATH=" + filepath.Join(d.dir, "bin") + ":" + os.Getenv("PATH"),
		"XDG_RUNTIME_DIR=" + filepath.Join(a.home, "run"),
		SocketVariable + "=" + d.Socket(),
	}
	var env []string
	for _, entry := range os.Environ() {
		name, _, _ := strings.Cut(entry, "=")
		if !strings.HasPrefix(name, "XDG_") && !strings.HasPrefix(name, "LISTEN_") {
			env = append(env, entry)
		}
	}
	return append(append(env, set...), a.Env...) // of two of a name the last counts (os/exec)
}
