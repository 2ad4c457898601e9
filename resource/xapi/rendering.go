package xapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"sort"
	"strconv"
	"strings"

	"github.com/offlineauth/offlineauth/resource/xapi/statement"
)

// A rendering is how an answer shows statements (Communication 2.1.3: format and
// attachments).
type rendering struct {
	*api
	request     *http.Request
	format      string
	attachments bool
}

func (a *api) rendering(r *http.Request, p params) (rendering, error) {
	known := func(s string) bool { return s == "exact" || s == "ids" || s == "canonical" }
	format, err := p.formatted("format", known, "exact, ids or canonical")
	if err != nil {
		return rendering{}, err
	}
	attachments, err := p.flag("attachments")
	return rendering{a, r, format, attachments}, err
}

func (o rendering) one(r Record) ([]byte, error) {
	if o.format != "ids" && o.format != "canonical" {
		return r.JSON, nil
	}
	st, err := statement.Parse(r.JSON, r.Version)
	if err != nil {
		return nil, err
	}
	if o.format == "ids" {
		return st.IDs(), nil
	}
	definition := func(id string) []byte {
		known, _ := o.Store.Definition(o.request.Context(), id) // without it, the statement's own is as good
		return known
	}
	return st.Canonical(definition, languages(o.request.Header.Get("Accept-Language"))), nil
}

// languages are the ranges of an Accept-Language header, the most wanted first
// (RFC 9110 section 12.5.4).
func languages(header string) []string {
	type weighed struct {
		name   string
		weight float64
	}
	var all []weighed
	for part := range strings.SplitSeq(header, ",") {
		name, q, has := strings.Cut(part, ";")
		weight := 1.0
		if has {
			weight, _ = strconv.ParseFloat(strings.TrimPrefix(strings.TrimSpace(q), "q="), 64)
		}
		if name = strings.TrimSpace(name); name != "" && weight > 0 {
			all = append(all, weighed{name, weight})
		}
	}
	sort.SliceStable(all, func(i, j int) bool { return all[i].weight > all[j].weight })
	var names []string
	for _, w := range all {
		names = append(names, w.name)
	}
	return names
}

// result is a StatementResult (Data 2.5).
func (o rendering) result(page Page, more string) ([]byte, error) {
	var b bytes.Buffer
	b.WriteString(`{"statements":[`)
	for i, r := range page.Statements {
		text, err := o.one(r)
		if err != nil {
			return nil, err
		}
		if i > 0 {
			b.WriteByte(',')
		}
		b.Write(text)
	}
	link, err := json.Marshal(more)
	if err != nil {
		return nil, err
	}
	b.WriteString(`],"more":`)
	b.Write(link)
	b.WriteByte('}')
	return b.Bytes(), nil
}

// write answers with JSON, or with JSON and attachments (Data 2.4.11).
func (o rendering) write(w http.ResponseWriter, body []byte, of []Record) error {
	contentType := "application/json"
	if o.attachments {
		files, err := o.files(of)
		if err != nil {
			return err
		}
		if body, contentType, err = multiparts(body, files); err != nil {
			return err
		}
	}
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body) // a client that is gone
	return nil
}

// files are the attachments of statements, each once.
func (o rendering) files(of []Record) (files []Attachment, err error) {
	seen := map[string]bool{}
	err = o.Store.view(o.request.Context(), func(tx *reader) error {
		for _, r := range of {
			st, err := statement.Parse(r.JSON, r.Version)
			if err != nil {
				return err
			}
			for _, a := range st.Attachments() {
				if seen[a.SHA2] {
					continue
				}
				seen[a.SHA2] = true
				file, err := attachment(tx, a.SHA2)
				switch {
				case errors.Is(err, ErrNotFound): // it is elsewhere
				case err != nil:
					return err
				default:
					files = append(files, file)
				}
			}
		}
		return nil
	})
	return files, err
}

// hashHeader names the attachment that a part is (Communication 1.5.2).
const hashHeader = "X-Experience-API-Hash"

func multiparts(body []byte, files []Attachment) (text []byte, contentType string, err error) {
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	part := func(h textproto.MIMEHeader, content []byte) {
		if w, e := m.CreatePart(h); e == nil {
			_, e = w.Write(content)
			err = firstError(err, e)
		}
	}
	part(textproto.MIMEHeader{"Content-Type": {"application/json"}}, body)
	for _, f := range files {
		part(textproto.MIMEHeader{
			"Content-Type":              {f.ContentType},
			"Content-Transfer-Encoding": {"binary"},
			hashHeader:                  {f.SHA2},
		}, f.Content)
	}
	err = firstError(err, m.Close())
	return b.Bytes(), "multipart/mixed; boundary=" + m.Boundary(), err
}

func firstError(a, b error) error {
	if a != nil {
		return a
	}
	return b
}
