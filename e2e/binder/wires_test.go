//go:build linux && vm

package binder_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"sync/atomic"
	"syscall"

	"github.com/offlineauth/offlineauth/e2e/binder"
	"github.com/offlineauth/offlineauth/ipcapi"
)

// Both wires of Android, as docs/protocol.md, sections 9.6 and 10.2, has them.
const (
	messengerAction = "org.offlineauth.action.HTTP_OVER_IPC"
	streamAction    = "org.offlineauth.IHttpOverIpc" // the interface, too
	streamConnect   = 1

	requestWhat, requestKey   = 42, "request"
	responseWhat, responseKey = 64003, "response"
)

// A wire leads from a client app to the authorization app at an address.
type wire struct {
	app      *phoneApp
	address  ipcapi.Address
	messages bool // messages first, streams for what is too large; else streams alone
	traffic  *traffic
}

// traffic counts what goes over a wire.
type traffic struct {
	messages, streams atomic.Int64 // that were begun
	up, down          atomic.Int64 // bytes: of the messages' parcels, and on the streams
}

func (t *traffic) String() string {
	return fmt.Sprintf("%d messages, %d streams, %d bytes up, %d bytes down", t.messages.Load(), t.streams.Load(), t.up.Load(), t.down.Load())
}

// connect is a client.Config.Connect.
func (w wire) connect(a ipcapi.Address) (http.RoundTripper, error) {
	if a.Scheme != ipcapi.Android {
		return nil, errors.ErrUnsupported
	}
	w.address = a
	streams := ipcapi.NewStreamTransport(w.DialContext)
	streams.Address = a
	if !w.messages {
		return streams, nil
	}
	return messagesFirst{&ipcapi.MessageTransport{Exchanger: w}, streams}, nil
}

// messagesFirst sends over the stream what was too large for a message.
type messagesFirst struct{ message, stream http.RoundTripper }

func (t messagesFirst) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := t.message.RoundTrip(r)
	var large *ipcapi.TooLargeError
	if !errors.As(err, &large) || large.Response || r.Body != nil && r.GetBody == nil {
		return response, err
	}
	again := r.Clone(r.Context())
	if r.GetBody != nil {
		if again.Body, err = r.GetBody(); err != nil {
			return nil, err
		}
	}
	return t.stream.RoundTrip(again)
}

// DialContext asks the service for a stream.
func (w wire) DialContext(ctx context.Context) (net.Conn, error) {
	service, err := w.app.bind(ctx, w.address.Name, streamAction)
	if err != nil {
		return nil, w.failed("dial", err)
	}
	w.traffic.streams.Add(1)
	answer, err := service.Call(ctx, streamConnect, binder.NewParcel(streamAction))
	if err != nil {
		return nil, w.failed("dial", err)
	}
	if answer.ReadInt() == 0 || answer.ReadInt() != 0 { // null, or a second descriptor
		return nil, w.failed("dial", errors.New("the answer is no descriptor"))
	}
	file := answer.ReadFile()
	if err := answer.Err(); err != nil {
		return nil, w.failed("dial", err)
	}
	defer file.Close()
	conn, err := net.FileConn(file)
	if err != nil {
		return nil, w.failed("dial", err)
	}
	return counted{conn, w.traffic}, nil
}

// counted counts what goes over a connection.
type counted struct {
	net.Conn
	traffic *traffic
}

func (c counted) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.traffic.down.Add(int64(n))
	return n, err
}

func (c counted) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	c.traffic.up.Add(int64(n))
	return n, err
}

// Exchange sends a message, with somewhere to answer to that is for this one alone.
func (w wire) Exchange(ctx context.Context, request []byte) ([]byte, error) {
	service, err := w.app.bind(ctx, w.address.Name, messengerAction)
	if err != nil {
		return nil, w.failed("dial", err)
	}
	answers := make(chan *binder.Message, 1)
	replyTo := w.app.process.Serve(binder.Messenger(func(_ int, m *binder.Message) {
		if m.What == responseWhat && m.Key == responseKey {
			select {
			case answers <- m:
			default: // there is one answer
			}
		}
	}))
	defer w.app.process.Withdraw(replyTo)
	m := &binder.Message{What: requestWhat, Key: requestKey, Bytes: request, ReplyTo: replyTo}
	w.traffic.messages.Add(1)
	if err := service.SendMessage(m); err != nil {
		return nil, w.failed("dial", err)
	}
	w.traffic.up.Add(int64(m.Size()))
	select {
	case m := <-answers:
		w.traffic.down.Add(int64(m.Size()))
		return m.Bytes, nil
	case <-service.Died():
		return nil, w.failed("exchange", errDied)
	case <-ctx.Done():
		return nil, w.failed("exchange", context.Cause(ctx))
	}
}

var errDied = errors.New("the system says that the process of the service has ended")

// failed is an error of binder as the clients of a transport know it.
func (w wire) failed(op string, err error) error {
	if errors.Is(err, syscall.ENOSPC) {
		return &ipcapi.TooLargeError{}
	}
	var kind error
	switch {
	case errors.Is(err, errDied):
		kind = ipcapi.ErrServiceDied
	case errors.Is(err, binder.ErrDead): // before it took anything
		kind = ipcapi.ErrNoService
	case errors.Is(err, fs.ErrPermission):
		kind = ipcapi.ErrRefused
	default:
		return ipcapi.WrapError(op, w.address, err)
	}
	return &ipcapi.Error{Op: op, Address: w.address, Kind: kind, Err: err}
}
