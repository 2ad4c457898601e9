package client

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"sync"
	"time"

	"golang.org/x/oauth2"
)

// A Store keeps small secrets, each under a key of letters, digits and "-". [Dir]
// and [Memory] are stores; a platform's keychain can be another.
//
// Save replaces the value of a key as a whole and returns when it would survive
// a crash. Load gives an error that is [fs.ErrNotExist] when there is no value.
// Delete of what is not there is nil. Several processes may share a store.
type Store interface {
	Load(ctx context.Context, key string) ([]byte, error)
	Save(ctx context.Context, key string, value []byte) error
	Delete(ctx context.Context, key string) error
}

// What is kept for an issuer and a client identifier.
const (
	loginKey   = "login"
	pendingKey = "pending"
)

// key names a record of this client in a store that others may share.
func (c *Client) key(kind string) string {
	sum := sha256.Sum256([]byte(c.cfg.Issuer + "\n" + c.cfg.ClientID))
	return kind + "-" + hex.EncodeToString(sum[:16])
}

// loginVersion is that of the record's format; others are not understood.
const loginVersion = 1

// A login is what is kept of one.
type login struct {
	Version    int
	ID         string       // random: another login has another
	Service    string       // the ipc-service value as it came; "" for the network
	Token      oauth2.Token // as it was last renewed
	IssuedAt   time.Time    // of Token, by this device's clock
	TokenURL   string       // token endpoint
	Revocation string       // revocation endpoint; "" if the server has none
}

// fresh reports whether the access token may still be good. A clock that was
// set back tells nothing, so the token is renewed then.
func (l *login) fresh() bool {
	return l.Token.Valid() && time.Until(l.IssuedAt) < time.Minute
}

func (c *Client) loadLogin(ctx context.Context) (*login, error) {
	encoded, err := c.cfg.Store.Load(ctx, c.key(loginKey))
	if isNotExist(err) {
		return nil, ErrNotLoggedIn
	}
	if err != nil {
		return nil, fmt.Errorf("load the login: %w", err)
	}
	l := new(login)
	if err := json.Unmarshal(encoded, l); err != nil || l.Version != loginVersion {
		return nil, fmt.Errorf("%w (what is stored is not understood)", ErrNotLoggedIn)
	}
	return l, nil
}

func (c *Client) saveLogin(ctx context.Context, l *login) error {
	encoded, err := json.Marshal(l)
	if err != nil {
		return err
	}
	if err := c.cfg.Store.Save(ctx, c.key(loginKey), encoded); err != nil {
		return fmt.Errorf("save the login: %w", err)
	}
	return nil
}

// Memory is a Store that ends with the process. The zero value is empty.
type Memory struct {
	mu     sync.Mutex
	values map[string][]byte
}

// Load returns a copy of the value.
func (m *Memory) Load(_ context.Context, key string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	value, ok := m.values[key]
	if !ok {
		return nil, fmt.Errorf("%s: %w", key, fs.ErrNotExist)
	}
	return append([]byte(nil), value...), nil
}

// Save keeps a copy of the value.
func (m *Memory) Save(_ context.Context, key string, value []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.values == nil {
		m.values = make(map[string][]byte)
	}
	m.values[key] = append([]byte(nil), value...)
	return nil
}

// Delete removes the value.
func (m *Memory) Delete(_ context.Context, key string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.values, key)
	return nil
}
