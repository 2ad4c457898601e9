package ui

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestForms(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newForms()
		mark := f.mark("amina", "apps")
		check := func(mark, visitor, action string, want error) {
			t.Helper()
			if err := f.check(mark, visitor, action); !errors.Is(err, want) {
				t.Errorf("error is %v, want %v", err, want)
			}
		}
		check(mark, "amina", "apps", errEarly)
		time.Sleep(settling - 1)
		check(mark, "amina", "apps", errEarly)
		time.Sleep(time.Nanosecond)
		check(mark, "amina", "apps", nil)
		check(mark, "karim", "apps", errStale)
		check(mark, "amina", "app?id=1", errStale)
		check(mark, "", "apps", errStale)
		check("", "amina", "apps", errStale)
		check("not base64!", "amina", "apps", errStale)
		for _, i := range []int{0, len(mark) / 2, len(mark) - 2} {
			check(mark[:i]+string(mark[i]^1)+mark[i+1:], "amina", "apps", errStale)
		}
		other := newForms()
		if err := other.check(mark, "amina", "apps"); !errors.Is(err, errStale) {
			t.Errorf("another process took it: %v", err)
		}
		time.Sleep(formLife)
		check(mark, "amina", "apps", errStale)
		if first, second := f.mark("amina", "apps"), f.mark("amina", "apps"); first == second {
			t.Error("two forms have one mark")
		}
	})
}

func FuzzMark(f *testing.F) {
	forms := newForms()
	f.Add(forms.mark("v", "a"))
	f.Add("")
	f.Fuzz(func(t *testing.T, mark string) {
		if err := forms.check(mark, "visitor", "action"); err == nil {
			t.Errorf("%q was taken", mark)
		}
	})
}

func TestRecentForgets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRecent[int](2, time.Minute)
		r.keep("a", 1)
		time.Sleep(time.Second)
		r.keep("b", 2)
		if old, there := r.getOrPut("b", 3); !there || old != 2 {
			t.Errorf("b is %d, %t", old, there)
		}
		r.keep("c", 3) // a was the oldest
		if _, there := r.get("a"); there {
			t.Error("a is still there")
		}
		if v, there := r.take("b"); !there || v != 2 {
			t.Errorf("b is %d, %t", v, there)
		}
		if _, there := r.get("b"); there {
			t.Error("b was taken twice")
		}
		time.Sleep(time.Minute)
		if _, there := r.get("c"); there {
			t.Error("c was not forgotten")
		}
	})
}
