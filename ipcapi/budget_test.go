package ipcapi

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &Budget{PerUID: 100}
		first, second, other := b.Share(1), b.Share(1), b.Share(2)
		if !first.Take(60) || second.Take(60) || !other.Take(100) {
			t.Error("each uid has what it has, and no more")
		}
		begun := time.Now()
		if err := second.Wait(t.Context(), 60); !errors.Is(err, ErrBusy) || time.Since(begun) != budgetPatience {
			t.Errorf("%v after %v", err, time.Since(begun))
		}
		time.AfterFunc(time.Second, first.Close)
		if err := second.Wait(t.Context(), 60); err != nil {
			t.Error(err)
		}
		second.Close()
		other.Close()
		synctest.Wait() // for the first, whose Close let the second go on
		if len(b.uids) != 0 {
			t.Errorf("%d uids are remembered", len(b.uids))
		}
		if whole := new(Budget).Share(1); !whole.Take(DefaultBudget) || whole.Take(1) {
			t.Error("the zero value is not the default")
		}
	})
}
