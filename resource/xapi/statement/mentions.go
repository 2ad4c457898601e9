package statement

import (
	"strings"
	"time"
)

// ID returns the statement's UUID as it is written, or "".
func (s *Statement) ID() string { return s.root.get("id").str() }

// Version returns the version the statement was judged by.
func (s *Statement) Version() Version { return s.version }

// Timestamp returns the timestamp as it is written, or "".
func (s *Statement) Timestamp() string { return s.root.get("timestamp").str() }

// Stored returns when s was stored, or zero.
func (s *Statement) Stored() time.Time {
	t, _ := ParseTimestamp(s.root.get("stored").str(), V1)
	return t
}

// Authority returns the JSON of the authority, or nil.
func (s *Statement) Authority() []byte {
	if a := s.root.get("authority"); a != nil {
		return a.raw
	}
	return nil
}

// Actor returns the identity of the actor; "" for a group without one.
func (s *Statement) Actor() string { return identity(s.root.get("actor")) }

// Target returns the UUID of the statement that the object of s refers to, in
// lower case, or "".
func (s *Statement) Target() string {
	if o := s.root.get("object"); o.get("objectType").str() == statementRefType {
		return strings.ToLower(o.get("id").str())
	}
	return ""
}

// Voids reports whether s voids its target.
func (s *Statement) Voids() bool { return s.root.get("verb").get("id").str() == VerbVoided }

// A Definition is what a statement says of an activity.
type Definition struct {
	ID   string
	JSON []byte // the definition; nil if the statement has none
}

// Definitions returns the activities of s.
func (s *Statement) Definitions() []Definition {
	return definitions(nil, s.root)
}

func definitions(ds []Definition, v *value) []Definition {
	switch o := v.get("object"); o.get("objectType").str() {
	case "", activityType:
		ds = append(ds, definition(o))
	case subStatementType:
		ds = definitions(ds, o)
	}
	if activities := v.get("context").get("contextActivities"); activities != nil {
		for i := range activities.items {
			for _, a := range activities.items[i].list() {
				ds = append(ds, definition(&a))
			}
		}
	}
	return ds
}

func definition(activity *value) Definition {
	d := Definition{ID: activity.get("id").str()}
	if v := activity.get("definition"); v != nil {
		d.JSON = v.raw
	}
	return d
}

// An Attachment is a file that belongs to a statement (Data 2.4.11).
type Attachment struct {
	SHA2        string // hexadecimal, in lower case
	ContentType string
	FileURL     string // where it can be had; "" if it has to be sent along
	Signature   bool   // it is the statement's signature
}

// usageSignature is the usageType of a signature (Data 2.6).
const usageSignature = "http://adlnet.gov/expapi/attachments/signature"

// Attachments returns those of s, and of the statement in it.
func (s *Statement) Attachments() []Attachment {
	var all []Attachment
	for _, list := range []*value{s.root.get("attachments"), s.root.get("object").get("attachments")} {
		for _, a := range list.list() {
			all = append(all, Attachment{
				SHA2:        strings.ToLower(a.get("sha2").str()),
				ContentType: a.get("contentType").str(),
				FileURL:     a.get("fileUrl").str(),
				Signature:   a.get("usageType").str() == usageSignature,
			})
		}
	}
	return all
}
