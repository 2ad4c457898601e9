package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"os"
	"slices"
	"strings"
	"unicode/utf8"
)

// maxDepth is how deep values may lie in others.
const maxDepth = 64

var errFormat = errors.New("a message that breaks the D-Bus Specification")

// Args are the values of a message that was received. Its methods read them in their
// order. After the first failure, which Err tells, they return zero values.
type Args struct {
	Signature string     // the types of what is still to be read
	Files     []*os.File // those that came along and that nobody has read
	data      []byte
	at        int
	order     binary.ByteOrder
	err       error
}

// Err is why a value could not be read, or nil.
func (a *Args) Err() error { return a.err }

// Close closes the files that nobody has read.
func (a *Args) Close() {
	for _, f := range a.Files {
		if f != nil {
			f.Close()
		}
	}
	a.Files = nil
}

// expect goes on to the next value if it is of that type.
func (a *Args) expect(kind string) bool {
	rest, is := strings.CutPrefix(a.Signature, kind)
	if a.err == nil && !is {
		a.err = fmt.Errorf("the values have the types %q: %q was expected", a.Signature, kind)
	}
	if a.err == nil {
		a.Signature = rest
	}
	return a.err == nil
}

func (a *Args) fail() { a.err = errFormat }

// next is the next n bytes, after padding.
func (a *Args) next(n, align int) []byte {
	from := (a.at + align - 1) / align * align
	if a.err != nil || n < 0 || from > len(a.data) || n > len(a.data)-from {
		a.fail()
		return nil
	}
	a.at = from + n
	return a.data[from:a.at:a.at]
}

func (a *Args) uint32() uint32 {
	if b := a.next(4, 4); b != nil {
		return a.order.Uint32(b)
	}
	return 0
}

// length is how many bytes of a value follow.
func (a *Args) length() int {
	n := a.uint32()
	if n > maxMessage {
		a.fail()
		return 0
	}
	return int(n)
}

// terminated is a text of n bytes with a NUL behind it.
func (a *Args) terminated(n int) string {
	b := a.next(n+1, 1)
	if b == nil || b[n] != 0 || slices.Contains(b[:n], 0) || !utf8.Valid(b[:n]) {
		a.fail()
		return ""
	}
	return string(b[:n])
}

func (a *Args) text() string { return a.terminated(a.length()) }

func (a *Args) signature() string {
	b := a.next(1, 1)
	if b == nil {
		return ""
	}
	return a.terminated(int(b[0]))
}

// variant is the type of the one value that a variant holds.
func (a *Args) variant() string {
	kind := a.signature()
	if n := complete(kind, 0); a.err != nil || n == 0 || n != len(kind) {
		a.fail()
		return ""
	}
	return kind
}

// Uint32 reads a value of the type u.
func (a *Args) Uint32() uint32 {
	if !a.expect("u") {
		return 0
	}
	return a.uint32()
}

// String reads a value of the type s.
func (a *Args) String() string {
	if !a.expect("s") {
		return ""
	}
	return a.text()
}

// Bytes reads a value of the type ay. It is part of the message's own memory.
func (a *Args) Bytes() []byte {
	if !a.expect("ay") {
		return nil
	}
	return a.next(a.length(), 1)
}

// Strings reads a value of the type as.
func (a *Args) Strings() []string {
	if !a.expect("as") {
		return nil
	}
	n := a.length()
	if n > len(a.data)-a.at {
		a.fail()
		return nil
	}
	var list []string
	for end := a.at + n; a.err == nil && a.at < end; {
		list = append(list, a.text())
		if a.at > end {
			a.fail()
		}
	}
	return list
}

// File reads a value of the type h. The file is the caller's to close.
func (a *Args) File() *os.File {
	if !a.expect("h") {
		return nil
	}
	i := a.uint32()
	if a.err != nil || i >= uint32(len(a.Files)) || a.Files[i] == nil {
		a.fail()
		return nil
	}
	f := a.Files[i]
	a.Files[i] = nil
	return f
}

// Dict reads a value of the type a{sv}, entry by entry: the key, and what the variant
// holds.
func (a *Args) Dict() iter.Seq2[string, *Args] {
	return func(yield func(string, *Args) bool) {
		if !a.expect("a{sv}") {
			return
		}
		n := a.length()
		a.next(0, 8)
		if a.err != nil || n > len(a.data)-a.at {
			a.fail()
			return
		}
		for end := a.at + n; a.at < end; {
			a.next(0, 8)
			key := a.text()
			value := &Args{Signature: a.variant(), Files: a.Files, data: a.data, at: a.at, order: a.order}
			if a.skip(value.Signature, 1); a.at > end {
				a.fail()
			}
			if a.err != nil || !yield(key, value) {
				return
			}
		}
	}
}
