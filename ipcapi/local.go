package ipcapi

import (
	"context"
	"net/http"
)

// Local returns a transport to a handler in this process that sees c as the
// caller. Requests go through the serializer, so what works here works on the
// message wire. Of the request's context the handler sees the end only, not
// the values: those stay on the client's side of a real wire too.
func Local(h http.Handler, c Caller) http.RoundTripper {
	return &MessageTransport{Exchanger: local{h, c}}
}

type local struct {
	handler http.Handler
	caller  Caller
}

func (l local) Exchange(ctx context.Context, request []byte) ([]byte, error) {
	response := ServeMessage(WithCaller(valueless{ctx}, l.caller), l.handler, request, Limits{})
	if err := ctx.Err(); err != nil {
		return nil, WrapError("exchange", Address{}, err)
	}
	return response, nil
}

// valueless keeps the end of a context and hides its values.
type valueless struct{ context.Context }

func (valueless) Value(any) any { return nil }
