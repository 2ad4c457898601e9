package ipcapi

import (
	"fmt"
	"strings"
)

// Scheme names the kind of IPC an [Address] is for.
type Scheme string

// The schemes of an ipc-service value. A unix or unix-abstract address is a
// stream socket and carries HTTP; a unix-seqpacket one carries messages.
const (
	Unix          Scheme = "unix"
	UnixSeqpacket Scheme = "unix-seqpacket"
	UnixAbstract  Scheme = "unix-abstract"
	DBus          Scheme = "dbus"
	Android       Scheme = "android"
	XPC           Scheme = "xpc"
	NamedPipe     Scheme = "npipe"
)

// MaxService is the length in bytes an ipc-service value may have.
const MaxService = 512

// Address is one target of an ipc-service value. Addresses that mean the same
// are equal by ==.
type Address struct {
	Scheme Scheme
	Path   string // unix, unix-seqpacket: absolute path of the socket
	Name   string // abstract socket, D-Bus name, Android package, Mach service or pipe
	Object string // dbus: object path; android: class of the service; may be empty
	Action string // android: action to bind with; may be empty
	Bus    string // dbus: "system", or empty for the session bus
	Team   string // xpc: team identifier; may be empty
}

// Service is a parsed ipc-service value: the targets that are understood, in
// the order of preference in which they were written.
type Service []Address

// AddressError says why an ipc-service value is refused.
type AddressError struct {
	Value  string
	Reason string
}

func (e *AddressError) Error() string {
	return fmt.Sprintf("ipc-service %q: %s", e.Value, e.Reason)
}

// ParseService reads an ipc-service value: addresses separated by commas.
// Schemes it does not know are left out of the result, so that newer values
// still work; a forbidden or malformed target of a known scheme refuses the
// whole value. The error is an [*AddressError].
func ParseService(s string) (Service, error) {
	if err := checkText(s); err != nil {
		return nil, err
	}
	var service Service
	for target := range strings.SplitSeq(s, ",") {
		a, known, err := parseTarget(target)
		if err != nil {
			return nil, err
		}
		if known {
			service = append(service, a)
		}
	}
	if len(service) == 0 {
		return nil, &AddressError{s, "no target has a scheme known here"}
	}
	return service, nil
}

// String is the value to write in a redirect. [ParseService] gives the service
// back from it.
func (s Service) String() string {
	parts := make([]string, len(s))
	for i, a := range s {
		parts[i] = a.String()
	}
	return strings.Join(parts, ",")
}

// ParseAddress reads a single target. An unknown scheme is an error here.
func ParseAddress(s string) (Address, error) {
	if err := checkText(s); err != nil {
		return Address{}, err
	}
	a, known, err := parseTarget(s)
	if err == nil && !known {
		err = &AddressError{s, "unknown scheme"}
	}
	return a, err
}

// String prints the address in the one spelling that [ParseAddress] reads back
// to an equal address; it is never longer than what was parsed.
func (a Address) String() string {
	switch a.Scheme {
	case Unix, UnixSeqpacket:
		return string(a.Scheme) + ":" + escape(a.Path)
	case DBus:
		return suffix("dbus:"+a.Name+a.Object, "?bus=", a.Bus)
	case Android:
		return a.android()
	case XPC:
		return suffix("xpc:"+a.Name, "?team=", a.Team)
	}
	return string(a.Scheme) + ":" + escape(a.Name)
}

// android prints a package alone in the bare form: every reader of the recipe
// understands that one.
func (a Address) android() string {
	if a.Object == "" && a.Action == "" {
		return a.Name
	}
	return "android:" + suffix(suffix(a.Name, "/", a.Object), "#", a.Action)
}

func suffix(s, separator, value string) string {
	if value == "" {
		return s
	}
	return s + separator + value
}

// checkText refuses what no part of a value may hold, before any of it is copied.
func checkText(s string) error {
	if len(s) > MaxService {
		return &AddressError{s[:32] + "...", fmt.Sprintf("longer than %d bytes", MaxService)}
	}
	for i := range len(s) {
		if s[i] <= ' ' || s[i] >= 0x7f {
			return &AddressError{s, "only visible ASCII is allowed: percent-encode the rest"}
		}
	}
	return nil
}
