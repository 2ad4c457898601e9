package dpop_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/offlineauth/offlineauth/jose"
	"github.com/offlineauth/offlineauth/jose/dpop"
)

// The vectors of RFC 9449: the proofs of sections 4.1 and 7.1, the thumbprint of
// section 6.1, the access token of section 7.1.
const (
	tokenRequestProof = "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19." +
		"eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0IjoxNTYyMjYyNjE2fQ." +
		"2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg"
	resourceRequestProof = "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19." +
		"eyJqdGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIjoiR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxlLm9yZy9wcm90ZWN0ZWRyZXNvdXJjZSIsImlhdCI6MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNFc05yV0JiMHhXWG9hTnk1OUlpS0NBcWtzbVFFbyJ9." +
		"2oW9RP35yRqzhrtNP86L-Ey71EOptxRimPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA"
	thumbprint  = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"
	accessToken = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU"
)

func TestRFC9449(t *testing.T) {
	for _, test := range []struct {
		proof string
		want  dpop.Proof
	}{
		{tokenRequestProof, dpop.Proof{Thumbprint: thumbprint, ID: "-BwC3ESc6acc2lTc", Method: "POST", URL: "https://server.example.com/token", IssuedAt: time.Unix(1562262616, 0)}},
		{resourceRequestProof, dpop.Proof{Thumbprint: thumbprint, ID: "e1j3V_bKic8-LAEB", Method: "GET", URL: "https://resource.example.org/protectedresource", IssuedAt: time.Unix(1562262618, 0), TokenHash: "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo"}},
	} {
		if got, err := dpop.Parse(test.proof); err != nil || got != test.want {
			t.Errorf("%+v, %v, want %+v", got, err, test.want)
		}
	}
	// Both are right but for the nonce, which a server of ours always wants.
	v := new(dpop.Verifier)
	_, err := v.Check(request("POST", tokenRequestProof), "https://server.example.com/token", "")
	if !errors.Is(err, dpop.ErrNonce) {
		t.Error(err)
	}
	if _, err = v.Check(request("GET", resourceRequestProof), "https://resource.example.org/protectedresource", accessToken); !errors.Is(err, dpop.ErrNonce) {
		t.Error(err)
	}
	if _, err = v.Check(request("GET", resourceRequestProof), "https://resource.example.org/protectedresource", "another"); !errors.Is(err, dpop.ErrProof) {
		t.Error(err)
	}
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func request(method string, proofs ...string) *http.Request {
	return &http.Request{Method: method, Header: http.Header{"Dpop": proofs}}
}

const target = "https://auth.example/token"

// proof is a good one, for POST to target.
func proof(t testing.TB, key *ecdsa.PrivateKey, nonce string) string {
	t.Helper()
	p, err := dpop.New(key, "POST", target, nonce, "")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestAProofIsGoodOnce(t *testing.T) {
	v, key := new(dpop.Verifier), newKey(t)
	p := proof(t, key, v.Nonce())
	want := jose.Key{Public: key.Public()}.Thumbprint()
	if got, err := v.Check(request("POST", p), target, ""); err != nil || got != want {
		t.Fatalf("%q, %v", got, err)
	}
	if _, err := v.Check(request("POST", p), target, ""); !errors.Is(err, dpop.ErrProof) {
		t.Errorf("again: %v", err)
	}
}

func TestOfManyUsesOfAProofOneSucceeds(t *testing.T) {
	v := new(dpop.Verifier)
	p := proof(t, newKey(t), v.Nonce())
	var (
		accepted atomic.Int32
		all      sync.WaitGroup
	)
	for range 40 {
		all.Go(func() {
			if _, err := v.Check(request("POST", p), target, ""); err == nil {
				accepted.Add(1)
			}
		})
	}
	all.Wait()
	if accepted.Load() != 1 {
		t.Errorf("%d succeeded", accepted.Load())
	}
}

// TestARestartIsNoReplay: what a verifier remembers is gone with it, and so are its nonces.
func TestARestartIsNoReplay(t *testing.T) {
	before := new(dpop.Verifier)
	p := proof(t, newKey(t), before.Nonce())
	if _, err := before.Check(request("POST", p), target, ""); err != nil {
		t.Fatal(err)
	}
	if _, err := new(dpop.Verifier).Check(request("POST", p), target, ""); !errors.Is(err, dpop.ErrNonce) {
		t.Errorf("after a restart: %v", err)
	}
}

func TestNoncesTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v, key := new(dpop.Verifier), newKey(t)
		check := func(p string) error {
			_, err := v.Check(request("POST", p), target, "")
			return err
		}
		first := v.Nonce()
		used := proof(t, key, first)
		if err := check(used); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Minute)
		if v.Nonce() == first {
			t.Error("after two minutes it is the same nonce")
		}
		if err := check(proof(t, key, first)); err != nil {
			t.Errorf("the nonce before is not good: %v", err)
		}
		if err := check(used); !errors.Is(err, dpop.ErrProof) {
			t.Errorf("a used proof with the nonce before: %v", err)
		}
		time.Sleep(2*time.Minute - time.Nanosecond)
		if err := check(proof(t, key, first)); err != nil {
			t.Errorf("just before its end: %v", err)
		}
		time.Sleep(time.Nanosecond)
		for _, p := range []string{proof(t, key, first), used} {
			if err := check(p); !errors.Is(err, dpop.ErrNonce) {
				t.Errorf("after four minutes: %v", err)
			}
		}
	})
}

