package upstream

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/offlineauth/offlineauth/resource/xapi"
	"github.com/offlineauth/offlineauth/resource/xapi/statement"
)

const fuzzedID = "00000000-0000-4000-8000-000000000001"

// FuzzAnswer checks that nothing counts as forwarded that was not named, and that
// what an upstream says can be shown and kept.
func FuzzAnswer(f *testing.F) {
	f.Add([]byte(`["`+fuzzedID+`"]`), "120")
	f.Add([]byte(`[]`), "Wed, 21 Oct 2015 07:28:00 GMT")
	f.Add([]byte("<html>\x1b[31m\u202e\xff"), "-1")
	f.Add([]byte(`{"id":"`+fuzzedID+`"}`), "99999999999")
	st, err := statement.Parse([]byte(`{"id":"`+fuzzedID+`","actor":{"mbox":"mailto:a@example.com"},"verb":{"id":"http://example.com/did"},"object":{"id":"http://example.com/1"}}`), statement.V1)
	if err != nil {
		f.Fatal(err)
	}
	batch := []xapi.Waiting{{Statement: st, Seq: 1}}
	f.Fuzz(func(t *testing.T, body []byte, after string) {
		if checkAnswer(&answer{status: http.StatusOK, body: body}, batch) == nil && (!json.Valid(body) || !strings.Contains(strings.ToLower(string(body)), fuzzedID) && !strings.Contains(string(body), `\u`)) {
			t.Errorf("%q counts as an answer", body)
		}
		response := &http.Response{StatusCode: http.StatusServiceUnavailable, Header: http.Header{"Retry-After": {after}}, Body: io.NopCloser(strings.NewReader(string(body)))}
		refused := refusalOf(response)
		if refused.after < 0 || len([]rune(refused.said)) > 200 || strings.ContainsFunc(refused.said, unicode.IsControl) {
			t.Errorf("%q, %q: %+v", body, after, refused)
		}
		for failures := range 20 {
			if pause := pauseAfter(failures, refused); pause < time.Second/2 || pause > longestAsked {
				t.Errorf("%q: a pause of %v", after, pause)
			}
		}
	})
}

// FuzzState checks that JSON which is written anew is the same document, and that
// nothing else is.
func FuzzState(f *testing.F) {
	f.Add([]byte(`{ "b": [1.0, 2e3], "a": "\u00e9" }`), []byte(`{}`))
	f.Add([]byte(`[1]`), []byte(`[1] `))
	f.Add([]byte("\"\xff\""), []byte("\"\xfe\""))
	f.Add([]byte(`{"a":1} x`), []byte(`{"a":1}`))
	f.Fuzz(func(t *testing.T, a, b []byte) {
		one, other := xapi.Document{ContentType: "application/json", Content: a}, xapi.Document{ContentType: "application/json; charset=utf-8", Content: b}
		if same := stateOf(&one) == stateOf(&other); same && string(a) != string(b) {
			if v, w := decoded(a), decoded(b); v == nil && w == nil || !reflect.DeepEqual(v, w) {
				t.Errorf("%q and %q are the same", a, b)
			}
		}
		other.Content = []byte(nil)
		if json.Indent(bytes.NewBuffer(nil), a, "", " ") == nil && utf8.Valid(a) {
			var indented bytes.Buffer
			json.Indent(&indented, a, " ", "\t")
			if other.Content = indented.Bytes(); stateOf(&one) != stateOf(&other) {
				t.Errorf("%q and %q are not the same", a, other.Content)
			}
		}
		one.ContentType = "text/plain"
		if stateOf(&one) == stateOf(&other) {
			t.Errorf("%q is the same as text", a)
		}
	})
}

// decoded is JSON as another reader sees it; nil if it is none.
func decoded(text []byte) (v any) {
	if json.Unmarshal(text, &v) != nil {
		return nil
	}
	return []any{v}
}
