//go:build linux

package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/offlineauth/offlineauth/client"
)

// registration is where the app keeps its own.
const registration = "registration.json"

// introductions are the steps of an app without a client ID.
func introductions() map[string]func(context.Context, client.Config, []string) error {
	return map[string]func(context.Context, client.Config, []string) error{"register": register, "unregister": unregister}
}

func register(ctx context.Context, cfg client.Config, args []string) error {
	r, err := client.Register(ctx, cfg, args[0])
	if err != nil {
		return err
	}
	fmt.Println(r.ClientID)
	encoded, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return os.WriteFile(registration, encoded, 0o600)
}

func unregister(ctx context.Context, cfg client.Config, _ []string) error {
	encoded, err := os.ReadFile(registration)
	if err != nil {
		return err
	}
	var r client.Registration
	if err := json.Unmarshal(encoded, &r); err != nil {
		return err
	}
	return client.Unregister(ctx, cfg, r)
}
