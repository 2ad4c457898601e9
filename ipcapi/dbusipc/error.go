package dbusipc

// An Error is one that an answer on the bus says, or is to say: an error name of the
// D-Bus Specification, and a text for people.
type Error struct {
	Name string
	Text string
}

func (e *Error) Error() string { return e.Name + ": " + e.Text }

const errorPrefix = "org.freedesktop.DBus.Error."

func busError(name, text string) *Error { return &Error{errorPrefix + name, text} }
