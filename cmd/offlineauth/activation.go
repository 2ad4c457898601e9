package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
)

// firstPassed is the first descriptor of systemd's socket activation
// (sd_listen_fds(3)).
const firstPassed = 3

// activated returns the sockets the system passed to this process, and none if
// LISTEN_PID does not name it. The environment is cleared, so that no child takes
// them for its own. The files of the sockets are the system's: they stay when the
// listeners are closed, and calls that come then wait for the next process.
func activated() ([]net.Listener, error) {
	pid, count := os.Getenv("LISTEN_PID"), os.Getenv("LISTEN_FDS")
	for _, name := range []string{"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"} {
		os.Unsetenv(name)
	}
	if pid != strconv.Itoa(os.Getpid()) {
		return nil, nil
	}
	n, err := strconv.Atoi(count)
	if err != nil || n < 0 {
		return nil, fmt.Errorf("LISTEN_FDS is %q, not a number of sockets", count)
	}
	var listeners []net.Listener
	for fd := firstPassed; fd < firstPassed+n; fd++ {
		l, err := passed(fd)
		if err != nil {
			closeAll(listeners)
			return nil, fmt.Errorf("descriptor %d, which LISTEN_FDS passes, cannot be served: %w", fd, err)
		}
		listeners = append(listeners, l)
	}
	return listeners, nil
}

// passed takes over a descriptor of a unix socket that has a name.
func passed(fd int) (net.Listener, error) {
	file := os.NewFile(uintptr(fd), "LISTEN_FD_"+strconv.Itoa(fd))
	if file == nil {
		return nil, errors.New("it is not open")
	}
	defer file.Close()
	l, err := net.FileListener(file)
	if err != nil {
		return nil, err
	}
	if a, ok := l.Addr().(*net.UnixAddr); !ok || a.Name == "" {
		l.Close()
		return nil, fmt.Errorf("it is a %s socket at %q, not a unix socket with a name", l.Addr().Network(), l.Addr())
	}
	return l, nil
}
