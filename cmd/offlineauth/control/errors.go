package control

import (
	"errors"
	"net/http"

	"github.com/offlineauth/offlineauth/authz"
	"github.com/offlineauth/offlineauth/store"
)

// An Error is a refusal as it comes over the API.
type Error struct {
	Status      int       `json:"-"`
	Code        string    `json:"error"`
	Description string    `json:"error_description"`
	Redirect    *Redirect `json:"redirect,omitempty"` // to be launched, so that the client learns of it
}

func (e *Error) Error() string { return e.Description }

// Gone reports whether err says that an interaction is not known, as it is when
// the server that began it has ended.
func Gone(err error) bool { return hasStatus(err, http.StatusGone) }

// Taken reports whether err says that there is one of that name.
func Taken(err error) bool { return hasStatus(err, http.StatusConflict) }

// Unknown reports whether err says that there is none of that name.
func Unknown(err error) bool { return hasStatus(err, http.StatusNotFound) }

// Unproved reports whether err says that the PIN was wrong, or that there were too
// many tries.
func Unproved(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Code == "login_required"
}

// Malformed reports whether err is about what the person asked for.
func Malformed(err error) bool { return hasStatus(err, http.StatusBadRequest) }

func hasStatus(err error, status int) bool {
	var e *Error
	return errors.As(err, &e) && e.Status == status
}

// asError maps what a server answers to what the API says. The person may know
// the cause: this is their side.
func asError(err error) *Error {
	var own *Error
	var refusal *authz.Error
	var wait *store.WaitError
	switch {
	case errors.As(err, &own):
		return own
	case errors.As(err, &refusal):
		return asRefusal(refusal)
	case errors.Is(err, authz.ErrWrongSecret):
		return &Error{Status: http.StatusBadRequest, Code: "login_required", Description: "that is not the PIN of the account"}
	case errors.As(err, &wait):
		return &Error{Status: http.StatusTooManyRequests, Code: "login_required", Description: wait.Error()}
	case errors.Is(err, store.ErrNotFound):
		return &Error{Status: http.StatusNotFound, Code: "not_found", Description: "there is none of that name"}
	case errors.Is(err, store.ErrExists):
		return &Error{Status: http.StatusConflict, Code: "exists", Description: "there is one of that name already"}
	}
	return &Error{Status: http.StatusInternalServerError, Code: "server_error", Description: err.Error()}
}

func asRefusal(refusal *authz.Error) *Error {
	e := &Error{Status: http.StatusBadRequest, Code: refusal.Code, Description: refusal.Description}
	if refusal.Code == "server_error" || refusal.Code == "temporarily_unavailable" {
		e.Status = refusal.Status()
	}
	if refusal.Cause != nil && refusal.Cause.Error() != refusal.Description {
		e.Description += " (" + refusal.Cause.Error() + ")"
	}
	if refusal.Launch != nil {
		e.Redirect = &Redirect{URI: refusal.Launch.URI, App: refusal.Launch.App}
	}
	return e
}
