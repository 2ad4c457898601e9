package xapi

import (
	"net/url"
	"slices"
	"time"

	"github.com/offlineauth/offlineauth/resource/xapi/statement"
)

// params are the parameters of a request, each once at most.
type params struct {
	url.Values
	version statement.Version
}

// parameters refuses what is not among the known ones: a filter that is misspelt
// would otherwise find too much.
func parameters(query url.Values, v statement.Version, known ...string) (params, error) {
	for key, values := range query {
		switch {
		case !slices.Contains(known, key):
			return params{}, badRequest("there is no parameter %.50q here", key)
		case len(values) > 1:
			return params{}, badRequest("the parameter %s is there twice", key)
		}
	}
	return params{query, v}, nil
}

func (p params) required(key string) (string, error) {
	if p.Get(key) == "" {
		return "", badRequest("the parameter %s is missing", key)
	}
	return p.Get(key), nil
}

// formatted returns a parameter that fits, or "" if it is not there.
func (p params) formatted(key string, fits func(string) bool, what string) (string, error) {
	value := p.Get(key)
	if p.Has(key) && !fits(value) {
		return "", badRequest("the parameter %s is not %s", key, what)
	}
	return value, nil
}

func (p params) iri(key string) (string, error) { return p.formatted(key, statement.IsIRI, "an IRI") }

func (p params) uuid(key string) (string, error) {
	return p.formatted(key, statement.IsUUID, "a UUID")
}

func (p params) flag(key string) (bool, error) {
	value, err := p.formatted(key, func(s string) bool { return s == "true" || s == "false" }, "true or false")
	return value == "true", err
}

func (p params) time(key string) (time.Time, error) {
	if !p.Has(key) {
		return time.Time{}, nil
	}
	t, ok := statement.ParseTimestamp(p.Get(key), p.version)
	if !ok {
		return t, badRequest("the parameter %s is not a timestamp", key)
	}
	return t, nil
}

// agent returns an agent or a group that has an identity.
func (p params) agent(key string) (a statement.Actor, err error) {
	if !p.Has(key) {
		return a, nil
	}
	a, err = statement.ParseActor([]byte(p.Get(key)))
	if err != nil {
		return a, badRequest("the parameter %s: %v", key, err)
	}
	if a.Identity() == "" {
		return a, badRequest("the parameter %s is a group without an identity", key)
	}
	return a, nil
}
