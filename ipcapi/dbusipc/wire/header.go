package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"strings"
)

// The types of messages. Others are to be ignored.
const (
	Call   = 1
	Return = 2
	Error  = 3
	Signal = 4
)

// Flags of messages.
const (
	NoReply     = 1
	NoAutoStart = 2
)

// FixedSize is how many bytes [Lengths] needs.
const FixedSize = 16

// maxMessage is the largest message there may be, in bytes.
const maxMessage = 1 << 27

// The fields of a header, by their codes, with their types.
const (
	fieldPath = 1 + iota
	fieldInterface
	fieldMember
	fieldError
	fieldReplySerial
	fieldDestination
	fieldSender
	fieldSignature
	fieldFiles

	fieldTypes = "-osssussgu"
)

// A Header is what a message says of itself. Fields that it does not have are zero.
type Header struct {
	Type        byte
	Flags       byte
	Serial      uint32
	ReplySerial uint32
	Path        string
	Interface   string
	Member      string
	ErrorName   string
	Destination string
	Sender      string
	Signature   string // of the values that follow
	Files       uint32 // how many come along

	order binary.ByteOrder
}

// Lengths says how many bytes the header has, with the FixedSize that are given and
// the padding at its end, and how many follow.
func Lengths(fixed []byte) (header, body int, err error) {
	order, err := orderOf(fixed)
	if err != nil {
		return 0, 0, err
	}
	b, fields := uint64(order.Uint32(fixed[4:])), uint64(order.Uint32(fixed[12:]))
	h := FixedSize + (fields+7)/8*8
	if h+b > maxMessage {
		return 0, 0, errFormat
	}
	return int(h), int(b), nil
}

func orderOf(fixed []byte) (binary.ByteOrder, error) {
	switch {
	case len(fixed) >= FixedSize && fixed[0] == 'l' && fixed[3] == 1:
		return binary.LittleEndian, nil
	case len(fixed) >= FixedSize && fixed[0] == 'B' && fixed[3] == 1:
		return binary.BigEndian, nil
	}
	return nil, errFormat
}

// ParseHeader reads a header of the length that Lengths says. Fields that it does not
// know are skipped.
func ParseHeader(b []byte) (Header, error) {
	order, err := orderOf(b)
	if err != nil {
		return Header{}, err
	}
	h := Header{Type: b[1], Flags: b[2], Serial: order.Uint32(b[8:]), order: order}
	a := &Args{data: b, at: FixedSize - 4, order: order}
	end := FixedSize + a.length()
	if a.err != nil || end > len(b) || h.Serial == 0 {
		return Header{}, errFormat
	}
	for a.data = b[:end]; a.at < end; {
		if h.field(a); a.err != nil {
			return Header{}, a.err
		}
	}
	return h, h.complete()
}

func (h *Header) field(a *Args) {
	code, kind := a.next(1, 8), a.variant()
	if a.err != nil {
		return
	}
	if int(code[0]) >= len(fieldTypes) {
		a.skip(kind, 1)
		return
	}
	if kind != fieldTypes[code[0]:code[0]+1] {
		a.fail()
		return
	}
	switch code[0] {
	case fieldReplySerial:
		h.ReplySerial = a.uint32()
	case fieldFiles:
		h.Files = a.uint32()
	case fieldSignature:
		h.Signature = a.signature()
	default:
		*h.name(code[0]) = a.text()
	}
}

// name is where the field of that code, a text, belongs.
func (h *Header) name(code byte) *string {
	switch code {
	case fieldPath:
		return &h.Path
	case fieldInterface:
		return &h.Interface
	case fieldMember:
		return &h.Member
	case fieldError:
		return &h.ErrorName
	case fieldDestination:
		return &h.Destination
	}
	return &h.Sender
}

// complete checks that what the type of the message requires is there.
func (h *Header) complete() error {
	var ok bool
	switch h.Type {
	case Call:
		ok = h.Path != "" && h.Member != ""
	case Return:
		ok = h.ReplySerial != 0
	case Error:
		ok = h.ReplySerial != 0 && h.ErrorName != ""
	case Signal:
		ok = h.Path != "" && h.Interface != "" && h.Member != ""
	default:
		ok = h.Type != 0
	}
	if !ok {
		return errFormat
	}
	return nil
}

// Args are the values of a message that has this header.
func (h *Header) Args(body []byte, files []*os.File) *Args {
	return &Args{Signature: h.Signature, Files: files, data: body, order: h.order}
}

// Marshal writes a message. Signature and Files are those of the body. It fails if the
// bus would end the connection for what it is given.
func (h *Header) Marshal(body Body) ([]byte, error) {
	head := *h
	head.Signature, head.Files = body.Signature, uint32(len(body.Files))
	if err := errors.Join(body.err, head.complete(), head.names()); err != nil {
		return nil, err
	}
	var w Body
	w.Data = append(w.Data, 'l', h.Type, h.Flags, 1)
	w.length(len(body.Data))
	w.length(int(h.Serial))
	w.length(0)
	for code := byte(fieldPath); code <= fieldFiles; code++ {
		head.write(&w, code)
	}
	binary.LittleEndian.PutUint32(w.Data[12:], uint32(len(w.Data)-FixedSize))
	w.align(8)
	if len(w.Data)+len(body.Data) > maxMessage {
		return nil, errors.New("a message that is larger than any bus takes")
	}
	return append(w.Data, body.Data...), w.err
}

func (h *Header) write(w *Body, code byte) {
	begin := func() {
		w.align(8)
		w.Data = append(w.Data, code, 1, fieldTypes[code], 0)
	}
	switch code {
	case fieldReplySerial, fieldFiles:
		v := h.ReplySerial
		if code == fieldFiles {
			v = h.Files
		}
		if v != 0 {
			begin()
			w.length(int(v))
		}
	case fieldSignature:
		if h.Signature != "" {
			begin()
			w.Data = append(append(append(w.Data, byte(len(h.Signature))), h.Signature...), 0)
		}
	default:
		if s := *h.name(code); s != "" {
			begin()
			w.text(s)
		}
	}
}

// names checks the names of a message that is to be sent.
func (h *Header) names() error {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"
	for _, check := range []struct{ name, separator, others string }{
		{strings.TrimPrefix(h.Path, "/"), "/", ""}, {h.Interface, ".", ""}, {h.Member, "\x00", ""}, {h.ErrorName, ".", ""},
		{strings.TrimPrefix(h.Destination, ":"), ".", "-"}, {strings.TrimPrefix(h.Sender, ":"), ".", "-"},
	} {
		for part := range strings.SplitSeq(check.name, check.separator) {
			if check.name != "" && (part == "" || strings.Trim(part, letters+check.others) != "") {
				return fmt.Errorf("%q is no name on the bus", check.name)
			}
		}
	}
	if h.Path != "" && h.Path[0] != '/' || len(h.Signature) > 255 {
		return errFormat
	}
	return nil
}
