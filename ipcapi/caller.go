package ipcapi

import "context"

// Caller is what the operating system says about the process at the other end.
type Caller struct {
	Transport  string // "unix", "dbus", "android", "loopback", "local"
	UID        int    // -1 when unknown
	PID        int    // -1 when unknown; of the moment of connecting
	Executable string // path, for display only: a process can run anything under any name
	// Identity is what the system attests, such as "uid:10012",
	// "android:com.example.maths#<SHA-256 of the signing certificate, in hex>" or
	// "flatpak:org.example.Maths". Empty means unattested: the caller cannot be
	// told apart from others, so ask the person.
	Identity string
}

// Attested reports whether the system vouches for who the caller is.
func (c Caller) Attested() bool { return c.Identity != "" }

// Attestor decides the Identity of a caller whose other fields are filled in.
// An empty identity means unattested; an error turns the caller away.
type Attestor func(ctx context.Context, c Caller) (identity string, err error)

type callerKey struct{}

// WithCaller returns a context that carries c.
func WithCaller(ctx context.Context, c Caller) context.Context {
	return context.WithValue(ctx, callerKey{}, c)
}

// CallerFrom returns the caller a server put into the context of a request.
// Without one (plain TCP, say) ok is false and the caller must be taken as
// unattested.
func CallerFrom(ctx context.Context) (c Caller, ok bool) {
	c, ok = ctx.Value(callerKey{}).(Caller)
	return c, ok
}
