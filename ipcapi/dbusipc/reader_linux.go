package dbusipc

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"

	"golang.org/x/sys/unix"
)

// maxFiles is how many descriptors the kernel passes with one write.
const maxFiles = 253

// reader reads the bytes of a connection, and keeps the descriptors that come with
// them until it is known to which message they belong.
type reader struct {
	conn  *net.UnixConn
	ahead []byte // of buf: read, and not yet asked for
	buf   [8 << 10]byte
	oob   []byte
	at    int64 // how many bytes were asked for so far
	files []sent
}

// sent is a descriptor that came while the bytes up to end were read. The kernel ends
// a read behind the piece that brings descriptors, so the last of those bytes is of
// the same message.
type sent struct {
	file *os.File
	end  int64
}

func newReader(conn *net.UnixConn) *reader {
	return &reader{conn: conn, oob: make([]byte, unix.CmsgSpace(4*maxFiles))}
}

func (r *reader) Read(p []byte) (int, error) {
	if len(r.ahead) == 0 {
		into := r.buf[:]
		if len(p) > len(into) {
			into = p
		}
		n, err := r.receive(into)
		if len(p) > len(r.buf) || err != nil {
			r.at += int64(n)
			return n, err
		}
		r.ahead = r.buf[:n]
	}
	n := copy(p, r.ahead)
	r.ahead, r.at = r.ahead[n:], r.at+int64(n)
	return n, nil
}

// receive is called when everything before was asked for.
func (r *reader) receive(into []byte) (int, error) {
	n, oobn, _, _, err := r.conn.ReadMsgUnix(into, r.oob)
	if oobn > 0 {
		r.keep(r.oob[:oobn], r.at+int64(n))
	}
	if err == nil && n == 0 {
		err = io.EOF
	}
	return n, err
}

func (r *reader) keep(oob []byte, end int64) {
	messages, err := unix.ParseSocketControlMessage(oob)
	if err != nil {
		return
	}
	for _, m := range messages {
		fds, err := unix.ParseUnixRights(&m)
		if err != nil {
			continue
		}
		for _, fd := range fds {
			r.files = append(r.files, sent{os.NewFile(uintptr(fd), "from the bus"), end})
		}
	}
}

// take returns the descriptors of the message whose last byte was just read.
func (r *reader) take() (files []*os.File) {
	for len(r.files) > 0 && r.files[0].end <= r.at {
		files = append(files, r.files[0].file)
		r.files = r.files[1:]
	}
	return files
}

func (r *reader) discard(n int) error {
	_, err := io.CopyN(io.Discard, r, int64(n))
	return err
}

// line reads a line of the handshake, without its end.
func (r *reader) line() (string, error) {
	var line []byte
	for b := make([]byte, 1); len(line) < 1<<10; line = append(line, b[0]) {
		if _, err := io.ReadFull(r, b); err != nil {
			return "", err
		}
		if text, ended := bytes.CutSuffix(line, []byte("\r")); ended && b[0] == '\n' {
			return string(text), nil
		}
	}
	return "", errors.New("a line without end")
}
