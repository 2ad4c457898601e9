package ipcapi

import (
	"bytes"
	"fmt"
	"strings"
)

// head is the start line and the header fields of a message, checked more
// strictly than net/http does, before net/http sees any of it.
type head struct {
	start  string
	fields []field
	rest   []byte // what follows the head
}

type field struct{ name, value string }

// readHead splits a message at the end of its head. It tolerates lines that end
// in LF alone and a head that ends with the bytes.
func readHead(b []byte, limit int) (head, error) {
	var h head
	for at := 0; ; {
		line, next, err := readLine(b, at, limit)
		if err != nil {
			return head{}, err
		}
		switch {
		case at == 0 && line == "":
			return head{}, &MessageError{"start-line", "the message begins with an empty line"}
		case at == 0:
			h.start = line
		case line == "":
			h.rest = b[next:]
			return h, nil
		default:
			f, err := parseField(line)
			if err != nil {
				return head{}, err
			}
			h.fields = append(h.fields, f)
		}
		if at = next; at >= len(b) {
			return h, nil
		}
	}
}

// readLine returns the line at an offset without its end, and where the next begins.
func readLine(b []byte, at, limit int) (string, int, error) {
	window := b[at:min(len(b), limit)]
	end := bytes.IndexByte(window, '\n')
	next := at + end + 1
	switch {
	case end >= 0:
		window = bytes.TrimSuffix(window[:end], []byte("\r"))
	case len(b) > limit:
		return "", 0, &TooLargeError{Limit: int64(limit)}
	default:
		next = len(b)
	}
	return string(window), next, checkLine(window)
}

// checkLine refuses control characters (RFC 9110, section 5.5, and RFC 9112, 2.2).
func checkLine(line []byte) error {
	for _, c := range line {
		switch {
		case c == '\r':
			return &MessageError{"bare-cr", "a CR without its LF in the head"}
		case c < ' ' && c != '\t', c == 0x7f:
			return &MessageError{"control-character", fmt.Sprintf("byte %#02x in the head", c)}
		}
	}
	return nil
}

func parseField(line string) (field, error) {
	if line[0] == ' ' || line[0] == '\t' {
		return field{}, &MessageError{"obs-fold", "a header field continued on the next line"}
	}
	name, value, found := strings.Cut(line, ":")
	if !found || !isToken(name) {
		return field{}, &MessageError{"field-name", fmt.Sprintf("%.40q is not a header field", line)}
	}
	return field{name, trim(value)}, nil
}

func trim(value string) string { return strings.Trim(value, " \t") }

// isToken is RFC 9110, section 5.6.2.
func isToken(s string) bool {
	return s != "" && strings.Trim(s, letters+digits+"!#$%&'*+-.^_`|~") == ""
}

// values returns the values of a field, in the order received.
func (h head) values(name string) []string {
	var values []string
	for _, f := range h.fields {
		if strings.EqualFold(f.name, name) {
			values = append(values, f.value)
		}
	}
	return values
}

// endToEnd reports whether a field is about the message and not about the
// connection or the framing, which are written anew (RFC 9110, section 7.6.1).
func endToEnd(name string) bool {
	switch strings.ToLower(name) {
	case "connection", "proxy-connection", "keep-alive", "te", "trailer", "transfer-encoding",
		"upgrade", "content-length", "host":
		return false
	}
	return true
}

// normal writes the head as net/http is to read it: CRLF everywhere, the given
// fields first, then the end-to-end ones, and of several Content-Type fields
// only the first (httpoveripc sends duplicates).
func (h head) normal(start string, first ...field) []byte {
	var b bytes.Buffer
	b.WriteString(start + "\r\n")
	for _, f := range first {
		b.WriteString(f.name + ": " + f.value + "\r\n")
	}
	typed := false
	for _, f := range h.fields {
		isType := strings.EqualFold(f.name, "Content-Type")
		if !endToEnd(f.name) || isType && typed {
			continue
		}
		typed = typed || isType
		b.WriteString(f.name + ": " + f.value + "\r\n")
	}
	b.WriteString("\r\n")
	return b.Bytes()
}
