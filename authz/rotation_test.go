package authz_test

import (
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/offlineauth/offlineauth/authz"
	"github.com/offlineauth/offlineauth/jose"
)

// rotate puts another signing key in the place of the present one.
func (d *desk) rotate(how authz.Rotation) authz.SigningKey {
	d.Helper()
	key, err := d.server.RotateKey(d.Context(), how)
	if err != nil {
		d.Fatal(err)
	}
	return key
}

func (d *desk) signingKeys() []authz.SigningKey {
	d.Helper()
	keys, err := d.server.SigningKeys(d.Context())
	if err != nil {
		d.Fatal(err)
	}
	return keys
}

// again is another server on the store, as after a restart.
func (d *desk) again(change ...func(*authz.Config)) *desk {
	d.Helper()
	cfg := authz.Config{Issuer: issuer, Store: d.store, Logger: slog.New(slog.DiscardHandler)}
	for _, c := range change {
		c(&cfg)
	}
	server, err := authz.New(d.Context(), cfg)
	if err != nil {
		d.Fatal(err)
	}
	return &desk{T: d.T, server: server, store: d.store, account: d.account, caller: d.caller}
}

func kidOf(t *testing.T, token string) string {
	t.Helper()
	kid, _ := parseJWT(t, token).Header["kid"].(string)
	return kid
}

func TestRotationLeavesNobodyOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		first := d.signingKeys()[0]
		tokens := d.login()
		key := d.rotate(authz.Rotation{})
		if key.ID == first.ID || key.Algorithm != "ES256" || !key.RetiredAt.IsZero() {
			t.Errorf("rotated to %+v", key)
		}
		if !d.live(tokens.text("access_token")) || !d.again().live(tokens.text("access_token")) {
			t.Error("a token of the key before is refused")
		}
		refreshed := d.expect(http.StatusOK, "", d.post("/token", refreshForm(tokens.text("refresh_token"))))
		if kidOf(t, refreshed.text("access_token")) != key.ID || kidOf(t, refreshed.text("id_token")) != key.ID {
			t.Error("what is new is signed by the key before")
		}
		if published := d.publishedKeys(); len(published) != 2 {
			t.Errorf("%d keys are published", len(published))
		}
		keys := d.signingKeys()
		if len(keys) != 2 || keys[0].ID != key.ID || keys[1].ID != first.ID || !keys[1].GoneAt.Equal(keys[1].RetiredAt.Add(2*time.Hour)) {
			t.Errorf("keys %+v", keys)
		}
		records, err := d.store.Keys.List(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range records {
			if k.ID == first.ID && len(k.Private) != 0 {
				t.Error("the private part of a retired key is kept")
			}
		}

		time.Sleep(2*time.Hour - time.Second)
		d.maintain()
		if len(d.publishedKeys()) != 2 {
			t.Error("the key was forgotten too early")
		}
		time.Sleep(time.Second)
		d.maintain()
		if published := d.publishedKeys(); len(published) != 1 || published[key.ID] == nil || len(d.signingKeys()) != 1 {
			t.Errorf("published %v", published)
		}
	})
}

func (d *desk) maintain() {
	d.Helper()
	if err := d.server.Maintain(d.Context()); err != nil {
		d.Fatal(err)
	}
}

func TestKeysAreRotatedBySchedule(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		first := d.signingKeys()[0].ID
		time.Sleep(90*24*time.Hour - time.Second)
		before := d.store.Commits()
		d.maintain()
		if d.signingKeys()[0].ID != first || d.store.Commits() != before {
			t.Error("rotated, or something written, too early")
		}
		time.Sleep(time.Second)
		d.maintain()
		second := d.signingKeys()[0].ID
		if second == first {
			t.Error("not rotated")
		}
		time.Sleep(90 * 24 * time.Hour)
		if third := d.again().signingKeys(); third[0].ID == second || len(third) != 2 {
			t.Errorf("at a start %+v", third)
		}
		if trail := d.trail(); trail[len(trail)-1].Kind != "signing key rotated" {
			t.Errorf("trail %+v", trail)
		}
	})
}

func TestADiscardedKeySignsNothing(t *testing.T) {
	d := newDesk(t)
	tokens := d.login()
	d.rotate(authz.Rotation{})
	d.rotate(authz.Rotation{Discard: true})
	if d.live(tokens.text("access_token")) || len(d.publishedKeys()) != 1 || len(d.signingKeys()) != 1 {
		t.Error("a discarded key is still in force")
	}
	refreshed := d.expect(http.StatusOK, "", d.post("/token", refreshForm(tokens.text("refresh_token"))))
	if !d.live(refreshed.text("access_token")) {
		t.Error("nobody can refresh")
	}
}

