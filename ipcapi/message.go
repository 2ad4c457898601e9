package ipcapi

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Fields by which the two ends of a wire tell each other that something other
// than the handler answered. Their values are the words below.
const (
	errorField   = "Ipc-Error"
	serviceField = "Ipc-Service"

	requestTooLarge  = "request-too-large"
	responseTooLarge = "response-too-large"
	refused          = "refused"
	busy             = "busy"
	malformed        = "malformed"
)

// Exchanger carries one message to a service and its answer back. It is what an
// operating system's transport implements. It must be safe for concurrent use,
// must return when ctx ends, and returns errors made by [WrapError] or a
// [*TooLargeError].
type Exchanger interface {
	Exchange(ctx context.Context, request []byte) (response []byte, err error)
}

// MessageTransport is the client end of the message wire.
type MessageTransport struct {
	Exchanger Exchanger
	Limits    Limits
	Timeout   time.Duration // for a whole exchange; zero means DefaultTimeout
}

// RoundTrip sends one request, once. Beside the errors of the [Exchanger] it
// returns a [*MessageError] for what cannot be sent or understood and a
// [*TooLargeError] for what does not fit.
func (t *MessageTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	request, err := MarshalRequest(r, t.Limits)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(r.Context(), timeoutOr(t.Timeout))
	defer cancel()
	answer, err := t.Exchanger.Exchange(ctx, request)
	if err != nil {
		return nil, t.nameStream(ctx, r, err)
	}
	resp, err := UnmarshalResponse(answer, r, t.Limits)
	if err != nil {
		return nil, err
	}
	if err := answeredError(resp); err != nil {
		return nil, err
	}
	return resp, nil
}

func timeoutOr(d time.Duration) time.Duration {
	if d <= 0 {
		return DefaultTimeout
	}
	return d
}

// nameStream asks the service for its stream address when this side's own
// system would not take the request, so that the service never saw it.
func (t *MessageTransport) nameStream(ctx context.Context, r *http.Request, err error) error {
	large, ok := err.(*TooLargeError)
	if !ok || large.Stream != (Address{}) {
		return err
	}
	ask := (&http.Request{Method: http.MethodOptions, URL: r.URL, Host: r.Host,
		Header: http.Header{errorField: {requestTooLarge}}}).WithContext(ctx)
	question, failed := MarshalRequest(ask, t.Limits)
	if failed != nil {
		return err
	}
	answer, failed := t.Exchanger.Exchange(ctx, question)
	if failed != nil {
		return err
	}
	if resp, failed := UnmarshalResponse(answer, ask, t.Limits); failed == nil {
		large.Stream = streamAddress(resp)
	}
	return err
}

// answeredError turns an answer that the handler did not give into its error.
func answeredError(resp *http.Response) error {
	switch resp.Header.Get(errorField) {
	case requestTooLarge:
		return &TooLargeError{Stream: streamAddress(resp)}
	case responseTooLarge:
		return &TooLargeError{Stream: streamAddress(resp), Response: true}
	case refused:
		return &Error{Op: "exchange", Kind: ErrRefused}
	case busy:
		return &Error{Op: "exchange", Kind: ErrBusy}
	}
	return nil
}

func streamAddress(resp *http.Response) Address {
	a, err := ParseAddress(resp.Header.Get(serviceField))
	if err != nil {
		return Address{}
	}
	return a
}

// answer is a message of this package's own making.
func answer(status int, kind string, stream Address, text string) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\r\nContent-Length: %d\r\nContent-Type: text/plain; charset=utf-8\r\n%s: %s\r\n",
		statusStart(status), len(text)+1, errorField, kind)
	if stream.Scheme != "" {
		fmt.Fprintf(&b, "%s: %s\r\n", serviceField, stream)
	}
	return []byte(b.String() + "\r\n" + text + "\n")
}

// RefusedAnswer is the answer to a caller that an [Attestor] turned away.
func RefusedAnswer() []byte {
	return answer(http.StatusForbidden, refused, Address{}, "this caller is not served")
}

// BusyAnswer is the answer to a caller whose user has too many connections, or
// too much in the memory of the service, on both wires.
func BusyAnswer() []byte {
	return answer(http.StatusServiceUnavailable, busy, Address{}, busyText)
}

const busyText = "too many requests of this user at a time; nothing was carried out"

// RequestTooLargeAnswer is the answer to a request that a transport did not
// take in whole. stream may be zero.
func RequestTooLargeAnswer(stream Address) []byte {
	return answer(http.StatusRequestEntityTooLarge, requestTooLarge, stream, "the request was too large and was not carried out")
}

// ResponseTooLargeAnswer stands in for an answer that a transport cannot carry.
// stream may be zero.
func ResponseTooLargeAnswer(stream Address) []byte {
	return answer(http.StatusInternalServerError, responseTooLarge, stream, "the request was carried out, its response was too large")
}
