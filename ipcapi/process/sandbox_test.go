//go:build linux

package process

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

func TestFlatpakID(t *testing.T) {
	for text, want := range map[string]string{
		"[Application]\nname=org.example.Maths\nruntime=x\n":         "flatpak:org.example.Maths",
		"[Instance]\nname=no\n\n[Application]\n name = org.a-b_c \n": "flatpak:org.a-b_c",
		"[Application]\nruntime=x\n":                                 "",
		"[Runtime]\nname=org.example.Maths\n":                        "",
		"[Application]\nname=\n":                                     "",
		"[Application]\nname=org example\n":                          "",
		"[Application]\nname=a#b\n":                                  "",
		"":                                                           "",
	} {
		got, err := flatpakID(text)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
}

func FuzzFlatpakID(f *testing.F) {
	f.Add("[Application]\nname=org.example.Maths\n")
	f.Add("[Application\x00]\nname==\n[")
	f.Fuzz(func(t *testing.T, text string) {
		id, err := flatpakID(text)
		if err != nil {
			return
		}
		name, ok := strings.CutPrefix(id, "flatpak:")
		if again, err := flatpakID("[Application]\nname=" + name + "\n"); !ok || again != id || err != nil {
			t.Errorf("%q gives %q, and that %q, %v", text, id, again, err)
		}
	})
}

func TestSnap(t *testing.T) {
	for label, want := range map[string]string{
		"snap.maths.maths (enforce)":     "snap:maths",
		"snap.maths_two.app (enforce)":   "snap:maths_two",
		"snap.maths.maths (complain)":    "",
		"snap.maths.maths":               "",
		"unconfined":                     "",
		"/usr/bin/snap.maths (enforce)":  "",
		"unconfined_u:unconfined_r:t:s0": "",
	} {
		if got, err := (Process{PID: os.Getpid(), FD: -1}).snap(label); got != want || err != nil {
			t.Errorf("%q: %q, %v", label, got, err)
		}
	}
	if got, err := (Process{PID: os.Getpid(), FD: -1}).snap("snap.. (enforce)"); err == nil {
		t.Errorf("a snap without a name: %q", got)
	}
}

func TestThisProcess(t *testing.T) {
	p := open(t, os.Getpid())
	own, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if got := p.Executable(); got != own {
		t.Errorf("runs %q, want %q", got, own)
	}
	if id, err := p.App(""); id != "" || err != nil {
		t.Errorf("is %q, %v", id, err)
	}
}

// TestInARootOfItsOwn looks at a process whose root is what Flatpak makes.
func TestInARootOfItsOwn(t *testing.T) {
	if os.Getuid() != 0 {
		t.Log("only root can give a process a root: the rest is shown by TestFlatpakID")
		return
	}
	info := "[Application]\nname=org.example.Maths\n"
	for _, test := range []struct {
		name string
		make func(path string) error
		want string
	}{
		{"file", func(path string) error { return os.WriteFile(path, []byte(info), 0o644) }, "flatpak:org.example.Maths"},
		{"link", func(path string) error { return os.Symlink("/etc/passwd", path) }, ""},
		{"directory", func(path string) error { return os.Mkdir(path, 0o755) }, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			root := t.TempDir()
			if err := test.make(filepath.Join(root, ".flatpak-info")); err != nil {
				t.Fatal(err)
			}
			p, end := sleeping(t, root)
			id, err := p.App("")
			if id != test.want || (err == nil) != (test.want != "") {
				t.Errorf("got %q, %v", id, err)
			}
			end()
			if id, err := p.App(""); err == nil || id != "" || p.Executable() != "" {
				t.Errorf("after its end: %q, %v", id, err)
			}
		})
	}
}

// TestMain makes this test binary a program that waits in a root of its own, too.
func TestMain(m *testing.M) {
	root := os.Getenv("PROCESS_TEST_ROOT")
	if root == "" {
		os.Exit(m.Run())
	}
	if err := syscall.Chroot(root); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println("there")
	os.Stdin.Read(make([]byte, 1))
}

// sleeping starts it. It is in its root when this returns.
func sleeping(t *testing.T, root string) (Process, func()) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env, cmd.Stderr = append(os.Environ(), "PROCESS_TEST_ROOT="+root), os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	return open(t, cmd.Process.Pid), func() { in.Close(); cmd.Wait() }
}

func open(t *testing.T, pid int) Process {
	t.Helper()
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	return Process{PID: pid, FD: fd}
}
