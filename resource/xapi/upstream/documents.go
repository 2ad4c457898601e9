package upstream

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/offlineauth/offlineauth/resource/xapi"
	"github.com/offlineauth/offlineauth/resource/xapi/statement"
)

// maxRounds bounds how often a document is sent anew after the upstream's copy turned
// out to be an older one of ours.
const maxRounds = 3

// errNoLRS means that somebody answered who is no learning record store.
var errNoLRS = errors.New("the answer is not that of a learning record store")

// documents forwards until no document waits or something is in the way.
func (f *Forwarder) documents(ctx context.Context) error {
	for {
		changes, err := f.outbox.Changes(ctx, maxBatch, maxBytes)
		if err != nil || len(changes) == 0 {
			return err
		}
		attempts := make([]xapi.Attempt, len(changes))
		for i, c := range changes {
			attempts[i] = xapi.Attempt{Change: c, State: stateOf(c.Document)}
		}
		if err := f.outbox.Attempt(ctx, attempts); err != nil {
			return err
		}
		var settled []xapi.DocumentSettlement
		var stopped error
		for _, c := range changes {
			s, err := f.bring(ctx, c)
			if err != nil {
				stopped = err
				break
			}
			settled = append(settled, s)
		}
		if len(settled) > 0 {
			// What the upstream has said must not be lost to the end of ctx.
			if err := f.outbox.SettleDocuments(context.WithoutCancel(ctx), settled); err != nil {
				return err
			}
			f.noteDocuments(ctx, settled)
		}
		if stopped != nil {
			return stopped
		}
	}
}

func (f *Forwarder) noteDocuments(ctx context.Context, settled []xapi.DocumentSettlement) {
	sent := 0
	for _, s := range settled {
		if s.Reason == "" {
			sent++
			continue
		}
		f.log.WarnContext(ctx, "a document is in quarantine", "upstream", f.endpoint, "document", s.String(), "reason", s.Reason)
	}
	if sent > 0 {
		f.log.InfoContext(ctx, "documents forwarded", "upstream", f.endpoint, "documents", sent)
	}
}

// bring makes the upstream's copy of a document what ours is, if it is an older one of
// ours. An error says why that has to wait.
func (f *Forwarder) bring(ctx context.Context, c xapi.Change) (s xapi.DocumentSettlement, err error) {
	want, there := stateOf(c.Document), c.Copy
	certain := len(c.Copy.Sent) == 0 // what is there
	for range maxRounds {
		if certain && there.State == want {
			return xapi.DocumentSettlement{Change: c, Copy: there}, nil
		}
		now, err := f.replace(ctx, c, there)
		var refused *refusal
		switch {
		case err == nil:
			return xapi.DocumentSettlement{Change: c, Copy: now}, nil
		case !errors.As(err, &refused) || !refused.aboutDocument():
			return s, err
		case refused.status != http.StatusPreconditionFailed && refused.status != http.StatusConflict:
			return xapi.DocumentSettlement{Change: c, Copy: c.Copy, Reason: refused.Error()}, nil
		}
		theirs, err := f.fetchDocument(ctx, c)
		switch {
		case errors.As(err, &refused) && refused.aboutDocument():
			reason := "whether the upstream has the document cannot be seen: " + refused.Error()
			return xapi.DocumentSettlement{Change: c, Copy: c.Copy, Reason: reason}, nil
		case err != nil:
			return s, err
		case !isOurs(theirs.State, want, there, c.Copy.Sent):
			return xapi.DocumentSettlement{Change: c, Copy: theirs, Reason: "somebody else has changed the document on the upstream", Conflict: true}, nil
		}
		there, certain = theirs, true
	}
	return xapi.DocumentSettlement{Change: c, Copy: there, Reason: "the upstream refuses the ETag that it gave"}, nil
}

// isOurs reports whether a state of the upstream's copy is one that may be replaced:
// what it is to be, what it last was, what was sent without an answer; or nothing, where
// nothing was.
func isOurs(state, want string, there xapi.Copy, sent []string) bool {
	return state == want || state == there.State || slices.Contains(sent, state) || there.State == "" && state == gone
}

// replace puts our document in the place of the one that is there, or removes that,
// and returns what is there then. The preconditions are for all three resources:
// a store does not have to heed them for a state (Communication 3.1), but where it does
// nothing is overwritten that nobody here has seen.
func (f *Forwarder) replace(ctx context.Context, c xapi.Change, there xapi.Copy) (xapi.Copy, error) {
	q := request{method: http.MethodDelete, target: c.Target(), version: statement.V1, header: http.Header{}}
	now := xapi.Copy{State: stateOf(c.Document)}
	switch d := c.Document; {
	case d != nil:
		q.method, q.body, now.Tag = http.MethodPut, d.Content, d.ETag()
		q.header.Set("Content-Type", d.ContentType)
	case there.State == "": // what is to be removed has to be seen first
		return there, &refusal{status: http.StatusPreconditionFailed}
	}
	if there.State == "" || there.State == gone {
		q.header.Set("If-None-Match", "*")
	} else {
		q.header.Set("If-Match", there.Tag)
	}
	answer, err := f.do(ctx, q)
	var refused *refusal
	if errors.As(err, &refused) && refused.status == http.StatusNotFound && c.Document == nil {
		refused.status = http.StatusPreconditionFailed // it may be gone already
	}
	if err != nil {
		return there, err
	}
	if answer.status != http.StatusNoContent { // anybody says 200
		now, err = f.fetchDocument(ctx, c)
		if err == nil && now.State != stateOf(c.Document) {
			err = errNoLRS
		}
		return now, err
	}
	if tag := tagOf(answer.header); tag != "" && c.Document != nil {
		now.Tag = tag
	}
	return now, nil
}

// fetchDocument returns what the upstream has.
func (f *Forwarder) fetchDocument(ctx context.Context, c xapi.Change) (xapi.Copy, error) {
	answer, err := f.do(ctx, request{method: http.MethodGet, target: c.Target(), version: statement.V1})
	var refused *refusal
	if errors.As(err, &refused) && refused.status == http.StatusNotFound && refused.speaks {
		return xapi.Copy{State: gone}, nil
	}
	if err != nil {
		return xapi.Copy{}, err
	}
	if answer.status != http.StatusOK || answer.header.Get(versionHeader) == "" {
		return xapi.Copy{}, errNoLRS
	}
	theirs := xapi.Document{ContentType: answer.header.Get("Content-Type"), Content: answer.body}
	seen := xapi.Copy{State: stateOf(&theirs), Tag: tagOf(answer.header)}
	if seen.Tag == "" {
		seen.Tag = theirs.ETag()
	}
	return seen, nil
}

// tagOf returns the entity tag of an answer, or "". One that somebody on the way has
// made weak, by packing the content, is still that of the store.
func tagOf(header http.Header) string {
	return strings.TrimPrefix(strings.TrimSpace(header.Get("ETag")), "W/")
}
