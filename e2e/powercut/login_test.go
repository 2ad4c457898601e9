//go:build linux && vm

package powercut

import (
	"fmt"
	"slices"
	"strings"
)

// A stage is how far a login is. Each comes by one durable write of the server.
type stage int

const (
	approved stage = iota // the person has let the app in; it has a code
	redeemed
	recorded // a statement is in the learning record store
	refreshed
	refreshedAgain
	revoked
	stages
)

// A login is what an app holds of one, after the last answer it got.
type login struct {
	stage                            stage
	id                               string
	code, refresh, access, statement string // "-" when there is none
}

// String is the line that an app says. Its parts have no spaces.
func (l login) String() string {
	return fmt.Sprintln(int(l.stage), l.id, l.code, l.refresh, l.access, l.statement)
}

func parseLogin(line string) (l login, err error) {
	if n, err := fmt.Sscan(line, &l.stage, &l.id, &l.code, &l.refresh, &l.access, &l.statement); err != nil {
		return l, fmt.Errorf("%q has %d fields: %w", line, n, err)
	}
	return l, nil
}

// An oracle is the last thing that was said of each login. The one spoken of last is
// the last.
type oracle struct {
	logins []login
	lines  int
}

func (o *oracle) hear(line string) error {
	l, err := parseLogin(line)
	if err != nil {
		return err
	}
	o.lines++
	o.logins = append(slices.DeleteFunc(o.logins, func(known login) bool { return known.id == l.id }), l)
	return nil
}

// text is the oracle as lines, for [parseOracle].
func (o *oracle) text() []byte {
	var b strings.Builder
	for _, l := range o.logins {
		b.WriteString(l.String())
	}
	return []byte(b.String())
}

func parseOracle(text []byte) (*oracle, error) {
	o := new(oracle)
	for line := range strings.Lines(string(text)) {
		if err := o.hear(line); err != nil {
			return nil, err
		}
	}
	return o, nil
}
