// Package errorsx is the part of github.com/ory/x/errorsx that fosite uses.
package errorsx

import "github.com/pkg/errors"

// The carriers are what an error may tell beyond its text.
type (
	StatusCodeCarrier interface{ StatusCode() int }
	StatusCarrier     interface{ Status() string }
	RequestIDCarrier  interface{ RequestID() string }
	ReasonCarrier     interface{ Reason() string }
	DebugCarrier      interface{ Debug() string }
	DetailsCarrier    interface{ Details() map[string]interface{} }
)

type stackTracer interface{ StackTrace() errors.StackTrace }

// WithStack adds a stack trace to err unless it has one already.
func WithStack(err error) error {
	if _, traced := err.(stackTracer); traced || err == nil {
		return err
	}
	return errors.WithStack(err)
}

// Cause returns the innermost error of a chain linked by Cause or Unwrap.
func Cause(err error) error {
	for err != nil {
		switch e := err.(type) {
		case interface{ Cause() error }:
			err = e.Cause()
		case interface{ Unwrap() error }:
			if e.Unwrap() == nil {
				return err
			}
			err = e.Unwrap()
		default:
			return err
		}
	}
	return nil
}
