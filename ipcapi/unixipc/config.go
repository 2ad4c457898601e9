package unixipc

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/offlineauth/offlineauth/ipcapi"
)

// Config says what to serve. Only Handler is required.
type Config struct {
	Handler       http.Handler
	Attestor      ipcapi.Attestor // nil means [AttestUID]
	Limits        ipcapi.Limits
	StreamAddress ipcapi.Address // where Handler is served as a stream; named in too-large answers
	Logger        *slog.Logger   // nil means slog.Default()
	MaxConns      int            // connections one uid may have at a time; zero means 256
	Budget        *ipcapi.Budget // memory of each uid's requests; nil means one of this listener's own
}

func (c Config) logger() *slog.Logger {
	if c.Logger == nil {
		return slog.Default()
	}
	return c.Logger
}

func (c Config) maxConns() int {
	if c.MaxConns <= 0 {
		return 256
	}
	return c.MaxConns
}

func (c Config) budget() *ipcapi.Budget {
	if c.Budget == nil {
		return &ipcapi.Budget{PerUID: max(ipcapi.DefaultBudget, c.Limits.Message())}
	}
	return c.Budget
}

func (c Config) attest(ctx context.Context, caller ipcapi.Caller) (ipcapi.Caller, error) {
	attestor := c.Attestor
	if attestor == nil {
		attestor = AttestUID
	}
	identity, err := attestor(ctx, caller)
	caller.Identity = identity
	return caller, err
}

// overflowUID stands for every user that has no number in this namespace.
const overflowUID = 65534

// AttestUID is the default attestor. A caller in a sandbox is the app that the
// sandbox is for. It leaves others of this process's own uid unattested, because
// nothing tells them apart, and those whose uid is unknown; the rest are "uid:N".
func AttestUID(_ context.Context, c ipcapi.Caller) (string, error) {
	if c.Identity != "" {
		return c.Identity, nil
	}
	if c.UID < 0 || c.UID == os.Getuid() || c.UID == overflowUID {
		return "", nil
	}
	return "uid:" + strconv.Itoa(c.UID), nil
}

// Dialer calls one address. Its methods are safe for concurrent use.
type Dialer struct {
	Address ipcapi.Address
	Limits  ipcapi.Limits
	Timeout time.Duration // for an answer; zero means ipcapi.DefaultTimeout
	// VerifyPeer looks at the process that listens before anything is sent to
	// it. What it returns is an error of kind ipcapi.ErrRefused to the caller.
	VerifyPeer func(ipcapi.Caller) error
	// Start is called when nobody listens, and then the address is tried once more.
	// See [Start].
	Start func(ctx context.Context) error
}

// Transport returns the client's end of the wire that the address is for.
func (d *Dialer) Transport() (http.RoundTripper, error) {
	switch d.Address.Scheme {
	case ipcapi.UnixSeqpacket:
		return &ipcapi.MessageTransport{Exchanger: d, Limits: d.Limits, Timeout: d.Timeout}, nil
	case ipcapi.Unix, ipcapi.UnixAbstract:
		t := ipcapi.NewStreamTransport(d.DialContext)
		t.Address, t.Limits, t.Timeout = d.Address, d.Limits, d.Timeout
		return t, nil
	}
	return nil, &ipcapi.Error{Op: "dial", Address: d.Address, Err: errors.ErrUnsupported}
}

// Transport returns the client's end of the wire that a's scheme is for.
func Transport(a ipcapi.Address, l ipcapi.Limits) (http.RoundTripper, error) {
	return (&Dialer{Address: a, Limits: l}).Transport()
}

// NewExchanger returns the raw message wire to a unix-seqpacket address.
func NewExchanger(a ipcapi.Address) ipcapi.Exchanger { return &Dialer{Address: a} }
