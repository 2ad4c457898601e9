package client

import (
	"bytes"
	"crypto"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"golang.org/x/oauth2"

	"github.com/offlineauth/offlineauth/jose/dpop"
)

// isBound reports whether a token needs a proof with each use (RFC 9449 section 5).
func isBound(t *oauth2.Token) bool { return strings.EqualFold(t.TokenType, "DPoP") }

// A prover signs a proof for each request. Servers want their own nonce in it, and
// tell a new one with every answer.
type prover struct {
	key crypto.Signer

	mu     sync.Mutex
	nonces map[string]nonce // by origin
}

type nonce struct {
	value string
	at    time.Time
}

func newProver(key crypto.Signer) *prover { return &prover{key: key, nonces: map[string]nonce{}} }

// freshNonce is for how long a nonce is taken for a good one where being wrong
// would cost a body that cannot be sent again.
const freshNonce = 30 * time.Second

// send sends a request with a proof for it and its access token, "" for none. If
// the server wants another nonce, it is sent once more: it was not carried out.
func (p *prover) send(via http.RoundTripper, r *http.Request, token string) (*http.Response, error) {
	if r.Body != nil && r.Body != http.NoBody && r.GetBody == nil {
		if err := p.askForNonce(via, r, token); err != nil {
			return nil, err
		}
		return p.sendOnce(via, r, token)
	}
	response, err := p.sendOnce(via, r, token)
	if err != nil || !wantsNonce(response) {
		return response, err
	}
	again := r.Clone(r.Context())
	if r.GetBody != nil {
		if again.Body, err = r.GetBody(); err != nil {
			return response, nil
		}
	}
	response.Body.Close()
	return p.sendOnce(via, again, token)
}

func (p *prover) sendOnce(via http.RoundTripper, r *http.Request, token string) (*http.Response, error) {
	at := origin(r.URL)
	proof, err := dpop.New(p.key, r.Method, r.URL.String(), p.nonce(at).value, token)
	if err != nil {
		closeBody(r)
		return nil, err
	}
	r = r.Clone(r.Context())
	r.Header.Set(dpop.Field, proof)
	response, err := via.RoundTrip(r)
	if err == nil {
		p.learn(at, response.Header.Get(dpop.NonceField))
	}
	return response, err
}

// askForNonce sends a HEAD in front of a request whose body can be sent once only.
func (p *prover) askForNonce(via http.RoundTripper, r *http.Request, token string) error {
	if time.Since(p.nonce(origin(r.URL)).at) < freshNonce {
		return nil
	}
	head := r.Clone(r.Context())
	head.Method, head.Body, head.ContentLength, head.TransferEncoding = http.MethodHead, nil, 0, nil
	response, err := p.sendOnce(via, head, token)
	if err != nil {
		closeBody(r)
		return err
	}
	return response.Body.Close()
}

func (p *prover) nonce(origin string) nonce {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.nonces[origin]
}

func (p *prover) learn(origin, value string) {
	if value == "" {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.nonces[origin] = nonce{value, time.Now()}
}

// wantsNonce reports whether the answer is use_dpop_nonce, of a resource (RFC 9449
// section 9) or of an endpoint (section 8), whose body it puts back.
func wantsNonce(response *http.Response) bool {
	const code = "use_dpop_nonce"
	if response.Header.Get(dpop.NonceField) == "" {
		return false
	}
	switch response.StatusCode {
	case http.StatusUnauthorized:
		return strings.Contains(strings.Join(response.Header.Values("WWW-Authenticate"), ","), `error="`+code+`"`)
	case http.StatusBadRequest:
		body, err := io.ReadAll(io.LimitReader(response.Body, maxDocument))
		response.Body = struct {
			io.Reader
			io.Closer
		}{io.MultiReader(bytes.NewReader(body), response.Body), response.Body}
		var answer struct {
			Code string `json:"error"`
		}
		return err == nil && json.Unmarshal(body, &answer) == nil && answer.Code == code
	}
	return false
}

// provingEndpoints proves the session's key to the token endpoint.
type provingEndpoints struct {
	session *session
	base    http.RoundTripper
}

func (t provingEndpoints) RoundTrip(r *http.Request) (*http.Response, error) {
	if t.session.prover == nil || r.Method != http.MethodPost || r.URL.String() != t.session.tokenURL {
		return t.base.RoundTrip(r)
	}
	return t.session.prover.send(t.base, r, "")
}

// CloseIdleConnections is called by that of the http.Client.
func (t provingEndpoints) CloseIdleConnections() { closeIdle(t.base) }
