package offlineauth_test

import (
	"testing"
	"testing/synctest"
)

// A line of a standard that binds an authorization server: where it is, what it asks
// for, a request that puts it to the test, and the answer.
type line struct {
	section string
	asks    string
	request func(s *standards) string
	answer  string
}

// TestStandards goes through RFC 8252 section 8 and RFC 9700 sections 2 and 4. What
// they ask of clients, of browsers or of people is not here. The words of a request are
// in standards_words_test.go; each has a server and a clock of its own.
func TestStandards(t *testing.T) {
	for _, l := range append(rfc8252(), rfc9700()...) {
		t.Run(l.section+": "+l.asks, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				if got := l.request(newStandards(t)); got != l.answer {
					t.Errorf("the answer is %q, not %q", got, l.answer)
				}
			})
		})
	}
}

// Answers that come often.
const (
	asked     = "the person is asked"
	toPerson  = "the person is told invalid_request"
	toApp     = "the app is told invalid_request, with state and iss"
	badGrant  = "400 invalid_grant"
	badToken  = "401 invalid_token"
	badClient = "401 invalid_client"
)

func rfc8252() []line {
	return []line{
		{"RFC 8252 7.3", "any port of a loopback redirect URI", func(s *standards) string {
			return s.launch("redirect_uri", "http://127.0.0.1:49152/done")
		}, asked},
		{"RFC 8252 7.3", "any port of an IPv6 one", func(s *standards) string {
			return s.launch("redirect_uri", "http://[::1]:49152/done")
		}, asked},

		{"RFC 8252 8.1", "PKCE is supported", func(s *standards) string { return s.redeem(s.code()) }, "200"},
		{"RFC 8252 8.1", "a request without PKCE is refused, with an error", func(s *standards) string {
			return s.launch("code_challenge", "", "code_challenge_method", "")
		}, toApp},

		{"RFC 8252 8.2", "no implicit flow", func(s *standards) string {
			return s.launch("response_type", "token")
		}, "the app is told unsupported_response_type, with state and iss"},

		{"RFC 8252 8.3", "localhost is no loopback address", func(s *standards) string {
			return s.register("http://localhost/done")
		}, "invalid_client_metadata"},

		{"RFC 8252 8.4", "the type of a client is recorded: without a secret it is public", func(s *standards) string {
			return s.kind("maths")
		}, "public"},
		{"RFC 8252 8.4", "complete redirect URIs are registered", func(s *standards) string {
			return s.register("com.example.app:")
		}, "invalid_client_metadata"},
		{"RFC 8252 8.4", "a redirect URI that was not registered is refused", func(s *standards) string {
			return s.launch("redirect_uri", "com.example.evil:/done")
		}, toPerson},
		{"RFC 8252 8.4", "also one that is not exactly that", func(s *standards) string {
			return s.launch("redirect_uri", redirectURI+"/")
		}, toPerson},
		{"RFC 8252 8.4", "the path of a loopback one counts", func(s *standards) string {
			return s.launch("redirect_uri", "http://127.0.0.1:49152/other")
		}, toPerson},
		{"RFC 8252 8.4", "a private-use scheme without a period is refused", func(s *standards) string {
			return s.register("maths:/done")
		}, "invalid_client_metadata"},
		{"RFC 8252 8.4", "a client can be registered with what the platform knows of the app", func(s *standards) string {
			s.registerFor("uid:10013")
			return s.redeem(s.code()) // by uid:10012
		}, badClient},

		{"RFC 8252 8.5", "a secret in an app is no proof of identity", func(s *standards) string {
			return s.introspectAs("maths", "a secret that everybody has")
		}, badClient},

		{"RFC 8252 8.6", "no request is answered without the person", func(s *standards) string {
			return s.launch()
		}, asked},
		{"RFC 8252 8.6", "also if they approved the same client before", func(s *standards) string {
			s.code()
			return s.launch()
		}, asked},
		{"RFC 8252 8.6", "also if nobody wants them asked", func(s *standards) string {
			s.code()
			return s.launch("prompt", "none")
		}, "the app is told interaction_required, with state and iss"},
		{"RFC 8252 8.6", "but for a client whose identity is assured", func(s *standards) string {
			s.registerFor("uid:10012")
			s.pushed()
			return s.launchPushed()
		}, "the app gets a code"},

		{"RFC 8252 8.9", "state comes back as it was sent", func(s *standards) string {
			return s.launch("state", "~ it's mine", "scope", "moon")
		}, "the app is told invalid_scope, with state and iss"},
		{"RFC 8252 8.10", "a response says from which server it is", func(s *standards) string {
			return s.issuerOfResponse()
		}, issuer},
		{"RFC 8252 8.12", "the authorization endpoint is a link, not a page for an embedded user agent", func(s *standards) string {
			return s.fetch("GET", "/authorize?client_id=maths")
		}, "404"},
	}
}

