//go:build linux && vm

package binder_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/offlineauth/offlineauth/e2e/binder"
	"github.com/offlineauth/offlineauth/e2e/vm"
)

const (
	echo      = "test.IEcho"
	echoBytes = 1 // answers the bytes
	echoFile  = 2 // answers a pipe, and writes the uid and pid of its caller into it
	echoNote  = 3 // one-way: notes the length of the bytes
	echoCount = 4 // answers how many bytes were noted
	echoHang  = 5 // never answers
	echoMeet  = 6 // to the context manager: here I am

	otherUID = 10012
)

// TestDriver: what the driver does, as this package speaks to it.
func TestDriver(t *testing.T) {
	t.Parallel()
	want(t, in(t, "driver"), "callers", "sizes", "one-way", "frozen", "death")
}

// driver is the context manager, and asks another process.
func driver() error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	if err := os.Chmod("/dev/binder", 0o666); err != nil {
		return err
	}
	p, err := binder.Open(2)
	if err != nil {
		return err
	}
	met := make(chan *binder.Ref, 1)
	err = p.BecomeContextManager(&binder.Object{Interface: echo, Serve: func(c *binder.Call) (*binder.Parcel, error) {
		if c.UID != otherUID {
			return nil, fmt.Errorf("uid %d is nobody: %w", c.UID, os.ErrPermission)
		}
		met <- c.Parcel.ReadRef()
		return nil, c.Parcel.Err()
	}})
	if err != nil {
		return err
	}
	if err := start(0, "other").Run(); err == nil {
		return errors.New("root was met")
	}
	child := start(otherUID, "other")
	if err := child.Start(); err != nil {
		return err
	}
	d := &drive{ctx: ctx, process: p, child: child.Process, object: <-met}
	for _, part := range []struct {
		name string
		do   func() error
	}{{"callers", d.callers}, {"sizes", d.sizes}, {"one-way", d.oneWay}, {"frozen", d.frozen}, {"death", d.death}} {
		if err := part.do(); err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
		vm.Say("%s", part.name)
	}
	return nil
}

// start is a program of the machine as a process of a user.
func start(uid int, args ...string) *exec.Cmd {
	cmd := exec.Command("/init", args...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(uid)}}
	return cmd
}

// other serves, and is killed.
func other([]string) error {
	p, err := binder.Open(2)
	if err != nil {
		return err
	}
	var noted atomic.Int32 // bytes
	o := p.Serve(&binder.Object{Interface: echo, Serve: func(c *binder.Call) (*binder.Parcel, error) {
		answer := new(binder.Parcel)
		switch c.Code {
		case echoBytes:
			answer.WriteBytes(c.Parcel.ReadBytes())
		case echoFile:
			r, w, err := os.Pipe()
			if err != nil {
				return nil, err
			}
			fmt.Fprintf(w, "%d %d", c.UID, c.PID)
			w.Close()
			answer.WriteFile(r)
		case echoNote:
			noted.Add(int32(len(c.Parcel.ReadBytes())))
		case echoCount:
			answer.WriteInt(noted.Load())
		case echoHang:
			select {}
		}
		return answer, c.Parcel.Err()
	}})
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	parcel := binder.NewParcel(echo)
	parcel.WriteObject(o)
	if _, err := p.ContextManager().Call(ctx, echoMeet, parcel); err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}

// A drive is one process that tries another.
type drive struct {
	ctx     context.Context
	process *binder.Process
	child   *os.Process
	object  *binder.Ref
	noted   int // as far as is known
}

func (d *drive) call(code uint32, b []byte) (*binder.Parcel, error) {
	p := binder.NewParcel(echo)
	p.WriteBytes(b)
	return d.object.Call(d.ctx, code, p)
}

// callers: the kernel says who calls, and carries descriptors. That a caller that the
// object does not like gets an exception, the first child has seen.
func (d *drive) callers() error {
	answer, err := d.call(echoFile, nil)
	if err != nil {
		return err
	}
	file := answer.ReadFile()
	if err := answer.Err(); err != nil {
		return err
	}
	defer file.Close()
	b, err := io.ReadAll(file)
	if want := fmt.Sprintf("%d %d", os.Getuid(), os.Getpid()); err != nil || string(b) != want {
		return fmt.Errorf("the caller was %q, want %q (%v)", b, want, err)
	}
	if _, err := d.object.Call(d.ctx, echoBytes, binder.NewParcel("test.IOther")); err == nil {
		return errors.New("a call of another interface was answered")
	}
	return nil
}

// sizes: 900 KB go through in a call and its answer, 1.1 MB do not.
func (d *drive) sizes() error {
	sent := bytes.Repeat([]byte("binder"), 150_000)
	answer, err := d.call(echoBytes, sent)
	if err != nil {
		return err
	}
	if got := answer.ReadBytes(); !bytes.Equal(got, sent) {
		return fmt.Errorf("%d bytes came back, others than were sent", len(got))
	}
	if _, err := d.call(echoBytes, make([]byte, 1_100_000)); !errors.Is(err, binder.ErrFailed) || !errors.Is(err, syscall.ENOSPC) {
		return fmt.Errorf("1.1 MB: %w", err)
	}
	return nil
}

// oneWay: half as much goes through in a one-way call, and the calls of one object
// come in their order.
func (d *drive) oneWay() error {
	for _, note := range []struct {
		size int
		fits bool
	}{{500_000, true}, {1, true}, {600_000, false}} {
		p := binder.NewParcel(echo)
		p.WriteBytes(make([]byte, note.size))
		err := d.object.Send(echoNote, p)
		if note.fits && err != nil || !note.fits && !errors.Is(err, syscall.ENOSPC) {
			return fmt.Errorf("%d bytes: %v", note.size, err)
		}
		if note.fits {
			if err := d.counted(note.size); err != nil {
				return err
			}
		}
	}
	return nil
}

// counted waits until so many bytes more were noted.
func (d *drive) counted(more int) error {
	for want := d.noted + more; ; {
		answer, err := d.call(echoCount, nil)
		if err != nil {
			return err
		}
		if d.noted = int(answer.ReadInt()); d.noted == want {
			return nil
		}
	}
}

// frozen: a process that the system has stopped gets no calls, and later those that
// nobody waits for.
func (d *drive) frozen() error {
	if err := d.process.Freeze(d.child.Pid, true); err != nil {
		return err
	}
	if _, err := d.call(echoCount, nil); !errors.Is(err, binder.ErrFrozen) {
		return fmt.Errorf("a frozen process: %w", err)
	}
	p := binder.NewParcel(echo)
	p.WriteBytes(make([]byte, 100))
	if err := d.object.Send(echoNote, p); err != nil {
		return err
	}
	if err := d.process.Freeze(d.child.Pid, false); err != nil {
		return err
	}
	return d.counted(100)
}

// death: who waits for an answer, who watches, and who calls later, all hear of it.
func (d *drive) death() error {
	hung := make(chan error)
	go func() {
		_, err := d.call(echoHang, nil)
		hung <- err
	}()
	if err := d.counted(0); err != nil { // it lives
		return err
	}
	died := d.object.Died()
	if err := d.child.Kill(); err != nil {
		return err
	}
	select {
	case <-died:
	case <-d.ctx.Done():
		return errors.New("nobody told of the death")
	}
	if err := <-hung; !errors.Is(err, binder.ErrDead) {
		return fmt.Errorf("who waited got %w", err)
	}
	if _, err := d.call(echoCount, nil); !errors.Is(err, binder.ErrDead) {
		return fmt.Errorf("who called later got %w", err)
	}
	return nil
}
