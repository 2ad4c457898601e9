package ipcapi

import (
	"bytes"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// MarshalRequest writes r as one HTTP/1.1 message that RawHTTP 2.6.0 accepts
// too: origin-form, Host first, the other fields in alphabetical order, and a
// Content-Length with every body. Fields about a connection are left out. It
// reads and closes r.Body.
//
// The error is a [*MessageError] (a header value over 4000 bytes, for one), a
// [*TooLargeError], or that of reading the body.
func MarshalRequest(r *http.Request, l Limits) ([]byte, error) {
	payload := r.Body
	if payload == nil {
		payload = http.NoBody
	}
	defer payload.Close()
	start, host, err := requestStart(r)
	if err != nil {
		return nil, err
	}
	body, err := readBody(payload, r.ContentLength, l.body())
	if err != nil {
		return nil, err
	}
	fields := []field{{"Host", host}}
	if len(body) > 0 || expectsBody(r.Method) {
		fields = append(fields, field{"Content-Length", strconv.Itoa(len(body))})
	}
	return writeMessage(start, fields, r.Header, body, l)
}

func expectsBody(method string) bool {
	return method == http.MethodPost || method == http.MethodPut || method == http.MethodPatch
}

func requestStart(r *http.Request) (line, host string, err error) {
	method := r.Method
	if method == "" {
		method = http.MethodGet
	}
	if host = r.Host; host == "" && r.URL != nil {
		host = r.URL.Host
	}
	switch {
	case !isToken(method) || method == http.MethodConnect:
		return "", "", &MessageError{"method", fmt.Sprintf("%q cannot be sent", method)}
	case r.URL == nil || !strings.HasPrefix(r.URL.RequestURI(), "/"):
		return "", "", &MessageError{"target", "only URLs with a path can be sent"}
	case !isHost(host) || strings.Contains(host, "_"):
		return "", "", &MessageError{"host", fmt.Sprintf("%q: want a host name in ASCII without underscores", host)}
	}
	target, err := originForm(r.URL.RequestURI(), host)
	return method + " " + target + " HTTP/1.1", host, err
}

// MarshalResponse writes r as one HTTP/1.1 message, with a Content-Length
// wherever a body can be; the answer to a HEAD (by r.Request) has none. It
// reads and closes r.Body.
//
// The errors are those of [MarshalRequest].
func MarshalResponse(r *http.Response, l Limits) ([]byte, error) {
	payload := r.Body
	if payload == nil {
		payload = http.NoBody
	}
	defer payload.Close()
	if r.StatusCode < 200 || r.StatusCode > 999 {
		return nil, &MessageError{"status", fmt.Sprintf("%d is not a final status", r.StatusCode)}
	}
	var fields []field
	var body []byte
	if hasBody(r.Request, r.StatusCode) {
		var err error
		if body, err = readBody(payload, r.ContentLength, l.body()); err != nil {
			return nil, ofResponse(err)
		}
		fields = []field{{"Content-Length", strconv.Itoa(len(body))}}
	}
	b, err := writeMessage(statusStart(r.StatusCode), fields, r.Header, body, l)
	return b, ofResponse(err)
}

func statusStart(status int) string {
	text := http.StatusText(status)
	if text == "" {
		text = "Status"
	}
	return "HTTP/1.1 " + strconv.Itoa(status) + " " + text
}

// writeMessage puts a message together. The head is checked as a reader would.
func writeMessage(start string, first []field, header http.Header, body []byte, l Limits) ([]byte, error) {
	var b bytes.Buffer
	b.Grow(512 + len(body))
	b.WriteString(start + "\r\n")
	for _, f := range first {
		b.WriteString(f.name + ": " + f.value + "\r\n")
	}
	if err := writeFields(&b, header); err != nil {
		return nil, err
	}
	b.WriteString("\r\n")
	if b.Len() > l.head() {
		return nil, &TooLargeError{Limit: int64(l.head())}
	}
	b.Write(body)
	return b.Bytes(), nil
}

func writeFields(b *bytes.Buffer, header http.Header) error {
	for _, name := range slices.Sorted(maps.Keys(header)) {
		if !endToEnd(name) {
			continue
		}
		for _, value := range header[name] {
			f := field{name, trim(value)}
			if err := f.check(); err != nil {
				return err
			}
			b.WriteString(f.name + ": " + f.value + "\r\n")
		}
	}
	return nil
}

// check keeps what is sent within what every reader of the wire accepts.
func (f field) check() error {
	switch {
	case !isToken(f.name):
		return &MessageError{"field-name", fmt.Sprintf("%.40q", f.name)}
	case len(f.name) > maxFieldName:
		return &MessageError{"field-name-long", fmt.Sprintf("over %d bytes", maxFieldName)}
	case len(f.value) > maxFieldValue:
		return &MessageError{"field-value-long", fmt.Sprintf("%s is over %d bytes: keep tokens small", f.name, maxFieldValue)}
	case strings.ContainsFunc(f.value, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }):
		return &MessageError{"control-character", "in the value of " + f.name}
	}
	return nil
}