func rfc9700() []line {
	return []line{
		{"RFC 9700 2.1", "redirect URIs are compared as strings", func(s *standards) string {
			return s.launch("redirect_uri", "com.example.maths:/DONE")
		}, toPerson},
		{"RFC 9700 2.1", "no http redirect URI but a loopback one", func(s *standards) string {
			return s.register("http://app.example/done")
		}, "invalid_client_metadata"},
		{"RFC 9700 2.1.1", "PKCE is required of public clients", func(s *standards) string {
			return s.launch("code_challenge", "")
		}, toApp},
		{"RFC 9700 2.1.1", "the challenge does not show the verifier", func(s *standards) string {
			return s.launch("code_challenge_method", "plain", "code_challenge", verifier)
		}, toApp},
		{"RFC 9700 2.1.1", "the verifier is checked", func(s *standards) string {
			return s.redeem(s.code(), "code_verifier", "another"+verifier)
		}, badGrant},
		{"RFC 9700 2.1.1", "and needed", func(s *standards) string {
			return s.redeem(s.code(), "code_verifier", "")
		}, badGrant},
		{"RFC 9700 2.1.1", "clients can see that PKCE is supported", func(s *standards) string {
			return s.metadata("code_challenge_methods_supported")
		}, "[S256]"},
		{"RFC 9700 2.1.2", "no access token in an authorization response", func(s *standards) string {
			return s.launch("response_type", "code id_token token")
		}, "the app is told unsupported_response_type, with state and iss"},
		{"RFC 9700 2.2.1", "access tokens are sender-constrained, here to the app that the system names", func(s *standards) string {
			token := s.tokens().field("access_token")
			s.caller.Identity = "uid:10013"
			return s.get("Bearer " + token)
		}, badToken},
		{"RFC 9700 2.2.1", "or to a key", func(s *standards) string { return s.proven("GET", "/userinfo") }, "200"},
		{"RFC 9700 2.2.2", "refresh tokens of public clients are rotated", func(s *standards) string {
			first := s.tokens().field("refresh_token")
			if second := s.refreshed(first); second == first || second == "" {
				return "the same"
			}
			return "another"
		}, "another"},
		{"RFC 9700 2.3", "access tokens are for a resource server", func(s *standards) string {
			return s.claim("aud")
		}, "[" + issuer + "]"},
		{"RFC 9700 2.3", "and for certain scopes", func(s *standards) string { return s.claim("scope") }, "openid profile"},
		{"RFC 9700 2.4", "no password grant", func(s *standards) string {
			return s.token("grant_type", "password", "username", "amina", "password", "secret")
		}, "400 unsupported_grant_type"},
		{"RFC 9700 2.5", "a client with a secret is authenticated", func(s *standards) string {
			s.api()
			return s.introspectAs("notes", "another secret")
		}, badClient},
		{"RFC 9700 2.6", "metadata are published", func(s *standards) string { return s.metadata("issuer") }, issuer},
		{"RFC 9700 2.6", "clients do not choose their own identifier", func(s *standards) string {
			return s.introduced("amina")
		}, "201, called something else"},
		{"RFC 9700 2.6", "no cross-origin requests", func(s *standards) string {
			return s.crossOrigin("/authorize", "/par", "/token", "/jwks", "/userinfo")
		}, "none"},

		{"RFC 9700 4.1.3", "no pattern in a redirect URI", func(s *standards) string {
			return s.register("https://*.app.example/done")
		}, "invalid_client_metadata"},
		{"RFC 9700 4.1.3", "nothing may be added to one", func(s *standards) string {
			return s.launch("redirect_uri", redirectURI+"?to=https://evil.example")
		}, toPerson},
		{"RFC 9700 4.1.3", "no part of one may be spelled otherwise", func(s *standards) string {
			return s.launch("redirect_uri", "com.example.maths:/%64one")
		}, toPerson},
		{"RFC 9700 4.2.4", "pages tell no other site where they are", func(s *standards) string {
			return s.page("Referrer-Policy")
		}, "no-referrer"},
		{"RFC 9700 4.2.4", "a code is good once", func(s *standards) string {
			code := s.code()
			s.redeem(code)
			return s.redeem(code)
		}, badGrant},
		{"RFC 9700 4.2.4", "and its reuse ends what it gave", func(s *standards) string {
			code := s.code()
			token := s.issued("code", code, "redirect_uri", redirectURI, "code_verifier", verifier, "grant_type", "authorization_code").field("access_token")
			s.redeem(code)
			return s.get("Bearer " + token)
		}, badToken},
		{"RFC 9700 4.3.2", "no access token in a URL", func(s *standards) string {
			return s.fetch("GET", "/userinfo?access_token="+s.tokens().field("access_token"))
		}, "401"},
		{"RFC 9700 4.4.2", "a response says from which server it is, as the metadata promise", func(s *standards) string {
			return s.metadata("authorization_response_iss_parameter_supported")
		}, "true"},
		{"RFC 9700 4.5.3", "a code is for the request with its verifier", func(s *standards) string {
			return s.redeem(s.code("code_challenge", challengeOf("another"+verifier)))
		}, badGrant},
		{"RFC 9700 4.5.3", "a code is for the client that asked", func(s *standards) string {
			s.other()
			return s.redeem(s.code(), "client_id", "other")
		}, badGrant},
		{"RFC 9700 4.5.3", "a code is for the redirect URI of its request", func(s *standards) string {
			return s.redeem(s.code(), "redirect_uri", "http://127.0.0.1:49152/done")
		}, badGrant},
		{"RFC 9700 4.6", "an ID token says which access token it came with", func(s *standards) string { return s.idTokenHasHash() }, "yes"},
		{"RFC 9700 4.7.1", "PKCE protects against forged responses: without it nothing is asked", func(s *standards) string {
			return s.launch("code_challenge", "", "code_challenge_method", "", "state", "")
		}, "the app is told invalid_request, with iss"},
		{"RFC 9700 4.8.2", "no downgrade of PKCE: the code of a request without it cannot be had", func(s *standards) string {
			return s.launch("code_challenge_method", "", "code_challenge", "")
		}, toApp},
		{"RFC 9700 4.9.2", "a token that another API saw is no use here", func(s *standards) string {
			s.api()
			return s.get("Bearer " + s.tokens("resource", "https://notes.example").field("access_token"))
		}, badToken},
		{"RFC 9700 4.10.1", "a token that is bound to a key is no bearer token", func(s *standards) string {
			return s.get("Bearer " + s.keyed().field("access_token"))
		}, badToken},
		{"RFC 9700 4.10.2", "tokens can be restricted to one audience, and no other can be asked for", func(s *standards) string {
			return s.launch("resource", "https://elsewhere.example")
		}, "the app is told invalid_target, with state and iss"},
		{"RFC 9700 4.11.2", "no redirect to a URI that was not registered", func(s *standards) string {
			return s.launch("redirect_uri", "https://evil.example/", "scope", "moon")
		}, toPerson},
		{"RFC 9700 4.11.2", "nor for a client that is not", func(s *standards) string {
			return s.launch("client_id", "nobody")
		}, "the person is told invalid_client"},
		{"RFC 9700 4.11.2", "nor, without asking, for one that no person has approved", func(s *standards) string {
			return s.launchStranger("scope", "moon")
		}, "the person is told invalid_scope"},
		{"RFC 9700 4.12", "no 307: what was posted is not sent on", func(s *standards) string { return s.posted() }, "303"},
		{"RFC 9700 4.13", "no header of a request says who calls", func(s *standards) string {
			token := s.tokens().field("access_token")
			s.caller.Identity = ""
			return s.get("Bearer "+token, "Forwarded", "for=uid:10012", "X-Forwarded-User", "uid:10012", "X-Caller", "uid:10012")
		}, badToken},
		{"RFC 9700 4.13", "nor for which server it is", func(s *standards) string {
			return s.issuerSeenWith("X-Forwarded-Host", "evil.example")
		}, issuer},
		{"RFC 9700 4.14.2", "the reuse of a refresh token is noticed", func(s *standards) string {
			first := s.tokens().field("refresh_token")
			s.refreshed(s.refreshed(first))
			return s.token("grant_type", "refresh_token", "refresh_token", first)
		}, badGrant},
		{"RFC 9700 4.14.2", "and ends the newest as well", func(s *standards) string {
			first := s.tokens().field("refresh_token")
			newest := s.refreshed(s.refreshed(first))
			s.refreshed(first)
			return s.token("grant_type", "refresh_token", "refresh_token", newest)
		}, badGrant},
		{"RFC 9700 4.14.2", "a refresh token is for its client", func(s *standards) string {
			s.other()
			return s.token("grant_type", "refresh_token", "refresh_token", s.tokens().field("refresh_token"), "client_id", "other")
		}, badGrant},
		{"RFC 9700 4.14.2", "for its scopes", func(s *standards) string {
			return s.token("grant_type", "refresh_token", "refresh_token", s.tokens("scope", "openid").field("refresh_token"), "scope", "openid profile")
		}, "400 invalid_scope"},
		{"RFC 9700 4.14.2", "and for its resource servers", func(s *standards) string {
			s.api()
			return s.token("grant_type", "refresh_token", "refresh_token", s.tokens().field("refresh_token"), "resource", "https://notes.example")
		}, "400 invalid_target"},
		{"RFC 9700 4.14.2", "one that nobody used for long has expired", func(s *standards) string {
			return s.idle()
		}, badGrant},
		{"RFC 9700 4.14.2", "all end when the person takes back the grant", func(s *standards) string {
			token := s.tokens().field("refresh_token")
			s.takeBack()
			return s.token("grant_type", "refresh_token", "refresh_token", token)
		}, badGrant},
		{"RFC 9700 4.15.1", "no token says that a client is a person", func(s *standards) string {
			return s.token("grant_type", "client_credentials")
		}, "400 unsupported_grant_type"},
		{"RFC 9700 4.16", "pages cannot be put into a frame", func(s *standards) string { return s.framed() }, "no"},
		{"RFC 9700 4.17", "no response by a message between windows", func(s *standards) string {
			return s.launch("response_mode", "web_message")
		}, toApp},
	}
}
