//go:build linux && vm

package binder_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/offlineauth/offlineauth/e2e/vm"
)

func TestMain(m *testing.M) {
	vm.Main(map[string]func(args []string) error{
		"timed": timed, "other": other, "auth": auth, "maths": maths,
	})
	os.Exit(m.Run())
}

// in runs a program in a machine with a binder driver, and returns what was said.
func in(t *testing.T, program string) (said []string) {
	t.Helper()
	var begun time.Time
	m := &vm.Machine{Program: []string{"timed", program}, Modules: []string{"binder_linux"}, Steady: true}
	err := m.Run(t.Context(), func(line string) {
		if len(said) == 0 {
			begun = time.Now()
		}
		t.Log(line)
		said = append(said, line)
	})
	if err != nil {
		t.Fatal(err)
	}
	var took time.Duration
	if _, err := fmt.Sscanf(said[len(said)-1], "timed: %d", &took); err != nil || took > 2*time.Since(begun) {
		t.Errorf("the machine's clock runs too fast: %v by its own, %v by this one", took, time.Since(begun))
	}
	return said
}

// timed runs a program of the machine, and says how long that took, in nanoseconds.
func timed(args []string) error {
	vm.Say("timed")
	begun := time.Now()
	err := map[string]func() error{"driver": driver, "phone": phone}[args[0]]()
	vm.Say("timed: %d", time.Since(begun))
	return err
}

// want fails unless each of the words was said, one line after the other.
func want(t *testing.T, said []string, words ...string) {
	t.Helper()
	for _, w := range words {
		at := slices.IndexFunc(said, func(line string) bool { return strings.Contains(line, w) })
		if at < 0 {
			t.Errorf("nobody said %q, or not in its turn", w)
			continue
		}
		said = said[at+1:]
	}
}
