package store

import (
	"bytes"
	"testing"
	"time"
)

func FuzzExpiryTarget(f *testing.F) {
	f.Add([]byte("12345678codes\x00key"))
	f.Add([]byte("1234567"))
	f.Add([]byte("12345678no zero"))
	f.Fuzz(func(t *testing.T, entry []byte) {
		bucket, key, ok := expiryTarget(entry)
		if ok && !bytes.Equal(entry[8:], append(append([]byte(bucket), 0), key...)) {
			t.Fatalf("%q was split into %q and %q", entry, bucket, key)
		}
	})
}

func TestExpired(t *testing.T) {
	at := time.Unix(100, 0)
	for _, c := range []struct {
		at, now time.Time
		want    bool
	}{
		{at, at.Add(-1), false},
		{at, at, true}, // RFC 7519 section 4.1.4: on or after
		{time.Time{}, at, false},
	} {
		if got := expired(c.at, c.now); got != c.want {
			t.Errorf("%v at %v: %v", c.at, c.now, got)
		}
	}
	if a, b := expirySecond(time.Time{}), expirySecond(time.Unix(1, 0)); bytes.Compare(a, b) >= 0 {
		t.Error("a time before 1970 sorts after it")
	}
}

func TestJoined(t *testing.T) {
	seen := make(map[string][]string)
	for _, parts := range [][]string{{}, {""}, {"", ""}, {"ab"}, {"a", "b"}, {"ab", ""}, {"", "ab"}, {"a\x01b"}} {
		key := string(joined(parts...))
		if other, ok := seen[key]; ok {
			t.Errorf("%q and %q give the same key", parts, other)
		}
		seen[key] = parts
	}
}
