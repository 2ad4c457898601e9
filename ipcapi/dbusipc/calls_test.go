//go:build linux

package dbusipc

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// TestHeldArguments: what calls hold together is bounded.
func TestHeldArguments(t *testing.T) {
	c := newCalls()
	if !c.begin(maxHeld-1) || !c.begin(1) || !c.begin(0) {
		t.Error("there was room")
	}
	if c.begin(1) {
		t.Error("there was no room")
	}
	c.done(1)
	if !c.begin(1) {
		t.Error("there is room again")
	}
}

// TestQuiet waits for the calls under way, and for those that come meanwhile.
func TestQuiet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCalls()
		c.begin(0)
		time.AfterFunc(time.Second, func() { c.done(0) })
		time.AfterFunc(time.Second+linger/2, func() { c.begin(0) })
		time.AfterFunc(2*time.Second, func() { c.done(0) })
		begun := time.Now()
		c.quiet(t.Context(), linger)
		if took := time.Since(begun); took != 2*time.Second+linger {
			t.Errorf("quiet after %v", took)
		}
	})
}

// TestQuietEnds with its context, even if a call is never answered.
func TestQuietEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCalls()
		c.begin(0)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		c.quiet(ctx, linger)
		if ctx.Err() == nil {
			t.Error("quiet while a call waits")
		}
	})
}
