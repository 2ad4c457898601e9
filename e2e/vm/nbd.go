//go:build linux

package vm

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
)

// The Network Block Device protocol, as far as qemu speaks it to a disk: the «fixed
// newstyle» handshake, and simple replies
// (github.com/NetworkBlockDevice/nbd/blob/master/doc/proto.md).
const (
	nbdMagic        = 0x4e42444d41474943 // NBDMAGIC
	nbdOptionMagic  = 0x49484156454f5054 // IHAVEOPT
	nbdReplyMagic   = 0x3e889045565a9    // to an option
	nbdRequestMagic = 0x25609513
	nbdAnswerMagic  = 0x67446698 // to a request

	nbdFixedNewstyle = 1 << 0 // flags of the handshake
	nbdNoZeroes      = 1 << 1

	nbdAbort = 2 // options
	nbdGo    = 7

	nbdAck         = 1 // replies to options
	nbdInfo        = 3
	nbdUnsupported = 1<<31 + 1

	nbdHasFlags  = 1 << 0 // flags of a disk
	nbdSendFlush = 1 << 2

	nbdRead       = 0 // requests
	nbdWrite      = 1
	nbdDisconnect = 2
	nbdFlush      = 3

	nbdInvalid = 22 // errors, as errno

	maxOption = 4096 // bytes
)

var errLeft = errors.New("the other side has left")

// An nbdServer serves a disk on one connection. Requests are carried out one after
// another, each whole or not at all.
type nbdServer struct {
	conn net.Conn
	disk *Disk
}

// serve returns nil when the other side has left, at whatever moment.
func (s *nbdServer) serve() error {
	err := s.handshake()
	for err == nil {
		err = s.next()
	}
	if errors.Is(err, errLeft) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil
	}
	return err
}

func (s *nbdServer) read(fields any) error {
	return binary.Read(s.conn, binary.BigEndian, fields)
}

// write writes all in one piece.
func (s *nbdServer) write(fields any, data []byte) error {
	b, err := binary.Append(nil, binary.BigEndian, fields)
	if err != nil {
		return err
	}
	if _, err = s.conn.Write(append(b, data...)); err != nil {
		return errLeft // what it had asked for, it will not miss
	}
	return nil
}

func (s *nbdServer) handshake() error {
	hello := struct {
		Magic, Option uint64
		Flags         uint16
	}{nbdMagic, nbdOptionMagic, nbdFixedNewstyle | nbdNoZeroes}
	if err := s.write(hello, nil); err != nil {
		return err
	}
	var flags uint32
	if err := s.read(&flags); err != nil {
		return err
	}
	if flags != nbdFixedNewstyle|nbdNoZeroes {
		return fmt.Errorf("nbd: flags %#x", flags)
	}
	for {
		if began, err := s.option(); began || err != nil {
			return err
		}
	}
}

// option answers an option, and tells whether the handshake is over.
func (s *nbdServer) option() (over bool, err error) {
	var asked struct {
		Magic          uint64
		Option, Length uint32
	}
	if err := s.read(&asked); err != nil {
		return false, err
	}
	if asked.Magic != nbdOptionMagic || asked.Length > maxOption {
		return false, fmt.Errorf("nbd: option %+v", asked)
	}
	if _, err := io.CopyN(io.Discard, s.conn, int64(asked.Length)); err != nil { // there is one disk, whatever its name
		return false, err
	}
	switch asked.Option {
	case nbdGo:
		info := struct {
			Kind  uint16 // NBD_INFO_EXPORT
			Size  uint64
			Flags uint16
		}{0, uint64(s.disk.size()), nbdHasFlags | nbdSendFlush}
		b, err := binary.Append(nil, binary.BigEndian, info)
		if err != nil {
			return false, err
		}
		return true, errors.Join(s.reply(asked.Option, nbdInfo, b), s.reply(asked.Option, nbdAck, nil))
	case nbdAbort:
		return false, errors.Join(s.reply(asked.Option, nbdAck, nil), errLeft)
	}
	return false, s.reply(asked.Option, nbdUnsupported, nil)
}

func (s *nbdServer) reply(option, kind uint32, data []byte) error {
	return s.write(struct {
		Magic                uint64
		Option, Kind, Length uint32
	}{nbdReplyMagic, option, kind, uint32(len(data))}, data)
}

// next carries out one request.
func (s *nbdServer) next() error {
	var asked struct {
		Magic       uint32
		Flags, Kind uint16
		Handle      uint64
		Offset      uint64
		Length      uint32
	}
	if err := s.read(&asked); err != nil {
		return err
	}
	if asked.Magic != nbdRequestMagic || asked.Flags != 0 || uint64(asked.Length) > uint64(s.disk.size()) || asked.Offset > uint64(s.disk.size()) {
		return fmt.Errorf("nbd: request %+v", asked)
	}
	var data []byte
	var err error
	switch asked.Kind {
	case nbdRead:
		data, err = s.disk.read(int(asked.Offset), int(asked.Length))
	case nbdWrite:
		received := make([]byte, asked.Length)
		if _, err := io.ReadFull(s.conn, received); err != nil {
			return err
		}
		err = s.disk.write(int(asked.Offset), received)
	case nbdFlush:
		s.disk.flush()
	case nbdDisconnect:
		return errLeft
	default:
		err = errors.ErrUnsupported
	}
	answer := struct {
		Magic, Error uint32
		Handle       uint64
	}{Magic: nbdAnswerMagic, Handle: asked.Handle}
	if err != nil {
		answer.Error = nbdInvalid
	}
	return s.write(answer, data)
}

// serveDisk serves a disk at a unix socket until its first connection ends.
func serveDisk(d *Disk, socket string) (wait func() error, err error) {
	listener, err := net.Listen("unix", socket)
	if err != nil {
		return nil, err
	}
	done := make(chan error, 1)
	go func() {
		conn, err := listener.Accept()
		if err != nil { // nobody came
			done <- nil
			return
		}
		defer conn.Close()
		done <- (&nbdServer{conn, d}).serve()
	}()
	return func() error {
		listener.Close()
		return <-done
	}, nil
}
