package statement

import "fmt"

// An Error says what is wrong with a statement, and where.
type Error struct {
	Path   string // a JSON pointer (RFC 6901) to the culprit: "/actor/mbox"; "" is the whole
	Reason string // what is wrong with it: "is not a UUID"
}

func (e *Error) Error() string {
	if e.Path == "" {
		return "the document " + e.Reason
	}
	return e.Path + " " + e.Reason
}

func wrong(format string, args ...any) error {
	return &Error{Reason: fmt.Sprintf(format, args...)}
}

// at moves an error below key. Only what is wrong pays for the path.
func at(key string, err error) error {
	if e, ok := err.(*Error); ok && e != nil {
		e.Path = "/" + pointerEscape.Replace(key) + e.Path
	}
	return err
}
