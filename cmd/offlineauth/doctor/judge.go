package doctor

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/offlineauth/offlineauth/ipcapi"
)

// A State says how something is.
type State string

// The states.
const (
	OK    State = "ok"
	Note  State = "note"  // in order, and perhaps not what the person wants
	Wrong State = "wrong" // logins fail because of it
)

// A Finding is one thing, how it is, and how to mend it.
type Finding struct {
	Check string `json:"check"`
	State State  `json:"state"`
	Text  string `json:"text"`
	Mend  string `json:"mend,omitempty"` // what to do, in words or as a command
}

// Judge says what the facts mean.
func Judge(f Facts) []Finding {
	findings := append(f.data(), f.key()...)
	findings = append(findings, f.clock())
	if !f.Installed {
		return append(findings, Finding{"application", Note, "it is not installed on this desktop: apps find it only if they are told its address", "offlineauth install"})
	}
	return append(findings, f.files(), f.links(), f.bus(), f.clients(), f.answer(), f.pages())
}

func (f Facts) data() []Finding {
	const check = "data directory"
	if errors.Is(f.Data, fs.ErrNotExist) {
		return []Finding{{check, Wrong, "there is no " + f.DataDir, "offlineauth install, or name another with --data"}}
	}
	if f.Data != nil {
		text, mend, _ := strings.Cut(f.Data.Error(), "\n")
		return []Finding{{check, Wrong, text, cmp.Or(mend, "see docs/errors.md")}}
	}
	findings := []Finding{{check, OK, f.DataDir + ", for " + f.Issuer, ""}}
	if f.Accounts == 0 {
		findings = append(findings, Finding{"accounts", Wrong, "there is nobody who could log in", "offlineauth account add --username NAME"})
	} else {
		findings = append(findings, Finding{"accounts", OK, count(f.Accounts, "person"), ""})
	}
	if f.Clients == 0 {
		return append(findings, Finding{"clients", Note, "no app is registered yet", "offlineauth client add, or let the app register itself"})
	}
	return append(findings, Finding{"clients", OK, count(f.Clients, "app"), ""})
}

// key says where the key is, and whether it can be had.
func (f Facts) key() []Finding {
	const check = "key"
	k := f.Key
	switch {
	case k.Place == "":
		return nil
	case k.Err != nil:
		return []Finding{{check, Wrong, "is " + k.Place + ", which cannot be reached: " + k.Err.Error(), k.Mend}}
	case k.Locked:
		return []Finding{{check, Note, "is " + k.Place + ", which is locked: whoever opens the data directory is asked to unlock it", ""}}
	case k.Lost:
		return []Finding{{check, Wrong, "is not " + k.Place, k.Mend}}
	}
	return []Finding{{check, OK, "is " + k.Place, ""}}
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// Clocks are off by this much without anybody minding.
const slack = 10 * time.Minute

// earliest is when this was written: no clock that is right shows less.
var earliest = time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC)

func (f Facts) clock() Finding {
	const check, reset = "clock", "set the clock; if it is right now, offlineauth doctor --reset-clock"
	c, now := f.Clock, f.Now
	switch {
	case now.Before(earliest):
		return Finding{check, Wrong, "it shows " + day(now) + ", which is past", "set the clock"}
	case f.Data != nil:
		return Finding{check, OK, "it shows " + day(now), ""}
	case !c.Jumped.IsZero():
		return Finding{check, Wrong, fmt.Sprintf("it shows %s, and showed %s before: nothing that has expired is removed until it has stayed for a day", day(now), day(c.Swept)), reset}
	case c.Newest.After(now.Add(slack)):
		return Finding{check, Wrong, fmt.Sprintf("it shows %s, and the newest entry of the audit trail is of %s", day(now), day(c.Newest)), reset}
	case c.Swept.After(now.Add(48 * time.Hour)):
		return Finding{check, Wrong, fmt.Sprintf("it shows %s, and showed %s before", day(now), day(c.Swept)), reset}
	}
	return Finding{check, OK, "it shows " + day(now), ""}
}

func day(t time.Time) string { return t.Format("2006-01-02 15:04") }

func (f Facts) files() Finding {
	const check = "installed files"
	switch {
	case len(f.Missing) > 0:
		return Finding{check, Wrong, "missing: " + strings.Join(f.Missing, ", "), "offlineauth install"}
	case len(f.Differs) > 0:
		return Finding{check, Note, "not as they would be written now (was the program moved?): " + strings.Join(f.Differs, ", "), "offlineauth install"}
	}
	return Finding{check, OK, "as they were written, for " + f.App.ID, ""}
}

func (f Facts) links() Finding {
	const check = "links"
	switch f.Handler {
	case f.App.ID:
		return Finding{check, OK, "of " + f.App.Scheme + ": are given to this app", ""}
	case "":
		return Finding{check, Wrong, "of " + f.App.Scheme + ": are given to nobody", "offlineauth install"}
	}
	return Finding{check, Wrong, "of " + f.App.Scheme + ": are given to " + f.Handler, "offlineauth install, and see what that app is"}
}

func (f Facts) bus() Finding {
	const check = "session bus"
	switch {
	case f.Bus == nil:
		return Finding{check, OK, "it is there", ""}
	case f.Runtime == "":
		return Finding{check, Wrong, "there is none, and $XDG_RUNTIME_DIR is not set, so there is no socket either", "log in to a desktop, or set $XDG_RUNTIME_DIR to a directory of your own"}
	}
	return Finding{check, Note, "there is none here: the first caller starts the server, and links cannot be opened by it", "log in to a desktop, if this is not meant"}
}

func (f Facts) clients() Finding {
	const check = "verification"
	if f.Known != nil {
		return Finding{check, Wrong, "clients do not trust the service: " + f.Known.Error(), "offlineauth install; see who else can write to the directories"}
	}
	return Finding{check, OK, "clients find and trust " + f.App.Service.String(), ""}
}

func (f Facts) answer() Finding {
	const check = "service"
	switch {
	case f.Answer == nil:
		return Finding{check, OK, fmt.Sprintf("it answers, after %s", f.Took.Round(time.Millisecond)), ""}
	case errors.Is(f.Answer, ipcapi.ErrNoService):
		return Finding{check, Wrong, "it does not start: " + f.Answer.Error(), f.start()}
	}
	return Finding{check, Wrong, "it does not answer: " + f.Answer.Error(), f.start()}
}

func (f Facts) start() string {
	return "see what this says: offlineauth serve --data " + f.DataDir
}

func (f Facts) pages() Finding {
	const check = "browser"
	switch {
	case f.Opener == "":
		return Finding{check, Wrong, "neither gio nor xdg-open is there, so no page and no redirect can be opened", "install the package libglib2.0-bin or xdg-utils"}
	case !f.Display:
		return Finding{check, Note, "pages are opened by " + f.Opener + "; there is no display here", ""}
	}
	return Finding{check, OK, "pages are opened by " + f.Opener, ""}
}
