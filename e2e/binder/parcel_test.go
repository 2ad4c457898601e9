//go:build linux

package binder

import (
	"encoding/binary"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// received is a parcel as the driver brings it to another process, with copies of its
// descriptors. There an object has the handle of its number.
func received(t *testing.T, sent *Parcel) *Parcel {
	t.Helper()
	p := &Parcel{data: slices.Clone(sent.data), offsets: sent.offsets}
	for _, offset := range p.offsets {
		field := p.data[offset:]
		switch binary.NativeEndian.Uint32(field) {
		case typeBinder:
			binary.NativeEndian.PutUint32(field, typeHandle)
		case typeFD:
			fd, err := unix.Dup(int(binary.NativeEndian.Uint32(field[8:])))
			if err != nil {
				t.Fatal(err)
			}
			binary.NativeEndian.PutUint32(field[8:], uint32(fd))
		}
	}
	p.arrive(func(handle uint32) *Ref { return &Ref{handle: handle} })
	sent.close()
	return p
}

func TestParcel(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	sent := NewParcel("test.IFace")
	sent.WriteText("Zażółć 🎈")
	sent.WriteBytes([]byte("12345"))
	sent.WriteObject(nil)
	sent.WriteObject(&Object{id: 7})
	sent.WriteFile(r)
	sent.WriteLong(-1 << 40)
	sent.WriteInt(-5)
	if sent.Size()%4 != 0 {
		t.Errorf("%d bytes", sent.Size())
	}

	p := received(t, sent)
	policy, descriptor, text, b := p.ReadInt(), p.ReadText(), p.ReadText(), p.ReadBytes()
	if policy != 0 || descriptor != "test.IFace" || text != "Zażółć 🎈" || string(b) != "12345" {
		t.Errorf("read %d, %q, %q, %q", policy, descriptor, text, b)
	}
	if ref := p.ReadRef(); ref != nil {
		t.Errorf("null is %+v", ref)
	}
	if ref := p.ReadRef(); ref == nil || ref.handle != 7 {
		t.Errorf("the object is %+v", ref)
	}
	file := p.ReadFile()
	if long, n := p.ReadLong(), p.ReadInt(); file == nil || long != -1<<40 || n != -5 {
		t.Errorf("read %v, %d, %d", file, long, n)
	}
	if err := p.Err(); err != nil {
		t.Error(err)
	}
	p.close()
	if err := file.Close(); err != nil {
		t.Errorf("the descriptor was not left to who took it: %v", err)
	}
}

func TestDescriptorsThatNobodyTook(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	sent := new(Parcel)
	sent.WriteFile(w)
	received(t, sent).close()
	if _, err := r.Read(make([]byte, 1)); err == nil || !strings.Contains(err.Error(), "EOF") {
		t.Errorf("the pipe is open: %v", err)
	}
}

func TestMessage(t *testing.T) {
	sent := &Message{What: 42, Key: "request", Bytes: []byte("GET / HTTP/1.1\r\n\r\n"), ReplyTo: &Object{id: 3}}
	p := received(t, sent.parcel())
	p.ReadInt()
	if name := p.ReadText(); name != messenger {
		t.Errorf("a call of %q", name)
	}
	m := readMessage(p)
	if p.Err() != nil || m.What != 42 || m.Key != "request" || string(m.Bytes) != string(sent.Bytes) || m.From() == nil || m.From().handle != 3 {
		t.Errorf("read %+v, %v", m, p.Err())
	}
}

// FuzzParcel: whatever arrives is read or refused.
func FuzzParcel(f *testing.F) {
	message := (&Message{What: 42, Key: "request", Bytes: []byte("GET")}).parcel()
	f.Add(message.data)
	f.Add(exception(errors.New("no")).data)
	f.Fuzz(func(t *testing.T, data []byte) {
		p := &Parcel{data: data}
		p.ReadInt()
		p.ReadText()
		m := readMessage(p)
		if p.Err() == nil && m != nil && m.From() != nil {
			t.Errorf("an object that nobody sent: %+v", m)
		}
		p = &Parcel{data: data}
		if err := p.exception(); err == nil && len(data) < 4 {
			t.Error("an answer of nothing")
		}
		if p.ReadFile() != nil {
			t.Error("a descriptor that nobody sent")
		}
	})
}
