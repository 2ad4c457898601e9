package xapi

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strings"

	"github.com/offlineauth/offlineauth/resource/xapi/statement"
)

func readBody(r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(r.Body)
	return body, unreadable(err)
}

// unreadable is what a body that breaks off deserves: the sender is to blame, not
// this side.
func unreadable(err error) error {
	var large *http.MaxBytesError
	if err == nil || errors.As(err, &large) {
		return err
	}
	return badRequest("the body cannot be read: %v", err)
}

// readParts reads a body of multipart/mixed: statements first, then attachments
// (Communication 1.5.2).
func readParts(r *http.Request, boundary string) (text []byte, files []Attachment, err error) {
	if boundary == "" {
		return nil, nil, badRequest("the header Content-Type has no boundary")
	}
	reader := multipart.NewReader(r.Body, boundary)
	for {
		part, err := reader.NextRawPart()
		if errors.Is(err, io.EOF) && text != nil {
			return text, files, nil
		}
		if err != nil {
			return nil, nil, unreadable(err)
		}
		content, err := io.ReadAll(part)
		if err != nil {
			return nil, nil, unreadable(err)
		}
		if text != nil {
			file, err := readAttachment(part, content)
			if err != nil {
				return nil, nil, err
			}
			files = append(files, file)
			continue
		}
		if kind, _, err := mime.ParseMediaType(part.Header.Get("Content-Type")); err != nil || kind != "application/json" {
			return nil, nil, badRequest("the first part is not application/json")
		}
		text = content
	}
}

func readAttachment(part *multipart.Part, content []byte) (Attachment, error) {
	file := Attachment{strings.ToLower(part.Header.Get(hashHeader)), part.Header.Get("Content-Type"), content}
	switch {
	case file.SHA2 == "":
		return file, badRequest("an attachment has no header %s", hashHeader)
	case !strings.EqualFold(part.Header.Get("Content-Transfer-Encoding"), "binary"):
		return file, badRequest("an attachment has no header Content-Transfer-Encoding: binary")
	case sumLike(file.SHA2, content) != file.SHA2:
		return file, badRequest("the header %s is not the SHA-2 sum of the attachment", hashHeader)
	}
	if file.ContentType == "" {
		file.ContentType = "application/octet-stream"
	}
	return file, nil
}

// sumLike is the SHA-2 sum of content that is as long as another.
func sumLike(sum string, content []byte) string {
	switch len(sum) * 4 {
	case 224:
		s := sha256.Sum224(content)
		return hex.EncodeToString(s[:])
	case 384:
		s := sha512.Sum384(content)
		return hex.EncodeToString(s[:])
	case 512:
		s := sha512.Sum512(content)
		return hex.EncodeToString(s[:])
	}
	s := sha256.Sum256(content)
	return hex.EncodeToString(s[:])
}

// matchAttachments: every file belongs to a statement, and every attachment of a
// statement is here or elsewhere. A signature is checked as soon as it is here.
func matchAttachments(batch []*statement.Statement, files []Attachment) error {
	given := map[string]Attachment{}
	for _, f := range files {
		given[f.SHA2] = f
	}
	used := map[string]bool{}
	for _, st := range batch {
		for _, a := range st.Attachments() {
			file, here := given[a.SHA2]
			used[a.SHA2] = true
			if !here && a.FileURL == "" {
				return badRequest("the attachment %s is neither in the request nor has it a fileUrl", a.SHA2)
			}
			if a.Signature && here {
				if a.ContentType != "application/octet-stream" {
					return badRequest("the signature is not application/octet-stream")
				}
				if err := st.CheckSignature(file.Content); err != nil {
					return err
				}
			}
		}
	}
	for sum := range given {
		if !used[sum] {
			return badRequest("no statement has the attachment %s", sum)
		}
	}
	return nil
}
