package ipcapi

import "time"

// The limits that hold when none are given.
const (
	DefaultHead    = 64 << 10         // bytes of start line and header fields
	DefaultBody    = 16 << 20         // bytes of a body
	DefaultTimeout = 30 * time.Second // for the answer to a request
)

// What RawHTTP 2.6.0, the parser at the other end of many message transports,
// accepts by default.
const (
	maxFieldName  = 1000
	maxFieldValue = 4000
)

// Limits caps the two parts of a message, in bytes. Zero means the default.
type Limits struct {
	Head int
	Body int64
}

func (l Limits) head() int {
	if l.Head <= 0 {
		return DefaultHead
	}
	return l.Head
}

func (l Limits) body() int64 {
	if l.Body <= 0 {
		return DefaultBody
	}
	return l.Body
}

// Message is the largest whole message these limits allow, in bytes.
func (l Limits) Message() int64 { return int64(l.head()) + l.body() }
