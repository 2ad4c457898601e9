package secretservice

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/godbus/dbus/v5"
)

// Names of the Secret Service API.
const (
	busName    = "org.freedesktop.secrets"
	root       = dbus.ObjectPath("/org/freedesktop/secrets")
	ifService  = "org.freedesktop.Secret.Service"
	ifKeyring  = "org.freedesktop.Secret.Collection"
	ifItem     = "org.freedesktop.Secret.Item"
	ifPrompt   = "org.freedesktop.Secret.Prompt"
	properties = "org.freedesktop.DBus.Properties"
	nothing    = dbus.ObjectPath("/") // in the place of an object that is not needed
)

// callTimeout bounds each call that asks no person.
const callTimeout = 10 * time.Second

// A service is the Secret Service on a connection of its own, with a session in which
// secrets are encrypted.
type service struct {
	conn    *dbus.Conn
	session dbus.ObjectPath
	key     []byte
	signals chan *dbus.Signal
}

// open connects to the bus and begins a session. The bus starts the service if need be.
func open(ctx context.Context, address string) (*service, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	conn, err := connect(ctx, address)
	if err != nil {
		return nil, err
	}
	s := &service{conn: conn, signals: make(chan *dbus.Signal, 16)}
	if err := errors.Join(s.watch(ctx), s.begin(ctx)); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

func (s *service) close() { s.conn.Close() }

// connect connects to the session bus, which must be one of this machine. It starts none.
func connect(ctx context.Context, address string) (*dbus.Conn, error) {
	if address == "" {
		address = sessionBus()
	}
	if address == "" {
		return nil, fmt.Errorf("%w: there is no session bus: $DBUS_SESSION_BUS_ADDRESS is not set", ErrUnavailable)
	}
	for part := range strings.SplitSeq(address, ";") {
		if !strings.HasPrefix(part, "unix:") {
			return nil, fmt.Errorf("%w: the session bus is not at a unix socket", ErrUnavailable)
		}
	}
	conn, err := dbus.Dial(address)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	err = conn.Auth(nil)
	if err == nil {
		err = conn.Hello()
	}
	if !stop() {
		err = ctx.Err()
	}
	if err != nil {
		conn.Close()
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return conn, nil
}

// sessionBus is the address of the session bus; "" if there is none.
func sessionBus() string {
	if address := os.Getenv("DBUS_SESSION_BUS_ADDRESS"); address != "" {
		return address
	}
	path := filepath.Join(os.Getenv("XDG_RUNTIME_DIR"), "bus")
	if _, err := os.Stat(path); err != nil || !filepath.IsAbs(path) {
		return ""
	}
	return "unix:path=" + dbus.EscapeBusAddressValue(path)
}

// watch has the bus tell of prompts that are over, and of the end of the service.
func (s *service) watch(ctx context.Context) error {
	s.conn.Signal(s.signals)
	err := s.conn.AddMatchSignalContext(ctx, dbus.WithMatchSender(busName), dbus.WithMatchInterface(ifPrompt))
	if err == nil {
		err = s.conn.AddMatchSignalContext(ctx, dbus.WithMatchSender("org.freedesktop.DBus"), dbus.WithMatchMember("NameOwnerChanged"), dbus.WithMatchArg(0, busName))
	}
	return failure("watch the service", err)
}

// begin agrees on the key of the session. A service that would only send secrets as they
// are is not used.
func (s *service) begin(ctx context.Context) error {
	ours := newAgreement()
	var theirs dbus.Variant
	err := s.call(ctx, root, ifService+".OpenSession", []any{algorithm, dbus.MakeVariant(ours.public())}, &theirs, &s.session)
	var e dbus.Error
	if errors.As(err, &e) && e.Name == "org.freedesktop.DBus.Error.NotSupported" {
		return fmt.Errorf("%w: it does not encrypt what it sends (%s)", ErrUnavailable, algorithm)
	}
	if err != nil {
		return err
	}
	public, ok := theirs.Value().([]byte)
	if !ok {
		return fmt.Errorf("%w: it began no session", ErrUnavailable)
	}
	s.key, err = ours.key(public)
	return failure("begin a session", err)
}

// call calls a method and stores what it returns.
func (s *service) call(ctx context.Context, path dbus.ObjectPath, method string, in []any, out ...any) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	err := s.conn.Object(busName, path).CallWithContext(ctx, method, 0, in...).Store(out...)
	return failure(method, err)
}

// property returns the value of a property as a variant.
func (s *service) property(ctx context.Context, path dbus.ObjectPath, iface, name string) (v dbus.Variant, err error) {
	err = s.call(ctx, path, properties+".Get", []any{iface, name}, &v)
	return v, err
}

// prompt has the service ask the person, and returns what came of it. It waits until
// ctx ends, and then takes the question back.
func (s *service) prompt(ctx context.Context, path dbus.ObjectPath) (result dbus.Variant, err error) {
	if path == nothing || path == "" {
		return result, nil
	}
	defer func() {
		if ctx.Err() != nil { // or the question would stay on the screen
			s.call(context.WithoutCancel(ctx), path, ifPrompt+".Dismiss", nil)
		}
	}()
	if err := s.call(ctx, path, ifPrompt+".Prompt", []any{""}); err != nil {
		return result, err
	}
	for {
		select {
		case signal, open := <-s.signals:
			if !open {
				return result, fmt.Errorf("%w: the bus is gone", ErrUnavailable)
			}
			switch dismissed, over := completed(signal, path, &result); {
			case gone(signal):
				return result, fmt.Errorf("%w: it ended while the person was asked", ErrUnavailable)
			case over && dismissed:
				return result, ErrDismissed
			case over:
				return result, nil
			}
		case <-ctx.Done():
			return result, fmt.Errorf("the keyring was not unlocked in time: %w", ctx.Err())
		}
	}
}

// completed tells whether a signal is the end of a prompt.
func completed(signal *dbus.Signal, path dbus.ObjectPath, result *dbus.Variant) (dismissed, over bool) {
	if signal.Name != ifPrompt+".Completed" || signal.Path != path {
		return false, false
	}
	if err := dbus.Store(signal.Body, &dismissed, result); err != nil {
		return true, true
	}
	return dismissed, true
}

// gone tells whether a signal says that the service has ended.
func gone(signal *dbus.Signal) bool {
	var name, before, now string
	return signal.Name == "org.freedesktop.DBus.NameOwnerChanged" &&
		dbus.Store(signal.Body, &name, &before, &now) == nil && name == busName && now == ""
}
