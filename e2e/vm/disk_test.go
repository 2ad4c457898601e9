//go:build linux

package vm

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"path/filepath"
	"testing"
)

// sectors is some content: a letter for each sector.
func sectors(letters string) []byte {
	var b []byte
	for _, letter := range []byte(letters) {
		b = append(b, bytes.Repeat([]byte{letter}, SectorSize)...)
	}
	return b
}

func wantSectors(t *testing.T, b []byte, letters string) {
	t.Helper()
	if !bytes.Equal(b, sectors(letters)) {
		got := ""
		for i := 0; i < len(b); i += SectorSize {
			got += string(b[i])
		}
		t.Errorf("the disk has %s, want %s", got, letters)
	}
}

func wantCut(t *testing.T, d *Disk, kept float64, letters string, wantUnsafe, wantLost int) {
	t.Helper()
	if n := d.Unsafe(); n != wantUnsafe {
		t.Errorf("%d sectors are not safe, want %d", n, wantUnsafe)
	}
	content, unsafe, lost := d.Cut(kept)
	wantSectors(t, content, letters)
	if unsafe != wantUnsafe || lost != wantLost {
		t.Errorf("lost %d of %d, want %d of %d", lost, unsafe, wantLost, wantUnsafe)
	}
}

// TestDisk loses what was not flushed, and only that.
func TestDisk(t *testing.T) {
	d := NewDisk(sectors("aaaa"))
	var before []int
	d.Before = func(n int) { before = append(before, n) }
	c := connect(t, d)

	c.ask(nbdWrite, SectorSize, sectors("bc"), 0)
	wantCut(t, d, 0, "aaaa", 2, 2)
	wantCut(t, d, 1, "abca", 2, 0)
	wantSectors(t, c.ask(nbdRead, 0, nil, 4*SectorSize), "abca")

	c.ask(nbdFlush, 0, nil, 0)
	wantCut(t, d, 0, "abca", 0, 0)
	c.ask(nbdWrite, SectorSize, sectors("d"), 0)
	c.ask(nbdWrite, SectorSize, sectors("e"), 0)
	wantCut(t, d, 0, "abca", 2, 2)
	wantCut(t, d, 1, "aeca", 2, 0)
	if len(before) != 4 || before[3] != 4 {
		t.Errorf("called before %v", before)
	}
	c.refuse(nbdWrite, 3*SectorSize, sectors("xx"), 0)
	c.refuse(nbdRead, 3*SectorSize, nil, 2*SectorSize)
	c.refuse(7, 0, nil, 0)
	wantCut(t, d, 1, "aeca", 2, 0)
}

// TestTornWrites: a part of a write may be there, each of an old state and each new.
func TestTornWrites(t *testing.T) {
	d := NewDisk(sectors("aa"))
	for _, letters := range []string{"bb", "cc"} {
		if err := d.write(0, sectors(letters)); err != nil {
			t.Fatal(err)
		}
	}
	seen := make(map[string]bool)
	for range 1000 {
		content, _, _ := d.Cut(0.5)
		seen[string([]byte{content[0], content[SectorSize]})] = true
	}
	if len(seen) != 9 {
		t.Errorf("seen %v, want all pairs of a, b and c", seen)
	}
}

// A diskClient is what qemu is to a disk.
type diskClient struct {
	*testing.T
	conn net.Conn
}

func connect(t *testing.T, d *Disk) *diskClient {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "disk")
	wait, err := serveDisk(d, socket)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		conn.Close()
		if err := wait(); err != nil {
			t.Error(err)
		}
	})
	c := &diskClient{t, conn}
	c.receive(18) // hello
	c.send(uint32(nbdFixedNewstyle|nbdNoZeroes), uint64(nbdOptionMagic), uint32(8), uint32(3), [3]byte{})
	if kind := binary.BigEndian.Uint32(c.receive(20)[12:]); kind != nbdUnsupported {
		t.Fatalf("an option nobody knows is answered by %#x", kind)
	}
	c.send(uint64(nbdOptionMagic), uint32(nbdGo), uint32(6), [6]byte{})
	info := c.receive(20 + 12)
	if size := binary.BigEndian.Uint64(info[22:]); size != uint64(d.size()) {
		t.Fatalf("the disk has %d bytes", size)
	}
	c.receive(20)
	return c
}

func (c *diskClient) send(fields ...any) {
	c.Helper()
	for _, field := range fields {
		if err := binary.Write(c.conn, binary.BigEndian, field); err != nil {
			c.Fatal(err)
		}
	}
}

func (c *diskClient) receive(n int) []byte {
	c.Helper()
	b := make([]byte, n)
	if _, err := io.ReadFull(c.conn, b); err != nil {
		c.Fatal(err)
	}
	return b
}

func (c *diskClient) request(kind uint16, offset int, data []byte, length int) (problem uint32) {
	c.Helper()
	c.send(uint32(nbdRequestMagic), uint16(0), kind, uint64(42), uint64(offset), uint32(max(length, len(data))), data)
	answer := c.receive(16)
	if handle := binary.BigEndian.Uint64(answer[8:]); handle != 42 {
		c.Fatalf("an answer to %d", handle)
	}
	return binary.BigEndian.Uint32(answer[4:])
}

func (c *diskClient) ask(kind uint16, offset int, data []byte, length int) []byte {
	c.Helper()
	if problem := c.request(kind, offset, data, length); problem != 0 {
		c.Fatalf("request %d is answered by %d", kind, problem)
	}
	return c.receive(length)
}

func (c *diskClient) refuse(kind uint16, offset int, data []byte, length int) {
	c.Helper()
	if problem := c.request(kind, offset, data, length); problem != nbdInvalid {
		c.Errorf("request %d is answered by %d", kind, problem)
	}
}
