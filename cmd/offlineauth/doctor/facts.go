package doctor

import (
	"time"

	"github.com/offlineauth/offlineauth/cmd/offlineauth/control"
	"github.com/offlineauth/offlineauth/cmd/offlineauth/install"
)

// A Key is what was found of the key that a store is sealed under.
type Key struct {
	Place  string // where it is, for people; "" if there is no store yet
	Mend   string // what to do if it is not there
	Lost   bool   // it is not there
	Locked bool   // the person is asked before it can be had
	Err    error  // of looking
}

// Facts are what was found.
type Facts struct {
	Now     time.Time
	DataDir string
	Issuer  string

	Data      error // of opening the directory, or of asking the server that has it open
	Accounts  int   // valid without Data, as are the next two
	Clients   int
	Clock     control.Clock
	Key       Key  // what the store is sealed under
	Installed bool // as an application

	// The rest is valid if it is installed.
	App     install.App
	Missing []string // files that installing wrote and are not there
	Differs []string // and those that are not as installing would write them now
	Handler string   // the application that opens links of App.Scheme; "" for none

	Runtime string        // $XDG_RUNTIME_DIR; "" if not set
	Bus     error         // of reaching the session bus
	Answer  error         // of asking the service for its metadata as a client does
	Took    time.Duration // for that
	Known   error         // of verifying the service as a client does
	Opener  string        // gio or xdg-open; "" for neither
	Display bool          // there is one
}
