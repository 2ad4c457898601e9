package dbusipc

import (
	"fmt"
	"io"
	"os"

	"github.com/offlineauth/offlineauth/ipcapi/dbusipc/wire"
)

// maxHead is how many bytes a header may have. Messages with more are passed over.
const maxHead = 64 << 10

// receive takes messages until the connection ends. It waits for nobody: calls are
// answered beside it.
func (b *Bus) receive(r *reader) {
	defer b.Close()
	for {
		err := b.message(r)
		closeAll(r.take()) // those that nobody took
		if err != nil {
			return
		}
	}
}

func closeAll(files []*os.File) {
	for _, f := range files {
		f.Close()
	}
}

// message takes one message. The error is one after which there can be no other.
func (b *Bus) message(r *reader) error {
	head := make([]byte, wire.FixedSize, 512)
	if _, err := io.ReadFull(r, head); err != nil {
		return err
	}
	length, body, err := wire.Lengths(head)
	if err != nil {
		return err
	}
	if length > maxHead {
		return r.discard(length - len(head) + body)
	}
	head = append(head, make([]byte, length-len(head))...)
	if _, err := io.ReadFull(r, head[wire.FixedSize:]); err != nil {
		return err
	}
	h, err := wire.ParseHeader(head)
	if err != nil { // passed over: nobody knows whom to answer
		return r.discard(body)
	}
	switch h.Type {
	case wire.Call:
		return b.called(r, h, body)
	case wire.Return, wire.Error:
		return b.answered(r, h, body)
	}
	return r.discard(body)
}

// values reads what follows the header. If the descriptors are not those that the
// header promises, there are none.
func values(r *reader, h wire.Header, length int) (*wire.Args, error) {
	body := make([]byte, length)
	if _, err := io.ReadFull(r, body); err != nil {
		return nil, err
	}
	files := r.take()
	if len(files) != int(h.Files) {
		closeAll(files)
		files = nil
	}
	return h.Args(body, files), nil
}

// answered hands an answer to the one who waits for it.
func (b *Bus) answered(r *reader, h wire.Header, length int) error {
	b.mu.Lock()
	w := b.waiting[h.ReplySerial]
	if w == nil || h.Sender != w.from && h.Sender != busName { // the bus says if nobody can answer
		b.mu.Unlock()
		return r.discard(length)
	}
	delete(b.waiting, h.ReplySerial)
	b.mu.Unlock()
	if int64(length) > w.limit {
		w.answer <- answered{err: errAnswerTooLarge}
		return r.discard(length)
	}
	args, err := values(r, h, length)
	if err != nil {
		return err
	}
	if h.Type == wire.Error {
		args.Close()
		w.answer <- answered{err: &Error{Name: h.ErrorName, Text: args.String()}}
		return nil
	}
	w.answer <- answered{args: args}
	return nil
}

// called has a call answered, in a goroutine of its own.
func (b *Bus) called(r *reader, h wire.Header, length int) error {
	reply := func(body wire.Body, refused *Error) error {
		b.calls.begin(0)
		go b.reply(h, 0, body, refused)
		return r.discard(length)
	}
	m, refused := b.method(h)
	switch {
	case refused != nil:
		return reply(wire.Body{}, refused)
	case int64(length) > m.limit() && m.TooLarge != nil:
		return reply(m.TooLarge(), nil)
	case int64(length) > m.limit():
		return reply(wire.Body{}, busError("LimitsExceeded", fmt.Sprintf("this method takes no more than %d bytes", m.limit())))
	case !b.calls.begin(length):
		return reply(wire.Body{}, busError("LimitsExceeded", "too much is asked at the same time"))
	}
	args, err := values(r, h, length)
	if err != nil {
		b.calls.done(length)
		return err
	}
	go func() {
		defer args.Close()
		body, refused := m.Do(b.ctx, h.Sender, args)
		b.reply(h, length, body, refused)
	}()
	return nil
}

// reply answers a call, and counts it as answered.
func (b *Bus) reply(call wire.Header, held int, body wire.Body, refused *Error) {
	defer b.calls.done(held)
	defer body.Close()
	if call.Flags&wire.NoReply != 0 {
		return
	}
	h := wire.Header{Type: wire.Return, Serial: b.nextSerial(), ReplySerial: call.Serial, Destination: call.Sender}
	if refused != nil {
		h.Type, h.ErrorName = wire.Error, refused.Name
		var text wire.Body
		text.String(refused.Text)
		b.send(h, text)
		return
	}
	b.send(h, body)
}
