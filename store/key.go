package store

import "time"

// Key is a secret of the server. The whole record is sealed.
type Key struct {
	ID        string
	Use       string    // "sig", "refresh"
	Algorithm string    `json:",omitzero"` // such as "ES256"
	Private   []byte    `json:",omitzero"` // PKCS #8, or the bytes of a symmetric key; nil once it is retired
	Public    []byte    `json:",omitzero"` // PKIX, of a retired one
	CreatedAt time.Time `json:",omitzero"`
	RetiredAt time.Time `json:",omitzero"` // zero while it is in use
}

func keys() spec[Key] {
	return spec[Key]{
		bucket:  "keys",
		lasting: true,
		sealed:  true,
		key:     func(k *Key) []byte { return []byte(k.ID) },
	}
}