func TestTokensBySelectedAlgorithm(t *testing.T) {
	d := newDesk(t, func(c *authz.Config) { c.SigningAlgorithm = jose.EdDSA })
	d.checkTokens(d.login(), jose.EdDSA)
	if m := d.document(issuer + "/.well-known/openid-configuration").body; words(m["id_token_signing_alg_values_supported"]) != "EdDSA" {
		t.Errorf("promised %v", m["id_token_signing_alg_values_supported"])
	}
	// It stays so until another one is wanted, and changing it is a rotation.
	same := d.again()
	same.checkTokens(same.login(), jose.EdDSA)
	changed := d.again(func(c *authz.Config) { c.SigningAlgorithm = jose.ES256 })
	tokens := changed.login()
	changed.checkTokens(tokens, jose.ES256)
	changed.rotate(authz.Rotation{Algorithm: jose.EdDSA})
	if !changed.live(tokens.text("access_token")) {
		t.Error("a token of the other algorithm is refused")
	}
	changed.checkTokens(changed.login(), jose.EdDSA)

	_, err := d.server.RotateKey(t.Context(), authz.Rotation{Algorithm: "HS256"})
	refused(t, err, "invalid_request")
	if _, err := authz.New(t.Context(), authz.Config{Issuer: issuer, Store: d.store, SigningAlgorithm: "none"}); err == nil {
		t.Error("a server without signatures was made")
	}
}

// keySet reads the published keys.
func (d *desk) keySet() jose.Keys {
	d.Helper()
	encoded, err := json.Marshal(d.document(issuer + "/jwks").body)
	if err != nil {
		d.Fatal(err)
	}
	keys, err := jose.ParseKeys(encoded)
	if err != nil {
		d.Fatal(err)
	}
	return keys
}

// checkTokens verifies the tokens of an answer as a stranger would, at_hash included.
func (d *desk) checkTokens(tokens answer, algorithm string) {
	d.Helper()
	keys := d.keySet()
	for _, kind := range []string{"access_token", "id_token"} {
		var claims map[string]any
		err := jose.Verify(tokens.text(kind), func(h jose.Header) (jose.Key, error) { return keys.Find(h) }, &claims)
		if got := parseJWT(d.T, tokens.text(kind)).Header["alg"]; err != nil || got != algorithm {
			d.Errorf("%s by %v: %v", kind, got, err)
		}
	}
	half := func(sum []byte) string { return base64.RawURLEncoding.EncodeToString(sum[:len(sum)/2]) }
	short, long := sha256.Sum256([]byte(tokens.text("access_token"))), sha512.Sum512([]byte(tokens.text("access_token")))
	want := map[string]string{jose.ES256: half(short[:]), jose.EdDSA: half(long[:])}[algorithm]
	if got := parseJWT(d.T, tokens.text("id_token")).Claims.(jwt.MapClaims)["at_hash"]; got != want {
		d.Errorf("at_hash %v, want %s", got, want)
	}
}

func TestRotatingWhileTokensAreIssued(t *testing.T) {
	d := newDesk(t)
	form := refreshForm(d.login().text("refresh_token"))
	var done sync.WaitGroup
	for range 4 {
		done.Go(func() {
			token := form.Get("refresh_token")
			for range 10 {
				a := d.post("/token", refreshForm(token))
				if a.status != http.StatusOK || !d.live(a.text("access_token")) {
					t.Errorf("%d %v", a.status, a.body)
				}
			}
		})
	}
	done.Go(func() {
		for n := range 6 {
			if _, err := d.server.RotateKey(t.Context(), authz.Rotation{Algorithm: jose.Algorithms()[n%2]}); err != nil {
				t.Error(err)
			}
		}
	})
	done.Wait()
}

// A header of 4,000 bytes or more is refused by some HTTP servers; a token is far
// below, also with all that it can name.
func TestTokensAreSmall(t *testing.T) {
	d := attested(t)
	resources := []string{"https://notes.example", "https://marks.example", "https://timetable.example"}
	for _, resource := range resources {
		d.register(authz.Registration{ID: resource, Resources: []string{resource}, Secret: true})
	}
	tokens := d.expect(http.StatusOK, "", d.post("/token", codeForm(d.allow(map[string][]string{"resource": resources}, authz.Decision{ACR: authz.ACRPIN}).Code)))
	if n := len("Authorization: Bearer " + tokens.text("access_token")); n > 1000 {
		t.Errorf("the header has %d bytes", n)
	}
	resources = nil
	for n := range 16 {
		resource := "https://notes.example/" + strings.Repeat("x", 200) + strconv.Itoa(n)
		d.register(authz.Registration{ID: "api" + strconv.Itoa(n), Resources: []string{resource}, Secret: true})
		resources = append(resources, resource)
	}
	form := codeForm(d.allow(map[string][]string{"resource": resources}, authz.Decision{}).Code)
	d.expect(http.StatusBadRequest, "invalid_request", d.post("/token", form))
	form["resource"] = resources[:3] // and nothing was used up
	d.expect(http.StatusOK, "", d.post("/token", form))
}

func TestAKeyFromTheFutureIsRotated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		keys, err := d.store.Keys.List(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		err = d.store.Do(t.Context(), func(ctx context.Context) error {
			for _, k := range keys {
				k.CreatedAt = time.Now().AddDate(9, 0, 0)
				if err := d.store.Keys.Put(ctx, k); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		before := d.signingKeys()[0].ID
		if after := d.again().signingKeys(); after[0].ID == before || after[0].CreatedAt.After(time.Now()) {
			t.Errorf("keys %+v", after)
		}
	})
}
