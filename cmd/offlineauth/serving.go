package main

import (
	"fmt"
	"net"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/offlineauth/offlineauth/ipcapi"
)

// servingFlags say how a data directory is served. It remembers them.
type servingFlags struct {
	issuer       string
	ipc          []string
	customScheme string
}

func (f *servingFlags) addTo(c *cobra.Command) {
	flags := c.Flags()
	flags.StringVar(&f.issuer, "issuer", "", "issuer identifier, an https `URL` (default the last one, or "+defaultIssuer+")")
	flags.StringArrayVar(&f.ipc, "ipc", nil, "`ADDR`ess to serve at, such as unix:/run/user/1000/auth.sock or dbus:org.example.Auth; may be repeated (default the last ones, or two sockets in $XDG_RUNTIME_DIR/offlineauth)")
	flags.StringVar(&f.customScheme, "custom-scheme", "", "private-use `SCHEME` whose links open this app too")
}

// apply returns what the directory remembers, changed by the flags, and the
// addresses to listen at beside the sockets the system passed: those of the flags,
// those remembered, or the usual ones.
func (f *servingFlags) apply(dir string, passed []net.Listener) (settings, ipcapi.Service, error) {
	s, err := loadSettings(dir)
	if err != nil {
		return s, nil, err
	}
	if s, err = f.identity(dir, s); err != nil {
		return s, nil, err
	}
	wanted, err := f.addresses()
	if err == nil && len(wanted) == 0 && len(passed) == 0 {
		wanted, err = remembered(s.IPCService)
	}
	if err != nil {
		return s, nil, err
	}
	all := wanted
	for _, l := range passed {
		all = append(all, addressOf(l))
	}
	s.IPCService = messagesFirst(all).String()
	return s, wanted, nil
}

// identity changes whose directory it is by the flags.
func (f *servingFlags) identity(dir string, s settings) (settings, error) {
	if f.issuer != "" {
		s.Issuer = f.issuer
	}
	if f.customScheme != "" {
		s.CustomScheme = f.customScheme
	}
	err := s.check()
	switch {
	case err == nil:
		return s, nil
	case f.issuer != "" || f.customScheme != "":
		return s, asUsage(err)
	}
	return s, fmt.Errorf("%s: %w; give --issuer and --custom-scheme again", settingsFile(dir), err)
}

func (f *servingFlags) addresses() (ipcapi.Service, error) {
	var wanted ipcapi.Service
	for _, text := range f.ipc {
		address, err := ipcapi.ParseAddress(text)
		if err != nil {
			return nil, asUsage(fmt.Errorf("--ipc %q: %w", text, err))
		}
		switch address.Scheme {
		case ipcapi.Unix, ipcapi.UnixSeqpacket, ipcapi.UnixAbstract, ipcapi.DBus:
			wanted = append(wanted, address)
		default:
			return nil, usageError(fmt.Sprintf("--ipc %q: only unix:, unix-seqpacket:, unix-abstract: and dbus: are served here", text))
		}
	}
	return wanted, nil
}

func remembered(text string) (ipcapi.Service, error) {
	if text != "" {
		return ipcapi.ParseService(text)
	}
	base := os.Getenv("XDG_RUNTIME_DIR")
	if !filepath.IsAbs(base) {
		return nil, usageError("$XDG_RUNTIME_DIR is not set: name the addresses with --ipc, such as --ipc unix:/path/to/socket")
	}
	return ipcapi.Service{
		{Scheme: ipcapi.UnixSeqpacket, Path: filepath.Join(base, "offlineauth/message.sock")},
		{Scheme: ipcapi.Unix, Path: filepath.Join(base, "offlineauth/stream.sock")},
	}, nil
}

// messagesFirst orders addresses as an `ipc-service` value lists them: small
// exchanges are meant for the message wire.
func messagesFirst(addresses ipcapi.Service) ipcapi.Service {
	var messages, streams ipcapi.Service
	for _, a := range addresses {
		if a.Scheme == ipcapi.UnixSeqpacket {
			messages = append(messages, a)
		} else {
			streams = append(streams, a)
		}
	}
	return append(messages, streams...)
}
