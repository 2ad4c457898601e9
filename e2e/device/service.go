//go:build linux

package device

import (
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/offlineauth/offlineauth/ipcapi"
)

// A service that fails this often in a row within quickly of its start is not
// started for those who wait now.
const (
	maxFailures = 3
	quickly     = time.Second
)

// ErrServiceFails is the Err of a [ServiceFailed] event, together with that of
// its last process.
var ErrServiceFails = errors.New("the service fails again and again as soon as it is started; see its log")

// offer opens the app's sockets and begins to watch them. The caller holds d.mu.
func (d *Device) offer(a *installed) error {
	var sockets []socket
	for _, address := range a.Services {
		s, err := openSocket(address)
		if err != nil {
			return err
		}
		a.closers = append(a.closers, s)
		sockets = append(sockets, s)
	}
	if len(sockets) > 0 {
		d.group.Go(func() { d.supervise(a, sockets) })
	}
	return nil
}

// supervise starts the service whenever somebody connects while it does not run.
func (d *Device) supervise(a *installed, sockets []socket) {
	failures := 0
	for {
		i, err := awaitConnection(d.awake, sockets)
		if err != nil {
			if err != errAwake {
				d.trace.emit(Event{Kind: ServiceFailed, App: a.Package, Err: err})
			}
			return
		}
		if err = d.serveOnce(a, sockets, sockets[i].address); err == nil {
			failures = 0
			continue
		}
		if failures++; failures < maxFailures {
			continue
		}
		failures = 0
		d.trace.emit(Event{Kind: ServiceFailed, App: a.Package, Err: fmt.Errorf("%w: %w", ErrServiceFails, err)})
		for _, s := range sockets {
			s.turnAway()
		}
	}
}

// serveOnce runs the service until it ends. The error is that of one that could
// not be started, or failed quickly without being killed.
func (d *Device) serveOnce(a *installed, sockets []socket, cause ipcapi.Address) error {
	d.mu.Lock()
	p, err := d.start(a, activation(a.ServiceCommand, sockets, cause))
	d.mu.Unlock()
	if err != nil {
		return err
	}
	<-p.ended
	d.mu.Lock()
	defer d.mu.Unlock()
	if p.killed || time.Since(p.started) > quickly {
		return nil
	}
	return p.err
}

// activation passes the sockets as sd_listen_fds(3) says. LISTEN_PID has to be the
// process's own number, which only it knows before it runs the program: the shell
// sets it and becomes the program.
func activation(command []string, sockets []socket, cause ipcapi.Address) task {
	t := task{
		command: append([]string{"/bin/sh", "-c", `LISTEN_PID=$$; export LISTEN_PID; exec "$@"`, "sh"}, command...),
		event:   Event{Kind: ServiceWoken, Address: cause},
	}
	names := make([]string, len(sockets))
	for i, s := range sockets {
		t.passed = append(t.passed, s.file)
		names[i] = strings.ReplaceAll(filepath.Base(s.address.Path), ":", "_")
	}
	t.env = []string{"LISTEN_FDS=" + strconv.Itoa(len(sockets)), "LISTEN_FDNAMES=" + strings.Join(names, ":")}
	return t
}
