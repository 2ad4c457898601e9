package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/offlineauth/offlineauth/linkhandler"
)

// redirects are where the answers to a login come in.
type redirects struct {
	uri      string        // the redirect URI, with the port that is open
	received <-chan string // closed when no more can come
	typed    bool          // as lines, not at a port
	close    func()        // lets what was answered reach the browser, then closes the port
}

// listenForRedirects takes redirects to a loopback URI at its port, or at one of
// the system's choice if it has none, and others as lines of in.
func listenForRedirects(ctx context.Context, in io.Reader, uri string) (redirects, error) {
	parsed, err := linkhandler.ParseRedirectURI(uri)
	if err != nil {
		return redirects{}, asUsage(fmt.Errorf("--redirect-uri: %w", err))
	}
	if parsed.Kind() != linkhandler.Loopback {
		return redirects{uri: uri, received: lines(ctx, in), typed: true, close: func() {}}, nil
	}
	u, err := url.Parse(uri)
	if err != nil {
		return redirects{}, asUsage(err)
	}
	port := u.Port()
	if port == "" {
		port = "0"
	}
	listener, err := net.Listen("tcp", net.JoinHostPort(u.Hostname(), port))
	if err != nil {
		return redirects{}, fmt.Errorf("the port of the redirect URI cannot be opened: %w", err)
	}
	u.Host = listener.Addr().String()
	return serveRedirects(ctx, listener, u), nil
}

func lines(ctx context.Context, in io.Reader) <-chan string {
	out := make(chan string)
	go func() {
		defer close(out)
		for scanner := bufio.NewScanner(in); scanner.Scan(); {
			if line := strings.TrimSpace(scanner.Text()); line != "" {
				select {
				case out <- line:
				case <-ctx.Done():
					return
				}
			}
		}
	}()
	return out
}

// serveRedirects passes on what is asked for at u.
func serveRedirects(ctx context.Context, listener net.Listener, u *url.URL) redirects {
	out := make(chan string)
	server := &http.Server{
		ReadHeaderTimeout: 5 * time.Second,
		MaxHeaderBytes:    64 << 10,
		Handler: only(u, func(w http.ResponseWriter, r *http.Request) {
			select {
			case out <- "http://" + u.Host + r.URL.RequestURI():
				fmt.Fprintln(w, "You can close this page and return to the app.")
			case <-ctx.Done():
			}
		}),
	}
	go server.Serve(listener) // until it is closed
	return redirects{uri: u.String(), received: out, close: func() {
		ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		if server.Shutdown(ending) != nil {
			server.Close()
		}
	}}
}

// only lets requests for one page through: of one host, so that no other name can
// be pointed at it, and not those that browsers make beside it.
func only(u *url.URL, page http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Host != u.Host:
			http.Error(w, "this is "+u.Host, http.StatusMisdirectedRequest)
		case r.URL.EscapedPath() != rooted(u.EscapedPath()):
			http.NotFound(w, r)
		case r.Method != http.MethodGet:
			http.Error(w, "a redirect is a GET", http.StatusMethodNotAllowed)
		default:
			page(w, r)
		}
	})
}

// rooted is the path as it is asked for: that of http://host is /.
func rooted(path string) string {
	if path == "" {
		return "/"
	}
	return path
}
