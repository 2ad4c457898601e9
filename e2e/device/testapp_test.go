//go:build linux

package device_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/offlineauth/offlineauth/e2e/device"
	"github.com/offlineauth/offlineauth/ipcapi"
	"github.com/offlineauth/offlineauth/ipcapi/unixipc"
	"github.com/offlineauth/offlineauth/linkhandler"
)

// testApp is the program of every app in these tests, if it runs under that name.
func testApp() {
	if filepath.Base(os.Args[0]) != "testapp" {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	if err := role(ctx, os.Args[1], os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, "testapp:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

func role(ctx context.Context, name string, args []string) error {
	switch name {
	case "got": // a link command
		_, err := fmt.Println("got", args[len(args)-1])
		return err
	case "read": // a running app that waits for n links
		return readLinks(args[0])
	case "open": // as the real program does
		return linkhandler.CommandLauncher{Patience: limit}.Launch(ctx, linkhandler.Launch{URI: args[0]})
	case "serve":
		return serve(ctx, device.Attestor(os.Getenv(device.SocketVariable)))
	case "serve-uid": // as a program does that knows nothing of the device
		return serve(ctx, nil)
	case "call":
		return call(ctx, args[0])
	case "child": // the rest is done by a descendant
		child := exec.Command("testapp", args...)
		child.Stdout, child.Stderr = os.Stdout, os.Stderr
		return child.Run()
	case "offline":
		return offline(args)
	}
	return errors.New("no such role: " + name)
}

func readLinks(count string) error {
	n, err := strconv.Atoi(count)
	lines := bufio.NewScanner(os.Stdin)
	for ; n > 0 && lines.Scan(); n-- {
		fmt.Println("read", lines.Text())
	}
	return errors.Join(err, lines.Err())
}

// passed are the sockets of sd_listen_fds(3).
func passed() (listeners []net.Listener, err error) {
	if os.Getenv("LISTEN_PID") != strconv.Itoa(os.Getpid()) {
		return nil, errors.New("LISTEN_PID is not this process")
	}
	n, err := strconv.Atoi(os.Getenv("LISTEN_FDS"))
	for fd := 3; fd < 3+n; fd++ {
		l, err := net.FileListener(os.NewFile(uintptr(fd), "passed"))
		if err != nil {
			return nil, err
		}
		listeners = append(listeners, l)
	}
	return listeners, err
}

// serve tells callers who they are and who answers, until one asks for /exit.
func serve(ctx context.Context, attestor ipcapi.Attestor) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		caller, _ := ipcapi.CallerFrom(r.Context())
		fmt.Fprintf(w, "%d %s %q", os.Getpid(), os.Getenv("LISTEN_FDNAMES"), caller.Identity)
	})
	mux.HandleFunc("/exit", func(http.ResponseWriter, *http.Request) { stop() })
	hanging := make(chan struct{})
	mux.HandleFunc("/hang", func(_ http.ResponseWriter, r *http.Request) { close(hanging); <-r.Context().Done() })
	mux.HandleFunc("/hanging", func(http.ResponseWriter, *http.Request) { <-hanging })
	listeners, err := passed()
	if err != nil {
		return err
	}
	var group sync.WaitGroup
	for _, l := range listeners {
		group.Go(func() { unixipc.Serve(ctx, l, unixipc.Config{Handler: mux, Attestor: attestor}) })
	}
	group.Wait()
	return nil
}

func call(ctx context.Context, address string) error {
	a, err := ipcapi.ParseAddress(address)
	if err != nil {
		return err
	}
	text, err := get(ctx, a, "/")
	fmt.Println(text)
	return err
}

func get(ctx context.Context, a ipcapi.Address, path string) (string, error) {
	transport, err := unixipc.Transport(a, ipcapi.Limits{})
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://device.example"+path, nil)
	if err != nil {
		return "", err
	}
	r.Close = true
	response, err := transport.RoundTrip(r)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	b, err := io.ReadAll(response.Body)
	return string(b), err
}

// offline prints how Offline went, in the process that is left, or ends it.
func offline(how []string) error {
	err := device.Offline()
	switch {
	case len(how) > 0 && how[0] == "exit":
		os.Exit(7)
	case len(how) > 0:
		syscall.Kill(os.Getpid(), syscall.SIGKILL)
	case err != nil:
		fmt.Println("online:", err)
		return nil
	}
	_, err = net.DialTimeout("tcp", "192.0.2.1:80", time.Second)
	fmt.Println("offline:", device.CheckOffline() == nil, errors.Is(err, syscall.ENETUNREACH), "uid", os.Getuid())
	return nil
}
