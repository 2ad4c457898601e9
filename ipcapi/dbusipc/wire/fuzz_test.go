package wire_test

import (
	"encoding/hex"
	"os"
	"testing"

	"github.com/offlineauth/offlineauth/ipcapi/dbusipc/wire"
)

// FuzzMessage reads whatever a bus may send. What can be read as a header can be
// written again, unless its names are none, and says the same then.
func FuzzMessage(f *testing.F) {
	raw, err := hex.DecodeString(hello)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	var body wire.Body
	body.Strings([]string{"a"})
	body.EmptyDict()
	body.Bytes([]byte("b"))
	body.File(os.Stdin)
	h := wire.Header{Type: wire.Return, Serial: 3, ReplySerial: 2, Destination: ":1.2"}
	if raw, err = h.Marshal(body); err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	h = wire.Header{Type: wire.Call, Serial: 3, Path: "/", Member: "A"}
	nested := "\x2c\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00a\x00\x0ba(a{yah}vg)\x00\x00\x00\x00\x01\x00\x00\x00"
	if raw, err = h.Marshal(wire.Body{Signature: "a{sv}", Data: []byte(nested)}); err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	f.Fuzz(func(t *testing.T, raw []byte) {
		header, length, err := wire.Lengths(raw)
		if err != nil || header > len(raw) {
			return
		}
		h, err := wire.ParseHeader(raw[:header])
		if err != nil {
			return
		}
		h.Args(raw[header:], nil).Err()
		for _, read := range []func(*wire.Args){
			func(a *wire.Args) { a.Uint32() }, func(a *wire.Args) { _ = a.String() }, func(a *wire.Args) { a.Strings() },
			func(a *wire.Args) { a.Bytes() }, func(a *wire.Args) { a.File() }, drain,
		} {
			args := h.Args(raw[header:], []*os.File{nil})
			for before := ""; args.Err() == nil && before != args.Signature; {
				before = args.Signature
				read(args)
			}
		}
		if length < 0 || h.Signature != "" || h.Files != 0 { // those are of a body
			return
		}
		again, err := h.Marshal(wire.Body{})
		if err != nil {
			return
		}
		same, err := wire.ParseHeader(again)
		if err != nil {
			t.Fatal(err)
		}
		third, err := same.Marshal(wire.Body{})
		if err != nil || string(third) != string(again) {
			t.Errorf("%q became %q, %v", again, third, err)
		}
	})
}
