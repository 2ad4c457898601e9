package xapi

import (
	"bufio"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// A sealed stream is a head, and chunks: the length of each, then what AES-256-GCM has
// made of up to chunkSize bytes. The nonce counts the chunks and says which is the last,
// and the key is of this stream alone, so no chunk can be left out, moved, or added.
const (
	streamMark = "offlineauth learning records 1\n"
	saltSize   = 32
	chunkSize  = 64 << 10
	sealSize   = 16 // by which a chunk grows
)

// errStream: the stream is torn, altered, or under another key.
var errStream = errors.New("torn, altered, or under another key")

type chunks struct {
	aead  cipher.AEAD
	head  []byte
	count uint64
}

// newChunks begins a stream with that salt.
func newChunks(key, salt []byte) (*chunks, error) {
	if len(key) != sha256.Size {
		return nil, fmt.Errorf("xapi: a key has %d bytes, not %d", sha256.Size, len(key))
	}
	own, err := hkdf.Key(sha256.New, key, salt, streamMark, sha256.Size)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(own)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCM(block)
	return &chunks{aead: aead, head: append([]byte(streamMark), salt...)}, err
}

// nonce is that of the next chunk.
func (c *chunks) nonce(last bool) []byte {
	n := make([]byte, c.aead.NonceSize())
	binary.BigEndian.PutUint64(n, c.count)
	if last {
		n[len(n)-1] = 1
	}
	c.count++
	return n
}

// A sealer writes a sealed stream. Close writes the last chunk: without it the stream is
// torn.
type sealer struct {
	*chunks
	to    io.Writer
	plain []byte
}

func newSealer(to io.Writer, key []byte) (*sealer, error) {
	salt := make([]byte, saltSize)
	rand.Read(salt)
	c, err := newChunks(key, salt)
	if err != nil {
		return nil, err
	}
	_, err = to.Write(c.head)
	return &sealer{chunks: c, to: to}, err
}

func (s *sealer) Write(p []byte) (n int, err error) {
	for n < len(p) {
		if len(s.plain) == chunkSize {
			if err := s.flush(false); err != nil {
				return n, err
			}
		}
		more := min(chunkSize-len(s.plain), len(p)-n)
		s.plain = append(s.plain, p[n:n+more]...)
		n += more
	}
	return n, nil
}

func (s *sealer) Close() error { return s.flush(true) }

func (s *sealer) flush(last bool) error {
	sealed := binary.BigEndian.AppendUint32(nil, uint32(len(s.plain)+sealSize))
	sealed = s.aead.Seal(sealed, s.nonce(last), s.plain, s.head)
	s.plain = s.plain[:0]
	_, err := s.to.Write(sealed)
	return err
}

// An opener reads a sealed stream. It returns io.EOF after the last chunk, errStream if
// there is none, and nothing that was not sealed.
type opener struct {
	*chunks
	from  io.Reader
	plain []byte
	last  bool
}

func newOpener(from io.Reader, key []byte) (*bufio.Reader, error) {
	head := make([]byte, len(streamMark)+saltSize)
	if _, err := io.ReadFull(from, head); err != nil || string(head[:len(streamMark)]) != streamMark {
		return nil, fmt.Errorf("no backup of learning records: %w", errStream)
	}
	c, err := newChunks(key, head[len(streamMark):])
	if err != nil {
		return nil, err
	}
	return bufio.NewReaderSize(&opener{chunks: c, from: from}, chunkSize), nil
}

func (o *opener) Read(p []byte) (int, error) {
	for len(o.plain) == 0 {
		if o.last {
			return 0, io.EOF
		}
		if err := o.next(); err != nil {
			return 0, err
		}
	}
	n := copy(p, o.plain)
	o.plain = o.plain[n:]
	return n, nil
}

func (o *opener) next() error {
	var length [4]byte
	if _, err := io.ReadFull(o.from, length[:]); err != nil {
		return errStream
	}
	size := binary.BigEndian.Uint32(length[:])
	if size < sealSize || size > chunkSize+sealSize {
		return errStream
	}
	sealed := make([]byte, size)
	if _, err := io.ReadFull(o.from, sealed); err != nil {
		return errStream
	}
	plain, err := o.aead.Open(nil, o.nonce(false), sealed, o.head)
	if err != nil {
		o.count--
		o.last = true
		if plain, err = o.aead.Open(nil, o.nonce(true), sealed, o.head); err != nil {
			return errStream
		}
		if n, _ := io.ReadFull(o.from, length[:1]); n > 0 { // something behind the end
			return errStream
		}
	}
	o.plain = plain
	return nil
}
