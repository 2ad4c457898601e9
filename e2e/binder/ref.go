//go:build linux

package binder

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"runtime"
	"sync"
)

// What a call fails with beside its context's end.
var (
	// ErrDead: the process of the object has ended.
	ErrDead = errors.New("binder: the process has died")
	// ErrFailed: the driver did not carry the call. With syscall.ENOSPC there is no
	// room at the other process for a parcel of that size.
	ErrFailed = errors.New("binder: the call failed")
	// ErrFrozen: the system has stopped the process.
	ErrFrozen = errors.New("binder: the process is frozen")
)

// An Exception is what the other process answered in place of a result.
type Exception struct {
	Code int32 // as AIDL numbers them
	Text string
}

func (e *Exception) Error() string { return fmt.Sprintf("exception %d: %s", e.Code, e.Text) }

// Is makes errors.Is(err, fs.ErrPermission) true for Java's SecurityException.
func (e *Exception) Is(target error) bool {
	return target == fs.ErrPermission && e.Code == securityError
}

// A Ref is a reference to an object of another process. There is one for each.
type Ref struct {
	process *Process
	handle  uint32 // 0 is the context manager's

	watch sync.Once
	died  chan struct{}
}

// Call calls a method and waits for its answer, until ctx ends. The call itself cannot
// be taken back.
func (r *Ref) Call(ctx context.Context, code uint32, p *Parcel) (answer *Parcel, err error) {
	type result struct {
		answer *Parcel
		err    error
	}
	done := make(chan result, 1)
	go func() {
		answer, err := r.process.transact(r.handle, code, acceptFDs, p)
		if err == nil {
			err = answer.exception()
		}
		if err != nil || ctx.Err() != nil { // nobody takes it
			answer.close()
		}
		done <- result{answer, err}
	}()
	select {
	case r := <-done:
		return r.answer, r.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// Send calls a one-way method. That it returns nil means that the other process will
// get the call if it lives.
func (r *Ref) Send(code uint32, p *Parcel) error {
	_, err := r.process.transact(r.handle, code, oneWay, p)
	return err
}

// Died is closed when the object's process has ended.
func (r *Ref) Died() <-chan struct{} {
	r.watch.Do(func() {
		r.process.mu.Lock()
		r.process.last++
		mark := r.process.last
		r.process.deaths[mark] = r
		r.process.mu.Unlock()
		t := &thread{process: r.process}
		t.say(bcRequestDeathNotification, r.handle, mark)
		if t.flush() != nil {
			r.process.bury(mark)
		}
	})
	return r.died
}

// bury tells those who wait for a death.
func (p *Process) bury(mark uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if r := p.deaths[mark]; r != nil {
		delete(p.deaths, mark)
		close(r.died)
	}
}

// Release gives the reference back. It must not be used any more; nobody is told of a
// death that was not told of before.
func (r *Ref) Release() error {
	r.process.mu.Lock()
	delete(r.process.refs, r.handle)
	for mark, other := range r.process.deaths {
		if other == r {
			delete(r.process.deaths, mark)
		}
	}
	r.process.mu.Unlock()
	t := &thread{process: r.process}
	t.say(bcRelease, r.handle)
	return t.flush()
}

// transact carries a parcel to an object and, unless it is one-way, an answer back. The
// driver answers the thread that asked.
func (p *Process) transact(handle, code, flags uint32, parcel *Parcel) (*Parcel, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	t := &thread{process: p}
	t.sayParcel(bcTransaction, transactionData{Target: uint64(handle), Code: code, Flags: flags}, parcel)
	defer parcel.close()
	answer, err := t.outcome(flags&oneWay != 0)
	return answer, errors.Join(err, t.flush())
}

func (t *thread) outcome(sent bool) (*Parcel, error) {
	for {
		command, err := t.next()
		if err != nil {
			return nil, err
		}
		if known, err := t.common(command); err != nil {
			return nil, err
		} else if known {
			continue
		}
		switch command {
		case brTransactionComplete:
			if sent {
				return nil, nil
			}
		case brReply:
			var d transactionData
			if err := t.read(&d); err != nil {
				return nil, err
			}
			return t.receive(d)
		case brDeadReply, brFailedReply, brFrozenReply:
			return nil, t.failure(command)
		default:
			return nil, fmt.Errorf("binder: the driver says %#x", command)
		}
	}
}

// exception reads how an answer begins.
func (p *Parcel) exception() error {
	code := p.ReadInt()
	if p.err != nil || code == noException {
		return p.err
	}
	return &Exception{code, p.ReadText()}
}
