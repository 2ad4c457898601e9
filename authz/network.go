package authz

import "context"

type networkKey struct{}

// OverNetwork returns a context for a request that came from beyond this device,
// by a browser. Nothing is then answered by what was allowed before: a person has
// to sign in and decide. The redirect names no service of this device, because the
// app may be on another one, and is addressed to no app.
func OverNetwork(ctx context.Context) context.Context {
	return context.WithValue(ctx, networkKey{}, true)
}

func overNetwork(ctx context.Context) bool {
	over, _ := ctx.Value(networkKey{}).(bool)
	return over
}
