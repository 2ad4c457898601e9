//go:build linux && vm

package powercut

import (
	"context"
	"fmt"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/offlineauth/offlineauth/e2e/vm"
)

const (
	mountPoint = "/disk"
	apps       = 6
)

// work runs in the machine whose power is cut. Its argument is the kind of file system.
// With «careless» after it, nothing is asked of the disk from when the apps begin,
// whatever the server does.
func work(args []string) error {
	ctx := context.Background() // until the power is cut
	if err := mount("/dev/vda", args[0]); err != nil {
		return err
	}
	d, err := openDesk(ctx)
	if err != nil {
		return err
	}
	if len(args) > 1 && args[1] == "careless" {
		if err := neverSync(); err != nil {
			return err
		}
	}
	failed := make(chan error)
	for range apps {
		go func() { failed <- app(ctx, d) }()
	}
	return <-failed
}

// app logs in again and again, and says each answer before it asks for the next.
func app(ctx context.Context, d *desk) error {
	for {
		l := login{stage: approved - 1, id: newID(), code: "-", refresh: "-", access: "-", statement: "-"}
		for l.stage+1 < stages {
			if err := d.next(ctx, &l); err != nil {
				return fmt.Errorf("stage %d: %w", l.stage, err)
			}
			vm.Say("%s", l)
		}
	}
}

func mount(device, kind string) error {
	if err := os.MkdirAll(mountPoint, 0o755); err != nil {
		return err
	}
	if err := unix.Mount(device, mountPoint, kind, 0, ""); err != nil {
		return fmt.Errorf("mount %s: %w", device, err)
	}
	return nil
}

// neverSync has the kernel answer, for all threads, that a file is on the disk without
// bringing it there: what bbolt calls NoSync, for whatever the server uses.
func neverSync() error {
	const numberOfCall, answerZero = 0, unix.SECCOMP_RET_ERRNO
	program := []unix.SockFilter{{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: numberOfCall}}
	for _, call := range []uint32{unix.SYS_FSYNC, unix.SYS_FDATASYNC, unix.SYS_MSYNC, unix.SYS_SYNC_FILE_RANGE} {
		program = append(program,
			unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: call, Jt: 0, Jf: 1},
			unix.SockFilter{Code: unix.BPF_RET, K: answerZero})
	}
	program = append(program, unix.SockFilter{Code: unix.BPF_RET, K: unix.SECCOMP_RET_ALLOW})
	filter := unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]}
	_, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&filter)))
	if errno != 0 {
		return fmt.Errorf("seccomp: %w", errno)
	}
	return nil
}
