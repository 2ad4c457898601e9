package ipcapi

import (
	"bytes"
	"io"
	"net/http"
	"reflect"
	"testing"
)

func FuzzParseService(f *testing.F) {
	for _, v := range readVectors(f, "services.json").Services {
		f.Add(v.Value)
	}
	f.Fuzz(func(t *testing.T, s string) {
		service, err := ParseService(s)
		if err != nil {
			return
		}
		printed := service.String()
		if len(printed) > len(s) {
			t.Errorf("%q grew to %q", s, printed)
		}
		again, err := ParseService(printed)
		if err != nil || !reflect.DeepEqual(again, service) || again.String() != printed {
			t.Errorf("%q -> %q -> %v, %v", s, printed, again, err)
		}
	})
}

func addMessages(f *testing.F, kind string) {
	for _, v := range readVectors(f, "messages.json").Received {
		if v.Kind == kind {
			f.Add([]byte(v.Message))
		}
	}
}

var small = Limits{Head: 4096, Body: 4096}

func FuzzRequest(f *testing.F) {
	addMessages(f, "request")
	f.Fuzz(func(t *testing.T, b []byte) {
		first, err := UnmarshalRequest(b, small)
		if err != nil {
			if r := reasonOf(err); len(r) > 9 && r[:9] == "untyped: " {
				t.Fatal(err)
			}
			return
		}
		want := requestParts(t, first)
		printed, err := MarshalRequest(first, Limits{Head: 1 << 20})
		if err != nil {
			return // stricter in what is sent: underscores, long values
		}
		second, err := UnmarshalRequest(printed, Limits{Head: 1 << 20})
		if err != nil {
			t.Fatalf("%q: %v", printed, err)
		}
		got := requestParts(t, second)
		// A method that carries a body is sent with the length that an empty one left out.
		if want.Body == "" {
			want.Headers.Del("Content-Length")
			got.Headers.Del("Content-Length")
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%q\n%+v\n%q\n%+v", b, want, printed, got)
		}
	})
}

// requestParts reads the body and puts it back.
func requestParts(t *testing.T, r *http.Request) parsed {
	b, err := io.ReadAll(r.Body)
	if err != nil || r.ContentLength != int64(len(b)) {
		t.Fatal(err, r.ContentLength)
	}
	r.Body = io.NopCloser(bytes.NewReader(b))
	return parsed{Method: r.Method, Target: r.URL.RequestURI(), Host: r.Host, Headers: r.Header.Clone(), Body: string(b)}
}

func FuzzResponse(f *testing.F) {
	addMessages(f, "response")
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, req := range []*http.Request{nil, {Method: "HEAD"}} {
			first, err := UnmarshalResponse(b, req, small)
			if err != nil {
				continue
			}
			want := responseParts(t, first)
			printed, err := MarshalResponse(first, Limits{Head: 1 << 20})
			if err != nil {
				continue
			}
			second, err := UnmarshalResponse(printed, req, Limits{Head: 1 << 20})
			if err != nil {
				t.Fatalf("%q: %v", printed, err)
			}
			if got := responseParts(t, second); !reflect.DeepEqual(got, want) {
				t.Errorf("%q\n%+v\n%q\n%+v", b, want, printed, got)
			}
		}
	})
}

func responseParts(t *testing.T, r *http.Response) parsed {
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	r.Body = io.NopCloser(bytes.NewReader(b))
	return parsed{Status: r.StatusCode, Headers: r.Header.Clone(), Body: string(b)}
}

// FuzzServeMessage: whatever comes in, what goes out is a response.
func FuzzServeMessage(f *testing.F) {
	addMessages(f, "request")
	f.Fuzz(func(t *testing.T, b []byte) {
		h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.Copy(w, r.Body) })
		out := MessageServer{Handler: h, Limits: small, Logger: quiet}.Serve(t.Context(), b)
		if _, err := UnmarshalResponse(out, nil, Limits{}); err != nil {
			t.Errorf("%q: %v", out, err)
		}
	})
}
