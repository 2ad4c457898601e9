package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/offlineauth/offlineauth/cmd/offlineauth/control"
)

type keyList struct {
	dataFlag
	jsonFlag
}

func newKeyList(t *terminal) *cobra.Command {
	var l keyList
	c := runnable(&cobra.Command{Use: "list", Short: "List the key that signs tokens, and those before it"}, func(ctx context.Context) error { return l.run(ctx, t) })
	l.dataFlag.addTo(c)
	l.jsonFlag.addTo(c)
	return c
}

func (c *keyList) run(ctx context.Context, t *terminal) error {
	return c.with(ctx, func(ctx context.Context, api control.API) error {
		keys, err := api.SigningKeys(ctx)
		if err != nil {
			return err
		}
		if c.json {
			return printJSON(t.out, keys)
		}
		rows := [][]string{{"KEY", "ALGORITHM", "SINCE", "STATE"}}
		for _, k := range keys {
			state := "signs"
			if !k.RetiredAt.IsZero() {
				state = "verifies until " + when(k.GoneAt)
			}
			rows = append(rows, []string{k.ID, k.Algorithm, when(k.CreatedAt), state})
		}
		return printTable(t.out, rows)
	})
}

type keyRotate struct {
	dataFlag
	jsonFlag
	how control.Rotation
}

func newKeyRotate(t *terminal) *cobra.Command {
	var r keyRotate
	c := runnable(&cobra.Command{
		Use:   "rotate",
		Short: "Sign with a new key from now on",
		Long: `Sign with a new key from now on. The key before it verifies what it has signed until
that is over. A server that runs rotates by itself when a key is 90 days old.`,
	}, func(ctx context.Context) error { return r.run(ctx, t) })
	r.dataFlag.addTo(c)
	r.jsonFlag.addTo(c)
	c.Flags().StringVar(&r.how.Algorithm, "algorithm", "", "`ALGORITHM` of the new key, ES256 or EdDSA (default that of the present one)")
	c.Flags().BoolVar(&r.how.Discard, "discard", false, "forget the keys before it at once, if somebody else may have one: what they have signed is refused, and apps refresh")
	return c
}

func (c *keyRotate) run(ctx context.Context, t *terminal) error {
	return c.with(ctx, func(ctx context.Context, api control.API) error {
		key, err := api.RotateKey(ctx, c.how)
		switch {
		case control.Malformed(err):
			return asUsage(err)
		case err != nil:
			return err
		case c.json:
			return printJSON(t.out, key)
		}
		fmt.Fprintf(t.out, "Tokens are signed by %s with the key %s now.\n", key.Algorithm, key.ID)
		return nil
	})
}
