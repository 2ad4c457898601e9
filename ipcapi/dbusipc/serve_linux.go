package dbusipc

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/offlineauth/offlineauth/ipcapi"
	"github.com/offlineauth/offlineauth/ipcapi/dbusipc/wire"
	"github.com/offlineauth/offlineauth/ipcapi/unixipc"
)

// How long a service waits.
const (
	grace       = 5 * time.Second       // for calls under way, when it is to end
	linger      = 50 * time.Millisecond // without a call, when it is to end
	handleLimit = 25 * time.Second      // for one message to be answered: then most callers have given up
)

// Serve answers at a's name on b until ctx ends, then gives the name back, waits a
// few seconds for what is under way, and returns nil. It closes b. If another
// process has the name the error is syscall.EADDRINUSE.
//
// No call is lost at the end: those that come after the name was given back start
// the service anew, and those before are answered.
func Serve(ctx context.Context, b *Bus, a ipcapi.Address, cfg Config) error {
	defer b.Close()
	if cfg.Handler == nil {
		return errors.New("dbusipc: Config.Handler is missing")
	}
	s := newService(b, a, cfg)
	b.Export(ObjectPath(a), s.api())
	serving, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	var streaming sync.WaitGroup
	streaming.Go(func() { s.serveStreams(serving) })
	err := s.hold(ctx, a)
	end()
	streaming.Wait()
	return err
}

// hold has the name until ctx ends, and then until all calls are answered.
func (s *service) hold(ctx context.Context, a ipcapi.Address) error {
	if err := s.bus.RequestName(context.WithoutCancel(ctx), a.Name); err != nil {
		return wrap("serve", a, err)
	}
	select {
	case <-ctx.Done():
	case <-s.bus.Context().Done():
		return &ipcapi.Error{Op: "serve", Address: a, Kind: ipcapi.ErrServiceDied, Err: errEnded}
	}
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	if err := s.bus.ReleaseName(ending, a.Name); err != nil {
		return wrap("serve", a, err)
	}
	// What was for the name came before the bus's answer to that. Who knows this
	// process by its unique name is told to look for the next one, and has not got
	// a chance to be left without an answer unless it calls in the very moment of the
	// end.
	s.ending.Store(true)
	s.bus.calls.quiet(ending, linger)
	return nil
}

// service is what the bus calls.
type service struct {
	bus      *Bus
	cfg      Config
	messages ipcapi.MessageServer
	streams  *streams

	ending atomic.Bool

	mu   sync.Mutex
	open map[string]int // calls and streams, by caller
}

func newService(b *Bus, a ipcapi.Address, cfg Config) *service {
	cfg.Budget = cfg.budget()
	return &service{
		bus:      b,
		cfg:      cfg,
		messages: ipcapi.MessageServer{Handler: cfg.Handler, Limits: cfg.Limits, Stream: a, Logger: cfg.Logger},
		streams:  newStreams(),
		open:     map[string]int{},
	}
}

func (s *service) api() API {
	return API{Interface: Interface, Introspection: Introspection, Methods: map[string]Method{
		"Handle":  {Args: "ay", Limit: s.cfg.Limits.Message() + 4, TooLarge: s.tooLarge, Do: s.handle},
		"Connect": {Do: s.connect},
	}}
}

func (s *service) tooLarge() (body wire.Body) {
	body.Bytes(ipcapi.RequestTooLargeAnswer(s.messages.Stream))
	return body
}

func (s *service) serveStreams(ctx context.Context) {
	err := ipcapi.ServeStreams(ctx, s.streams, s.cfg.Handler, ipcapi.StreamConfig{
		Caller: func(_ context.Context, conn net.Conn) (ipcapi.Caller, error) { return conn.(*stream).caller, nil },
		Limits: s.cfg.Limits,
		Budget: s.cfg.Budget,
		Logger: s.cfg.Logger,
	})
	if err != nil {
		s.cfg.logger().Error("ipc: streams are no longer served", "reason", err)
	}
}

// handle is the method Handle.
func (s *service) handle(ctx context.Context, sender string, args *wire.Args) (answer wire.Body, _ *Error) {
	request := args.Bytes()
	if args.Err() != nil {
		return answer, busError("InvalidArgs", args.Err().Error())
	}
	leave, refused := s.enter(sender)
	if refused != nil {
		return answer, refused
	}
	defer leave()
	ctx, cancel := context.WithTimeout(ctx, handleLimit)
	defer cancel()
	answer.Bytes(s.exchange(ctx, sender, request))
	return answer, nil
}

func (s *service) exchange(ctx context.Context, sender string, request []byte) []byte {
	caller, err := s.identify(ctx, sender)
	if err != nil {
		return ipcapi.RefusedAnswer()
	}
	share := s.cfg.Budget.Share(caller.UID)
	defer share.Close()
	if share.Wait(ctx, int64(len(request))) != nil {
		return ipcapi.BusyAnswer()
	}
	messages := s.messages
	messages.Memory = share.Take
	return messages.Serve(ipcapi.WithCaller(ctx, caller), request)
}

// connect is the method Connect.
func (s *service) connect(ctx context.Context, sender string, _ *wire.Args) (answer wire.Body, _ *Error) {
	leave, refused := s.enter(sender)
	if refused != nil {
		return answer, refused
	}
	ctx, cancel := context.WithTimeout(ctx, handleLimit)
	defer cancel()
	caller, err := s.identify(ctx, sender)
	if err != nil {
		leave()
		return answer, busError("AccessDenied", "this caller is not served")
	}
	conn, theirs, err := newStream(caller, leave)
	if err != nil {
		leave()
		s.cfg.logger().Error("ipc: no stream for a caller", "reason", err)
		return answer, busError("LimitsExceeded", "no stream can be made now")
	}
	answer.File(theirs)
	select {
	case s.streams.come <- conn:
		return answer, nil
	case <-s.streams.ended:
		conn.Close()
		answer.Close()
		return wire.Body{}, busError("NoReply", "the service ends")
	}
}

func (s *service) identify(ctx context.Context, sender string) (ipcapi.Caller, error) {
	caller, err := s.bus.Caller(ctx, sender)
	if err == nil {
		caller, err = s.cfg.attest(ctx, caller)
	}
	if err != nil {
		s.cfg.logger().WarnContext(ctx, "ipc: caller refused", "reason", err)
	}
	return caller, err
}

// enter counts what one caller has open at a time.
func (s *service) enter(sender string) (leave func(), refused *Error) {
	if s.ending.Load() {
		return nil, busError("ServiceUnknown", "this process of the service ends: call the next one")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open[sender] >= s.cfg.maxConns() {
		return nil, busError("LimitsExceeded", "too many calls and streams of one caller")
	}
	s.open[sender]++
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.open[sender]--; s.open[sender] == 0 {
			delete(s.open, sender)
		}
	}, nil
}

func (c Config) attest(ctx context.Context, caller ipcapi.Caller) (ipcapi.Caller, error) {
	attestor := c.Attestor
	if attestor == nil {
		attestor = unixipc.AttestUID
	}
	identity, err := attestor(ctx, caller)
	caller.Identity = identity
	return caller, err
}
