package wire_test

import (
	"bytes"
	"encoding/hex"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/offlineauth/offlineauth/ipcapi/dbusipc/wire"
)

// hello is a call of Hello as libdbus writes it.
const hello = `6c01000100000000010000006e00000001016f00150000002f6f72672f667265656465736b746f702f44427573000000` +
	`06017300140000006f72672e667265656465736b746f702e4442757300000000` +
	`02017300140000006f72672e667265656465736b746f702e4442757300000000` +
	`030173000500000048656c6c6f000000`

func TestParseHeader(t *testing.T) {
	raw, err := hex.DecodeString(hello)
	if err != nil {
		t.Fatal(err)
	}
	header, body, err := wire.Lengths(raw)
	if header != len(raw) || body != 0 || err != nil {
		t.Fatalf("%d bytes and %d, %v; want %d and none", header, body, err, len(raw))
	}
	h, err := wire.ParseHeader(raw)
	if err != nil {
		t.Fatal(err)
	}
	if h.Type != wire.Call || h.Serial != 1 || h.Path != "/org/freedesktop/DBus" || h.Destination != "org.freedesktop.DBus" || h.Interface != h.Destination || h.Member != "Hello" {
		t.Errorf("%+v", h)
	}
}

// TestBigEndian: what other machines' programs write is read, too.
func TestBigEndian(t *testing.T) {
	raw := []byte("B\x02\x00\x01\x00\x00\x00\x0c\x00\x00\x00\x07\x00\x00\x00\x10" + "\x05\x01u\x00\x00\x00\x00\x03" + "\x08\x01g\x00\x02su\x00" + "\x00\x00\x00\x01x\x00\x00\x00\x00\x00\x00\x05")
	header, body, err := wire.Lengths(raw)
	if header != 32 || body != 12 || err != nil {
		t.Fatal(header, body, err)
	}
	h, err := wire.ParseHeader(raw[:header])
	if err != nil || h.Serial != 7 || h.ReplySerial != 3 || h.Signature != "su" {
		t.Fatalf("%+v, %v", h, err)
	}
	args := h.Args(raw[header:], nil)
	if s, n := args.String(), args.Uint32(); s != "x" || n != 5 || args.Err() != nil {
		t.Errorf("%q, %d, %v", s, n, args.Err())
	}
}

func TestRoundTrip(t *testing.T) {
	var body wire.Body
	body.Uint32(7)
	body.String("sieben")
	body.Strings([]string{"a", "", "ccc"})
	body.Bytes([]byte{1, 2, 3})
	body.EmptyDict()
	body.File(os.Stdin)
	body.Uint32(1 << 31)
	sent := wire.Header{Type: wire.Return, Serial: 3, ReplySerial: 1 << 31, Destination: ":1.2"}
	raw, err := sent.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	h, args := read(t, raw, []*os.File{os.Stdin})
	if h.Serial != 3 || h.ReplySerial != 1<<31 || h.Destination != ":1.2" || h.Files != 1 || h.Signature != "usasaya{sv}hu" {
		t.Errorf("%+v", h)
	}
	if n := args.Uint32(); n != 7 {
		t.Errorf("u: %d", n)
	}
	if s := args.String(); s != "sieben" {
		t.Errorf("s: %q", s)
	}
	if list := args.Strings(); !slices.Equal(list, []string{"a", "", "ccc"}) {
		t.Errorf("as: %q", list)
	}
	if b := args.Bytes(); !bytes.Equal(b, []byte{1, 2, 3}) {
		t.Errorf("ay: %v", b)
	}
	for key := range args.Dict() {
		t.Errorf("a{sv}: %q", key)
	}
	if f := args.File(); f != os.Stdin || len(args.Files) != 1 || args.Files[0] != nil {
		t.Errorf("h: %v, left %v", f, args.Files)
	}
	if n := args.Uint32(); n != 1<<31 || args.Err() != nil {
		t.Errorf("u: %d, %v", n, args.Err())
	}
	if args.Uint32(); args.Err() == nil {
		t.Error("a value behind the last one")
	}
}

func read(t *testing.T, raw []byte, files []*os.File) (wire.Header, *wire.Args) {
	t.Helper()
	header, body, err := wire.Lengths(raw)
	if err != nil || header+body != len(raw) {
		t.Fatalf("%d and %d of %d bytes, %v", header, body, len(raw), err)
	}
	h, err := wire.ParseHeader(raw[:header])
	if err != nil {
		t.Fatal(err)
	}
	return h, h.Args(raw[header:], files)
}

// TestDict reads the entries that are known, and goes past the others.
func TestDict(t *testing.T) {
	var w wire.Body
	w.Signature, w.Data = "a{sv}", []byte("\x00\x00\x00\x00\x00\x00\x00\x00")
	entry := func(key, signature, value string) {
		for len(w.Data)%8 != 0 {
			w.Data = append(w.Data, 0)
		}
		w.Data = append(w.Data, byte(len(key)), 0, 0, 0)
		w.Data = append(append(w.Data, key+"\x00"...), byte(len(signature)))
		w.Data = append(w.Data, signature+"\x00"...)
		w.Data = append(w.Data, value...)
		w.Data[0] = byte(len(w.Data) - 8)
	}
	entry("abcd", "u", "\x2a\x00\x00\x00")
	entry("efg", "a(yav)", "\x0c\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x04\x00\x00\x00\x01y\x00\x05")
	entry("ijkl", "s", "\x03\x00\x00\x00abc\x00")
	h := wire.Header{Type: wire.Return, Serial: 1, ReplySerial: 1}
	raw, err := h.Marshal(w)
	if err != nil {
		t.Fatal(err)
	}
	_, args := read(t, raw, nil)
	seen := map[string]string{}
	for key, value := range args.Dict() {
		switch seen[key] = value.Signature; value.Signature {
		case "u":
			if n := value.Uint32(); n != 42 || value.Err() != nil {
				t.Errorf("%s: %d, %v", key, n, value.Err())
			}
		case "s":
			if s := value.String(); s != "abc" || value.Err() != nil {
				t.Errorf("%s: %q, %v", key, s, value.Err())
			}
		}
	}
	if want := map[string]string{"abcd": "u", "efg": "a(yav)", "ijkl": "s"}; args.Err() != nil || !maps.Equal(seen, want) {
		t.Errorf("saw %v, want %v; %v", seen, want, args.Err())
	}
}

