package ipcapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"syscall"
)

// What can go wrong between two processes. Transports return them inside an
// [*Error]; test with [errors.Is].
var (
	// ErrNoService: nothing listens at the address, or it does not exist.
	ErrNoService = errors.New("no such service (is the app that serves it installed and running?)")
	// ErrServiceDied: the connection ended in the middle of an exchange. Whether
	// the request was carried out is unknown: repeat only what is idempotent.
	ErrServiceDied = errors.New("the service went away during the exchange")
	// ErrDeadline: no answer in time. It accompanies context.DeadlineExceeded
	// when the context's deadline was the one that passed.
	ErrDeadline = errors.New("the service did not answer in time")
	// ErrRefused: the operating system or the service turned this caller away.
	ErrRefused = errors.New("permission denied by the service or the system")
	// ErrBusy: the service has too much to do for this user already. Nothing was
	// carried out: repeat the request when others are done.
	ErrBusy = errors.New("the service is busy with other requests of this user")
	// ErrTooLarge: see [TooLargeError].
	ErrTooLarge = errors.New("too large for this transport")
)

// Error says which operation on which address failed, and how.
type Error struct {
	Op      string  // "dial", "listen", "exchange", "accept", "read"
	Address Address // zero when not known
	Kind    error   // one of the Err values of this package, or nil
	Err     error   // the cause, or nil
}

func (e *Error) Error() string {
	text := e.Op
	if e.Address.Scheme != "" {
		text += " " + e.Address.String()
	}
	if e.Kind != nil {
		text += ": " + e.Kind.Error()
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap gives the kind and the cause to errors.Is and errors.As.
func (e *Error) Unwrap() []error {
	errs := make([]error, 0, 2)
	if e.Kind != nil {
		errs = append(errs, e.Kind)
	}
	if e.Err != nil {
		errs = append(errs, e.Err)
	}
	return errs
}

// Timeout makes an Error of kind [ErrDeadline] a timeout to net/http.
func (e *Error) Timeout() bool { return e.Kind == ErrDeadline }

// WrapError returns err as an [*Error] with the kind that its cause implies.
// An error that is one already, and nil, are returned as they are.
func WrapError(op string, a Address, err error) error {
	var already *Error
	if err == nil || errors.As(err, &already) {
		return err
	}
	return &Error{Op: op, Address: a, Kind: kindOf(err), Err: err}
}

func kindOf(err error) error {
	var timeout net.Error
	switch {
	case isAny(err, context.Canceled):
		return nil
	case isAny(err, context.DeadlineExceeded, os.ErrDeadlineExceeded):
		return ErrDeadline
	case isAny(err, fs.ErrPermission):
		return ErrRefused
	case isAny(err, fs.ErrNotExist, syscall.ECONNREFUSED, syscall.ENOTDIR):
		return ErrNoService
	case isAny(err, io.EOF, io.ErrUnexpectedEOF, syscall.ECONNRESET, syscall.EPIPE):
		return ErrServiceDied
	case errors.As(err, &timeout) && timeout.Timeout():
		return ErrDeadline
	}
	return nil
}

func isAny(err error, targets ...error) bool {
	for _, target := range targets {
		if errors.Is(err, target) {
			return true
		}
	}
	return false
}

// TooLargeError says that a message does not fit through a message transport.
//
// With Response false nothing was carried out, and the request can be sent
// again over the stream wire. With Response true the request WAS carried out
// and only its answer did not fit: repeat it only if it is idempotent.
type TooLargeError struct {
	Limit    int64   // bytes; 0 when the peer did not say
	Stream   Address // where the same service speaks the stream wire; zero when not known
	Response bool    // it was the answer that was too large
}

func (e *TooLargeError) Error() string {
	what, limit, advice := "request", "", "send less"
	if e.Response {
		what, advice = "response (the request was carried out)", "ask for less"
	}
	if e.Limit > 0 {
		limit = fmt.Sprintf(" of %d bytes", e.Limit)
	}
	if e.Stream.Scheme != "" {
		advice = "use the stream at " + e.Stream.String()
	}
	return fmt.Sprintf("%s exceeds the limit%s: %s", what, limit, advice)
}

// Is makes errors.Is(err, ErrTooLarge) true.
func (e *TooLargeError) Is(target error) bool { return target == ErrTooLarge }

// MessageError says why bytes are not an acceptable HTTP message, or why a
// message cannot be put into bytes. Reason is one of the stable words used in
// docs/vectors/messages.json, such as "content-length-repeated".
type MessageError struct {
	Reason string
	Detail string // for people; may be empty
}

func (e *MessageError) Error() string {
	if e.Detail == "" {
		return "malformed HTTP message: " + e.Reason
	}
	return "malformed HTTP message: " + e.Reason + ": " + e.Detail
}
