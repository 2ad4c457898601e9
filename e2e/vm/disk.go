//go:build linux

package vm

import (
	"io"
	"math/rand/v2"
	"slices"
	"sync"
)

// SectorSize is what a disk writes whole or not at all, in bytes.
const SectorSize = 512

// A Disk has a cache that forgets when the power is cut, as disks have: what was
// written is on it for good when a flush has been answered, not before.
//
// Killing a virtual machine alone shows nothing of this, for the system beneath
// remembers what its disk was given.
type Disk struct {
	// Before is called before each write and each flush, of which it is the nth
	// since the disk was made, unless it is nil. The machine waits for it.
	Before func(n int)

	requests int

	mu      sync.Mutex
	durable []byte // as the last flush left it
	current []byte // with what was written since
	cache   []cached
}

// A cached write is one since the last flush.
type cached struct {
	offset int
	data   []byte
}

// NewDisk makes a disk with this content, a whole number of sectors.
func NewDisk(content []byte) *Disk {
	return &Disk{durable: slices.Clone(content), current: slices.Clone(content)}
}

// Cut returns what is on the disk if the power is cut at this moment: what was
// flushed, and of what was written since, each sector of each write with the chance
// kept (0 to 1), so any of its last states. The disk itself goes on. Unsafe is how
// many sectors there were to lose, lost how many were.
func (d *Disk) Cut(kept float64) (content []byte, unsafe, lost int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	content = slices.Clone(d.durable)
	for _, w := range d.cache {
		for i := 0; i < len(w.data); i += SectorSize {
			unsafe++
			if rand.Float64() >= kept {
				lost++
				continue
			}
			copy(content[w.offset+i:], w.data[i:min(i+SectorSize, len(w.data))])
		}
	}
	return content, unsafe, lost
}

// Unsafe is how many sectors a cut could lose now.
func (d *Disk) Unsafe() (sectors int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, w := range d.cache {
		sectors += (len(w.data) + SectorSize - 1) / SectorSize
	}
	return sectors
}

func (d *Disk) size() int { return len(d.durable) }

// read returns the content, with what is not safe yet.
func (d *Disk) read(offset, length int) ([]byte, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.holds(offset, length) {
		return nil, io.ErrUnexpectedEOF
	}
	return slices.Clone(d.current[offset : offset+length]), nil
}

// write keeps data, which is the disk's from now on.
func (d *Disk) write(offset int, data []byte) error {
	d.before()
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.holds(offset, len(data)) {
		return io.ErrUnexpectedEOF
	}
	copy(d.current[offset:], data)
	d.cache = append(d.cache, cached{offset, data})
	return nil
}

// flush makes durable all that was written before.
func (d *Disk) flush() {
	d.before()
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, w := range d.cache {
		copy(d.durable[w.offset:], w.data)
	}
	d.cache = nil
}

func (d *Disk) before() {
	d.requests++
	if d.Before != nil {
		d.Before(d.requests)
	}
}

func (d *Disk) holds(offset, length int) bool {
	return offset >= 0 && length >= 0 && offset <= len(d.current)-length
}
