package clienttest

import (
	"context"
	"errors"
	"net/http"
	"path/filepath"
	"sync"

	"github.com/offlineauth/offlineauth/ipcapi"
	"github.com/offlineauth/offlineauth/ipcapi/unixipc"
)

// Listen serves the app on two unix sockets in the directory dir, one for each
// wire, until Close. Redirects name them from now on. A long dir does not fit into
// the address of a socket, which has some hundred bytes.
func (a *App) Listen(dir string) (ipcapi.Service, error) {
	service := ipcapi.Service{
		{Scheme: ipcapi.UnixSeqpacket, Path: filepath.Join(dir, "message.sock")},
		{Scheme: ipcapi.Unix, Path: filepath.Join(dir, "stream.sock")},
	}
	for _, address := range service {
		if err := a.serve(address, service[1]); err != nil {
			return nil, err
		}
	}
	a.Announce(service)
	return service, nil
}

func (a *App) serve(address, stream ipcapi.Address) error {
	l, err := unixipc.Listen(address)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	var serving sync.WaitGroup
	serving.Go(func() {
		// It ends with nil when ctx does, and the tests see it if it ended before.
		_ = unixipc.Serve(ctx, l, unixipc.Config{Handler: a.Handler(wireOf(address)), StreamAddress: stream})
	})
	a.closers = append(a.closers, func() { cancel(); serving.Wait() })
	return nil
}

// Announce makes redirects name a service, without serving it. nil names none.
func (a *App) Announce(s ipcapi.Service) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.services = s
}

// Connect is for a client's configuration: every unix address leads to the app, in
// this process, without any socket.
func (a *App) Connect(address ipcapi.Address) (http.RoundTripper, error) {
	switch address.Scheme {
	case ipcapi.Unix, ipcapi.UnixAbstract, ipcapi.UnixSeqpacket:
		return ipcapi.Local(a.Handler(wireOf(address)), ipcapi.Caller{Transport: "unix", UID: -1, PID: -1}), nil
	}
	return nil, errors.ErrUnsupported
}

func wireOf(a ipcapi.Address) string {
	if a.Scheme == ipcapi.UnixSeqpacket {
		return "message"
	}
	return "stream"
}
