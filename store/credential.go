package store

import (
	"context"
	"fmt"
	"time"
)

// Credential is what a person proves with that an account is theirs. The whole
// record is sealed: a PIN is so short that its hash alone would give it away.
type Credential struct {
	AccountID string
	Kind      string // "pin", "password"
	Salt      []byte
	Hash      []byte // by argon2id (RFC 9106), with the costs below
	Time      uint32 // passes
	Memory    uint32 // KiB
	Threads   uint8
	Failures  int       `json:",omitzero"` // tries since the last right one, those under way among them
	TriedAt   time.Time `json:",omitzero"` // when the last of them began
	CreatedAt time.Time `json:",omitzero"`
}

func credentials() spec[Credential] {
	return spec[Credential]{
		bucket:  "credentials",
		lasting: true,
		sealed:  true,
		key:     func(c *Credential) []byte { return joined(c.AccountID, c.Kind) },
	}
}

// A WaitError says that there were too many tries: the next one is For from now.
type WaitError struct{ For time.Duration }

func (e *WaitError) Error() string {
	return fmt.Sprintf("too many tries: wait %s", e.For.Round(time.Second))
}

// Credential returns the credential of that kind, or ErrNotFound.
func (s *Store) Credential(ctx context.Context, accountID, kind string) (Credential, error) {
	return s.Credentials.Get(ctx, string(joined(accountID, kind)))
}

// TryCredential counts a try before it is made, so that no crash and no crowd
// gets one for nothing, and returns what to compare with. wait says how long to
// wait after that many failures; until then it is a [*WaitError], and nothing is
// counted. A clock that was set back starts the wait again. It is called inside
// [Store.Do], and what it wrote is kept whatever becomes of the transaction.
func (s *Store) TryCredential(ctx context.Context, accountID, kind string, now time.Time, wait func(failures int) time.Duration) (Credential, error) {
	c, err := s.Credential(ctx, accountID, kind)
	if err != nil {
		return Credential{}, err
	}
	early := wait(c.Failures) - max(now.Sub(c.TriedAt), 0)
	switch {
	case early <= 0:
		early = 0
		c.Failures++
	case !now.Before(c.TriedAt):
		return Credential{}, &WaitError{early}
	}
	c.TriedAt = now.UTC()
	if err := s.Credentials.Put(ctx, c); err != nil {
		return Credential{}, err
	}
	Keep(ctx)
	if early > 0 { // the clock was set back
		return Credential{}, &WaitError{early}
	}
	return c, nil
}

// CredentialProved forgets the tries: the right secret was among them. If the
// secret was changed meanwhile the proof was of the old one: ErrConsumed. It is
// called inside [Store.Do].
func (s *Store) CredentialProved(ctx context.Context, proved Credential) error {
	c, err := s.Credential(ctx, proved.AccountID, proved.Kind)
	if err != nil {
		return err
	}
	if string(c.Hash) != string(proved.Hash) {
		return s.Credentials.fail(ErrConsumed)
	}
	c.Failures, c.TriedAt = 0, time.Time{}
	return s.Credentials.Put(ctx, c)
}

// DeleteCredential removes the credential if it is there, inside [Store.Do].
func (s *Store) DeleteCredential(ctx context.Context, accountID, kind string) error {
	return s.Credentials.Delete(ctx, string(joined(accountID, kind)))
}
