package mobile

import (
	"context"

	"github.com/offlineauth/offlineauth"
	"github.com/offlineauth/offlineauth/authz"
	"github.com/offlineauth/offlineauth/linkhandler"
	"github.com/offlineauth/offlineauth/resource/xapi"
)

func (a *app) LaunchLesson(accountID, clientID, target, format, activityID, registration string) error {
	return a.do(func(ctx context.Context) error {
		launch, err := a.server.Launch(ctx, authz.LaunchRequest{
			AccountID:    accountID,
			ClientID:     clientID,
			Target:       target,
			Format:       linkhandler.LaunchFormat(format),
			ActivityID:   activityID,
			Registration: registration,
			Method:       "screen",
		})
		if err != nil {
			return err
		}
		return a.launch(launch)
	})
}

// upstream is where records are forwarded to, as JSON.
type upstream struct {
	Endpoint string `json:"endpoint"`
	Username string `json:"username,omitempty"`
	xapi.OutboxStatus
}

func (a *app) Upstreams() (*Text, error) {
	return list(a, a.server.Upstreams, func(u offlineauth.UpstreamStatus) upstream {
		return upstream{u.Endpoint, u.Username, u.OutboxStatus}
	})
}

func (a *app) AddUpstream(endpoint, username, password string) error {
	return a.do(func(ctx context.Context) error { return a.server.AddUpstream(ctx, endpoint, username, password) })
}

func (a *app) RemoveUpstream(endpoint string) error {
	return a.do(func(ctx context.Context) error { return a.server.RemoveUpstream(ctx, endpoint) })
}

func (a *app) ForwardNow() error {
	return a.do(func(ctx context.Context) error { return a.server.ForwardNow(ctx) })
}

func (a *app) RetryForwarding() error {
	return a.do(func(ctx context.Context) error {
		_, err := a.server.RetryForwarding(ctx)
		return err
	})
}
