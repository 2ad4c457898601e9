//go:build linux && vm

package powercut

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/offlineauth/offlineauth/e2e/vm"
	"github.com/offlineauth/offlineauth/store"
)

// look runs in a machine that was started after cuts: /dev/vda, /dev/vdb... have what
// each left, and /oracle/a, /oracle/b... what was acknowledged before. It says
// «good DISK LOGINS UNHEARD» or «bad DISK WHY». Its argument is the kind of file system.
func look(args []string) error {
	oracles, err := os.ReadDir("/oracle")
	if err != nil {
		return err
	}
	for _, file := range oracles {
		disk := file.Name()
		text, err := os.ReadFile("/oracle/" + disk)
		if err != nil {
			return err
		}
		o, err := parseOracle(text)
		if err != nil {
			return err
		}
		unheard, err := lookAt("/dev/vd"+disk, args[0], o)
		if err != nil {
			vm.Say("bad %s %v", disk, err)
			continue
		}
		vm.Say("good %s %d %d", disk, len(o.logins), unheard)
	}
	return nil
}

// lookAt compares a disk with the oracle, first as the store has it, then as the server
// answers. It counts the writes that nobody heard of and which are there.
func lookAt(device, kind string, o *oracle) (unheard int, err error) {
	ctx := context.Background() // the machine has a deadline
	if err := mount(device, kind); err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, unix.Unmount(mountPoint, 0)) }()
	if unheard, err = lookAtStore(ctx, o); err != nil {
		return 0, fmt.Errorf("the store: %w", err)
	}
	d, err := openDesk(ctx)
	if err != nil {
		return 0, fmt.Errorf("the server: %w", err)
	}
	defer func() { err = errors.Join(err, d.server.Close()) }()
	for _, l := range o.logins[max(0, len(o.logins)-2*apps):] { // those that the cut may have met
		if err := d.try(ctx, l); err != nil {
			return 0, fmt.Errorf("the server: a login of stage %d: %w", l.stage, err)
		}
	}
	return unheard, nil
}

func lookAtStore(ctx context.Context, o *oracle) (unheard int, err error) {
	if _, err := os.Stat(dataFile); errors.Is(err, fs.ErrNotExist) && len(o.logins) == 0 {
		return 0, nil // it was too early
	}
	s, err := store.Open(dataFile, &store.Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	aside, err := setAside()
	if err != nil {
		return 0, err
	}
	report, err := s.Check(ctx, nil)
	if err != nil {
		return 0, err
	}
	if len(aside)+len(report.Problems) > 0 {
		return 0, fmt.Errorf("it was damaged: kept aside are %q; still wrong is %q", aside, report.Problems)
	}
	if err := wholeLogins(ctx, s); err != nil {
		return 0, err
	}
	for _, l := range o.logins {
		at, err := stageInStore(ctx, s, l)
		if err != nil {
			return 0, fmt.Errorf("a login of stage %d: %w", l.stage, err)
		}
		if at > l.stage {
			unheard++
		}
	}
	return unheard, nil
}

// wholeLogins looks at every login there is, heard of or not.
func wholeLogins(ctx context.Context, s *store.Store) error {
	for a, err := range s.Authorizations.All(ctx) {
		if err != nil {
			return err
		}
		if _, err := s.Grants.Get(ctx, a.GrantID); err != nil {
			return fmt.Errorf("a login without its grant: %w", err)
		}
		if a.Code.IsZero() && a.Refresh.Rotations == 0 {
			return errors.New("a login without a code")
		}
		if isRedeemed(a) != (a.Refresh.Last != nil) {
			return fmt.Errorf("a login, redeemed %t, has a refresh token: %t", isRedeemed(a), a.Refresh.Last != nil)
		}
	}
	return nil
}

// isRedeemed also says it of a login whose code is of no use any more.
func isRedeemed(a store.Authorization) bool {
	return !a.Code.RedeemedAt.IsZero() || a.Refresh.Rotations > 0
}

// stageInStore tells how far a login is, but for what is in the learning record store.
// That is what was acknowledged, or the next, which was on its way.
func stageInStore(ctx context.Context, s *store.Store, l login) (at stage, err error) {
	id, _, _ := strings.Cut(l.code, ".")
	a, err := s.Authorizations.Get(ctx, id)
	if err != nil {
		return 0, fmt.Errorf("it is lost: %w", err)
	}
	if l.stage >= redeemed && !a.Refresh.Knows(hashed(l.refresh)) {
		return 0, fmt.Errorf("its refresh token is lost: %+v", a.Refresh)
	}
	done, ended := false, !a.EndedAt.IsZero()
	switch l.stage + 1 {
	case redeemed:
		done = isRedeemed(a)
	case refreshed, refreshedAgain:
		done = !a.Refresh.InForce(hashed(l.refresh))
	case revoked:
		done = ended
	case stages:
		if !ended {
			return 0, errors.New("it lives, though it was revoked")
		}
		return l.stage, nil
	}
	if l.stage >= redeemed && !isRedeemed(a) {
		return 0, errors.New("its code is as if it had not been redeemed")
	}
	if ended && l.stage+1 != revoked {
		return 0, errors.New("it has ended, and nobody asked for that")
	}
	if done {
		return l.stage + 1, nil
	}
	return l.stage, nil
}

func hashed(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}

// try goes on as an app does whose device has come back, and as a thief would.
func (d *desk) try(ctx context.Context, l login) error {
	switch l.stage {
	case approved:
		return d.tryCode(ctx, l)
	case revoked:
		return errors.Join(
			d.redeem(ctx, l.code).want(http.StatusBadRequest),
			d.refresh(ctx, l.refresh).want(http.StatusBadRequest),
			d.userinfo(ctx, l.access).want(http.StatusUnauthorized))
	}
	answered := d.refresh(ctx, l.refresh) // again, if the answer was lost
	if l.stage+1 == revoked && answered.status == http.StatusBadRequest {
		return d.userinfo(ctx, l.access).want(http.StatusUnauthorized) // the answer to the revocation was lost
	}
	used := l.refresh
	if err := d.take(&l, answered); err != nil {
		return err
	}
	if l.statement != "-" {
		if err := d.statement(ctx, l.statement, l.access).want(http.StatusOK); err != nil {
			return fmt.Errorf("what it recorded: %w", err)
		}
	}
	return errors.Join(
		d.userinfo(ctx, l.access).want(http.StatusOK),
		d.refresh(ctx, l.refresh).want(http.StatusOK),
		d.refresh(ctx, used).want(http.StatusBadRequest), // twice
		d.userinfo(ctx, l.access).want(http.StatusUnauthorized))
}

// tryCode redeems a code that may have been redeemed, and then once more.
func (d *desk) tryCode(ctx context.Context, l login) error {
	answered := d.redeem(ctx, l.code)
	if answered.status == http.StatusOK {
		if err := errors.Join(d.take(&l, answered), d.userinfo(ctx, l.access).want(http.StatusOK)); err != nil {
			return err
		}
	} else if err := answered.want(http.StatusBadRequest); err != nil {
		return err
	}
	return d.redeem(ctx, l.code).want(http.StatusBadRequest)
}
