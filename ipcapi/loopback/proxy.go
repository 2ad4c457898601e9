package loopback

import (
	"crypto/subtle"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"time"

	"github.com/offlineauth/offlineauth/ipcapi"
)

// proxy checks that a request comes from who was given the base URL, and not
// from a web page, before it goes anywhere.
type proxy struct {
	origin  string // scheme, host and port of this server
	host    string
	secret  string
	origins []string // of pages that were told the secret
	next    *httputil.ReverseProxy
}

func newProxy(c Config, issuer *url.URL, origin, secret string, logger *slog.Logger) *proxy {
	p := &proxy{origin: origin, host: strings.TrimPrefix(origin, "http://"), secret: secret, origins: c.Origins}
	p.next = &httputil.ReverseProxy{
		Transport:     c.Transport,
		FlushInterval: -1, // events and long answers pass as they come
		ErrorLog:      slog.NewLogLogger(logger.Handler(), slog.LevelWarn),
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(issuer)
			r.Out.Header.Del("Origin") // of this server, which the issuer does not know
			r.Out.Header.Del("Cookie") // may be of another port: browsers send it to all of them
			// What stands here for the path of the issuer, for answers with links in them.
			r.Out.Header.Set("X-Forwarded-Prefix", "/"+secret)
		},
		ModifyResponse: func(resp *http.Response) error {
			if location := resp.Header.Get("Location"); location != "" {
				if local, err := localLocation(resp, issuer, origin+"/"+secret); err == nil {
					resp.Header.Set("Location", local)
				}
			}
			resp.Header.Del("Set-Cookie")                     // every port would get it
			resp.Header.Set("Referrer-Policy", "no-referrer") // the secret is in the URL
			for name := range resp.Header {
				if strings.HasPrefix(name, "Access-Control-") { // about the issuer's origin, which this is not
					resp.Header.Del(name)
				}
			}
			return nil
		},
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			logger.WarnContext(r.Context(), "loopback: request failed", "method", r.Method, "reason", err)
			http.Error(w, err.Error(), statusOf(err))
		},
	}
	return p
}

func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	rest, ok := p.authorize(r)
	page, local := p.pageOrigin(r)
	switch {
	case r.Host != p.host || !local: // another host: DNS rebinding
		refuse(w, http.StatusForbidden, "this server is for an app on this device, not for this web page")
	case !ok:
		refuse(w, http.StatusNotFound, "404 page not found")
	case r.Method == http.MethodConnect || r.Method == http.MethodTrace:
		refuse(w, http.StatusMethodNotAllowed, "method not allowed")
	case strings.EqualFold(r.Header.Get("Upgrade"), "websocket"):
		refuse(w, http.StatusNotImplemented, "WebSocket is not carried over IPC: use requests, or an answer that streams")
	case hasDots(rest.Path):
		refuse(w, http.StatusBadRequest, "path segments . and .. are not allowed")
	case isPreflight(r):
		allow(w.Header(), page)
		preflight(w, r)
	default:
		allow(w.Header(), page)
		r = r.Clone(r.Context())
		r.URL.Path, r.URL.RawPath = rest.Path, rest.RawPath
		http.NewResponseController(w).EnableFullDuplex() // an answer may begin before its request has ended
		r.Header.Del("Upgrade")                          // to HTTP/2, which some libraries offer first: it may be ignored (RFC 9110 section 7.8)
		p.next.ServeHTTP(w, r)
	}
}

// refuse answers and hangs up. Nobody waits for the body of a request that is
// refused: any app can send one.
func refuse(w http.ResponseWriter, status int, text string) {
	http.NewResponseController(w).SetReadDeadline(time.Now())
	w.Header().Set("Connection", "close")
	http.Error(w, text, status)
}

// authorize compares the first segment of the path with the secret, in constant
// time, and returns the path behind it.
func (p *proxy) authorize(r *http.Request) (*url.URL, bool) {
	secret, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.EscapedPath(), "/"), "/")
	if subtle.ConstantTimeCompare([]byte(secret), []byte(p.secret)) != 1 {
		return nil, false
	}
	u, err := url.ParseRequestURI("/" + rest)
	return u, err == nil
}

func hasDots(path string) bool {
	for segment := range strings.SplitSeq(path, "/") {
		if segment == "." || segment == ".." {
			return true
		}
	}
	return false
}

// statusOf tells the client in HTTP's words what the transport said.
func statusOf(err error) int {
	var large *ipcapi.TooLargeError
	switch {
	case errors.As(err, &large) && !large.Response:
		return http.StatusRequestEntityTooLarge
	case errors.Is(err, ipcapi.ErrNoService), errors.Is(err, ipcapi.ErrBusy):
		return http.StatusServiceUnavailable
	case errors.Is(err, ipcapi.ErrDeadline):
		return http.StatusGatewayTimeout
	}
	return http.StatusBadGateway
}
