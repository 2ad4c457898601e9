package mobile

import (
	"context"
	"encoding/json"
	"time"
)

type account struct {
	ID       string `json:"id"`
	Username string `json:"username"`
	Name     string `json:"name"`
}

type client struct {
	ID           string   `json:"id"`
	Name         string   `json:"name"`
	RedirectURIs []string `json:"redirect_uris"`
	Scopes       []string `json:"scopes"`
	Apps         []string `json:"apps"`
}

type grant struct {
	ID      string    `json:"id"`
	Account string    `json:"account"`
	Client  string    `json:"client"`
	App     string    `json:"app"`
	Scopes  []string  `json:"scopes"`
	Created time.Time `json:"created"`
	Used    time.Time `json:"used,omitzero"`
}

type event struct {
	Time    time.Time `json:"time"`
	Event   string    `json:"event"`
	Account string    `json:"account,omitempty"`
	Client  string    `json:"client,omitempty"`
	App     string    `json:"app,omitempty"`
	Detail  string    `json:"detail,omitempty"`
}

// list is a list of records, each shown by show.
func list[R, S any](a *app, records func(context.Context) ([]R, error), show func(R) S) (text *Text, err error) {
	err = a.do(func(ctx context.Context) error {
		all, err := records(ctx)
		shown := make([]S, len(all))
		for i, record := range all {
			shown[i] = show(record)
		}
		text = &Text{encode(shown)}
		return err
	})
	if err != nil {
		return nil, err
	}
	return text, nil
}

func encode(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // structs of texts and times can be encoded
	}
	return string(b)
}
