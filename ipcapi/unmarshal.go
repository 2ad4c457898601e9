package ipcapi

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// UnmarshalRequest reads one HTTP/1.1 request from b. The result is as
// net/http's server hands it to a handler, but for two things: the body's
// length is always known, and fields about a connection are gone. Its body
// aliases b.
//
// The error is a [*MessageError] or a [*TooLargeError].
func UnmarshalRequest(b []byte, l Limits) (*http.Request, error) {
	h, err := readHead(b, l.head())
	if err != nil {
		return nil, err
	}
	start, host, err := h.requestLine()
	if err != nil {
		return nil, err
	}
	frame, err := h.framing()
	if err != nil {
		return nil, err
	}
	body, err := frame.body(h.rest, l.body(), false)
	if err != nil {
		return nil, err
	}
	first := []field{{"Host", host}}
	if frame.chunked || frame.length >= 0 {
		first = append(first, field{"Content-Length", strconv.Itoa(len(body))})
	}
	r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(h.normal(start, first...))))
	if err != nil {
		return nil, &MessageError{"request", err.Error()}
	}
	r.Body, r.ContentLength = bodyOf(body), int64(len(body))
	return r, nil
}

func bodyOf(b []byte) io.ReadCloser {
	if len(b) == 0 {
		return http.NoBody
	}
	return io.NopCloser(bytes.NewReader(b))
}

// requestLine checks the request line and the Host, and returns the line in
// origin-form, which is the only form that handlers see (RFC 9112, section 3).
func (h head) requestLine() (line, host string, err error) {
	method, rest, _ := strings.Cut(h.start, " ")
	target, version, _ := strings.Cut(rest, " ")
	switch {
	case !isToken(method):
		return "", "", &MessageError{"start-line", "no method"}
	case version != "HTTP/1.1" && version != "HTTP/1.0":
		return "", "", &MessageError{"version", "want: method target HTTP/1.1"}
	}
	hosts := h.values("Host")
	if len(hosts) != 1 || !isHost(hosts[0]) {
		return "", "", &MessageError{"host", "want exactly one Host with a name in it"}
	}
	target, err = originForm(target, hosts[0])
	return method + " " + target + " HTTP/1.1", hosts[0], err
}

// originForm reduces a request target to a path and query. The absolute form is
// accepted if it names the same host as the Host field.
func originForm(target, host string) (string, error) {
	for i := range len(target) {
		if target[i] <= ' ' || target[i] >= 0x7f || target[i] == '#' {
			return "", &MessageError{"target", "only visible ASCII without a fragment is allowed"}
		}
	}
	if strings.HasPrefix(target, "/") {
		return target, nil
	}
	u, err := url.Parse(target)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil {
		return "", &MessageError{"target", "want a path that begins with /"}
	}
	if !strings.EqualFold(u.Host, host) {
		return "", &MessageError{"target-host", "the target and the Host field name different hosts"}
	}
	return u.RequestURI(), nil
}

// isHost is uri-host [":" port] of RFC 9110, section 7.2, without pct-encoding.
func isHost(s string) bool {
	name, port := s, ""
	if i := strings.LastIndexByte(s, ':'); i >= 0 && !strings.HasSuffix(s, "]") {
		name, port = s[:i], s[i+1:]
	}
	if strings.HasPrefix(name, "[") && strings.HasSuffix(name, "]") {
		name = strings.ReplaceAll(name[1:len(name)-1], ":", "")
	}
	return name != "" && strings.Trim(name, letters+digits+"-._~") == "" && strings.Trim(port, digits) == ""
}

// UnmarshalResponse reads one HTTP/1.1 response from b. Without a stated length
// the body ends where b ends. req is the request it answers; nil means a GET.
// The body aliases b, and its length is always known, but for the answer to a
// HEAD, where no length can be relied on.
//
// The error is a [*MessageError] or a [*TooLargeError] with Response set.
func UnmarshalResponse(b []byte, req *http.Request, l Limits) (*http.Response, error) {
	h, err := readHead(b, l.head())
	if err != nil {
		return nil, ofResponse(err)
	}
	status, err := h.statusLine()
	if err != nil {
		return nil, err
	}
	frame, err := h.framing()
	if err != nil {
		return nil, err
	}
	var body []byte
	if hasBody(req, status) {
		if body, err = frame.body(h.rest, l.body(), true); err != nil {
			return nil, ofResponse(err)
		}
	}
	return h.response(req, status, body)
}

func (h head) response(req *http.Request, status int, body []byte) (*http.Response, error) {
	var first []field
	if hasBody(req, status) {
		first = append(first, field{"Content-Length", strconv.Itoa(len(body))})
	}
	start := "HTTP/1.1" + h.start[len("HTTP/1.1"):]
	resp, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(h.normal(start, first...))), req)
	if err != nil {
		return nil, &MessageError{"response", err.Error()}
	}
	resp.Body, resp.Close = bodyOf(body), false
	return resp, nil
}

// statusLine is RFC 9112, section 4. There are no interim responses on a
// message wire: there is one answer.
func (h head) statusLine() (int, error) {
	version, rest, _ := strings.Cut(h.start, " ")
	code, _, _ := strings.Cut(rest, " ")
	status, err := strconv.Atoi(code)
	switch {
	case version != "HTTP/1.1" && version != "HTTP/1.0":
		return 0, &MessageError{"version", fmt.Sprintf("%.40q is not a status line", h.start)}
	case err != nil || len(code) != 3 || strings.Trim(code, digits) != "" || status < 200:
		return 0, &MessageError{"status", "want a final status of three digits"}
	}
	return status, nil
}

// hasBody is RFC 9112, section 6.3.
func hasBody(req *http.Request, status int) bool {
	head := req != nil && req.Method == http.MethodHead
	return !head && status != http.StatusNoContent && status != http.StatusNotModified
}

func ofResponse(err error) error {
	if large, ok := err.(*TooLargeError); ok {
		large.Response = true
	}
	return err
}
