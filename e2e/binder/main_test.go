//go:build linux && vm

package binder_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/offlineauth/offlineauth/e2e/vm"
)

func TestMain(m *testing.M) {
	vm.Main(map[string]func(args []string) error{
		"driver": bare(driver), "phone": bare(phone), "other": other, "auth": auth, "maths": maths,
	})
	os.Exit(m.Run())
}

// bare is a program without arguments.
func bare(run func() error) func([]string) error {
	return func([]string) error { return run() }
}

// in runs a program in a machine with a binder driver, and returns what was said.
func in(t *testing.T, program string) (said []string) {
	t.Helper()
	m := &vm.Machine{Program: []string{program}, Modules: []string{"binder_linux"}, Steady: true}
	err := m.Run(t.Context(), func(line string) {
		t.Log(line)
		said = append(said, line)
	})
	if err != nil {
		t.Fatal(err)
	}
	return said
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
