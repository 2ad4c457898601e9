package authz

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"time"
)

// randomID identifies something. It is no secret.
func randomID() string { return random(16) }

// random is so many random bytes, as text.
func random(n int) string {
	b := make([]byte, n)
	rand.Read(b)
	return base64.RawURLEncoding.EncodeToString(b)
}

// loginID identifies a login: its time in milliseconds (48 bits), and 80 random bits. In
// base32hex (RFC 4648 section 7) later ones sort after earlier ones, so that the store
// keeps logins of one time side by side: they share the pages that are written.
func loginID(now time.Time) string {
	var b [18]byte
	binary.BigEndian.PutUint64(b[:8], uint64(now.UnixMilli()))
	rand.Read(b[8:])
	return base32.HexEncoding.WithPadding(base32.NoPadding).EncodeToString(b[2:])
}
