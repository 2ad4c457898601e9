package xapi

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/offlineauth/offlineauth/resource/xapi/statement"
)

// The number of statements in a page, if the request does not say, and at most.
const (
	defaultLimit = 100
	maxLimit     = 500
)

// throughHeader: Communication 2.1.3.
const throughHeader = "X-Experience-API-Consistent-Through"

// consistent says so before anything is read, and whatever comes of it.
func (a *api) consistent(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set(throughHeader, statement.FormatTime(a.Store.Through()))
		next.ServeHTTP(w, r)
	})
}

// moreParam carries the place in a query at which a page begins.
const moreParam = "from"

// getStatements: Communication 2.1.3.
func (a *api) getStatements(w http.ResponseWriter, r *http.Request) error {
	query := r.URL.Query()
	if query.Has("statementId") || query.Has("voidedStatementId") {
		return a.getStatement(w, r)
	}
	p, err := parameters(query, versionOf(r), "agent", "verb", "activity", "registration", "related_activities", "related_agents",
		"since", "until", "limit", "ascending", "format", "attachments", moreParam)
	if err != nil {
		return err
	}
	q, err := p.query()
	if err != nil {
		return err
	}
	if q.Authority, err = a.access(r).mayRead(w); err != nil {
		return err
	}
	out, err := a.rendering(r, p)
	if err != nil {
		return err
	}
	q.Files = out.attachments
	page, err := a.Store.Query(r.Context(), q)
	if err != nil {
		return err
	}
	body, err := out.result(page, a.more(r, p, page))
	if err != nil {
		return err
	}
	return out.write(w, body, page.Statements)
}

// query reads the filters.
func (p params) query() (q Query, err error) {
	if q.Limit, err = p.limit(); err != nil {
		return q, err
	}
	if q.Since, err = p.time("since"); err != nil {
		return q, err
	}
	if q.Until, err = p.time("until"); err != nil {
		return q, err
	}
	if q.Ascending, err = p.flag("ascending"); err != nil {
		return q, err
	}
	if from := p.Get(moreParam); from != "" {
		if q.After, err = strconv.ParseUint(from, 36, 64); err != nil || q.After == 0 {
			return q, badRequest("the parameter %s is not of a «more»", moreParam)
		}
	}
	q.Terms, err = p.terms()
	return q, err
}

// limit: 0 asks for as many as there may be.
func (p params) limit() (int, error) {
	if !p.Has("limit") {
		return defaultLimit, nil
	}
	n, err := strconv.ParseUint(p.Get("limit"), 10, 31)
	if err != nil {
		return 0, badRequest("the parameter limit is not a number")
	}
	if n == 0 || n > maxLimit {
		return maxLimit, nil
	}
	return int(n), nil
}

func (p params) terms() (terms []statement.Term, err error) {
	add := func(kind statement.Kind, value string) {
		if value != "" {
			terms = append(terms, statement.Term{Kind: kind, Value: value})
		}
	}
	verb, err := p.iri("verb")
	if err != nil {
		return nil, err
	}
	add(statement.Verb, verb)
	registration, err := p.uuid("registration")
	if err != nil {
		return nil, err
	}
	add(statement.Registration, strings.ToLower(registration))
	agent, err := p.agent("agent")
	if err != nil {
		return nil, err
	}
	broad, err := p.flag("related_agents")
	if err != nil {
		return nil, err
	}
	add(either(broad, statement.RelatedAgent, statement.Agent), agent.Identity())
	activity, err := p.iri("activity")
	if err != nil {
		return nil, err
	}
	broad, err = p.flag("related_activities")
	add(either(broad, statement.RelatedActivity, statement.Activity), activity)
	return terms, err
}

func either(choice bool, yes, no statement.Kind) statement.Kind {
	if choice {
		return yes
	}
	return no
}

