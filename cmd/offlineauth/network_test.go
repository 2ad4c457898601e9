//go:build linux

package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"html"
	"io"
	"math/big"
	mathrand "math/rand/v2"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// certificate writes the certificate and the key of an address, which everybody in the
// script trusts from then on.
func (w *world) certificate(ts *testscript.TestScript, args []string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), IPAddresses: []net.IP{net.ParseIP(args[0])}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	for file, block := range map[string]*pem.Block{
		"cert.pem": {Type: "CERTIFICATE", Bytes: certificate}, "key.pem": {Type: "PRIVATE KEY", Bytes: private},
	} {
		if err := os.WriteFile(ts.MkAbs(file), pem.EncodeToMemory(block), 0o600); err != nil {
			return err
		}
	}
	ts.Setenv("SSL_CERT_FILE", ts.MkAbs("cert.pem"))
	return nil
}

// port finds one that nobody uses, and that the system gives to nobody by itself.
func (w *world) port(ts *testscript.TestScript, args []string) error {
	for range 100 {
		port := fmt.Sprint(20000 + mathrand.IntN(12000))
		l, err := net.Listen("tcp", "127.0.0.1:"+port)
		if err == nil {
			ts.Setenv(args[0], port)
			return l.Close()
		}
	}
	return errors.New("no port is free")
}

// signIn plays a person at a browser beyond the device, who signs in and accepts,
// and prints the redirect.
func (w *world) signIn(ts *testscript.TestScript, args []string) error {
	trusted, err := os.ReadFile(ts.MkAbs("cert.pem"))
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(trusted)
	jar, err := cookiejar.New(nil)
	if err != nil {
		return err
	}
	b := &networkBrowser{w: w, http: &http.Client{Jar: jar, Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: true, DisableKeepAlives: true,
	}}}
	if err := b.load(http.MethodGet, args[0], nil); err != nil {
		return err
	}
	if err := b.submit(url.Values{"username": {args[1]}, "password": {args[2]}}); err != nil {
		return err
	}
	accept := url.Values{"decision": {"accept"}, "account": {b.find(`name="account" value="([^"]*)"`)}}
	for _, scope := range regexp.MustCompile(`name="scope" value="([^"]*)"`).FindAllStringSubmatch(b.page, -1) {
		accept.Add("scope", scope[1])
	}
	if err := b.submit(accept); err != nil {
		return err
	}
	redirect := b.find(`class="button main" href="([^"]*)"`)
	if redirect == "" {
		return fmt.Errorf("no redirect on %s", b.page)
	}
	fmt.Fprintln(ts.Stdout(), redirect)
	return nil
}

type networkBrowser struct {
	w    *world
	http *http.Client
	at   *url.URL
	page string
	code int
}

func (b *networkBrowser) load(method, to string, form url.Values) error {
	r, err := http.NewRequestWithContext(b.w.ctx, method, to, strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	resp, err := b.http.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	page, err := io.ReadAll(resp.Body)
	b.at, b.page, b.code = resp.Request.URL, string(page), resp.StatusCode
	return err
}

func (b *networkBrowser) find(pattern string) string {
	if m := regexp.MustCompile(pattern).FindStringSubmatch(b.page); m != nil {
		return html.UnescapeString(m[1])
	}
	return ""
}

// submit sends the form of the page. It is too early until somebody could have read it.
func (b *networkBrowser) submit(form url.Values) error {
	to, err := b.at.Parse(b.find(`<form method="post" action="([^"]*)"`))
	if err != nil {
		return err
	}
	form.Set("form", b.find(`name="form" value="([^"]*)"`))
	for {
		if err := b.load(http.MethodPost, to.String(), form); err != nil {
			return err
		}
		switch b.code {
		case http.StatusOK:
			return nil
		case http.StatusTooEarly:
			time.Sleep(50 * time.Millisecond)
		default:
			return fmt.Errorf("%d at %s: %s", b.code, b.at, b.page)
		}
	}
}
