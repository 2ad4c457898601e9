package dbusipc

import (
	"context"
	"errors"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/offlineauth/offlineauth/ipcapi"
	"github.com/offlineauth/offlineauth/ipcapi/dbusipc/wire"
	"github.com/offlineauth/offlineauth/ipcapi/process"
)

// maxCallers bounds what is remembered of callers.
const maxCallers = 256

// Caller asks the bus who has the name, which is a unique name or a well-known one
// that somebody has. Identity is that of the sandbox, if the process is in one; the
// rest is left to an attestor.
//
// A bus that hands over a pidfd of the process (dbus 1.16) says it of that very
// process. Otherwise the bus is asked again afterwards whether the connection is
// still there.
func (b *Bus) Caller(ctx context.Context, name string) (ipcapi.Caller, error) {
	b.mu.Lock()
	caller, known := b.callers[name]
	b.mu.Unlock()
	if known {
		return caller, nil
	}
	caller, err := b.look(ctx, name)
	if err != nil {
		return caller, wrap("identify", ipcapi.Address{}, err)
	}
	if strings.HasPrefix(name, ":") { // others may change hands
		b.mu.Lock()
		if len(b.callers) >= maxCallers {
			clear(b.callers)
		}
		b.callers[name] = caller
		b.mu.Unlock()
	}
	return caller, nil
}

func (b *Bus) look(ctx context.Context, name string) (ipcapi.Caller, error) {
	caller := ipcapi.Caller{Transport: "dbus", UID: -1, PID: -1}
	said, err := b.credentials(ctx, name)
	if err != nil {
		return caller, err
	}
	if said.process != nil {
		defer said.process.Close()
	}
	if said.uid != nil {
		caller.UID = int(*said.uid)
	}
	if said.pid == nil {
		return caller, nil
	}
	caller.PID = int(*said.pid)
	if said.process == nil {
		fd, err := unix.PidfdOpen(caller.PID, 0)
		if err != nil { // gone, or of another namespace
			return caller, nil
		}
		said.process = os.NewFile(uintptr(fd), "pidfd")
		defer said.process.Close()
	}
	p := process.Process{PID: caller.PID, FD: int(said.process.Fd())}
	caller.Executable, caller.Identity = look(p, strings.TrimRight(string(said.label), "\x00"))
	return caller, b.still(ctx, name, *said.pid)
}

// credentials are what a bus says of a connection. What it does not say is nil.
type credentials struct {
	uid, pid *uint32
	label    []byte
	process  *os.File // a pidfd
}

func (b *Bus) credentials(ctx context.Context, name string) (c credentials, err error) {
	var args wire.Body
	args.String(name)
	said, err := b.ask(ctx, "GetConnectionCredentials", args)
	if err != nil {
		return c, err
	}
	defer said.Close()
	for key, value := range said.Dict() {
		switch key + " " + value.Signature {
		case "UnixUserID u":
			uid := value.Uint32()
			c.uid = &uid
		case "ProcessID u":
			pid := value.Uint32()
			c.pid = &pid
		case "LinuxSecurityLabel ay":
			c.label = value.Bytes()
		case "ProcessFD h":
			c.process = value.File()
		}
	}
	return c, said.Err()
}

// Start has the service of a well-known name started if it does not run, and returns
// the unique name of the process that has it, and that process. It is started again
// if it ends while the bus is asked about it.
func (b *Bus) Start(ctx context.Context, name string) (owner string, caller ipcapi.Caller, err error) {
	for range attempts {
		if owner, err = b.Owner(ctx, name); isKind(err, ipcapi.ErrNoService) {
			if err = b.activate(ctx, name); err != nil {
				break
			}
			owner, err = b.Owner(ctx, name)
		}
		if err == nil {
			caller, err = b.Caller(ctx, owner)
		}
		if err = wrap("identify", ipcapi.Address{}, err); !errors.Is(err, ipcapi.ErrNoService) {
			break
		}
	}
	return owner, caller, wrap("start", ipcapi.Address{Scheme: ipcapi.DBus, Name: name}, err)
}

// activate has the bus start a service. One that runs and that the bus could not
// start is unknown to that.
func (b *Bus) activate(ctx context.Context, name string) error {
	var args wire.Body
	args.String(name)
	args.Uint32(0)
	_, err := b.ask(ctx, "StartServiceByName", args)
	return err
}

// ReloadConfig has the bus look for services that were installed. Where it has
// watched the directory already, nothing changes.
func (b *Bus) ReloadConfig(ctx context.Context) error {
	_, err := b.ask(ctx, "ReloadConfig", wire.Body{})
	return WrapError("reload", err)
}

// look attests nothing that cannot be found out. The executable of a sandboxed
// app's connection is a helper of the sandbox.
func look(p process.Process, label string) (executable, app string) {
	if app, err := p.App(label); err == nil && app != "" {
		return "", app
	}
	return p.Executable(), ""
}

// still checks that the connection has outlived the look at its process.
func (b *Bus) still(ctx context.Context, name string, pid uint32) error {
	var args wire.Body
	args.String(name)
	said, err := b.ask(ctx, "GetConnectionUnixProcessID", args)
	if err == nil && said.Uint32() != pid {
		err = errors.New("the name has changed hands")
	}
	return err
}
