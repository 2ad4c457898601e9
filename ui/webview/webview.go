// Package webview shows the pages of package ui in a web view of the app itself,
// without a server and without scripts.
//
// A web view of Android asks the app for what it loads, but does not say what a form
// posts. So the forms of a [View] are sent by GET, to an address that stands for the
// POST. Such an address is good for one form of one visitor, as every form of the
// pages is.
//
// Beware: what is typed is in that address. Keep the web view's history to yourself,
// and let it load nothing but the View.
package webview

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
)

// A View is what one web view shows. It may be asked by several threads.
type View struct {
	pages    http.Handler
	language string

	mu      sync.Mutex
	cookies map[string]string
}

// New returns a View of the pages. Language is what the device speaks, as in
// Accept-Language (RFC 9110 section 12.5.4).
func New(pages http.Handler, language string) *View {
	return &View{pages: pages, language: language, cookies: map[string]string{}}
}

// A Page is what the web view shows, or a style.
type Page struct {
	Status int
	Type   string // media type of Body
	Policy string // Content-Security-Policy
	Path   string // where it is: another place than was asked for, after a form
	Body   []byte
}

// maxHops bounds how often a page may lead on to another.
const maxHops = 4

// Load returns what is at a path with its query, as the web view names it:
// "consent?id=ID". Other origins are not found.
func (v *View) Load(ctx context.Context, target string) Page {
	method, to, form, err := read(target)
	if err != nil {
		return Page{Status: http.StatusNotFound, Type: "text/plain; charset=utf-8", Path: target}
	}
	answer := v.ask(ctx, method, to, form)
	for range maxHops {
		location, err := to.Parse(answer.Header().Get("Location"))
		if answer.status != http.StatusSeeOther || err != nil || location.Host != "" {
			break
		}
		to = location
		answer = v.ask(ctx, http.MethodGet, to, nil)
	}
	page := Page{
		Status: answer.status,
		Type:   answer.Header().Get("Content-Type"),
		Policy: answer.Header().Get("Content-Security-Policy"),
		Path:   strings.TrimPrefix(to.Path, "/"),
		Body:   answer.body.Bytes(),
	}
	if strings.HasPrefix(page.Type, "text/html") {
		page.Body = byGet(page.Body)
	}
	return page
}

var errElsewhere = errors.New("this is no address of the pages")

// read says what an address of the web view stands for.
func read(target string) (method string, to *url.URL, form url.Values, err error) {
	root := &url.URL{Path: "/"}
	at, err := url.Parse(target)
	if err != nil || at.Host != "" || at.Scheme != "" || at.Opaque != "" {
		return "", nil, nil, errElsewhere
	}
	encoded, posts := strings.CutPrefix(strings.TrimPrefix(at.Path, "/"), posted)
	if !posts {
		return http.MethodGet, root.ResolveReference(at), nil, nil
	}
	action, err := base64.RawURLEncoding.DecodeString(encoded)
	if err != nil {
		return "", nil, nil, err
	}
	if to, err = root.Parse(string(action)); err != nil || to.Host != "" {
		return "", nil, nil, errElsewhere
	}
	return http.MethodPost, to, at.Query(), nil
}

func (v *View) ask(ctx context.Context, method string, to *url.URL, form url.Values) *answer {
	body := form.Encode()
	r := (&http.Request{
		Method: method,
		URL:    &url.URL{Path: to.Path, RawQuery: to.RawQuery},
		Proto:  "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header:        http.Header{},
		Body:          http.NoBody,
		ContentLength: int64(len(body)),
		RemoteAddr:    "webview",
	}).WithContext(ctx)
	if v.language != "" {
		r.Header.Set("Accept-Language", v.language)
	}
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Body = io.NopCloser(strings.NewReader(body))
	}
	v.mu.Lock()
	for name, value := range v.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	v.mu.Unlock()
	w := &answer{header: http.Header{}, status: http.StatusOK}
	v.pages.ServeHTTP(w, r)
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, c := range (&http.Response{Header: w.header}).Cookies() {
		v.cookies[c.Name] = c.Value
	}
	return w
}

// posted begins the path that stands for a POST; what it is to goes after it.
const posted = "~"

// byGet makes the forms of a page such as a web view can send. The action of a form
// loses its query when it is sent by GET, so all of it is in the path.
func byGet(page []byte) []byte {
	const form = `<form method="post" action="`
	var out bytes.Buffer
	for {
		before, rest, found := bytes.Cut(page, []byte(form))
		out.Write(before)
		if !found {
			return out.Bytes()
		}
		action, rest, _ := bytes.Cut(rest, []byte(`"`))
		action = bytes.ReplaceAll(action, []byte("&amp;"), []byte("&"))
		out.WriteString(`<form method="get" action="` + posted + base64.RawURLEncoding.EncodeToString(action) + `"`)
		page = rest
	}
}
