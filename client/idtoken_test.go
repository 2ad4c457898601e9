package client

import (
	"crypto/ed25519"
	"crypto/sha512"
	"encoding/base64"
	"testing"
	"time"

	"github.com/offlineauth/offlineauth/jose"
)

// The example of RFC 7515 appendix A.3, whose claims are no ID token's.
const (
	rfc7515Key   = `{"keys":[{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]}`
	rfc7515Token = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
)

func TestRFC7515Example(t *testing.T) {
	keys, err := jose.ParseKeys([]byte(rfc7515Key))
	if err != nil {
		t.Fatal(err)
	}
	claims, err := verifyIDToken(rfc7515Token, keys)
	if err != nil || claims.Issuer != "joe" || claims.Expiry != 1300819380 {
		t.Errorf("%+v, %v", claims, err)
	}
	if err := claims.check("joe", "maths", "", "", time.Unix(1300819380, 0)); err == nil {
		t.Error("a token for nobody was accepted")
	}
}

// The example of OpenID Connect Core appendix A.3.
func TestTokenHash(t *testing.T) {
	if got := tokenHash(jose.ES256, "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"); got != "77QmUPtjPfzWtF2AnpK9RQ" {
		t.Error(got)
	}
}

func TestIDTokenByEdDSA(t *testing.T) {
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	hash := sha512.Sum512([]byte("token"))
	claims := map[string]any{"iss": "joe", "sub": "amina", "aud": "maths", "exp": 1300819380, "at_hash": base64.RawURLEncoding.EncodeToString(hash[:32])}
	encoded, err := jose.Sign(private, "JWT", false, claims)
	if err != nil {
		t.Fatal(err)
	}
	verified, err := verifyIDToken(encoded, jose.Keys{{Public: public}})
	if err != nil {
		t.Fatal(err)
	}
	if err := verified.check("joe", "maths", "", "token", time.Unix(1300819380, 0)); err != nil {
		t.Error(err)
	}
	if err := verified.check("joe", "maths", "", "another", time.Unix(1300819380, 0)); err == nil {
		t.Error("the hash of another access token was accepted")
	}
}

func TestAge(t *testing.T) {
	now := time.Unix(1300819380, 0)
	for _, test := range []struct {
		authTime float64
		maxAge   time.Duration
		ok       bool
	}{
		{0, 0, true}, {0, time.Hour, false}, {1300819380 - 3600, time.Hour, true}, {1300819380 - 3600 - 121, time.Hour, false},
		{1300819380 + 60, time.Hour, true}, {-1, time.Hour, false}, {1e300, time.Hour, true},
	} {
		if err := (&idClaims{AuthTime: test.authTime}).checkAge(test.maxAge, now); (err == nil) != test.ok {
			t.Errorf("%+v: %v", test, err)
		}
	}
}

func FuzzVerifyIDToken(f *testing.F) {
	keys, err := jose.ParseKeys([]byte(rfc7515Key))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(rfc7515Token)
	f.Add("..")
	f.Add("e30.e30.")
	f.Add("eyJhbGciOiJFUzI1NiIsImtpZCI6IjEifQ.e30.AA")
	f.Fuzz(func(t *testing.T, token string) {
		claims, err := verifyIDToken(token, keys)
		if err == nil && claims.Issuer != "joe" {
			t.Errorf("a forged token was accepted: %q", token)
		}
	})
}

// Whatever a redirect says, it never matches a login that was not started.
func FuzzFinish(f *testing.F) {
	cfg := Config{Issuer: "https://auth.example", ClientID: "maths", RedirectURI: "com.example.maths:/done"}
	f.Add("com.example.maths:/done?code=a&state=b&iss=https%3A%2F%2Fauth.example")
	f.Add("com.example.maths:/done?error=access_denied&state=b&iss=https%3A%2F%2Fauth.example&ipc-service=unix:/a")
	f.Add("com.example.maths:/done?code=a&state=")
	f.Fuzz(func(t *testing.T, redirect string) {
		c, err := New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, _, err := c.match(t.Context(), redirect); err == nil {
			t.Errorf("accepted %q", redirect)
		}
	})
}
