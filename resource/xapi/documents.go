package xapi

import (
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/offlineauth/offlineauth/resource/xapi/statement"
)

// documents serves one of the three document resources (Communication 2.2).
type documents struct {
	*api
	resource Resource
}

// idParam is the parameter that names a document.
func (d documents) idParam() string { return d.resource.idParam() }

// maxID bounds the name of a document, in bytes.
const maxID = 2000

// place reads whose documents are meant, and which.
func (d documents) place(w http.ResponseWriter, r *http.Request, more ...string) (Place, params, error) {
	known := map[Resource][]string{
		State:           {"activityId", "agent", "registration"},
		ActivityProfile: {"activityId"},
		AgentProfile:    {"agent"},
	}[d.resource]
	place := Place{Resource: d.resource}
	p, err := parameters(r.URL.Query(), versionOf(r), append(known, more...)...)
	if err != nil {
		return place, p, err
	}
	for _, key := range known {
		if err := place.read(p, key); err != nil {
			return place, p, err
		}
	}
	if len(p.Get(d.idParam())) > maxID || p.Has(d.idParam()) && p.Get(d.idParam()) == "" {
		return place, p, badRequest("the parameter %s has not 1 to %d bytes", d.idParam(), maxID)
	}
	write := r.Method != http.MethodGet && r.Method != http.MethodHead
	return place, p, d.access(r).mayUse(w, place, write)
}

func (place *Place) read(p params, key string) (err error) {
	if key != "registration" {
		if _, err := p.required(key); err != nil {
			return err
		}
	}
	switch key {
	case "activityId":
		place.Activity, err = p.iri(key)
	case "registration":
		place.Registration, err = p.uuid(key)
		place.Registration = strings.ToLower(place.Registration)
	case "agent":
		var agent statement.Actor
		agent, err = p.agent(key)
		place.Agent = agent.Identity()
	}
	return err
}

func (d documents) get(w http.ResponseWriter, r *http.Request) error {
	place, p, err := d.place(w, r, d.idParam(), "since")
	if err != nil {
		return err
	}
	if !p.Has(d.idParam()) {
		return d.list(w, r, place, p)
	}
	if p.Has("since") {
		return badRequest("since is for a list of documents, not for one")
	}
	document, err := d.Store.Document(r.Context(), place, p.Get(d.idParam()))
	if err != nil {
		return err
	}
	w.Header().Set("ETag", document.ETag())
	w.Header().Set("Last-Modified", httpTime(document.Updated))
	if tags := r.Header.Get("If-None-Match"); tags != "" && matchesTag(tags, document) {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	w.Header().Set("Content-Type", document.ContentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(document.Content)))
	_, _ = w.Write(document.Content) // a client that is gone
	return nil
}

func (d documents) list(w http.ResponseWriter, r *http.Request, place Place, p params) error {
	since, err := p.time("since")
	if err != nil {
		return err
	}
	ids, newest, err := d.Store.Documents(r.Context(), place, since)
	if err != nil {
		return err
	}
	if ids == nil {
		ids = []string{}
	}
	if !newest.IsZero() {
		w.Header().Set("Last-Modified", httpTime(newest))
	}
	return writeJSON(w, ids)
}

func (d documents) put(w http.ResponseWriter, r *http.Request) error {
	return d.change(w, r, func(old, sent *Document) (*Document, error) {
		// An app that says nothing about what it replaces has not looked. The state of
		// a lesson has one writer, and 1.0.3 lets it be.
		careless := r.Header.Get("If-Match") == "" && r.Header.Get("If-None-Match") == ""
		first := versionOf(r) == statement.V1
		switch {
		case !careless || first && d.resource == State:
			return sent, nil
		case old != nil:
			return nil, refuse(http.StatusConflict, "there is a document already: read it, then send If-Match with its ETag, or If-None-Match: * to keep it")
		case first:
			return nil, badRequest("send If-None-Match: * to make a document, or If-Match with the ETag of the one to replace")
		}
		return sent, nil
	})
}

func (d documents) post(w http.ResponseWriter, r *http.Request) error {
	return d.change(w, r, func(old, sent *Document) (*Document, error) {
		if isJSON(sent.ContentType) {
			if _, ok := statement.MergeDocuments([]byte("{}"), sent.Content); !ok {
				return nil, badRequest("the document is not a JSON object")
			}
		}
		if old == nil {
			return sent, nil
		}
		if !isJSON(old.ContentType) || !isJSON(sent.ContentType) {
			return nil, badRequest("only JSON objects can be joined; use PUT to replace the document")
		}
		merged, ok := statement.MergeDocuments(old.Content, sent.Content)
		if !ok {
			return nil, badRequest("the document that is there is not a JSON object; use PUT to replace it")
		}
		return &Document{ContentType: old.ContentType, Content: merged}, nil
	})
}

// change reads a document and does something with it and the one there is.
func (d documents) change(w http.ResponseWriter, r *http.Request, join func(old, sent *Document) (*Document, error)) error {
	place, p, err := d.place(w, r, d.idParam())
	if err != nil {
		return err
	}
	id, err := p.required(d.idParam())
	if err != nil {
		return err
	}
	body, err := readBody(r)
	if err != nil {
		return err
	}
	sent := Document{ContentType: r.Header.Get("Content-Type"), Content: body}
	if sent.ContentType == "" {
		sent.ContentType = "application/octet-stream"
	}
	err = d.Store.Change(r.Context(), place, id, func(old *Document) (*Document, error) {
		if err := precondition(r, old); err != nil {
			return nil, err
		}
		document := sent
		return join(old, &document)
	})
	if err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (d documents) delete(w http.ResponseWriter, r *http.Request) error {
	place, p, err := d.place(w, r, d.idParam())
	if err != nil {
		return err
	}
	switch id := p.Get(d.idParam()); {
	case id != "":
		err = d.Store.Change(r.Context(), place, id, func(old *Document) (*Document, error) {
			return nil, precondition(r, old)
		})
	case d.resource == State:
		err = d.Store.DeleteAll(r.Context(), place)
	default:
		_, err = p.required(d.idParam())
	}
	if err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// precondition: Communication 3.1, RFC 9110 section 13.
func precondition(r *http.Request, old *Document) error {
	if tags := r.Header.Get("If-Match"); tags != "" && (old == nil || !matchesTag(tags, old)) {
		return refuse(http.StatusPreconditionFailed, "the document is not the one that If-Match names")
	}
	if tags := r.Header.Get("If-None-Match"); tags != "" && old != nil && matchesTag(tags, old) {
		return refuse(http.StatusPreconditionFailed, "there is a document that If-None-Match names")
	}
	return nil
}

// matchesTag compares the tags of a header with a document's. Apps that leave out
// the quotes are understood.
func matchesTag(tags string, d *Document) bool {
	want := strings.Trim(d.ETag(), `"`)
	for tag := range strings.SplitSeq(tags, ",") {
		tag = strings.TrimPrefix(strings.TrimSpace(tag), "W/")
		if tag == "*" || strings.Trim(tag, `"`) == want {
			return true
		}
	}
	return false
}

func isJSON(contentType string) bool {
	kind, _, err := mime.ParseMediaType(contentType)
	return err == nil && kind == "application/json"
}
