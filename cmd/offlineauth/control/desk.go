package control

import (
	"net/http"
)

// desk is the server as an application of the desktop. open is nil if it is none.
type desk struct{ open func(links []string) }

// ask shows a link's request on a page, and returns before it is decided. Without a
// link it shows the person's side.
func (d desk) ask(r *http.Request) (any, error) {
	launched, err := decode[link](r)
	if err != nil {
		return nil, err
	}
	if d.open == nil {
		return nil, &Error{Status: http.StatusNotImplemented, Code: "unsupported", Description: "no server runs that could show a page"}
	}
	if launched.Link == "" {
		d.open(nil)
	} else {
		d.open([]string{launched.Link})
	}
	return struct{}{}, nil
}
