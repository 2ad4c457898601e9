package linkhandler_test

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/offlineauth/offlineauth/linkhandler"
)

// The test program is itself the command that opens links, when told so.
const (
	actVariable  = "LINKHANDLER_TEST_ACT"
	pathVariable = "LINKHANDLER_TEST_PATH"
)

func TestMain(m *testing.M) {
	switch os.Getenv(actVariable) {
	case "record":
		if os.WriteFile(os.Getenv(pathVariable), []byte(strings.Join(os.Args[1:], "\n")), 0o600) != nil {
			os.Exit(1)
		}
	case "fail":
		os.Exit(4)
	case "stay":
		stay(os.Getenv(pathVariable))
	default:
		os.Exit(m.Run())
	}
}

// stay says that it runs by connecting, and answers until the other side has enough.
func stay(socket string) {
	connection, err := net.Dial("unix", socket)
	if err != nil {
		os.Exit(1)
	}
	_, _ = io.Copy(connection, connection)
}

func command(t *testing.T, act, path string) linkhandler.CommandLauncher {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv(actVariable, act)
	t.Setenv(pathVariable, path)
	return linkhandler.CommandLauncher{Command: self, Args: []string{"open"}, Patience: time.Minute}
}

func TestLaunchPassesTheLinkWhole(t *testing.T) {
	path := filepath.Join(t.TempDir(), "arguments")
	launcher := command(t, "record", path)
	for _, uri := range []string{
		goodLink,
		"com.example.maths:/done?code=$(id)&state='a'*",
		"http://127.0.0.1:51004/done?code=c",
		"https://[::1]:8443/authorize",
	} {
		if err := launcher.Launch(t.Context(), linkhandler.Launch{URI: uri}); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(path)
		if err != nil || string(got) != "open\n"+uri {
			t.Errorf("the command got %q, %v; want %q after open", got, err, uri)
		}
	}
}

func TestLaunchRefuses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "arguments")
	launcher := command(t, "record", path)
	for _, uri := range []string{
		"", "-help", "--", "/etc/passwd", "lms.example", "file:///etc/passwd", "javascript:alert(1)", "mailto:a@b.example",
		"http://evil.example/", "http://localhost/", "https:///", "https://a@b.example/", "com.example.app:/a b",
		"com.example.app:/a\nb", "com.example.app:/a\x00", "COM.example.app:/", "com.example.app:/#x",
	} {
		err := launcher.Launch(t.Context(), linkhandler.Launch{URI: uri})
		var invalid *linkhandler.InvalidError
		if !errors.As(err, &invalid) || invalid.Parameter != "uri" {
			t.Errorf("%q: got error %v, want an InvalidError", uri, err)
		}
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the command ran: %v", err)
	}
}

// A redirect for one app must not reach whoever claimed its scheme first.
func TestLaunchForOneApp(t *testing.T) {
	path := filepath.Join(t.TempDir(), "arguments")
	err := command(t, "record", path).Launch(t.Context(), linkhandler.Launch{URI: goodLink, App: "uid:10012"})
	if !errors.Is(err, linkhandler.ErrCannotAddress) {
		t.Errorf("got error %v", err)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the command ran: %v", err)
	}
}

func TestLaunchFailure(t *testing.T) {
	err := command(t, "fail", "").Launch(t.Context(), linkhandler.Launch{URI: goodLink})
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 4 {
		t.Errorf("got error %v, want exit status 4", err)
	}
	if strings.Contains(err.Error(), challenge) {
		t.Errorf("%q repeats the link", err)
	}
}

func TestLaunchWithoutCommand(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	err := linkhandler.CommandLauncher{}.Launch(t.Context(), linkhandler.Launch{URI: goodLink})
	if !errors.Is(err, exec.ErrNotFound) || !strings.Contains(err.Error(), "xdg-open") {
		t.Errorf("got error %v, want one that says xdg-open is missing", err)
	}
}

func TestLaunchWithEndedContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	path := filepath.Join(t.TempDir(), "arguments")
	if err := command(t, "record", path).Launch(ctx, linkhandler.Launch{URI: goodLink}); !errors.Is(err, context.Canceled) {
		t.Errorf("got error %v", err)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the command ran: %v", err)
	}
}

// staying returns a launcher of a command that stays, and a function that waits
// until it runs.
func staying(t *testing.T) (linkhandler.CommandLauncher, func() net.Conn) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s")
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	listener.SetDeadline(time.Now().Add(time.Minute)) // if the command cannot start
	return command(t, "stay", path), func() net.Conn {
		connection, err := listener.Accept()
		if err != nil {
			t.Error(err)
			return nil
		}
		t.Cleanup(func() { connection.Close() })
		return connection
	}
}

func TestLaunchLeavesAStayingCommandAlone(t *testing.T) {
	launcher, accept := staying(t)
	launcher.Patience = time.Millisecond
	ctx, cancel := context.WithCancel(t.Context())
	err := launcher.Launch(ctx, linkhandler.Launch{URI: goodLink})
	cancel() // after the launch this must not matter
	if err != nil {
		t.Fatal(err)
	}
	connection := accept()
	if connection == nil {
		return
	}
	if _, err := connection.Write([]byte("?")); err != nil {
		t.Errorf("the command is gone: %v", err)
	}
	if _, err := io.ReadFull(connection, make([]byte, 1)); err != nil {
		t.Errorf("the command does not answer: %v", err)
	}
}

func TestLaunchKillsWhenTheContextEnds(t *testing.T) {
	launcher, accept := staying(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	launched := make(chan error, 1)
	go func() { launched <- launcher.Launch(ctx, linkhandler.Launch{URI: goodLink}) }()
	connection := accept()
	if connection == nil {
		return
	}
	cancel()
	if err := <-launched; !errors.Is(err, context.Canceled) {
		t.Errorf("got error %v", err)
	}
	if _, err := connection.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("the command still runs: %v", err)
	}
}
