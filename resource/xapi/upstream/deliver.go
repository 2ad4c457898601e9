package upstream

import (
	"context"
	"errors"
	"net/http"

	"github.com/offlineauth/offlineauth/resource/xapi"
	"github.com/offlineauth/offlineauth/resource/xapi/statement"
)

// deliver sends a batch, halving it when it is refused, and returns what has become
// of its statements in their order. An error says why the rest has to wait; what is
// returned with it is settled all the same. kept collects the ids of those that the
// upstream did not take: what voids one of them must not void the other statement
// that the upstream has under its id.
func (f *Forwarder) deliver(ctx context.Context, batch []xapi.Waiting, kept map[string]bool) ([]xapi.Settlement, error) {
	settled, batch := hold(batch, kept)
	if len(batch) == 0 {
		return settled, nil
	}
	err := f.send(ctx, batch)
	var refused *refusal
	switch {
	case err == nil:
		for _, w := range batch {
			settled = append(settled, xapi.Settlement{Seq: w.Seq, ID: w.ID()})
		}
		return settled, nil
	case !errors.As(err, &refused) || !refused.lasting():
		return settled, err
	case len(batch) == 1:
		reason, err := f.examine(ctx, batch[0].Statement, refused)
		if err != nil {
			return settled, err
		}
		if reason != "" {
			kept[batch[0].ID()] = true
		}
		return append(settled, xapi.Settlement{Seq: batch[0].Seq, ID: batch[0].ID(), Reason: reason}), nil
	}
	half := len(batch) / 2
	first, err := f.deliver(ctx, batch[:half], kept)
	settled = append(settled, first...)
	if err != nil {
		return settled, err
	}
	second, err := f.deliver(ctx, batch[half:], kept)
	return append(settled, second...), err
}

// hold takes out what must not be sent.
func hold(batch []xapi.Waiting, kept map[string]bool) (held []xapi.Settlement, rest []xapi.Waiting) {
	for _, w := range batch {
		if w.Voids() && kept[w.Target()] {
			w.Held = "the statement that it voids is in quarantine"
		}
		if w.Held == "" {
			rest = append(rest, w)
			continue
		}
		held = append(held, xapi.Settlement{Seq: w.Seq, ID: w.ID(), Reason: w.Held})
	}
	return held, rest
}

// examine finds out what a refusal of one statement means: "" if the upstream has
// that very statement, else the reason to put it into quarantine.
func (f *Forwarder) examine(ctx context.Context, st *statement.Statement, refused *refusal) (reason string, err error) {
	if refused.status == http.StatusForbidden || refused.status == http.StatusRequestEntityTooLarge {
		return refused.Error(), nil
	}
	theirs, err := f.get(ctx, st)
	var unreadable *refusal
	switch {
	case errors.As(err, &unreadable) && unreadable.lasting():
		return refused.Error() + "; and whether it has the statement cannot be seen: " + unreadable.Error(), nil
	case err != nil:
		return "", err
	case theirs == nil:
		return refused.Error(), nil
	case !statement.Same(st, theirs):
		return "the upstream has another statement of this id", nil
	}
	return "", nil
}
