package boltfile

import (
	"encoding/binary"
	"errors"
	"fmt"
	"unsafe"

	"go.etcd.io/bbolt"
)

// bbolt follows its pages wherever they lead. If a disk has kept an old page in the
// place of a new one, they may lead in a circle, and no [Guard] ends that: memory does.
// So before a file is read of which nothing is known, its pages are looked at alone.

// The form of a page (bbolt's internal/common/page.go), in the machine's byte order: a
// header, and elements of the same size, each of which says where its key and value are.
const (
	pageHeader  = 16 // id uint64, kind uint16, count uint16, overflow uint32
	pageElement = 16 // branch: pos, ksize uint32, child uint64; leaf: flags, pos, ksize, vsize uint32
	bucketValue = 16 // root, sequence uint64; then the page itself, if root is 0

	branchPage = 1
	leafPage   = 2
	bucketFlag = 1 // of a leaf's element

	firstPage = 2 // the pages before are bbolt's own
)

// checkPages returns ErrCorrupt unless the pages of the file are a tree.
func checkPages(tx *bbolt.Tx) error {
	info := tx.DB().Info()
	// The mapping stays where it is until the transaction ends. The file of that name may
	// be another's by now.
	mapping := *(*unsafe.Pointer)(unsafe.Pointer(&info.Data))
	content := unsafe.Slice((*byte)(mapping), tx.Size())
	return checkTree(content, info.PageSize, uint64(tx.Cursor().Bucket().Root()))
}

// checkTree looks at all pages that can be reached from the one that is the root.
func checkTree(content []byte, pageSize int, root uint64) error {
	t := &tree{content: content, pageSize: pageSize, seen: make([]bool, len(content)/pageSize), next: []uint64{root}}
	for len(t.next) > 0 {
		id := t.next[len(t.next)-1]
		t.next = t.next[:len(t.next)-1]
		if err := t.page(id); err != nil {
			return fmt.Errorf("%w: page %d: %w", ErrCorrupt, id, err)
		}
	}
	return nil
}

type tree struct {
	content  []byte
	pageSize int
	seen     []bool   // by page
	next     []uint64 // to look at
}

var errOutside = errors.New("leads out of the file, or of itself")

func (t *tree) page(id uint64) error {
	if id < firstPage || id >= uint64(len(t.seen)) {
		return errOutside
	}
	data := t.content[int(id)*t.pageSize:]
	if is := binary.NativeEndian.Uint64(data); is != id {
		return fmt.Errorf("is page %d", is)
	}
	pages := uint64(binary.NativeEndian.Uint32(data[12:])) + 1
	if pages > uint64(len(t.seen))-id {
		return errOutside
	}
	for i := range pages {
		if t.seen[id+i] {
			return errors.New("can be reached in two ways")
		}
		t.seen[id+i] = true
	}
	data = data[:int(pages)*t.pageSize]
	if binary.NativeEndian.Uint16(data[8:]) == branchPage {
		return t.branch(data)
	}
	return t.leaf(data)
}

// count returns how many elements a page has; there is room for them.
func count(page []byte) (int, error) {
	n := int(binary.NativeEndian.Uint16(page[10:]))
	if pageHeader+n*pageElement > len(page) {
		return 0, errOutside
	}
	return n, nil
}

// within returns a part of a page that begins at from, which is relative to an element.
func within(page []byte, element int, from uint32, length uint64) ([]byte, error) {
	start := uint64(element) + uint64(from)
	if start+length > uint64(len(page)) {
		return nil, errOutside
	}
	return page[start : start+length], nil
}

func (t *tree) branch(page []byte) error {
	n, err := count(page)
	if err == nil && n == 0 {
		err = errors.New("leads nowhere")
	}
	for i := 0; i < n && err == nil; i++ {
		at := pageHeader + i*pageElement
		e := page[at:]
		_, err = within(page, at, binary.NativeEndian.Uint32(e), uint64(binary.NativeEndian.Uint32(e[4:])))
		t.next = append(t.next, binary.NativeEndian.Uint64(e[8:]))
	}
	return err
}

// leaf looks at a leaf, which may be one inside another.
func (t *tree) leaf(page []byte) error {
	if len(page) < pageHeader {
		return errOutside
	}
	if kind := binary.NativeEndian.Uint16(page[8:]); kind != leafPage {
		return fmt.Errorf("is of kind %#x", kind)
	}
	n, err := count(page)
	if err != nil {
		return err
	}
	for i := range n {
		at := pageHeader + i*pageElement
		e := page[at:]
		keySize := uint64(binary.NativeEndian.Uint32(e[8:]))
		both, err := within(page, at, binary.NativeEndian.Uint32(e[4:]), keySize+uint64(binary.NativeEndian.Uint32(e[12:])))
		if err != nil {
			return err
		}
		if binary.NativeEndian.Uint32(e)&bucketFlag == 0 {
			continue
		}
		if err := t.bucket(both[keySize:]); err != nil {
			return err
		}
	}
	return nil
}

func (t *tree) bucket(value []byte) error {
	if len(value) < bucketValue {
		return errOutside
	}
	if root := binary.NativeEndian.Uint64(value); root != 0 {
		t.next = append(t.next, root)
		return nil
	}
	return t.leaf(value[bucketValue:])
}
