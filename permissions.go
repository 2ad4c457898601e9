package offlineauth

import (
	"context"
	"slices"

	"github.com/offlineauth/offlineauth/authz"
	"github.com/offlineauth/offlineauth/store"
	"github.com/offlineauth/offlineauth/ui"
)

func (h household) Permissions(ctx context.Context) ([]ui.Permission, error) {
	grants, err := h.server.Grants(ctx)
	if err != nil {
		return nil, err
	}
	names, err := h.clientNames(ctx)
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(grants, func(a, b store.Grant) int { return b.UpdatedAt.Compare(a.UpdatedAt) })
	permissions := make([]ui.Permission, len(grants))
	for i, g := range grants {
		permissions[i] = ui.Permission{
			ID:         g.ID,
			AccountID:  g.AccountID,
			Client:     names[g.ClientID],
			ClientID:   g.ClientID,
			Identity:   g.Identity,
			Scopes:     h.server.describe(g.Scopes),
			CreatedAt:  g.CreatedAt,
			LastUsedAt: g.LastUsedAt,
		}
	}
	return permissions, nil
}

// clientNames are the names of the clients, by their IDs.
func (h household) clientNames(ctx context.Context) (map[string]string, error) {
	clients, err := h.server.Clients(ctx)
	if err != nil {
		return nil, err
	}
	names := make(map[string]string, len(clients))
	for _, c := range clients {
		names[c.ID] = c.Name
	}
	return names, nil
}

// describe are the scopes of those names as they are shown.
func (s *Server) describe(names []string) []ui.Scope {
	known := s.auth.Scopes()
	scopes := make([]ui.Scope, len(names))
	for i, name := range names {
		scopes[i] = ui.Scope{Name: name}
		if j := slices.IndexFunc(known, func(s authz.Scope) bool { return s.Name == name }); j >= 0 {
			scopes[i] = shownScope(known[j])
		}
	}
	return scopes
}

// shownScope is a scope as it is shown. Without openid there is no login.
func shownScope(s authz.Scope) ui.Scope {
	return ui.Scope{Name: s.Name, Description: s.Description, Required: s.Name == "openid"}
}

func (h household) Revoke(ctx context.Context, ids ...string) error {
	return h.server.auth.RevokeListed(ctx, ids)
}

// activityPage is how many events are read at once.
const activityPage = 200

func (h household) Activity(ctx context.Context, before uint64, limit int, match func(ui.Event) bool) ([]ui.Event, error) {
	names, err := h.clientNames(ctx)
	if err != nil {
		return nil, err
	}
	var found []ui.Event
	for {
		events, err := h.server.store.Events.Newest(ctx, before, activityPage)
		if err != nil || len(events) == 0 {
			return found, err
		}
		for _, e := range events {
			before = e.Seq
			if shown := shownEvent(e, names); match(shown) {
				found = append(found, shown)
			}
			if len(found) == limit {
				return found, nil
			}
		}
	}
}

func shownEvent(e store.Event, names map[string]string) ui.Event {
	return ui.Event{
		Seq:        e.Seq,
		Time:       e.Time,
		Kind:       e.Kind,
		AccountID:  e.AccountID,
		Client:     names[e.ClientID],
		ClientID:   e.ClientID,
		Identity:   e.Identity,
		Executable: e.Executable,
		Detail:     e.Detail,
	}
}
