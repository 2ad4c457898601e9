package offlineauth

import (
	"context"
	"crypto/rand"
	"encoding/hex"

	"github.com/offlineauth/offlineauth/authz"
	"github.com/offlineauth/offlineauth/linkhandler"
	"github.com/offlineauth/offlineauth/resource/xapi"
)

// lessonScopes are what a lesson needs: to record what the learner does, to read
// that again, and to keep its own state.
var lessonScopes = []string{xapi.ScopeWriteMine, xapi.ScopeReadMine, xapi.ScopeState, xapi.ScopeActivitiesProfile, xapi.ScopeAgentsProfile}

// Launch makes the link that opens an app as a lesson, for the person to launch: the
// lesson needs no login. Of the request, Endpoint may be left out, which is the
// issuer's learning record store; Scopes, which are then those of a lesson that this
// server has; and Registration, which is then a new one, unless the format is
// RESPECT. For a lesson of cmi5 the learning record store gets what that expects to
// find. A refusal is an *authz.Error.
func (s *Server) Launch(ctx context.Context, r authz.LaunchRequest) (linkhandler.Launch, error) {
	if r.Endpoint == "" {
		r.Endpoint = s.auth.Issuer() + xapi.DefaultPath + "/"
	}
	if r.Registration == "" && r.Format != linkhandler.RESPECT {
		r.Registration = newUUID()
	}
	if r.Scopes == nil {
		for _, scope := range lessonScopes {
			if s.auth.KnowsScope(scope) {
				r.Scopes = append(r.Scopes, scope)
			}
		}
	}
	launch, err := s.auth.Launch(ctx, r)
	if err != nil || s.records == nil || r.Format != linkhandler.CMI5 {
		return launch, err
	}
	link, err := linkhandler.ParseLaunchLink(launch.URI)
	if err == nil {
		err = s.prepareLesson(ctx, r.Target, link)
	}
	return launch, err
}

// newUUID is a random UUID (RFC 9562 section 5.4).
func newUUID() string {
	var b [16]byte
	rand.Read(b[:])
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	text := hex.EncodeToString(b[:])
	return text[:8] + "-" + text[8:12] + "-" + text[12:16] + "-" + text[16:20] + "-" + text[20:]
}
