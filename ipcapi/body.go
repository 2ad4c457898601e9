package ipcapi

import (
	"bytes"
	"errors"
	"io"
	"net/http/httputil"
	"strconv"
	"strings"
)

// framing is what a head says about the body (RFC 9112, section 6).
type framing struct {
	length  int64 // -1: not stated
	chunked bool
}

// framing refuses every combination that two readers could understand in two
// ways (RFC 9112, section 11.2).
func (h head) framing() (framing, error) {
	lengths, encodings := h.values("Content-Length"), h.values("Transfer-Encoding")
	switch {
	case len(lengths) > 0 && len(encodings) > 0:
		return framing{}, &MessageError{"length-and-encoding", "Content-Length beside Transfer-Encoding"}
	case len(lengths) > 1:
		return framing{}, &MessageError{"content-length-repeated", ""}
	case len(encodings) > 1 || len(encodings) == 1 && !strings.EqualFold(encodings[0], "chunked"):
		return framing{}, &MessageError{"transfer-encoding", "only chunked is understood, once"}
	case len(encodings) == 1:
		return framing{length: -1, chunked: true}, nil
	case len(lengths) == 0:
		return framing{length: -1}, nil
	}
	return parseLength(lengths[0])
}

func parseLength(s string) (framing, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || strings.Trim(s, digits) != "" {
		return framing{}, &MessageError{"content-length", "not a number of bytes"}
	}
	return framing{length: n}, nil
}

// body cuts the body out of what follows the head. Bytes after it are
// tolerated and dropped. Without a stated length the body is everything if
// toEnd, else nothing.
func (f framing) body(rest []byte, limit int64, toEnd bool) ([]byte, error) {
	switch {
	case f.chunked:
		return unchunk(rest, limit)
	case f.length > limit:
		return nil, &TooLargeError{Limit: limit}
	case f.length > int64(len(rest)):
		return nil, &MessageError{"body-short", "fewer bytes than Content-Length says"}
	case f.length >= 0:
		return rest[:f.length], nil
	case !toEnd:
		return nil, nil
	case int64(len(rest)) > limit:
		return nil, &TooLargeError{Limit: limit}
	}
	return rest, nil
}

// unchunk drops chunk extensions and trailers, as RFC 9112, section 7.1 allows.
func unchunk(rest []byte, limit int64) ([]byte, error) {
	body, err := readUpTo(httputil.NewChunkedReader(bytes.NewReader(rest)), limit)
	if err != nil && !errors.Is(err, ErrTooLarge) {
		return nil, &MessageError{"chunk", err.Error()}
	}
	return body, err
}

// readUpTo reads all of r, and no more than one byte beyond the limit.
func readUpTo(r io.Reader, limit int64) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err == nil && int64(len(b)) > limit {
		return nil, &TooLargeError{Limit: limit}
	}
	return b, err
}

// readBody reads the body of a message that is to be sent. A stated length is
// believed for refusing and allocating, and checked for sending.
func readBody(r io.Reader, length, limit int64) ([]byte, error) {
	switch {
	case length > limit:
		return nil, &TooLargeError{Limit: limit}
	case length <= 0: // not known
		return readUpTo(r, limit)
	}
	b := make([]byte, length)
	_, err := io.ReadFull(r, b)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, &MessageError{"body-length", "the body is shorter than ContentLength says"}
	}
	if err != nil {
		return nil, err
	}
	if n, _ := r.Read(make([]byte, 1)); n > 0 {
		return nil, &MessageError{"body-length", "the body is longer than ContentLength says"}
	}
	return b, nil
}
