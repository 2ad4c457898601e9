package xapi

import (
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/offlineauth/offlineauth/resource/xapi/statement"
)

// formHeaders are the headers that a form may carry (Communication 1.3).
var formHeaders = []string{
	"Authorization", versionHeader, "Content-Type", "Content-Length", "If-Match", "If-None-Match", "Accept", "Accept-Language",
}

// trueForm undoes the alternate request syntax of 1.0.3: a POST whose query names
// the method and whose form has the headers, the parameters and the body. It is
// for browsers that were old when xAPI was young; 2.0 has it no more.
func trueForm(r *http.Request) (*http.Request, error) {
	query := r.URL.Query()
	if r.Method != http.MethodPost || !query.Has("method") {
		return r, nil
	}
	if version, ok := statement.ParseVersion(r.Header.Get(versionHeader)); ok && version != statement.V1 {
		return r, badRequest("the alternate request syntax is not a part of xAPI 2.0")
	}
	if len(query) > 1 {
		return r, badRequest("the alternate request syntax has no parameter but method in its URL")
	}
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/x-www-form-urlencoded" {
		return r, badRequest("the alternate request syntax needs a form")
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return r, err
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return r, badRequest("the form cannot be read")
	}
	return fromForm(r, strings.ToUpper(query.Get("method")), form)
}

func fromForm(r *http.Request, method string, form url.Values) (*http.Request, error) {
	if !slices.Contains([]string{http.MethodGet, http.MethodHead, http.MethodPut, http.MethodPost, http.MethodDelete}, method) {
		return r, badRequest("the alternate request syntax has no method %.20q", method)
	}
	out := r.Clone(r.Context())
	out.Method = method
	out.Header.Del("Content-Type")
	params := url.Values{}
	for key, values := range form {
		i := slices.IndexFunc(formHeaders, func(h string) bool { return strings.EqualFold(h, key) })
		switch {
		case len(values) > 1:
			return r, badRequest("the form has %.50q twice", key)
		case i >= 0:
			out.Header.Set(formHeaders[i], values[0])
		case key != "content":
			params[key] = values
		}
	}
	if out.Header.Get("Content-Type") == "" && form.Has("content") {
		out.Header.Set("Content-Type", "application/json")
	}
	out.URL.RawQuery = params.Encode()
	out.Body = io.NopCloser(strings.NewReader(form.Get("content")))
	out.ContentLength = int64(len(form.Get("content")))
	out.Header.Del("Content-Length")
	if second, ok := statement.ParseVersion(out.Header.Get(versionHeader)); ok && second != statement.V1 {
		return r, badRequest("the alternate request syntax is not a part of xAPI 2.0")
	}
	return out, nil
}
