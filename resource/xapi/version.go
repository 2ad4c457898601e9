package xapi

import (
	"context"
	"net/http"
	"strings"

	"github.com/offlineauth/offlineauth/resource/xapi/statement"
)

// versionHeader is on every request but those for /about, and on every answer
// (Communication 3.3).
const versionHeader = "X-Experience-API-Version"

// noVersion answers those who name none. They speak 0.9, the one version that had
// no such header, and learn by the answer that it is understood no more. The
// numbers of 1.0 and 2.0 would each mislead somebody.
const noVersion = "0.9"

type versionKey struct{}

// versionOf is the version of a request that came through outermost.
func versionOf(r *http.Request) statement.Version {
	v, _ := r.Context().Value(versionKey{}).(statement.Version)
	return v
}

// outermost gives a request its true form and its version, and bounds it.
func (a *api) outermost(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set(versionHeader, noVersion)
		r.Body = http.MaxBytesReader(w, r.Body, a.MaxBody)
		r, err := trueForm(r)
		if err != nil {
			a.fail(w, r, err)
			return
		}
		version, ok := statement.ParseVersion(r.Header.Get(versionHeader))
		if ok {
			w.Header().Set(versionHeader, version.String())
			r = r.WithContext(context.WithValue(r.Context(), versionKey{}, version))
		} else if !strings.HasSuffix(r.URL.Path, "/about") {
			a.fail(w, r, badRequest("the header %s names no version of 1.0 or 2.0", versionHeader))
			return
		}
		next.ServeHTTP(w, r)
	})
}
