//go:build unix

package store_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/offlineauth/offlineauth/store"
)

// A process writes to a store as a server does, is killed at a moment of chance,
// and another goes on. What it says on its output, before and after each write,
// is the oracle: it is kept here, where nobody is killed.

// kills is how often the process is killed; $OFFLINEAUTH_KILLS is more for
// those who have the time.
func kills(t *testing.T) int {
	t.Helper()
	text := os.Getenv("OFFLINEAUTH_KILLS")
	if text == "" {
		return 40
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

const killedStore = "OFFLINEAUTH_KILLED_STORE" // the child's: its file

// TestKilled kills under load, and compares with the oracle each time.
func TestKilled(t *testing.T) {
	if path := os.Getenv(killedStore); path != "" {
		writeUntilKilled(t, path)
		return
	}
	path := filepath.Join(t.TempDir(), "store.db")
	o := &oracle{said: make(map[string]string)}
	n := kills(t)
	for i := range n {
		o.run(t, path)
		o.check(t, path, i%20 == 19 || i == n-1)
	}
	t.Logf("%d kills, %d writes acknowledged, %d not", n, o.acknowledged, len(o.said)-o.finished())
}

// A login goes through these stages. Each is one write; the child says
// "try STAGE ID" before and "did STAGE ID" after it.
const (
	stageBegun    = "begin"
	stageRedeemed = "redeem"
	stageRotated  = "rotate"
	stageEnded    = "end"
)

var stages = []string{stageBegun, stageRedeemed, stageRotated, stageEnded}

func writeUntilKilled(t *testing.T, path string) {
	s, err := openQuietly(path)
	if err != nil {
		t.Fatal(err)
	}
	var out sync.Mutex
	say := func(what, stage, id string) {
		out.Lock()
		defer out.Unlock()
		fmt.Printf("%s %s %s\n", what, stage, id)
	}
	for range 8 {
		go func() {
			for {
				id := strconv.FormatUint(rand.Uint64(), 36)
				for _, stage := range stages {
					say("try", stage, id)
					if err := s.Do(t.Context(), func(ctx context.Context) error { return writeStage(ctx, s, stage, id) }); err != nil {
						say("failed", stage, id+" "+err.Error())
						return
					}
					say("did", stage, id)
				}
			}
		}()
	}
	select {}
}

func name(kind, id string) []byte { return []byte(kind + id) }

func writeStage(ctx context.Context, s *store.Store, stage, id string) error {
	now := time.Now()
	later := now.Add(time.Hour)
	switch stage {
	case stageBegun:
		g, err := s.UpsertGrant(ctx, id, "maths", "", []string{"read"}, now)
		code := store.Code{Hash: name("code", id), ExpiresAt: later}
		return errors.Join(err,
			s.Authorizations.Put(ctx, store.Authorization{ID: id, GrantID: g.ID, AccountID: id, Code: code, CreatedAt: now, ExpiresAt: later}),
			s.Events.Append(ctx, store.Event{Kind: "approved", AccountID: id}))
	case stageRedeemed:
		return change(ctx, s, id, func(a *store.Authorization) error {
			if err := a.Redeem(name("code", id), now); err != nil {
				return err
			}
			return a.Issue(name("first", id), later, now)
		})
	case stageRotated:
		return change(ctx, s, id, func(a *store.Authorization) error {
			return a.Rotate(name("first", id), name("second", id), later, now)
		})
	default:
		return s.EndAuthorization(ctx, id, "logout", now)
	}
}

func change(ctx context.Context, s *store.Store, id string, how func(*store.Authorization) error) error {
	a, err := s.Authorizations.Get(ctx, id)
	if err != nil {
		return err
	}
	return errors.Join(how(&a), s.Authorizations.Put(ctx, a))
}

// An oracle knows what was said of each login, and of writes that were not
// acknowledged, which may be there or not.
type oracle struct {
	said         map[string]string // by login: the last line
	lately       map[string]bool   // the logins of which something was said since the last kill
	acknowledged int
}

func (o *oracle) finished() (n int) {
	for _, line := range o.said {
		if strings.HasPrefix(line, "did ") {
			n++
		}
	}
	return n
}

// run lets a child write, and kills it at some moment.
func (o *oracle) run(t *testing.T, path string) {
	t.Helper()
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestKilled$")
	child.Env = append(os.Environ(), killedStore+"="+path)
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	o.lately = make(map[string]bool)
	last := 1 + rand.IntN(300) // lines until it is killed, and perhaps some more
	for lines, n := bufio.NewScanner(out), 0; lines.Scan(); n++ {
		if n == last {
			time.AfterFunc(time.Duration(rand.IntN(3000))*time.Microsecond, func() { child.Process.Kill() })
		}
		o.hear(t, lines.Text())
	}
	child.Wait()
	if state := child.ProcessState.String(); state != "signal: killed" {
		t.Fatalf("the child ended by itself: %s", state)
	}
}

func (o *oracle) hear(t *testing.T, line string) {
	t.Helper()
	word := strings.Fields(line)
	if len(word) != 3 || word[0] != "try" && word[0] != "did" {
		t.Fatalf("the child says %q", line)
	}
	if word[0] == "did" {
		o.acknowledged++
	}
	o.said[word[2]] = line
	o.lately[word[2]] = true
}

// check opens the store after a kill and looks at the logins of the last child,
// or at every one there ever was, and at the whole file.
func (o *oracle) check(t *testing.T, path string, all bool) {
	t.Helper()
	s, err := store.Open(path, &store.Options{Logger: slog.New(slog.DiscardHandler), LockTimeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if all {
		if report, err := s.Check(t.Context(), nil); err != nil || len(report.Problems) > 0 {
			t.Fatalf("after a kill: %+v, %v", report, err)
		}
	}
	events := eventsOf(t, s)
	for id, line := range o.said {
		if !all && !o.lately[id] {
			continue
		}
		at := stageOf(t, s, id, events)
		word := strings.Fields(line)
		said := indexOf(word[1])
		switch {
		case word[0] == "did" && at != said:
			t.Fatalf("%q was acknowledged, and the login is at stage %d", line, at)
		case word[0] == "try" && at != said && at != said-1:
			t.Fatalf("%q was tried, and the login is at stage %d", line, at)
		}
		if word[0] == "try" && said == 1 { // a code whose redemption nobody heard of
			o.redeemTwice(t, s, id)
		}
		if word[0] == "try" && at >= 0 { // from now on the oracle knows
			o.said[id] = "did " + stages[stageOf(t, s, id, events)] + " " + id
		}
		if word[0] == "try" && at < 0 {
			delete(o.said, id)
		}
	}
}

func indexOf(stage string) int {
	for i, s := range stages {
		if s == stage {
			return i
		}
	}
	return -1
}

func eventsOf(t *testing.T, s *store.Store) map[string]bool {
	t.Helper()
	all, err := s.Events.Newest(t.Context(), 0, 10_000)
	if err != nil {
		t.Fatal(err)
	}
	of := make(map[string]bool, len(all))
	for _, e := range all {
		of[e.AccountID] = true
	}
	return of
}

// stageOf tells how far a login is, -1 if it never began. It fails if anything
// of the login is half there.
func stageOf(t *testing.T, s *store.Store, id string, events map[string]bool) int {
	t.Helper()
	ctx := t.Context()
	a, noLogin := s.Authorizations.Get(ctx, id)
	_, noGrant := s.LivingGrant(ctx, id, "maths", "")
	there := func(err error) bool { return err == nil }
	if there(noLogin) != there(noGrant) || there(noLogin) != events[id] && len(events) < 10_000 {
		t.Fatalf("%s is half there: %v, %v, %t", id, noLogin, noGrant, events[id])
	}
	redeemed, rotated := !a.Code.RedeemedAt.IsZero(), a.Refresh.Rotations > 0
	first, second := name("first", id), name("second", id)
	if redeemed != a.Refresh.Knows(first) || rotated != a.Refresh.InForce(second) || rotated && !redeemed {
		t.Fatalf("%s is half there: redeemed %t, rotated %t, %+v", id, redeemed, rotated, a.Refresh)
	}
	switch {
	case !there(noLogin):
		return -1
	case !redeemed:
		return 0
	case !rotated:
		return 1
	case a.EndedAt.IsZero():
		return 2
	}
	return 3
}

// redeemTwice redeems a code as a client does that got no answer: it may succeed
// once, and never again.
func (o *oracle) redeemTwice(t *testing.T, s *store.Store, id string) {
	t.Helper()
	redeem := func() error {
		return s.Do(t.Context(), func(ctx context.Context) error { return writeStage(ctx, s, stageRedeemed, id) })
	}
	if err := redeem(); err != nil && !errors.Is(err, store.ErrConsumed) {
		t.Fatal(err)
	}
	if err := redeem(); !errors.Is(err, store.ErrConsumed) {
		t.Fatalf("a code was redeemed twice: %v", err)
	}
}
