package mobile

import "context"

// A Call can be given up by the one who waits for it: when the client that asked
// has died, for example.
type Call struct {
	ctx    context.Context
	cancel context.CancelFunc
	limit  int64
}

// NewCall returns a Call for one [App.Handle].
func NewCall() *Call {
	ctx, cancel := context.WithCancel(context.Background())
	return &Call{ctx: ctx, cancel: cancel}
}

// Cancel gives the call up. It may come before, during and after it.
func (c *Call) Cancel() {
	if c.cancel != nil {
		c.cancel()
	}
}

// LimitAnswer says how many bytes the body of the answer may have, because the system
// does not carry more. A longer one becomes the error of the message wire for that.
func (c *Call) LimitAnswer(bytes int64) { c.limit = bytes }

// fits returns what is asked before more bytes of an answer are kept.
func (c *Call) fits() func(n int64) bool {
	if c == nil || c.limit <= 0 {
		return nil
	}
	left := c.limit
	return func(n int64) bool {
		left -= n
		return left >= 0
	}
}

func (c *Call) context() (context.Context, context.CancelFunc) {
	if c == nil || c.ctx == nil {
		return context.WithTimeout(context.Background(), callTimeout)
	}
	return context.WithTimeout(c.ctx, callTimeout)
}
