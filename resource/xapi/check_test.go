package xapi

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"go.etcd.io/bbolt"
)

// TestCheckFinds what does not fit, though it is sealed well.
func TestCheckFinds(t *testing.T) {
	for _, wrong := range []struct {
		bucket string
		key    []byte
		value  string
		what   string
	}{
		{"statements", seqKey(5), "\x00{}", "is not in the index of ids"},
		{"statements", seqKey(5), fmt.Sprintf("\x00{\"id\":%q}", benchUUID(1)), "is not in the index of ids"}, // which leads to another
		{"voided", seqKey(5), "\x00no JSON", "is no statement"},
		{"ids", make([]byte, 16), string(seqKey(5)), "leads to no record"},
		{"index", make([]byte, 30), "\x01", "leads to no record"},
		{"refs", make([]byte, 24), "\x01", "leads to no record"},
		{"voids", make([]byte, 16), string(seqKey(5)), "leads to no record"},
		{"changed", make([]byte, 32), string(seqKey(5)), "leads to no record"},
		{"documents", make([]byte, 32), "\x01", "is no document"},
		{"documents", make([]byte, 32), strings.Repeat("\x00", 24) + "\xff\xff", "is no document"},
		{"attachments", make([]byte, 16), "x", "is no attachment"},
		{"persons", make([]byte, 16), "x", "is no JSON"},
	} {
		s, _ := lived(t)
		err := s.db.Update(func(tx *bbolt.Tx) error {
			value := []byte(wrong.value)
			if s.vault.aeads[wrong.bucket] != nil {
				value = s.vault.seal([]byte(wrong.bucket), wrong.key, value)
			}
			return tx.Bucket([]byte(wrong.bucket)).Put(wrong.key, value)
		})
		if err != nil {
			t.Fatal(err)
		}
		report, err := s.Check(t.Context(), nil)
		if want := fmt.Sprintf("learning records, %s %x: %s", wrong.bucket, wrong.key, wrong.what); err != nil || len(report.Problems) != 1 || report.Problems[0] != want {
			t.Errorf("%+v, %v; want %s", report, err, want)
		}
	}
	s, _ := lived(t)
	ctx, cancel := context.WithCancel(t.Context())
	if _, err := s.Check(ctx, func(int, int) { cancel() }); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: %v", err)
	}
}