// TestMarshalRefuses: a bus would end the connection for these.
func TestMarshalRefuses(t *testing.T) {
	call := func(change func(*wire.Header)) wire.Header {
		h := wire.Header{Type: wire.Call, Serial: 1, Path: "/a/b_1", Interface: "a.b", Member: "C", Destination: ":1.2"}
		change(&h)
		return h
	}
	var nul, notText wire.Body
	nul.String("a\x00b")
	notText.Strings([]string{"\xff"})
	for name, test := range map[string]struct {
		head wire.Header
		body wire.Body
	}{
		"path":          {head: call(func(h *wire.Header) { h.Path = "a" })},
		"path, end":     {head: call(func(h *wire.Header) { h.Path = "/a/" })},
		"path, letters": {head: call(func(h *wire.Header) { h.Path = "/a-b" })},
		"no path":       {head: call(func(h *wire.Header) { h.Path = "" })},
		"member":        {head: call(func(h *wire.Header) { h.Member = "a.b" })},
		"interface":     {head: call(func(h *wire.Header) { h.Interface = "a..b" })},
		"destination":   {head: call(func(h *wire.Header) { h.Destination = "a b" })},
		"no serial":     {head: wire.Header{Type: wire.Return, Serial: 1}},
		"a NUL":         {head: call(func(*wire.Header) {}), body: nul},
		"not UTF-8":     {head: call(func(*wire.Header) {}), body: notText},
	} {
		if raw, err := test.head.Marshal(test.body); err == nil {
			t.Errorf("%s: %q", name, raw)
		}
	}
	for _, h := range []wire.Header{call(func(*wire.Header) {}), call(func(h *wire.Header) { h.Path = "/" }), call(func(h *wire.Header) { h.Destination = "org.a-b.C_d" })} {
		if _, err := h.Marshal(wire.Body{}); err != nil {
			t.Errorf("%+v: %v", h, err)
		}
	}
}

// TestReadsOnlyWhatIsThere: another type than the expected one, and values that end
// too soon.
func TestReadsOnlyWhatIsThere(t *testing.T) {
	for name, test := range map[string]struct {
		signature, data string
		read            func(*wire.Args)
	}{
		"another type":       {"s", "\x01\x00\x00\x00a\x00", func(a *wire.Args) { a.Uint32() }},
		"an array of others": {"ah", "\x00\x00\x00\x00", func(a *wire.Args) { a.File() }},
		"no value":           {"", "", func(a *wire.Args) { a.Bytes() }},
		"cut":                {"u", "\x01\x00", func(a *wire.Args) { a.Uint32() }},
		"long":               {"ay", "\x05\x00\x00\x00abc", func(a *wire.Args) { a.Bytes() }},
		"endless":            {"ay", "\xff\xff\xff\xff", func(a *wire.Args) { a.Bytes() }},
		"no NUL":             {"s", "\x01\x00\x00\x00aa", func(a *wire.Args) { _ = a.String() }},
		"a NUL inside":       {"s", "\x02\x00\x00\x00a\x00\x00", func(a *wire.Args) { _ = a.String() }},
		"not UTF-8":          {"s", "\x01\x00\x00\x00\xff\x00", func(a *wire.Args) { _ = a.String() }},
		"over the array":     {"as", "\x05\x00\x00\x00\x04\x00\x00\x00abcd\x00", func(a *wire.Args) { a.Strings() }},
		"no such file":       {"h", "\x00\x00\x00\x00", func(a *wire.Args) { a.File() }},
		"a key alone":        {"a{sv}", "\x06\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00a\x00", func(a *wire.Args) { drain(a) }},
		"two in a variant":   {"a{sv}", "\x0c\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00a\x00\x02yy\x00\x00", func(a *wire.Args) { drain(a) }},
		"too deep":           {"a{sv}", "\xd2\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00a\x00" + strings.Repeat("\x01v\x00", 67) + "\x01y\x00", func(a *wire.Args) { drain(a) }},
	} {
		h := wire.Header{Type: wire.Return, Serial: 1, ReplySerial: 1}
		raw, err := h.Marshal(wire.Body{Signature: test.signature, Data: []byte(test.data)})
		if err != nil {
			t.Fatal(err)
		}
		_, args := read(t, raw, nil)
		if test.read(args); args.Err() == nil {
			t.Errorf("%s: no error", name)
		}
		if args.Strings() != nil || args.Uint32() != 0 {
			t.Errorf("%s: values after an error", name)
		}
	}
}

func drain(a *wire.Args) {
	for range a.Dict() {
	}
}
