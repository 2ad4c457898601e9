//go:build linux

package binder

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"unicode/utf16"

	"golang.org/x/sys/unix"
)

// ErrParcel: a parcel does not have what is read from it.
var ErrParcel = errors.New("malformed parcel")

// A Parcel is what a transaction carries. It is read in the order in which it was
// written. Reading more than there is, or something else, gives zero values; [Parcel.Err]
// tells.
type Parcel struct {
	data    []byte
	offsets []uint64 // of the objects
	arrived []arrival
	files   []*os.File // that go with it

	at  int // what is read next
	err error
}

// An arrival is an object that came with a parcel.
type arrival struct {
	offset uint64
	ref    *Ref     // of another process; nil for others
	file   *os.File // nil for others, and once it was taken
}

// NewParcel begins a call of an interface.
func NewParcel(descriptor string) *Parcel {
	p := new(Parcel)
	p.WriteInt(0) // of StrictMode
	p.WriteText(descriptor)
	return p
}

// Size is the length of what the driver copies, in bytes.
func (p *Parcel) Size() int { return len(p.data) + 8*len(p.offsets) }

// Err is the first thing that was wrong with what was read.
func (p *Parcel) Err() error { return p.err }

// WriteInt writes 32 bits.
func (p *Parcel) WriteInt(n int32) { p.data = binary.NativeEndian.AppendUint32(p.data, uint32(n)) }

// WriteLong writes 64 bits.
func (p *Parcel) WriteLong(n int64) { p.data = binary.NativeEndian.AppendUint64(p.data, uint64(n)) }

// WriteText writes a string, in UTF-16.
func (p *Parcel) WriteText(s string) {
	units := utf16.Encode([]rune(s))
	p.WriteInt(int32(len(units)))
	for _, unit := range append(units, 0) {
		p.data = binary.NativeEndian.AppendUint16(p.data, unit)
	}
	p.pad()
}

// WriteBytes writes a byte array.
func (p *Parcel) WriteBytes(b []byte) {
	p.WriteInt(int32(len(b)))
	p.data = append(p.data, b...)
	p.pad()
}

func (p *Parcel) pad() { p.data = append(p.data, "\x00\x00\x00"[:-len(p.data)&3]...) }

// WriteObject writes a reference to an object of this process; nil is null.
func (p *Parcel) WriteObject(o *Object) {
	if o == nil {
		p.data, _ = binary.Append(p.data, binary.NativeEndian, flatObject{Type: typeBinder})
		return
	}
	p.writeFlat(flatObject{Type: typeBinder, Flags: takesFDs, Value: o.id, Cookie: o.id})
}

// WriteRef writes a reference to an object of another process.
func (p *Parcel) WriteRef(r *Ref) {
	p.writeFlat(flatObject{Type: typeHandle, Value: uint64(r.handle)})
}

// WriteFile writes the descriptor of a file, which is closed here when the parcel was
// sent.
func (p *Parcel) WriteFile(file *os.File) {
	p.files = append(p.files, file)
	p.writeFlat(flatObject{Type: typeFD, Value: uint64(file.Fd())})
}

func (p *Parcel) writeFlat(o flatObject) {
	p.offsets = append(p.offsets, uint64(len(p.data)))
	p.data, _ = binary.Append(p.data, binary.NativeEndian, o) // a struct of numbers
}

// take returns the next n bytes, and passes over what pads them.
func (p *Parcel) take(n int) []byte {
	if p.err != nil || n < 0 || n > len(p.data)-p.at {
		p.fail("%d bytes are to be read at %d of %d", n, p.at, len(p.data))
		return nil
	}
	b := p.data[p.at : p.at+n]
	p.at = min(p.at+n+(-n&3), len(p.data))
	return b
}

func (p *Parcel) fail(format string, args ...any) {
	if p.err == nil {
		p.err = fmt.Errorf("%w: %s", ErrParcel, fmt.Sprintf(format, args...))
	}
}

// ReadInt reads 32 bits.
func (p *Parcel) ReadInt() int32 {
	if b := p.take(4); b != nil {
		return int32(binary.NativeEndian.Uint32(b))
	}
	return 0
}

// ReadLong reads 64 bits.
func (p *Parcel) ReadLong() int64 {
	if b := p.take(8); b != nil {
		return int64(binary.NativeEndian.Uint64(b))
	}
	return 0
}

// ReadText reads a string.
func (p *Parcel) ReadText() string {
	n := int(p.ReadInt())
	if n < 0 || n > len(p.data) {
		p.fail("a text of %d characters", n)
		return ""
	}
	b := p.take(2 * (n + 1)) // with its end
	if b == nil {
		return ""
	}
	units := make([]uint16, n)
	for i := range units {
		units[i] = binary.NativeEndian.Uint16(b[2*i:])
	}
	return string(utf16.Decode(units))
}

// ReadBytes reads a byte array, which is part of the parcel.
func (p *Parcel) ReadBytes() []byte { return p.take(int(p.ReadInt())) }

// ReadRef reads a reference to an object of another process; nil is null.
func (p *Parcel) ReadRef() *Ref {
	a := p.arrival()
	switch {
	case a != nil && a.ref != nil:
		return a.ref
	case a != nil || string(p.take(objectSize)) != string(null):
		p.fail("no object of another process is before %d", p.at)
	}
	return nil
}

// null is what stands for no object.
var null, _ = binary.Append(nil, binary.NativeEndian, flatObject{Type: typeBinder})

// ReadFile reads a descriptor, which is the caller's from then on.
func (p *Parcel) ReadFile() *os.File {
	if a := p.arrival(); a != nil && a.file != nil {
		file := a.file
		a.file = nil
		return file
	}
	p.fail("no descriptor is before %d", p.at)
	return nil
}

// arrival is the object that is read next; nil if there is none.
func (p *Parcel) arrival() *arrival {
	for i := range p.arrived {
		if p.arrived[i].offset == uint64(p.at) && p.take(objectSize) != nil {
			return &p.arrived[i]
		}
	}
	return nil
}

// arrive notes the objects that the driver has put into the parcel.
func (p *Parcel) arrive(ref func(handle uint32) *Ref) {
	for _, offset := range p.offsets {
		var o flatObject
		if _, err := binary.Decode(p.data[offset:], binary.NativeEndian, &o); err != nil {
			p.fail("an object at %d", offset)
			return
		}
		a := arrival{offset: offset}
		switch o.Type {
		case typeHandle:
			a.ref = ref(uint32(o.Value))
		case typeFD:
			unix.CloseOnExec(int(uint32(o.Value)))
			a.file = os.NewFile(uintptr(uint32(o.Value)), "binder")
		}
		p.arrived = append(p.arrived, a)
	}
}

// close closes the descriptors that were sent with it, and those that came and that
// nobody took.
func (p *Parcel) close() {
	if p == nil {
		return
	}
	for _, file := range p.files {
		file.Close()
	}
	for i := range p.arrived {
		if file := p.arrived[i].file; file != nil {
			file.Close()
		}
	}
}
