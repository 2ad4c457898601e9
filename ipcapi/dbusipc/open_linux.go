package dbusipc

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/offlineauth/offlineauth/ipcapi"
	"github.com/offlineauth/offlineauth/ipcapi/dbusipc/wire"
)

// Open connects to the session bus, or to the system bus if that is what name says
// (see ipcapi.Address.Bus). It starts no bus. The errors are of package ipcapi:
// without a bus it is ipcapi.ErrNoService.
func Open(ctx context.Context, name string) (*Bus, error) {
	sockets, err := busSockets(name)
	if err != nil {
		return nil, err
	}
	conn, err := dialFirst(ctx, sockets)
	if err != nil {
		return nil, &ipcapi.Error{Op: "connect to the bus", Kind: ipcapi.ErrNoService, Err: err}
	}
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	r := newReader(conn)
	err = shakeHands(conn, r)
	if !stop() {
		err = ctx.Err()
	}
	if err != nil {
		conn.Close()
		return nil, wrap("connect to the bus", ipcapi.Address{}, err)
	}
	b := newBus(conn)
	go b.receive(r)
	if _, err := b.ask(ctx, "Hello", wire.Body{}); err != nil {
		b.Close()
		return nil, wrap("connect to the bus", ipcapi.Address{}, err)
	}
	return b, nil
}

// busSockets finds the bus where the D-Bus Specification and systemd put it. Only
// unix sockets are spoken to: a bus elsewhere would be another machine's.
func busSockets(name string) ([]string, error) {
	variable, path := "DBUS_SESSION_BUS_ADDRESS", ""
	if name == "system" {
		variable, path = "DBUS_SYSTEM_BUS_ADDRESS", "/run/dbus/system_bus_socket"
	} else if dir := os.Getenv("XDG_RUNTIME_DIR"); filepath.IsAbs(dir) {
		path = filepath.Join(dir, "bus")
	}
	address := os.Getenv(variable)
	if address == "" {
		if _, err := os.Stat(path); path != "" && err == nil {
			return []string{path}, nil
		}
		return nil, &ipcapi.Error{Op: "connect to the bus", Kind: ipcapi.ErrNoService, Err: fmt.Errorf("$%s is not set", variable)}
	}
	var sockets []string
	for part := range strings.SplitSeq(address, ";") {
		socket, err := socketOf(part)
		if err != nil {
			return nil, &ipcapi.Error{Op: "connect to the bus", Err: fmt.Errorf("$%s: %w", variable, err)}
		}
		sockets = append(sockets, socket)
	}
	return sockets, nil
}

// socketOf is the socket, in the form of package net, of one address of a bus (D-Bus
// Specification, section "Server Addresses").
func socketOf(address string) (string, error) {
	keys, is := strings.CutPrefix(address, "unix:")
	if !is {
		return "", fmt.Errorf("%w: only unix sockets are used", errors.ErrUnsupported)
	}
	for pair := range strings.SplitSeq(keys, ",") {
		key, value, _ := strings.Cut(pair, "=")
		value, err := url.PathUnescape(value)
		switch {
		case err != nil:
			return "", err
		case key == "path":
			return value, nil
		case key == "abstract":
			return "@" + value, nil
		}
	}
	return "", fmt.Errorf("%w: an address with neither a path nor an abstract socket", errors.ErrUnsupported)
}

func dialFirst(ctx context.Context, sockets []string) (*net.UnixConn, error) {
	var failed error
	for _, socket := range sockets {
		conn, err := new(net.Dialer).DialContext(ctx, "unix", socket)
		if err == nil {
			return conn.(*net.UnixConn), nil
		}
		failed = errors.Join(failed, err)
	}
	return nil, failed
}

// shakeHands lets the bus take our uid from the kernel (D-Bus Specification, section
// "Authentication Protocol": EXTERNAL without an identity), and asks for descriptors.
func shakeHands(conn *net.UnixConn, r *reader) error {
	if _, err := conn.Write([]byte("\x00AUTH EXTERNAL\r\nDATA\r\nNEGOTIATE_UNIX_FD\r\nBEGIN\r\n")); err != nil {
		return err
	}
	for _, want := range []string{"DATA", "OK", "AGREE_UNIX_FD"} {
		line, err := r.line()
		if err != nil {
			return err
		}
		if word, _, _ := strings.Cut(line, " "); word != want {
			return &ipcapi.Error{Op: "connect to the bus", Kind: ipcapi.ErrRefused, Err: fmt.Errorf("the bus says %q, not %s", line, want)}
		}
	}
	return nil
}