// more is the URL of the next page, without scheme and host (Data 2.5), or "".
// A proxy that serves the issuer below a path of its own says so.
func (a *api) more(r *http.Request, p params, page Page) string {
	if page.Next == 0 {
		return ""
	}
	below := a.below
	if prefix := r.Header.Get("X-Forwarded-Prefix"); strings.HasPrefix(prefix, "/") && !strings.HasPrefix(prefix, "//") {
		below = prefix
	}
	query := url.Values{}
	for key, values := range p.Values {
		query[key] = values
	}
	query.Set(moreParam, strconv.FormatUint(page.Next, 36))
	return below + a.Path + "/statements?" + query.Encode()
}

// getStatement finds one by its id.
func (a *api) getStatement(w http.ResponseWriter, r *http.Request) error {
	key := "statementId"
	if r.URL.Query().Has("voidedStatementId") {
		key = "voidedStatementId"
	}
	p, err := parameters(r.URL.Query(), versionOf(r), key, "format", "attachments")
	if err != nil {
		return err
	}
	id, err := p.uuid(key)
	if err != nil {
		return err
	}
	mine, err := a.access(r).mayRead(w)
	if err != nil {
		return err
	}
	out, err := a.rendering(r, p)
	if err != nil {
		return err
	}
	record, err := a.Store.Statement(r.Context(), id, key == "voidedStatementId")
	if err != nil {
		return err
	}
	st, err := statement.Parse(record.JSON, record.Version)
	if err != nil {
		return err
	}
	if mine != nil && !bytes.Equal(st.Authority(), mine) {
		return ErrNotFound // whether it exists is not theirs to know
	}
	w.Header().Set("Last-Modified", httpTime(st.Stored()))
	body, err := out.one(record)
	if err != nil {
		return err
	}
	return out.write(w, body, []Record{record})
}

// getPerson: Communication 2.4.
func (a *api) getPerson(w http.ResponseWriter, r *http.Request) error {
	p, err := parameters(r.URL.Query(), versionOf(r), "agent")
	if err != nil {
		return err
	}
	if _, err := p.required("agent"); err != nil {
		return err
	}
	agent, err := p.agent("agent")
	if err != nil {
		return err
	}
	c := a.access(r)
	own := c.has(ScopeReadMine, ScopeAgentsProfile) && agent.Identity() == c.own()
	if !own && !c.has(ScopeAll, ScopeAllRead, ScopeRead) {
		return insufficient(w, ScopeAll, ScopeAllRead, ScopeRead)
	}
	names, err := a.Store.Names(r.Context(), agent)
	if err != nil {
		return err
	}
	if len(names) == 0 && agent.Name() != "" {
		names = []string{agent.Name()}
	}
	person := map[string]any{"objectType": "Person"}
	if key, value := agent.Identifier(); key != "" {
		person[key] = []json.RawMessage{value}
	}
	if len(names) > 0 {
		person["name"] = names
	}
	return writeJSON(w, person)
}

// getActivity: Communication 2.5.
func (a *api) getActivity(w http.ResponseWriter, r *http.Request) error {
	p, err := parameters(r.URL.Query(), versionOf(r), "activityId")
	if err != nil {
		return err
	}
	if _, err := p.required("activityId"); err != nil {
		return err
	}
	id, err := p.iri("activityId")
	if err != nil {
		return err
	}
	readers := []string{ScopeAll, ScopeAllRead, ScopeRead, ScopeReadMine, ScopeState, ScopeActivitiesProfile}
	if !a.access(r).has(readers...) {
		return insufficient(w, readers...)
	}
	definition, err := a.Store.Definition(r.Context(), id)
	if err != nil {
		return err
	}
	activity := map[string]any{"objectType": "Activity", "id": id}
	if definition != nil {
		activity["definition"] = json.RawMessage(definition)
	}
	return writeJSON(w, activity)
}

// about: Communication 2.8. It is for everyone.
func (a *api) about(w http.ResponseWriter, _ *http.Request) error {
	return writeJSON(w, map[string]any{"version": []string{"1.0.0", "1.0.1", "1.0.2", "1.0.3", "2.0.0"}})
}

func writeJSON(w http.ResponseWriter, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body) // a client that is gone
	return nil
}

// httpTime writes a time for a header.
func httpTime(t time.Time) string { return t.UTC().Format(http.TimeFormat) }
