//go:build linux

package unixipc

import (
	"errors"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"

	"github.com/offlineauth/offlineauth/ipcapi"
)

func TestListenModes(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0o077))
	for mode, want := range map[fs.FileMode]fs.FileMode{0: 0o600, 0o666: 0o666} {
		dir := filepath.Join(t.TempDir(), "new", "deep")
		path := filepath.Join(dir, "s")
		l, err := ListenConfig{Mode: mode}.Listen(ipcapi.Address{Scheme: ipcapi.Unix, Path: path})
		if err != nil {
			t.Fatal(err)
		}
		socket, _ := os.Stat(path)
		parent, _ := os.Stat(dir)
		if socket.Mode().Perm() != want || parent.Mode().Perm() != 0o700 {
			t.Errorf("mode %v: socket %v, directory %v", mode, socket.Mode(), parent.Mode())
		}
		l.Close()
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("left behind: %v", err)
		}
	}
}

func TestListenRefuses(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Listen(ipcapi.Address{Scheme: ipcapi.Unix, Path: file}); err == nil {
		t.Error("took the place of a file")
	}
	if _, err := os.Stat(file); err != nil {
		t.Error(err)
	}
	if _, err := Listen(ipcapi.Address{Scheme: ipcapi.DBus, Name: "com.example"}); !errors.Is(err, errors.ErrUnsupported) {
		t.Error(err)
	}
	a := ipcapi.Address{Scheme: ipcapi.Unix, Path: filepath.Join(dir, "s")}
	l, err := Listen(a)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, scheme := range []ipcapi.Scheme{ipcapi.Unix, ipcapi.UnixSeqpacket} { // of the other type too
		if _, err := Listen(ipcapi.Address{Scheme: scheme, Path: a.Path}); !errors.Is(err, syscall.EADDRINUSE) {
			t.Errorf("%s: %v", scheme, err)
		}
	}
}

// Of many that start at once over a stale socket exactly one may listen.
func TestListenRace(t *testing.T) {
	for range 50 {
		a := addressFor(t, ipcapi.Unix)
		makeStale(t, a)
		var starting sync.WaitGroup
		won, begin := make(chan net.Listener, 16), make(chan struct{})
		for range cap(won) {
			starting.Go(func() {
				<-begin
				l, err := Listen(a)
				switch {
				case err == nil:
					won <- l
				case !errors.Is(err, syscall.EADDRINUSE):
					t.Error(err)
				}
			})
		}
		close(begin)
		starting.Wait()
		if len(won) != 1 {
			t.Errorf("%d listen", len(won))
		}
		for range len(won) {
			(<-won).Close()
		}
	}
}

