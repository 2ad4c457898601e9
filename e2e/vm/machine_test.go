//go:build linux && vm

package vm_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/offlineauth/offlineauth/e2e/vm"
)

func TestMain(m *testing.M) {
	vm.Main(map[string]func(args []string) error{"parent": parent, "child": child, "failing": failing})
	os.Exit(m.Run())
}

func parent(args []string) error {
	text, err := os.ReadFile("/some/where/text")
	if err != nil {
		return err
	}
	vm.Say("%q was given %s", args, text)
	for _, path := range []string{"/sys/module/ext4", "/sys/module/binder_linux", "/dev/binder"} {
		if _, err := os.Stat(path); err != nil {
			return err
		}
	}
	clock, err := os.ReadFile("/sys/devices/system/clocksource/clocksource0/current_clocksource")
	if err != nil || string(clock) != "hpet\n" {
		return fmt.Errorf("the clock is %s, %v", clock, err)
	}
	cmd := exec.Command("/init", "child")
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 10012, Gid: 10012}}
	return cmd.Run()
}

func child([]string) error {
	vm.Say("the child is %d", os.Getuid())
	return nil
}

func failing(args []string) error {
	if len(args) == 0 {
		return errors.New("so it is")
	}
	vm.Say("waiting")
	select {}
}

func TestMachine(t *testing.T) {
	m := &vm.Machine{
		Program: []string{"parent", "one", "two"},
		Modules: []string{"virtio_pci", "virtio_blk", "ext4", "binder_linux"},
		Files:   map[string][]byte{"/some/where/text": []byte("a text"), "/some/where/else": nil},
	}
	var heard []string
	if err := m.Run(t.Context(), func(line string) { heard = append(heard, line) }); err != nil {
		t.Fatal(err)
	}
	if want := []string{`["one" "two"] was given a text`, "the child is 10012"}; !slices.Equal(heard, want) {
		t.Errorf("heard %q, want %q", heard, want)
	}
}

func TestProgramsThatFail(t *testing.T) {
	m := &vm.Machine{Program: []string{"failing"}}
	if err := m.Run(t.Context(), nil); err == nil || !strings.Contains(err.Error(), "so it is") {
		t.Errorf("%v", err)
	}
	if err := (&vm.Machine{Modules: []string{"flux_capacitor"}}).Run(t.Context(), nil); err == nil || !strings.Contains(err.Error(), "flux_capacitor") {
		t.Errorf("%v", err)
	}
}

func TestThePowerIsCut(t *testing.T) {
	ctx, cut := context.WithCancelCause(t.Context())
	blackout := fmt.Errorf("blackout")
	m := &vm.Machine{Program: []string{"failing", "never"}}
	if err := m.Run(ctx, func(string) { cut(blackout) }); !errors.Is(err, blackout) {
		t.Errorf("%v", err)
	}
}
