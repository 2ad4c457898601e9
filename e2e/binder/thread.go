//go:build linux

package binder

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A thread speaks to the driver, which knows each by its number: its goroutine must be
// locked to it.
type thread struct {
	process *Process
	out     []byte         // commands that were not written yet
	in      []byte         // commands that were not read yet
	pins    runtime.Pinner // what the commands point to
}

// say adds a command.
func (t *thread) say(command uint32, fields ...any) {
	t.out = binary.NativeEndian.AppendUint32(t.out, command)
	for _, field := range fields {
		t.out, _ = binary.Append(t.out, binary.NativeEndian, field) // numbers, and structs of numbers
	}
}

// sayParcel adds a command that transfers a parcel.
func (t *thread) sayParcel(command uint32, d transactionData, p *Parcel) {
	d.Size, d.ObjectsSize = uint64(len(p.data)), uint64(8*len(p.offsets))
	if len(p.data) > 0 {
		t.pins.Pin(&p.data[0])
		d.Data = uint64(uintptr(unsafe.Pointer(&p.data[0])))
	}
	if len(p.offsets) > 0 {
		t.pins.Pin(&p.offsets[0])
		d.Object = uint64(uintptr(unsafe.Pointer(&p.offsets[0])))
	}
	t.say(command, d)
}

// flush writes the commands, and does not wait.
func (t *thread) flush() error { return t.talk(nil) }

// next is the driver's next command. It writes what there is to write, and waits.
func (t *thread) next() (command uint32, err error) {
	for len(t.in) == 0 {
		if err := t.talk(make([]byte, 256)); err != nil {
			return 0, err
		}
	}
	command = binary.NativeEndian.Uint32(t.in)
	t.in = t.in[4:]
	return command, nil
}

// read reads what belongs to a command.
func (t *thread) read(field any) error {
	n, err := binary.Decode(t.in, binary.NativeEndian, field)
	if err != nil {
		return fmt.Errorf("binder: %w", err)
	}
	t.in = t.in[n:]
	return nil
}

// talk is BINDER_WRITE_READ, to the end of what is to be written.
func (t *thread) talk(buffer []byte) error {
	var pins runtime.Pinner
	defer pins.Unpin()
	var w writeRead
	if len(t.out) > 0 {
		pins.Pin(&t.out[0])
		w.WriteSize, w.Write = uint64(len(t.out)), uint64(uintptr(unsafe.Pointer(&t.out[0])))
	}
	if len(buffer) > 0 {
		pins.Pin(&buffer[0])
		w.ReadSize, w.Read = uint64(len(buffer)), uint64(uintptr(unsafe.Pointer(&buffer[0])))
	}
	for {
		err := ioctl(t.process.fd, ioWriteRead, unsafe.Pointer(&w)) // a signal may come
		if err != nil && !errors.Is(err, unix.EINTR) {
			return err
		}
		if err == nil || w.ReadConsumed > 0 {
			break
		}
	}
	t.out = t.out[:0]
	t.pins.Unpin()
	t.in = buffer[:w.ReadConsumed]
	return nil
}

// common handles the commands that come at any time. It returns false if this is none.
func (t *thread) common(command uint32) (known bool, err error) {
	var object [2]uint64
	switch command {
	case brNoop, brOK, brSpawnLooper:
		return true, nil
	case brIncrefs, brAcquire:
		err = t.read(&object)
		t.say(bcIncrefsDone+command-brIncrefs, object)
		return true, err
	case brRelease, brDecrefs:
		return true, t.read(&object) // objects last as long as the process
	case brError:
		var errno int32
		err = t.read(&errno)
		return true, errors.Join(err, fmt.Errorf("binder: %w", unix.Errno(-errno)))
	}
	return false, nil
}

// receive takes a parcel out of the driver's memory.
func (t *thread) receive(d transactionData) (*Parcel, error) {
	p := &Parcel{data: slices.Clone(t.process.view(d.Data, d.Size))}
	for offset := range slices.Chunk(t.process.view(d.Object, d.ObjectsSize), 8) {
		p.offsets = append(p.offsets, binary.NativeEndian.Uint64(offset))
	}
	p.arrive(func(handle uint32) *Ref {
		return t.process.ref(handle, func() { t.say(bcAcquire, handle) })
	})
	t.say(bcFreeBuffer, d.Data)
	return p, t.flush()
}

// failure is why a transaction of this thread failed.
func (t *thread) failure(command uint32) error {
	switch command {
	case brDeadReply:
		return ErrDead
	case brFrozenReply:
		return ErrFrozen
	}
	var e extendedError
	if err := ioctl(t.process.fd, ioGetExtendedError, unsafe.Pointer(&e)); err != nil {
		return errors.Join(ErrFailed, err)
	}
	return fmt.Errorf("%w: %w", ErrFailed, os.NewSyscallError("BR_FAILED_REPLY", unix.Errno(-e.Param)))
}