func TestCheckOwner(t *testing.T) {
	uid := os.Getuid()
	a := addressFor(t, ipcapi.Unix)
	l, err := Listen(a)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	dir := filepath.Dir(a.Path)
	if err := CheckOwner(a.Path, uid); err != nil {
		t.Errorf("sound: %v", err)
	}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(a.Path, link); err != nil {
		t.Fatal(err)
	}
	for name, path := range map[string]string{"symlink": link, "directory": dir, "relative": "s"} {
		if err := CheckOwner(path, uid); !errors.Is(err, ipcapi.ErrRefused) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := CheckOwner(a.Path+"x", uid); !errors.Is(err, ipcapi.ErrNoService) {
		t.Errorf("missing: %v", err)
	}
	if uid != 0 {
		if err := CheckOwner(a.Path, uid+1); !errors.Is(err, ipcapi.ErrRefused) {
			t.Errorf("of another user: %v", err)
		}
	}
	for mode, sound := range map[fs.FileMode]bool{0o755: true, 0o770: false, 0o707: false, 0o777 | fs.ModeSticky: false} {
		if err := os.Chmod(dir, mode); err != nil {
			t.Fatal(err)
		}
		if err := CheckOwner(a.Path, uid); (err == nil) != sound {
			t.Errorf("directory %v: %v", mode, err)
		}
	}
	os.Chmod(dir, 0o700)
	os.Chmod(filepath.Dir(dir), 0o777)
	if err := CheckOwner(a.Path, uid); !errors.Is(err, ipcapi.ErrRefused) {
		t.Errorf("directory above open to all: %v", err)
	}
	os.Chmod(filepath.Dir(dir), 0o777|fs.ModeSticky)
	if err := CheckOwner(a.Path, uid); err != nil {
		t.Errorf("directory above sticky: %v", err)
	}
}

func TestCheckOwnerOfAnotherUser(t *testing.T) {
	if os.Getuid() != 0 {
		t.Log("only root can give a socket away")
		return
	}
	a := addressFor(t, ipcapi.Unix)
	l, err := Listen(a)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, path := range []string{a.Path, filepath.Dir(a.Path)} {
		if err := os.Chown(path, 10012, -1); err != nil {
			t.Fatal(err)
		}
		if err := CheckOwner(a.Path, 10013); !errors.Is(err, ipcapi.ErrRefused) {
			t.Errorf("%s: %v", path, err)
		}
		if err := CheckOwner(a.Path, 10012); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// A process that connected and died is not shown, though its socket lives on in
// another one.
func TestPeerThatDied(t *testing.T) {
	a := addressFor(t, ipcapi.Unix)
	l, err := Listen(a)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	self, _ := os.Executable()
	child := exec.Command(self, "-test.run=^TestChildConnects$")
	child.Env = append(os.Environ(), "UNIXIPC_TEST_DIAL="+a.Path)
	stdin, err := child.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	living, err := PeerCaller(conn.(*net.UnixConn))
	if err != nil || living.PID != child.Process.Pid || living.Executable != self {
		t.Errorf("living: %+v, %v", living, err)
	}
	stdin.Close()
	child.Wait()
	dead, err := PeerCaller(conn.(*net.UnixConn))
	if err != nil || dead.PID != living.PID || dead.Executable != "" {
		t.Errorf("dead: %+v, %v", dead, err)
	}
}

// TestChildConnects is the other process of TestPeerThatDied.
func TestChildConnects(t *testing.T) {
	path := os.Getenv("UNIXIPC_TEST_DIAL")
	if path == "" {
		return
	}
	conn, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	os.Stdin.Read(make([]byte, 1)) // until the parent has looked
}

func TestServeWantsAHandlerAndASocket(t *testing.T) {
	l, err := Listen(addressFor(t, ipcapi.Unix))
	if err != nil {
		t.Fatal(err)
	}
	if err := Serve(t.Context(), l, Config{}); err == nil {
		t.Error("served without a handler")
	}
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := Serve(t.Context(), tcp, Config{Handler: http.NotFoundHandler()}); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("served on TCP: %v", err)
	}
	if _, err := Transport(ipcapi.Address{Scheme: ipcapi.DBus}, ipcapi.Limits{}); !errors.Is(err, errors.ErrUnsupported) {
		t.Error(err)
	}
	if _, err := NewExchanger(ipcapi.Address{Scheme: ipcapi.Unix, Path: "/s"}).Exchange(t.Context(), nil); !errors.Is(err, errors.ErrUnsupported) {
		t.Error(err)
	}
}

// A full queue of connections is waited for, within the deadline.
func TestFullQueue(t *testing.T) {
	a := addressFor(t, ipcapi.Unix)
	fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(fd)
	if err := errors.Join(syscall.Bind(fd, &syscall.SockaddrUnix{Name: a.Path}), syscall.Listen(fd, 0)); err != nil {
		t.Fatal(err)
	}
	first, err := Dial(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	waiting := make(chan error, 1)
	go func() {
		conn, err := Dial(t.Context(), a)
		if err == nil {
			conn.Close()
		}
		waiting <- err
	}()
	if _, err := Listen(a); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("a busy service was taken for dead: %v", err)
	}
	accepted, _, err := syscall.Accept(fd)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(accepted)
	if err := <-waiting; err != nil {
		t.Errorf("the one that waited: %v", err)
	}
}