// TestAnIdleVerifierForgetsItsNonce: nobody asked in between, so nothing turned.
func TestAnIdleVerifierForgetsItsNonce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := new(dpop.Verifier)
		p := proof(t, newKey(t), v.Nonce())
		time.Sleep(4 * time.Minute)
		if _, err := v.Check(request("POST", p), target, ""); !errors.Is(err, dpop.ErrNonce) {
			t.Error(err)
		}
	})
}

func TestProofsForSomethingElse(t *testing.T) {
	v, key := new(dpop.Verifier), newKey(t)
	made := func(method, url, nonce, token string) string {
		p, err := dpop.New(key, method, url, nonce, token)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	nonce := v.Nonce()
	good := made("POST", target, nonce, "")
	for name, test := range map[string]struct {
		proofs []string
		want   error
	}{
		"another method":      {[]string{made("GET", target, nonce, "")}, dpop.ErrProof},
		"a method in lower":   {[]string{made("post", target, nonce, "")}, dpop.ErrProof},
		"another path":        {[]string{made("POST", "https://auth.example/revoke", nonce, "")}, dpop.ErrProof},
		"another host":        {[]string{made("POST", "https://evil.example/token", nonce, "")}, dpop.ErrProof},
		"another scheme":      {[]string{made("POST", "http://auth.example/token", nonce, "")}, dpop.ErrProof},
		"another port":        {[]string{made("POST", "https://auth.example:8443/token", nonce, "")}, dpop.ErrProof},
		"user information":    {[]string{made("POST", "https://auth.example@auth.example/token", nonce, "")}, dpop.ErrProof},
		"with a token":        {[]string{made("POST", target, nonce, accessToken)}, dpop.ErrProof},
		"no nonce":            {[]string{made("POST", target, "", "")}, dpop.ErrNonce},
		"an invented nonce":   {[]string{made("POST", target, "invented", "")}, dpop.ErrNonce},
		"two":                 {[]string{good, good}, dpop.ErrProof},
		"none":                {nil, dpop.ErrProof},
		"an empty one":        {[]string{""}, dpop.ErrProof},
		"a list":              {[]string{good + "," + good}, dpop.ErrProof},
		"too long":            {[]string{good + strings.Repeat("A", 4<<10)}, dpop.ErrProof},
		"a spoilt signature":  {[]string{good[:len(good)-4] + "AAAA"}, dpop.ErrProof},
		"the one of the RFC":  {[]string{tokenRequestProof}, dpop.ErrProof},
		"no signature at all": {[]string{good[:strings.LastIndexByte(good, '.')+1]}, dpop.ErrProof},
	} {
		if _, err := v.Check(request("POST", test.proofs...), target, ""); !errors.Is(err, test.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := v.Check(request("POST", good), target, ""); err != nil {
		t.Errorf("and the good one: %v", err)
	}
}

func TestTheSameTarget(t *testing.T) {
	v, key := new(dpop.Verifier), newKey(t)
	for _, test := range []struct {
		made, at string
		same     bool
	}{
		{"https://api.example/notes?page=2#top", "https://api.example/notes", true},
		{"https://API.example/notes", "https://api.example:443/notes", true},
		{"https://api.example", "https://api.example/", true},
		{"https://api.example/%7eamina/%c3%a9", "https://api.example/~amina/%C3%A9", true},
		{"https://api.example/a%2Fb", "https://api.example/a/b", false},
		{"https://api.example/Notes", "https://api.example/notes", false},
		{"https://api.example/notes/", "https://api.example/notes", false},
		{"https://api.example/x/../notes", "https://api.example/notes", false},
		{"/notes", "https://api.example/notes", false},
		{"ftp://api.example/notes", "ftp://api.example/notes", false},
		{"https://api.example/%zz", "https://api.example/%zz", false},
	} {
		p, err := dpop.New(key, "GET", test.made, v.Nonce(), "")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := v.Check(request("GET", p), test.at, ""); (err == nil) != test.same {
			t.Errorf("made for %s, used at %s: %v", test.made, test.at, err)
		}
	}
}

func TestProofsThatAreNone(t *testing.T) {
	key := newKey(t)
	sign := func(typ string, withKey bool, claims map[string]any) string {
		token, err := jose.Sign(key, typ, withKey, claims)
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	without := func(name string) map[string]any {
		claims := map[string]any{"jti": "1", "htm": "POST", "htu": target, "iat": 1}
		delete(claims, name)
		return claims
	}
	if _, err := dpop.Parse(sign("dpop+jwt", true, without(""))); err != nil {
		t.Fatal(err)
	}
	for name, token := range map[string]string{
		"another type": sign("JWT", true, without("")),
		"no key":       sign("dpop+jwt", false, without("")),
		"no jti":       sign("dpop+jwt", true, without("jti")),
		"no htm":       sign("dpop+jwt", true, without("htm")),
		"no htu":       sign("dpop+jwt", true, without("htu")),
		"no iat":       sign("dpop+jwt", true, without("iat")),
	} {
		if p, err := dpop.Parse(token); !errors.Is(err, dpop.ErrProof) {
			t.Errorf("%s: %+v, %v", name, p, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(tokenRequestProof)
	f.Add(resourceRequestProof)
	f.Add(proof(f, newKey(f), "nonce"))
	f.Add("eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6Im5vbmUifQ.e30.")
	f.Fuzz(func(t *testing.T, encoded string) {
		p, err := dpop.Parse(encoded)
		if err == nil && (len(p.Thumbprint) != 43 || p.ID == "" || p.Method == "" || p.URL == "") {
			t.Errorf("%q gave %+v", encoded, p)
		}
		if err != nil && (p != dpop.Proof{} || !errors.Is(err, dpop.ErrProof)) {
			t.Errorf("%q gave %+v with %v", encoded, p, err)
		}
	})
}
