//go:build linux

package binder

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
)

// An Object is what this process serves to others.
type Object struct {
	Interface string // its descriptor, such as "android.os.IMessenger"
	// Serve answers a call. What it returns is the answer, which nobody gets if the call
	// is one-way; nil is an empty one, an error an exception. Calls may come at once.
	Serve func(c *Call) (*Parcel, error)

	id uint64 // the driver's address and cookie for it
}

// A Call is one that came. Its parcel is good until Serve returns.
type Call struct {
	Code   uint32 // of the method; AIDL counts from 1
	UID    int    // of the caller, by the kernel's word
	PID    int    // the same; 0 if the call is one-way
	Parcel *Parcel
}

// Serve makes this process answer calls of o. It does as long as it lives, or until
// [Process.Withdraw].
func (p *Process) Serve(o *Object) *Object {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.last++
	o.id = p.last
	p.objects[o.id] = o
	return o
}

// Withdraw drops the calls of o that come from now on.
func (p *Process) Withdraw(o *Object) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.objects, o.id)
}

func (p *Process) object(id uint64) *Object {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.objects[id]
}

// answer answers calls, on a thread of its own, as long as the process lives.
func (p *Process) answer() {
	runtime.LockOSThread()
	t := &thread{process: p}
	t.say(bcEnterLooper)
	for {
		if err := t.answerNext(); err != nil {
			fmt.Fprintln(os.Stderr, err) // what follows from it, the caller will notice
		}
	}
}

func (t *thread) answerNext() error {
	command, err := t.next()
	if err != nil {
		return err
	}
	if known, err := t.common(command); known {
		return err
	}
	switch command {
	case brTransaction:
		var d transactionData
		if err := t.read(&d); err != nil {
			return err
		}
		return t.serve(d)
	case brTransactionComplete: // of an answer
		return nil
	case brDeadReply, brFailedReply, brFrozenReply:
		return fmt.Errorf("an answer was not taken: %w", t.failure(command))
	case brDeadBinder:
		var mark uint64
		if err := t.read(&mark); err != nil {
			return err
		}
		t.process.bury(mark)
		t.say(bcDeadBinderDone, mark)
		return nil
	}
	return fmt.Errorf("binder: the driver says %#x", command)
}

// serve carries out a call.
func (t *thread) serve(d transactionData) error {
	arrived, err := t.receive(d)
	if err != nil {
		return err
	}
	defer arrived.close()
	answer, err := t.process.object(d.Target).serve(&Call{Code: d.Code, UID: int(d.SenderEUID), PID: int(d.SenderPID), Parcel: arrived})
	if d.Flags&oneWay != 0 {
		return err // its caller is not told
	}
	if err != nil {
		answer = exception(err)
	} else {
		answer = answered(answer)
	}
	t.sayParcel(bcReply, transactionData{Flags: acceptFDs}, answer)
	defer answer.close()
	return t.flush()
}

func (o *Object) serve(c *Call) (*Parcel, error) {
	if o == nil {
		return nil, errors.New("binder: the object is not served any more")
	}
	c.Parcel.ReadInt() // of StrictMode
	if name := c.Parcel.ReadText(); name != o.Interface {
		return nil, fmt.Errorf("binder: a call of %q to an object with the interface %q", name, o.Interface)
	}
	return o.Serve(c)
}

// Exceptions that an answer of AIDL can begin with.
const (
	noException    = 0
	securityError  = -1
	otherException = -5 // IllegalStateException
)

func exception(err error) *Parcel {
	p := new(Parcel)
	code := int32(otherException)
	if errors.Is(err, fs.ErrPermission) {
		code = securityError
	}
	p.WriteInt(code)
	p.WriteText(err.Error())
	return p
}

// answered is an answer after the word that there is no exception. Objects move with
// what is before them.
func answered(answer *Parcel) *Parcel {
	p := new(Parcel)
	p.WriteInt(noException)
	if answer == nil {
		return p
	}
	for _, offset := range answer.offsets {
		p.offsets = append(p.offsets, offset+uint64(len(p.data)))
	}
	p.data, p.files = append(p.data, answer.data...), answer.files
	return p
}
