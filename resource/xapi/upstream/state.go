package upstream

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"mime"
	"unicode/utf8"

	"github.com/offlineauth/offlineauth/resource/xapi"
)

// gone is the state of a document that is not there.
const gone = "gone"

// stateOf names what a document is: the same for the same media type and content, and
// for JSON that says the same, since a store may write it anew. Numbers are the same
// only if they are spelled alike: rather a conflict than a loss.
func stateOf(d *xapi.Document) string {
	if d == nil {
		return gone
	}
	kind, _, err := mime.ParseMediaType(d.ContentType)
	if err != nil {
		kind = d.ContentType
	}
	content := d.Content
	if kind == "application/json" {
		content = plain(content)
	}
	sum := sha256.Sum256(append([]byte(kind+"\x00"), content...))
	return hex.EncodeToString(sum[:])
}

// plain writes JSON in one way; what is not JSON stays as it is.
func plain(content []byte) []byte {
	if !utf8.Valid(content) {
		return content
	}
	d := json.NewDecoder(bytes.NewReader(content))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return content
	}
	if _, err := d.Token(); err != io.EOF {
		return content
	}
	text, err := json.Marshal(v)
	if err != nil {
		return content
	}
	return text
}
