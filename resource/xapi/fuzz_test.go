package xapi_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// FuzzRequest sends what it likes to every resource: nothing panics, and nothing
// that a sender does is the fault of the server.
func FuzzRequest(f *testing.F) {
	for _, seed := range [][]string{
		{"GET", "/statements", "limit=1&verb=x:y&attachments=true", "", "", ""},
		{"POST", "/statements", "", "application/json", simple(uuid(1), amina, did, sums), ""},
		{"POST", "/statements", "", "multipart/mixed; boundary=b", "--b\r\nContent-Type: application/json\r\n\r\n[]\r\n--b--\r\n", ""},
		{"POST", "/statements", "method=GET", "application/x-www-form-urlencoded", "Authorization=Bearer+all&X-Experience-API-Version=1.0.3&limit=2", ""},
		{"POST", "/activities/state", "activityId=x:y&agent=%7B%22mbox%22%3A%22mailto%3Aa%40b%22%7D&stateId=s", "application/json", `{"a":1}`, `"x", *`},
		{"PUT", "/agents/profile", "agent=%7B%22openid%22%3A%22x%3Ay%22%7D&profileId=p", "text/plain", "x", "*"},
	} {
		f.Add(seed[0], seed[1], seed[2], seed[3], seed[4], seed[5])
	}
	l := newLRS(f)
	f.Fuzz(func(t *testing.T, method, path, query, contentType, body, tags string) {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, issuer+"/xapi", strings.NewReader(body))
		r.Method, r.URL.Path, r.URL.RawQuery = method, "/xapi"+path, query
		r.Header = http.Header{
			"Authorization": {"Bearer all"}, "X-Experience-Api-Version": {"1.0.3"}, "Content-Type": {contentType}, "If-Match": {tags}, "Accept-Language": {tags},
		}
		w := httptest.NewRecorder()
		l.ServeHTTP(w, r)
		if w.Code >= http.StatusInternalServerError {
			t.Errorf("%s %s?%s: %d %s", method, path, query, w.Code, w.Body)
		}
	})
}
