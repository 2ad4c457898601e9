package store

import "time"

// Upstream is a learning record store on the network that records are forwarded to.
// The whole record is sealed.
type Upstream struct {
	Endpoint  string    // its base URL
	Username  string    `json:",omitzero"` // of HTTP Basic
	Password  string    `json:",omitzero"`
	CreatedAt time.Time `json:",omitzero"`
}

func upstreams() spec[Upstream] {
	return spec[Upstream]{
		bucket: "upstreams",
		sealed: true,
		key:    func(u *Upstream) []byte { return []byte(u.Endpoint) },
	}
}
