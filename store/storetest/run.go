package storetest

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/offlineauth/offlineauth/store"
)

// now is when tests happen.
var now = time.Date(2030, 5, 6, 7, 8, 9, 500_000_000, time.UTC)

// crowd is how many goroutines contend in tests of contention.
const crowd = 64

// Run holds an engine to the contract. open returns an empty one each time,
// and need not close it.
func Run(t *testing.T, open func(t *testing.T) store.Engine) {
	for name, test := range map[string]func(*testing.T, store.Engine){
		"Engine/CommitAndRollback":     engineCommitAndRollback,
		"Engine/Ranges":                engineRanges,
		"Engine/Snapshots":             engineSnapshots,
		"Engine/Owns":                  engineOwnsItsBytes,
		"Engine/Closed":                engineClosed,
		"Do/ReadsItsWrites":            doReadsItsWrites,
		"Do/DropsOnError":              doDropsOnError,
		"Do/Keep":                      doKeeps,
		"Do/Panic":                     doPanics,
		"Do/Goexit":                    doGoexit,
		"Do/Misuse":                    doMisuse,
		"Do/Canceled":                  doCanceled,
		"Do/Loner":                     doLoner,
		"Do/SharesCommit":              doSharesCommit,
		"Do/SharesNextCommit":          doSharesNextCommit,
		"Do/SharesFailure":             doSharesFailure,
		"Do/Unchanged":                 doUnchanged,
		"Do/Close":                     doClose,
		"Do/Crowd":                     doCrowd,
		"Table/Records":                tableRecords,
		"Table/Pages":                  tablePages,
		"Table/Refuses":                tableRefuses,
		"Table/Sealed":                 tableSealed,
		"Table/OtherKey":               tableOtherKey,
		"Schema/Newer":                 schemaNewer,
		"Account/UniqueUsername":       accountUniqueUsername,
		"Client/Live":                  clientLive,
		"Grant/Upsert":                 grantUpsert,
		"Grant/UpsertCrowd":            grantUpsertCrowd,
		"Grant/NeverRevived":           grantNeverRevived,
		"Grant/Of":                     grantsOf,
		"Grant/Consent":                consentRemembered,
		"Authorization/Live":           authorizationLive,
		"Authorization/EndsOnce":       authorizationEndsOnce,
		"Code/Redeem":                  codeRedeem,
		"Code/RedeemCrowd":             codeRedeemCrowd,
		"Code/GoesWithUse":             codeGoesWithUse,
		"Refresh/Issue":                refreshIssue,
		"Refresh/Rotate":               refreshRotate,
		"Refresh/RotateCrowd":          refreshRotateCrowd,
		"Refresh/Bounded":              refreshBounded,
		"Pushed/Live":                  pushedLive,
		"Launch/Live":                  launchLive,
		"Launch/Aside":                 launchAside,
		"Launch/BindCrowd":             launchBindCrowd,
		"Launch/FetchCrowd":            launchFetchCrowd,
		"Interaction/Waits":            interactionWaits,
		"Interaction/Bounded":          interactionBounded,
		"Interaction/DecideCrowd":      interactionDecideCrowd,
		"Interaction/DecidePushedOnce": interactionDecidePushedOnce,
		"Credential/Throttled":         credentialThrottled,
		"Credential/TryCrowd":          credentialTryCrowd,
		"Credential/ClockSetBack":      credentialClockSetBack,
		"Credential/Proved":            credentialProved,
		"Event/Trail":                  eventTrail,
		"Event/Bounded":                eventBounded,
		"Ride/WithNext":                rideWithNext,
		"Ride/WithClose":               rideWithClose,
		"Ride/Fails":                   rideFails,
		"Ride/Undecided":               rideUndecided,
		"Check/Whole":                  checkWhole,
		"Check/Finds":                  checkFinds,
		"Check/Interrupted":            checkInterrupted,
		"Rekey/Whole":                  rekeyWhole,
		"Rekey/Interrupted":            rekeyInterrupted,
		"Rekey/UnderLoad":              rekeyUnderLoad,
		"Rekey/Moves":                  rekeyMoves,
		"Clock/SetBack":                clockSetBack,
		"Sweep/LeavesLiving":           sweepLeavesLiving,
		"Sweep/Proportional":           sweepProportional,
		"Sweep/Limit":                  sweepLimit,
		"Sweep/First":                  sweepFirst,
		"Sweep/Idle":                   sweepIdle,
		"Sweep/JumpAndBack":            sweepJumpAndBack,
		"Sweep/JumpAndTrusted":         sweepJumpAndTrusted,
		"Sweep/JumpStays":              sweepJumpStays,
		"Sweep/TwoJumps":               sweepTwoJumps,
		"Sweep/JumpBackwards":          sweepJumpBackwards,
		"Sweep/JumpWarns":              sweepJumpWarns,
	} {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
	for name, test := range map[string]func(*testing.T, opener){
		"Backup/RevivesNothing": backupRevivesNothing,
		"Backup/Snapshot":       backupSnapshot,
		"Backup/Interrupted":    backupInterrupted,
		"Backup/Elsewhere":      backupElsewhere,
		"Backup/Refused":        backupRefused,
		"Rekey/ClosesBackups":   rekeyClosesBackups,
	} {
		t.Run(name, func(t *testing.T) { test(t, open) })
	}
}

// do runs fn in a transaction that must succeed.
func do(t testing.TB, s *store.Store, fn func(ctx context.Context) error) {
	t.Helper()
	if err := s.Do(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

// put stores a record.
func put[T any](t testing.TB, s *store.Store, table store.Table[T], rec T) {
	t.Helper()
	do(t, s, func(ctx context.Context) error { return table.Put(ctx, rec) })
}

// want fails the test unless err is the target; a nil target is success.
func want(t testing.TB, err, target error) {
	t.Helper()
	if !errors.Is(err, target) {
		t.Fatalf("error is %v, want %v", err, target)
	}
}

// contend calls fn in transactions of many goroutines at once, and returns
// their errors.
func contend(t testing.TB, s *store.Store, fn func(ctx context.Context, i int) error) []error {
	t.Helper()
	errs := make([]error, crowd)
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range crowd {
		wg.Go(func() {
			<-start
			errs[i] = s.Do(t.Context(), func(ctx context.Context) error { return fn(ctx, i) })
		})
	}
	close(start)
	wg.Wait()
	return errs
}

// oneWinner fails the test unless one error is nil and all others the target.
func oneWinner(t testing.TB, errs []error, target error) {
	t.Helper()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
			continue
		}
		want(t, err, target)
	}
	if won != 1 {
		t.Fatalf("%d of %d won, want one", won, len(errs))
	}
}
