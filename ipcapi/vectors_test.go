package ipcapi

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"reflect"
	"strings"
	"testing"
)

type vectors struct {
	Received []struct {
		Name, Kind, To, Message, Refused string
		Latin1                           bool
		Accepted                         *parsed
	}
	Emitted []struct {
		Name, Method, URL, Body, Message, Refused string
		UnknownLength                             bool
		Headers                                   http.Header
	}
	Answered []struct {
		Name, To, Body, Message, Refused string
		Status                           int
		Headers                          http.Header
	}
	Services []struct {
		Value, Canonical, Refused string
		Accepted                  []Address
	}
}

type parsed struct {
	Method, Target, Host, Body string
	Status                     int
	Headers                    http.Header
}

// readVectors fails if the file is missing or holds nothing, so that no test
// passes for want of cases.
func readVectors(t testing.TB, name string) vectors {
	t.Helper()
	b, err := os.ReadFile("../docs/vectors/" + name)
	if err != nil {
		t.Fatal(err)
	}
	var v vectors
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatal(err)
	}
	if name == "messages.json" && (len(v.Received) < 20 || len(v.Emitted) < 5 || len(v.Answered) < 5) || name == "services.json" && len(v.Services) < 20 {
		t.Fatalf("%s is all but empty", name)
	}
	return v
}

func parse(t *testing.T, kind, to string, message []byte) (parsed, error) {
	t.Helper()
	var p parsed
	var body io.Reader
	switch kind {
	case "request":
		r, err := UnmarshalRequest(message, Limits{})
		if err != nil {
			return parsed{}, err
		}
		p, body = parsed{Method: r.Method, Target: r.RequestURI, Host: r.Host, Headers: r.Header}, r.Body
	case "response":
		r, err := UnmarshalResponse(message, &http.Request{Method: to}, Limits{})
		if err != nil {
			return parsed{}, err
		}
		p, body = parsed{Status: r.StatusCode, Headers: r.Header}, r.Body
	default:
		t.Fatalf("unknown kind %q", kind)
	}
	b, err := io.ReadAll(body)
	p.Body = string(b)
	return p, err
}

func reasonOf(err error) string {
	var bad *MessageError
	switch {
	case errors.As(err, &bad):
		return bad.Reason
	case errors.Is(err, ErrTooLarge):
		return "too-large"
	case err == nil:
		return ""
	}
	return "untyped: " + err.Error()
}

func TestReceivedVectors(t *testing.T) {
	for _, v := range readVectors(t, "messages.json").Received {
		t.Run(v.Name, func(t *testing.T) {
			message := v.Message
			if v.Latin1 {
				message = latin1(message)
				for _, values := range v.Accepted.Headers {
					for i := range values {
						values[i] = latin1(values[i])
					}
				}
			}
			got, err := parse(t, v.Kind, v.To, []byte(message))
			if reason := reasonOf(err); reason != v.Refused {
				t.Fatalf("refused for %q, want %q (%v)", reason, v.Refused, err)
			}
			if v.Refused == "" && (v.Accepted == nil || !reflect.DeepEqual(got, *v.Accepted)) {
				t.Errorf("got  %+v\nwant %+v", got, v.Accepted)
			}
		})
	}
}

// latin1 makes a byte of each code point.
func latin1(s string) string {
	var b strings.Builder
	for _, r := range s {
		b.WriteByte(byte(r))
	}
	return b.String()
}

func TestAnsweredVectors(t *testing.T) {
	for _, v := range readVectors(t, "messages.json").Answered {
		t.Run(v.Name, func(t *testing.T) {
			r := &http.Response{StatusCode: v.Status, Header: v.Headers, Request: &http.Request{Method: v.To},
				Body: io.NopCloser(strings.NewReader(v.Body)), ContentLength: int64(len(v.Body))}
			got, err := MarshalResponse(r, Limits{})
			if reason := reasonOf(err); reason != v.Refused || string(got) != v.Message {
				t.Errorf("got %q, refused for %q; want %q, %q", got, reason, v.Message, v.Refused)
			}
		})
	}
}

func TestEmittedVectors(t *testing.T) {
	for _, v := range readVectors(t, "messages.json").Emitted {
		t.Run(v.Name, func(t *testing.T) {
			u, err := url.Parse(v.URL)
			if err != nil {
				t.Fatal(err)
			}
			r := &http.Request{Method: v.Method, URL: u, Header: v.Headers, ContentLength: int64(len(v.Body))}
			if v.Body != "" {
				r.Body = io.NopCloser(strings.NewReader(v.Body))
			}
			if v.UnknownLength {
				r.ContentLength = -1
			}
			got, err := MarshalRequest(r, Limits{})
			if reason := reasonOf(err); reason != v.Refused || string(got) != v.Message {
				t.Errorf("got %q, refused for %q; want %q, %q", got, reason, v.Message, v.Refused)
			}
		})
	}
}

func TestServiceVectors(t *testing.T) {
	for _, v := range readVectors(t, "services.json").Services {
		t.Run(v.Value, func(t *testing.T) {
			got, err := ParseService(v.Value)
			var refusal *AddressError
			if refused := errors.As(err, &refusal); refused != (v.Refused != "") {
				t.Fatalf("ParseService(%q) = %v, %v; want refused %q", v.Value, got, err, v.Refused)
			}
			if v.Refused != "" {
				return
			}
			if !reflect.DeepEqual([]Address(got), v.Accepted) || got.String() != v.Canonical {
				t.Errorf("got %+v, printed %q", got, got)
			}
		})
	}
}
