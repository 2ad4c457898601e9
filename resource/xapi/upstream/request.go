package upstream

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"
	"strings"

	"github.com/offlineauth/offlineauth/resource/xapi"
	"github.com/offlineauth/offlineauth/resource/xapi/statement"
)

// maxAnswer bounds an answer that is read, in bytes. The largest is a document.
const maxAnswer = 17 << 20

// versionHeader is in every request, and in every answer of a learning record store
// (Communication 3.3).
const versionHeader = "X-Experience-API-Version"

// send posts a batch and returns nil once the upstream has named its statements as
// stored.
func (f *Forwarder) send(ctx context.Context, batch []xapi.Waiting) error {
	body, contentType, err := f.encode(ctx, batch)
	if err != nil {
		return err
	}
	if len(batch) > 1 && len(body) > maxBytes { // attachments
		return &refusal{status: http.StatusRequestEntityTooLarge, said: "too large for one request"}
	}
	answer, err := f.do(ctx, request{
		method: http.MethodPost, target: "statements", version: batch[0].Version(),
		header: http.Header{"Content-Type": {contentType}}, body: body,
	})
	if err != nil {
		return err
	}
	return checkAnswer(answer, batch)
}

// checkAnswer wants the ids that were sent, which somebody who only stands in the way
// does not know.
func checkAnswer(answer *answer, batch []xapi.Waiting) error {
	if answer.status == http.StatusNoContent {
		return nil
	}
	var ids []string
	if err := json.Unmarshal(answer.body, &ids); err != nil {
		return &refusal{status: answer.status, said: "the answer is not a list of ids"}
	}
	known := map[string]bool{}
	for _, id := range ids {
		known[strings.ToLower(id)] = true
	}
	for _, w := range batch {
		if !known[strings.ToLower(w.ID())] {
			return &refusal{status: answer.status, said: "the answer does not name all statements"}
		}
	}
	return nil
}

// encode is the body of a request: JSON, or JSON and the attachments behind it
// (Communication 1.5.2).
func (f *Forwarder) encode(ctx context.Context, batch []xapi.Waiting) (body []byte, contentType string, err error) {
	statements := []byte{'['}
	for i, w := range batch {
		if i > 0 {
			statements = append(statements, ',')
		}
		statements = append(statements, w.Portable()...)
	}
	statements = append(statements, ']')
	files, err := f.attachments(ctx, batch)
	if err != nil || len(files) == 0 {
		return statements, "application/json", err
	}
	var b bytes.Buffer
	parts := multipart.NewWriter(&b)
	write := func(header textproto.MIMEHeader, content []byte) {
		if part, e := parts.CreatePart(header); e == nil {
			_, e = part.Write(content)
			err = errors.Join(err, e)
		}
	}
	write(textproto.MIMEHeader{"Content-Type": {"application/json"}}, statements)
	for _, file := range files {
		write(textproto.MIMEHeader{
			"Content-Type":              {file.ContentType},
			"Content-Transfer-Encoding": {"binary"},
			"X-Experience-Api-Hash":     {file.SHA2},
		}, file.Content)
	}
	err = errors.Join(err, parts.Close())
	return b.Bytes(), "multipart/mixed; boundary=" + parts.Boundary(), err
}

// attachments are the files of a batch that are here, each once.
func (f *Forwarder) attachments(ctx context.Context, batch []xapi.Waiting) (files []xapi.Attachment, err error) {
	seen := map[string]bool{}
	for _, w := range batch {
		for _, a := range w.Attachments() {
			if seen[a.SHA2] {
				continue
			}
			seen[a.SHA2] = true
			file, err := f.outbox.Attachment(ctx, a.SHA2)
			if errors.Is(err, xapi.ErrNotFound) {
				continue // it is where its fileUrl says
			}
			if err != nil {
				return nil, err
			}
			files = append(files, file)
		}
	}
	return files, nil
}

// get returns the statement that the upstream has under an id, voided or not; nil if
// it has none.
func (f *Forwarder) get(ctx context.Context, st *statement.Statement) (*statement.Statement, error) {
	for _, parameter := range []string{"statementId", "voidedStatementId"} {
		answer, err := f.do(ctx, request{method: http.MethodGet, target: "statements?" + url.Values{parameter: {st.ID()}}.Encode(), version: st.Version()})
		var refused *refusal
		if errors.As(err, &refused) && refused.status == http.StatusNotFound {
			continue
		}
		if err != nil {
			return nil, err
		}
		theirs, err := statement.Parse(answer.body, st.Version())
		if err != nil {
			return nil, &refusal{status: http.StatusConflict, said: "the statement it has is not a valid one: " + err.Error()}
		}
		return theirs, nil
	}
	return nil, nil
}

// A request is one to a resource of the upstream.
type request struct {
	method  string
	target  string // below the endpoint
	version statement.Version
	header  http.Header // may be nil
	body    []byte
}

// An answer is one that is good.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// do sends a request, once more with new credentials if the old ones are refused. An
// answer other than 200 and 204 is a [*refusal].
func (f *Forwarder) do(ctx context.Context, q request) (*answer, error) {
	a, err := f.once(ctx, q)
	var refused *refusal
	if !errors.As(err, &refused) || refused.status != http.StatusUnauthorized || f.cfg.Renew == nil {
		return a, err
	}
	if err := f.cfg.Renew(ctx); err != nil {
		return nil, fmt.Errorf("the credentials cannot be renewed: %w", err)
	}
	return f.once(ctx, q)
}

func (f *Forwarder) once(ctx context.Context, q request) (*answer, error) {
	r, err := http.NewRequestWithContext(ctx, q.method, f.endpoint+q.target, bytes.NewReader(q.body))
	if err != nil {
		return nil, err
	}
	if q.header != nil {
		r.Header = q.header.Clone()
	}
	r.Header.Set(versionHeader, q.version.String())
	if f.cfg.Authorization != "" {
		r.Header.Set("Authorization", f.cfg.Authorization)
	}
	response, err := f.client.Do(r)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK && response.StatusCode != http.StatusNoContent {
		return nil, refusalOf(response)
	}
	text, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return nil, fmt.Errorf("the answer broke off: %w", err)
	}
	return &answer{response.StatusCode, response.Header, text}, nil
}
