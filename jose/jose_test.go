package jose_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/offlineauth/offlineauth/jose"
)

type claims struct {
	Subject string `json:"sub"`
}

func ecKey(t testing.TB, curve elliptic.Curve) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func edKey(t testing.TB) ed25519.PrivateKey {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func sign(t testing.TB, key crypto.Signer, withKey bool) string {
	t.Helper()
	token, err := jose.Sign(key, "test+jwt", withKey, claims{"amina"})
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func always(k crypto.PublicKey) func(jose.Header) (jose.Key, error) {
	return func(jose.Header) (jose.Key, error) { return jose.Key{Public: k}, nil }
}

func TestBothAlgorithms(t *testing.T) {
	for _, key := range []crypto.Signer{ecKey(t, elliptic.P256()), edKey(t)} {
		var (
			got  claims
			seen jose.Header
		)
		err := jose.Verify(sign(t, key, true), func(h jose.Header) (jose.Key, error) {
			seen = h
			return *h.Key, nil
		}, &got)
		if err != nil || got.Subject != "amina" || seen.Type != "test+jwt" {
			t.Errorf("%T: %+v %+v %v", key, got, seen, err)
		}
		if want := (jose.Key{Public: key.Public()}); seen.Key.Thumbprint() != want.Thumbprint() {
			t.Errorf("%T: the header has another key", key)
		}
	}
}

// TestRFC7515 is the example of appendix A.3, an ES256 signature made by others.
func TestRFC7515(t *testing.T) {
	const token = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ." +
		"DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
	var key jose.Key
	err := json.Unmarshal([]byte(`{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}`), &key)
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Issuer string `json:"iss"`
	}
	if err := jose.Verify(token, always(key.Public), &got); err != nil || got.Issuer != "joe" {
		t.Errorf("%+v %v", got, err)
	}
}

// TestRFC8037 is the key of appendix A.2 with the thumbprint of appendix A.3.
func TestRFC8037(t *testing.T) {
	var key jose.Key
	if err := json.Unmarshal([]byte(`{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}`), &key); err != nil {
		t.Fatal(err)
	}
	if got := key.Thumbprint(); got != "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k" {
		t.Errorf("thumbprint %s", got)
	}
}

func TestWhatIsNotVerified(t *testing.T) {
	p256, ed := ecKey(t, elliptic.P256()), edKey(t)
	good := sign(t, p256, false)
	parts := strings.Split(good, ".")
	header := func(h string) string {
		return base64.RawURLEncoding.EncodeToString([]byte(h)) + "." + parts[1] + "." + parts[2]
	}
	for name, test := range map[string]struct {
		token string
		key   crypto.PublicKey
	}{
		"another key":               {good, ecKey(t, elliptic.P256()).Public()},
		"a key of another kind":     {good, ed.Public()},
		"a key of another curve":    {good, ecKey(t, elliptic.P384()).Public()},
		"no key":                    {good, nil},
		"the other algorithm":       {sign(t, ed, false), p256.Public()},
		"no signature":              {header(`{"alg":"none"}`), p256.Public()},
		"a secret as the algorithm": {header(`{"alg":"HS256"}`), p256.Public()},
		"a critical extension":      {header(`{"alg":"ES256","crit":["b64"],"b64":false}`), p256.Public()},
		"other claims":              {parts[0] + "." + base64.RawURLEncoding.EncodeToString([]byte(`{"sub":"karim"}`)) + "." + parts[2], p256.Public()},
		"an empty string":           {"", p256.Public()},
		"four parts":                {good + ".x", p256.Public()},
		"padding":                   {good + "=", p256.Public()},
		"too long":                  {good + strings.Repeat("A", 20<<10), p256.Public()},
	} {
		var got claims
		if err := jose.Verify(test.token, always(test.key), &got); err == nil || got.Subject != "" {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

func TestTheChoiceIsFinal(t *testing.T) {
	no := errors.New("no")
	err := jose.Verify(sign(t, ecKey(t, elliptic.P256()), false), func(jose.Header) (jose.Key, error) { return jose.Key{}, no }, new(claims))
	if !errors.Is(err, no) {
		t.Error(err)
	}
}

func TestKeysThatAreRefused(t *testing.T) {
	const x, y = `"x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"`, `"y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"`
	for name, encoded := range map[string]string{
		"private":               `{"kty":"EC","crv":"P-256",` + x + `,` + y + `,"d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"}`,
		"not on the curve":      `{"kty":"EC","crv":"P-256",` + x + `,"y":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"}`,
		"without y":             `{"kty":"EC","crv":"P-256",` + x + `}`,
		"another curve":         `{"kty":"EC","crv":"P-384",` + x + `,` + y + `}`,
		"another algorithm":     `{"kty":"EC","crv":"P-256","alg":"ES384",` + x + `,` + y + `}`,
		"for encryption":        `{"kty":"EC","crv":"P-256","use":"enc",` + x + `,` + y + `}`,
		"short":                 `{"kty":"OKP","crv":"Ed25519","x":"AAAA"}`,
		"a secret":              `{"kty":"oct","k":"AAAA"}`,
		"padded":                `{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo="}`,
		"not an object":         `"key"`,
		"an RSA key":            `{"kty":"RSA","n":"AQAB","e":"AQAB"}`,
		"Ed25519 of an EC kind": `{"kty":"EC","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}`,
	} {
		var k jose.Key
		if err := json.Unmarshal([]byte(encoded), &k); err == nil || k.Public != nil {
			t.Errorf("%s: %+v, %v", name, k, err)
		}
	}
}

func TestKeysAsTheyArePublished(t *testing.T) {
	a, b := jose.Key{ID: "a", Public: ecKey(t, elliptic.P256()).Public()}, jose.Key{ID: "b", Public: edKey(t).Public()}
	set, err := json.Marshal(map[string]any{"keys": []any{a, map[string]string{"kty": "RSA", "kid": "c"}, b, "noise"}})
	if err != nil {
		t.Fatal(err)
	}
	keys, err := jose.ParseKeys(set)
	if err != nil || len(keys) != 2 {
		t.Fatalf("%+v, %v", keys, err)
	}
	for _, want := range []jose.Key{a, b} {
		found, err := keys.Find(jose.Header{KeyID: want.ID})
		if err != nil || found.Thumbprint() != want.Thumbprint() || found.Algorithm() != want.Algorithm() {
			t.Errorf("%s: %+v, %v", want.ID, found, err)
		}
	}
	for _, id := range []string{"", "c", "d"} {
		if k, err := keys.Find(jose.Header{KeyID: id}); !errors.Is(err, jose.ErrUnknownKey) {
			t.Errorf("%q: %+v, %v", id, k, err)
		}
	}
	if k, err := keys[:1].Find(jose.Header{}); err != nil || k.ID != "a" {
		t.Errorf("the only key: %+v, %v", k, err)
	}
	if _, err := jose.ParseKeys([]byte("[]")); err == nil {
		t.Error("a list is no set")
	}
}

func TestOtherKeysDoNotSign(t *testing.T) {
	if token, err := jose.Sign(ecKey(t, elliptic.P384()), "test+jwt", false, claims{}); err == nil {
		t.Errorf("signed: %s", token)
	}
}

func FuzzVerify(f *testing.F) {
	key := ecKey(f, elliptic.P256())
	for _, withKey := range []bool{false, true} {
		f.Add(sign(f, key, withKey))
	}
	f.Add("eyJhbGciOiJub25lIn0.e30.")
	f.Add("...")
	f.Fuzz(func(t *testing.T, token string) {
		var got claims
		err := jose.Verify(token, func(h jose.Header) (jose.Key, error) {
			if h.Key != nil && h.Key.Algorithm() == "" {
				t.Errorf("a key without an algorithm: %+v", h.Key)
			}
			return jose.Key{Public: key.Public()}, nil
		}, &got)
		if err == nil && got.Subject != "amina" {
			t.Errorf("%q was never signed", token)
		}
	})
}

func FuzzParseKeys(f *testing.F) {
	f.Add([]byte(`{"keys":[{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]}`))
	f.Add([]byte(`{"keys":[{"kty":"EC","crv":"P-256","x":"AA","y":""},{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}`))
	f.Add([]byte(`{"keys":null}`))
	f.Fuzz(func(t *testing.T, encoded []byte) {
		keys, err := jose.ParseKeys(encoded)
		if err != nil {
			return
		}
		for _, k := range keys {
			if k.Algorithm() == "" || len(k.Thumbprint()) != 43 {
				t.Errorf("a key that is none: %+v", k)
			}
			written, err := json.Marshal(k)
			var again jose.Key
			if err = errors.Join(err, json.Unmarshal(written, &again)); err != nil || again.Thumbprint() != k.Thumbprint() || again.ID != k.ID {
				t.Errorf("%s was read again as %+v, %v", written, again, err)
			}
		}
	})
}
