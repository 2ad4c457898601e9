package process

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// App returns the identity of the sandboxed app that the process belongs to, such
// as "flatpak:org.example.Maths" or "snap:maths"; "" if it is in no sandbox. label
// is what the kernel's security module calls the peer, if the transport knows it.
// An error says that this cannot be found out, so that nothing is attested.
func (p Process) App(label string) (string, error) {
	id, err := p.flatpak()
	if err == nil && id == "" {
		id, err = p.snap(label)
	}
	if err == nil && !p.alive() {
		err = errGone
	}
	if err != nil {
		return "", err
	}
	return id, nil
}

// maxInfo is the most that is read of a sandbox's own description, in bytes.
const maxInfo = 64 << 10

// flatpak reads what Flatpak has put into the root of the app's file system, which
// nobody in there can change.
func (p Process) flatpak() (string, error) {
	fd, err := unix.Open(p.proc("root/.flatpak-info"), unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	switch {
	case errors.Is(err, fs.ErrNotExist) && p.there():
		return "", nil
	case errors.Is(err, fs.ErrNotExist):
		return "", errGone
	case err != nil:
		return "", fmt.Errorf("cannot see the sandbox of the process: %w", err)
	}
	f := os.NewFile(uintptr(fd), ".flatpak-info")
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return "", errors.Join(errors.New(".flatpak-info is no file"), err)
	}
	text, err := io.ReadAll(io.LimitReader(f, maxInfo))
	if err != nil {
		return "", err
	}
	return flatpakID(string(text))
}

// there reports whether the root of the process can be looked at.
func (p Process) there() bool {
	_, err := os.Stat(p.proc("root/"))
	return err == nil
}

// flatpakID finds the name of the app in the group [Application] of a key file.
func flatpakID(text string) (string, error) {
	group := ""
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "[") {
			group = line
			continue
		}
		key, value, _ := strings.Cut(line, "=")
		if group == "[Application]" && strings.TrimSpace(key) == "name" {
			return named("flatpak:", strings.TrimSpace(value))
		}
	}
	return "", errors.New(".flatpak-info names no app")
}

// snap reads the label that AppArmor confines the process by: snap.NAME.APP.
func (p Process) snap(label string) (string, error) {
	if label == "" {
		label = p.label()
	}
	label, mode, _ := strings.Cut(label, " ")
	name, isSnap := strings.CutPrefix(label, "snap.")
	if !isSnap || mode != "(enforce)" {
		return "", nil // in another mode it is not confined
	}
	name, _, _ = strings.Cut(name, ".")
	return named("snap:", name)
}

func (p Process) label() string {
	for _, file := range []string{"attr/apparmor/current", "attr/current"} {
		if b, err := os.ReadFile(p.proc(file)); err == nil && len(b) > 0 {
			return strings.TrimRight(string(b), "\n\x00")
		}
	}
	return ""
}

// named refuses names that would not survive in an identity.
func named(kind, name string) (string, error) {
	const allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"
	if name == "" || len(name) > 255 || strings.Trim(name, allowed) != "" {
		return "", fmt.Errorf("%q is no name of a sandboxed app", name)
	}
	return kind + name, nil
}
