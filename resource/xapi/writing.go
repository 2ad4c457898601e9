package xapi

import (
	"mime"
	"net/http"
	"strings"

	"github.com/offlineauth/offlineauth/resource/xapi/statement"
)

// postStatements: Communication 2.1.2.
func (a *api) postStatements(w http.ResponseWriter, r *http.Request) error {
	if _, err := parameters(r.URL.Query(), versionOf(r)); err != nil {
		return err
	}
	batch, files, err := readStatements(r, statement.ParseBatch)
	if err != nil {
		return err
	}
	ids, err := a.store(w, r, batch, files)
	if err != nil {
		return err
	}
	if ids == nil {
		ids = []string{}
	}
	return writeJSON(w, ids)
}

// putStatement: Communication 2.1.1.
func (a *api) putStatement(w http.ResponseWriter, r *http.Request) error {
	p, err := parameters(r.URL.Query(), versionOf(r), "statementId")
	if err != nil {
		return err
	}
	if _, err := p.required("statementId"); err != nil {
		return err
	}
	id, err := p.uuid("statementId")
	if err != nil {
		return err
	}
	batch, files, err := readStatements(r, func(data []byte, v statement.Version) ([]*statement.Statement, error) {
		st, err := statement.ParseWithID(data, id, v)
		return []*statement.Statement{st}, err
	})
	if err != nil {
		return err
	}
	if !strings.EqualFold(batch[0].ID(), id) {
		return badRequest("the statement has another id than the parameter statementId")
	}
	if _, err := a.store(w, r, batch, files); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (a *api) store(w http.ResponseWriter, r *http.Request, batch []*statement.Statement, files []Attachment) ([]string, error) {
	c := a.access(r)
	if err := c.mayWrite(w, batch); err != nil {
		return nil, err
	}
	return a.Store.Add(r.Context(), Addition{Statements: batch, Attachments: files, Authority: c.authority()})
}

// readStatements reads the body of a request, and checks that the attachments are
// those of the statements (Data 2.4.11).
func readStatements(r *http.Request, parse func([]byte, statement.Version) ([]*statement.Statement, error)) ([]*statement.Statement, []Attachment, error) {
	kind, options, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		return nil, nil, badRequest("the header Content-Type is missing or cannot be read")
	}
	var text []byte
	var files []Attachment
	switch kind {
	case "application/json":
		text, err = readBody(r)
	case "multipart/mixed":
		text, files, err = readParts(r, options["boundary"])
	default:
		return nil, nil, badRequest("statements come as application/json or multipart/mixed")
	}
	if err != nil {
		return nil, nil, err
	}
	batch, err := parse(text, versionOf(r))
	if err != nil {
		return nil, nil, err
	}
	return batch, files, matchAttachments(batch, files)
}
