package dbusipc

import (
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/offlineauth/offlineauth/ipcapi"
)

// Config says what to serve. Only Handler is required.
type Config struct {
	Handler  http.Handler
	Attestor ipcapi.Attestor // nil means unixipc.AttestUID
	Limits   ipcapi.Limits
	Logger   *slog.Logger // nil means slog.Default()
	MaxConns int          // streams and calls one caller may have at a time; zero means 256

	Budget *ipcapi.Budget // memory of each uid's requests; nil means one of this service's own
}

func (c Config) logger() *slog.Logger {
	if c.Logger == nil {
		return slog.Default()
	}
	return c.Logger
}

func (c Config) budget() *ipcapi.Budget {
	if c.Budget == nil {
		return &ipcapi.Budget{PerUID: max(ipcapi.DefaultBudget, c.Limits.Message())}
	}
	return c.Budget
}

func (c Config) maxConns() int {
	if c.MaxConns <= 0 {
		return 256
	}
	return c.MaxConns
}

// Dialer calls one address. Its methods are safe for concurrent use. It has one
// connection to the bus, from the first call until CloseIdleConnections.
type Dialer struct {
	Address ipcapi.Address
	Limits  ipcapi.Limits
	Timeout time.Duration // for an answer; zero means ipcapi.DefaultTimeout
	// VerifyPeer looks at the process that has the name before anything is sent to
	// it. What it returns is an error of kind ipcapi.ErrRefused to the caller. nil
	// accepts this user's processes and root's.
	VerifyPeer func(ipcapi.Caller) error

	mu    sync.Mutex
	bus   *Bus
	owner string // the unique name that was verified; "" for none
}
