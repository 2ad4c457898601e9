package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/offlineauth/offlineauth/cmd/offlineauth/control"
	"github.com/offlineauth/offlineauth/resource/xapi/upstream"
)

func newSync(t *terminal) *cobra.Command {
	return group("sync", "Where learning records are forwarded to, when there is a network",
		newSyncStatus(t), newSyncNow(t), newSyncRetry(t), newSyncAdd(t), newSyncRemove(t))
}

type syncAdd struct {
	dataFlag
	upstream control.Upstream
}

func newSyncAdd(t *terminal) *cobra.Command {
	var s syncAdd
	c := withArgument(&cobra.Command{
		Use:   "add URL",
		Short: "Forward all learning records to another learning record store",
		Long: `Forward all learning records to another learning record store: URL is its base URL,
such as https://lrs.example/xapi/. The server forwards while it runs; «sync now» does
without one. The password of its HTTP Basic credentials is asked for twice in a
terminal, or read from one line of standard input, and is kept sealed.`,
	}, func(ctx context.Context, endpoint string) error {
		s.upstream.Endpoint = endpoint
		return s.run(ctx, t)
	})
	s.dataFlag.addTo(c)
	c.Flags().StringVar(&s.upstream.Username, "username", "", "`USERNAME` there")
	require(c, "username")
	return c
}

func (c *syncAdd) run(ctx context.Context, t *terminal) (err error) {
	if err := upstream.CheckEndpoint(c.upstream.Endpoint); err != nil {
		return asUsage(err)
	}
	if c.upstream.Password, err = t.secret("password"); err != nil {
		return err
	}
	return c.with(ctx, func(ctx context.Context, api control.API) error {
		if err := api.AddUpstream(ctx, c.upstream); err != nil {
			return err
		}
		fmt.Fprintf(t.out, "Learning records are forwarded to %s.\n", shownName(c.upstream.Endpoint))
		return nil
	})
}

type syncRemove struct{ dataFlag }

func newSyncRemove(t *terminal) *cobra.Command {
	var s syncRemove
	c := withArgument(&cobra.Command{Use: "remove URL", Short: "Forward no more to a learning record store, and forget what it has got"},
		func(ctx context.Context, endpoint string) error { return s.run(ctx, t, endpoint) })
	s.dataFlag.addTo(c)
	return c
}

func (c *syncRemove) run(ctx context.Context, t *terminal, endpoint string) error {
	return c.with(ctx, func(ctx context.Context, api control.API) error {
		err := api.RemoveUpstream(ctx, endpoint)
		switch {
		case control.Unknown(err):
			return fmt.Errorf("nothing is forwarded to %q; «offlineauth sync status» shows where to", endpoint)
		case err != nil:
			return err
		}
		fmt.Fprintln(t.out, "Removed.")
		return nil
	})
}

type syncStatus struct {
	dataFlag
	jsonFlag
}

func newSyncStatus(t *terminal) *cobra.Command {
	var s syncStatus
	c := runnable(&cobra.Command{Use: "status", Short: "Show what waits, what was forwarded, and what is in quarantine"},
		func(ctx context.Context) error { return s.run(ctx, t) })
	s.dataFlag.addTo(c)
	s.jsonFlag.addTo(c)
	return c
}

func (c *syncStatus) run(ctx context.Context, t *terminal) error {
	return c.with(ctx, func(ctx context.Context, api control.API) error {
		upstreams, err := api.Upstreams(ctx)
		switch {
		case err != nil:
			return err
		case c.json:
			return printJSON(t.out, upstreams)
		}
		return printUpstreams(t.out, upstreams)
	})
}

func printUpstreams(w io.Writer, upstreams []control.Upstream) error {
	rows := [][]string{{"UPSTREAM", "RECORDS", "WAITING", "FORWARDED", "QUARANTINE", "LAST SUCCESS", "NEXT TRY", "LAST ERROR"}}
	for _, u := range upstreams {
		d := u.Documents
		rows = append(rows,
			[]string{u.Endpoint, "statements", strconv.Itoa(u.Waiting), strconv.FormatUint(u.Sent, 10), strconv.Itoa(len(u.Quarantined)),
				whenEver(u.LastSuccess), until(u.NextTry), orDash(u.LastError)},
			[]string{"", "documents", strconv.Itoa(d.Waiting), strconv.FormatUint(d.Sent, 10), strconv.Itoa(len(d.Quarantined))})
	}
	if err := printTable(w, rows); err != nil {
		return err
	}
	return printQuarantine(w, upstreams)
}

func printQuarantine(w io.Writer, upstreams []control.Upstream) error {
	rows := [][]string{{"IN QUARANTINE", "SINCE", "UPSTREAM", "REASON"}}
	for _, u := range upstreams {
		for _, q := range slices.Concat(u.Quarantined, u.Documents.Quarantined) {
			rows = append(rows, []string{q.ID, when(q.Since), u.Endpoint, q.Reason})
		}
	}
	if len(rows) == 1 {
		return nil
	}
	fmt.Fprintln(w)
	return printTable(w, rows)
}

// nowPatience is how long one request of «sync now» may take: longer than the server
// works on it.
const nowPatience = 40 * time.Second

type syncNow struct{ dataFlag }

func newSyncNow(t *terminal) *cobra.Command {
	var s syncNow
	c := runnable(&cobra.Command{Use: "now", Short: "Forward what waits, without regard to a pause"}, func(ctx context.Context) error { return s.run(ctx, t) })
	s.dataFlag.addTo(c)
	return c
}

// run asks until nothing waits, something stops it, or nothing moves any more.
func (c *syncNow) run(ctx context.Context, t *terminal) error {
	for before := -1; ; {
		var forwarded control.Forwarded
		err := c.within(ctx, nowPatience, func(ctx context.Context, api control.API) (err error) {
			forwarded, err = api.ForwardNow(ctx)
			return err
		})
		if err != nil {
			return err
		}
		waiting := 0
		for _, u := range forwarded.Upstreams {
			waiting += u.AllWaiting()
		}
		if forwarded.Error == "" && waiting > 0 && waiting != before {
			fmt.Fprintf(t.err, "offlineauth: %d records wait\n", waiting)
			before = waiting
			continue
		}
		if err := printUpstreams(t.out, forwarded.Upstreams); err != nil {
			return err
		}
		if waiting > 0 {
			return errors.New("not everything could be forwarded: " + cmp.Or(forwarded.Error, "the upstream does not answer"))
		}
		return nil
	}
}

type syncRetry struct{ dataFlag }

func newSyncRetry(t *terminal) *cobra.Command {
	var s syncRetry
	c := runnable(&cobra.Command{Use: "retry", Short: "Take everything out of quarantine, to be sent once more",
		Long: `Take everything out of quarantine, to be sent once more. A document that somebody else
has changed on the upstream is replaced by the one on this device, unless it was
changed there again.`}, func(ctx context.Context) error { return s.run(ctx, t) })
	s.dataFlag.addTo(c)
	return c
}

func (c *syncRetry) run(ctx context.Context, t *terminal) error {
	return c.with(ctx, func(ctx context.Context, api control.API) error {
		retried, err := api.RetryForwarding(ctx)
		if err != nil {
			return err
		}
		fmt.Fprintf(t.out, "Records to be sent once more: %d.\n", retried.Records)
		return nil
	})
}
