//go:build linux

package binder

import (
	"fmt"
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"
)

// memorySize is how much others may have sent to a process of Android that it has not
// taken yet, in bytes; half of it by one-way calls.
const memorySize = 1<<20 - 2<<12

// A Process is this process, as the driver knows it. It lasts as long as the process.
type Process struct {
	fd     int
	memory []byte // where the driver puts what others send

	mu      sync.Mutex
	last    uint64 // the newest number of an object or a death
	objects map[uint64]*Object
	refs    map[uint32]*Ref
	deaths  map[uint64]*Ref // by what the driver will say
}

// Open opens the driver, and answers calls on that many threads.
func Open(threads int) (*Process, error) {
	fd, err := unix.Open("/dev/binder", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("binder: %w", err)
	}
	p := &Process{fd: fd, objects: map[uint64]*Object{}, refs: map[uint32]*Ref{}, deaths: map[uint64]*Ref{}}
	if err := p.start(threads); err != nil {
		unix.Close(fd)
		return nil, err
	}
	return p, nil
}

func (p *Process) start(threads int) (err error) {
	var version int32
	if err := ioctl(p.fd, ioVersion, unsafe.Pointer(&version)); err != nil {
		return err
	}
	if version != protocolVersion {
		return fmt.Errorf("binder: the driver speaks version %d", version)
	}
	none := uint32(0) // no threads but those
	if err := ioctl(p.fd, ioSetMaxThreads, unsafe.Pointer(&none)); err != nil {
		return err
	}
	if p.memory, err = unix.Mmap(p.fd, 0, memorySize, unix.PROT_READ, unix.MAP_PRIVATE|unix.MAP_NORESERVE); err != nil {
		return fmt.Errorf("binder: mmap: %w", err)
	}
	for range threads {
		go p.answer()
	}
	return nil
}

// BecomeContextManager makes o what all others reach first. One process can, once.
func (p *Process) BecomeContextManager(o *Object) error {
	p.mu.Lock()
	p.objects[0] = o // its address and cookie are 0
	p.mu.Unlock()
	none := int32(0)
	return ioctl(p.fd, ioSetContextMgr, unsafe.Pointer(&none))
}

// ContextManager is the object of the context manager.
func (p *Process) ContextManager() *Ref { return &Ref{process: p, died: make(chan struct{})} }

// Freeze keeps calls from a process, as Android does with apps in the background, or
// lets it have them again. Only root may.
func (p *Process) Freeze(pid int, frozen bool) error {
	info := freezeInfo{PID: uint32(pid), TimeoutMS: 1000}
	if frozen {
		info.Enable = 1
	}
	return ioctl(p.fd, ioFreeze, unsafe.Pointer(&info))
}

// ref is the one reference there is to a handle. keep is called if it is a new one.
func (p *Process) ref(handle uint32, keep func()) *Ref {
	p.mu.Lock()
	defer p.mu.Unlock()
	r := p.refs[handle]
	if r == nil {
		r = &Ref{process: p, handle: handle, died: make(chan struct{})}
		p.refs[handle] = r
		keep()
	}
	return r
}

// view is what the driver put at an address.
func (p *Process) view(at, size uint64) []byte {
	begin := at - uint64(uintptr(unsafe.Pointer(&p.memory[0])))
	return p.memory[begin : begin+size]
}

func ioctl(fd int, request uintptr, arg unsafe.Pointer) error {
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), request, uintptr(arg)); errno != 0 {
		return fmt.Errorf("binder: ioctl %#x: %w", request, errno)
	}
	return nil
}
