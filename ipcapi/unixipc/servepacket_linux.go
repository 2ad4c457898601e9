package unixipc

import (
	"context"
	"errors"
	"os"
	"sync"
	"time"

	"github.com/offlineauth/offlineauth/ipcapi"
)

// packetServer serves the message wire: one exchange on each connection.
type packetServer struct {
	cfg      Config
	budget   *ipcapi.Budget
	messages ipcapi.MessageServer
	patience time.Duration   // for a request to come, and for an answer to be taken
	late     context.Context // ends when it is too late to send a message
	running  sync.WaitGroup
}

func newPacketServer(cfg Config) *packetServer {
	return &packetServer{cfg: cfg, budget: cfg.budget(), patience: packetLimit, messages: ipcapi.MessageServer{
		Handler: cfg.Handler, Limits: cfg.Limits, Stream: cfg.StreamAddress, Logger: cfg.Logger,
	}}
}

// run serves until ctx ends, and then until what is under way has been answered.
func (s *packetServer) run(ctx context.Context, l *limitedListener) error {
	defer l.Close()
	late, close := context.WithCancel(context.WithoutCancel(ctx))
	defer close()
	s.late = late
	stop := context.AfterFunc(ctx, func() { drain(l); time.AfterFunc(greet, close) })
	defer stop()
	handling, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	err := s.accept(ctx, handling, l)
	timer := time.AfterFunc(grace, cancel)
	defer timer.Stop()
	s.running.Wait()
	return err
}

// accept returns nil if ctx ended. A failure of this process alone, such as
// running out of descriptors, passes.
func (s *packetServer) accept(ctx, handling context.Context, l *limitedListener) error {
	wait := 5 * time.Millisecond
	for {
		conn, err := l.Accept()
		var passing interface{ Temporary() bool }
		switch {
		case err == nil:
			wait = 5 * time.Millisecond
			s.running.Go(func() { s.serve(handling, conn.(*limitedConn)) })
		case ctx.Err() != nil:
			return nil
		case errors.As(err, &passing) && passing.Temporary():
			s.cfg.logger().Warn("ipc: accept failed, trying again", "reason", err)
			select {
			case <-ctx.Done():
			case <-time.After(wait):
			}
			wait = min(2*wait, time.Second)
		default:
			return ipcapi.WrapError("accept", ipcapi.Address{}, err)
		}
	}
}

func (s *packetServer) serve(ctx context.Context, conn *limitedConn) {
	defer conn.Close()
	share := s.budget.Share(conn.uid)
	defer share.Close()
	conn.SetReadDeadline(time.Now().Add(s.patience))
	// Who has sent nothing for a while when the service ends learns that it is too late.
	stop := context.AfterFunc(s.late, func() { conn.CloseRead() })
	request, err := receive(conn.UnixConn, s.cfg.Limits.Message(), func(size int64) error {
		conn.SetReadDeadline(time.Time{}) // it is all there
		return share.Wait(ctx, size)
	})
	stop()
	var response []byte
	switch {
	case errors.Is(err, ipcapi.ErrTooLarge):
		response = ipcapi.RequestTooLargeAnswer(s.cfg.StreamAddress)
	case errors.Is(err, ipcapi.ErrBusy):
		response = ipcapi.BusyAnswer()
	case err != nil:
		return
	default:
		response = s.answer(ctx, conn, share, request)
	}
	conn.SetWriteDeadline(time.Now().Add(s.patience))
	if err := send(conn.UnixConn, response); errors.Is(err, ipcapi.ErrTooLarge) {
		send(conn.UnixConn, ipcapi.ResponseTooLargeAnswer(s.cfg.StreamAddress))
	}
}

func (s *packetServer) answer(ctx context.Context, conn *limitedConn, share *ipcapi.Share, request []byte) []byte {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer watch(conn, cancel)()
	caller, err := s.cfg.identify(ctx, conn.UnixConn)
	if err != nil {
		s.cfg.logger().WarnContext(ctx, "ipc: caller refused", "reason", err)
		return ipcapi.RefusedAnswer()
	}
	messages := s.messages
	messages.Memory = share.Take
	return messages.Serve(ipcapi.WithCaller(ctx, caller), request)
}

// watch calls gone if the client hangs up, until the function it returns is
// called. A client that shuts down its writing side alone still wants its answer.
func watch(conn *limitedConn, gone func()) (stop func()) {
	conn.SetReadDeadline(time.Time{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := waitHangup(conn.UnixConn); !errors.Is(err, os.ErrDeadlineExceeded) {
			gone()
		}
	}()
	return func() {
		conn.SetReadDeadline(time.Unix(1, 0))
		<-done
	}
}
