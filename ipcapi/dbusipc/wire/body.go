package wire

import (
	"encoding/binary"
	"errors"
	"os"
	"strings"
	"unicode/utf8"
)

// A Body is the values of a message to be sent, in little-endian order. Its zero value
// has none.
type Body struct {
	Signature string // the types of the values
	Data      []byte // the values
	Files     []*os.File
	err       error
}

func (b *Body) align(n int) {
	for len(b.Data)%n != 0 {
		b.Data = append(b.Data, 0)
	}
}

func (b *Body) length(n int) {
	b.align(4)
	b.Data = binary.LittleEndian.AppendUint32(b.Data, uint32(n))
}

func (b *Body) text(s string) {
	if strings.Contains(s, "\x00") || !utf8.ValidString(s) {
		b.err = errors.New("a string for the bus is not UTF-8, or has a NUL in it")
	}
	b.length(len(s))
	b.Data = append(append(b.Data, s...), 0)
}

// Uint32 adds a value of the type u.
func (b *Body) Uint32(v uint32) {
	b.Signature += "u"
	b.length(int(v))
}

// String adds a value of the type s.
func (b *Body) String(s string) {
	b.Signature += "s"
	b.text(s)
}

// Strings adds a value of the type as.
func (b *Body) Strings(list []string) {
	b.Signature += "as"
	b.length(0)
	begin := len(b.Data)
	for _, s := range list {
		b.text(s)
	}
	binary.LittleEndian.PutUint32(b.Data[begin-4:], uint32(len(b.Data)-begin))
}

// Bytes adds a value of the type ay.
func (b *Body) Bytes(v []byte) {
	b.Signature += "ay"
	b.length(len(v))
	b.Data = append(b.Data, v...)
}

// EmptyDict adds a value of the type a{sv} that has no entries.
func (b *Body) EmptyDict() {
	b.Signature += "a{sv}"
	b.length(0)
	b.align(8)
}

// File adds a value of the type h.
func (b *Body) File(f *os.File) {
	b.Signature += "h"
	b.length(len(b.Files))
	b.Files = append(b.Files, f)
}

// Close closes the files.
func (b *Body) Close() {
	for _, f := range b.Files {
		f.Close()
	}
}
