package authz

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"

	"github.com/offlineauth/offlineauth/store"
)

// A Secret is a kind of thing an account is proved with.
type Secret string

// The kinds of secrets. An account may have one of each, and needs none: who
// holds the device unlocked is then who logs in.
const (
	// PIN is for the screen of a device that people share: 4 to 12 digits, of
	// any script.
	PIN Secret = "pin"
	// Password is for a sign-in over a network: 8 to 256 characters.
	Password Secret = "password"
)

// ErrUnfitSecret means that a secret is too short, too long, or the first one
// somebody would guess.
var ErrUnfitSecret = errors.New("the secret is not fit to be one")

// Costs of argon2id: the OWASP password storage cheat sheet's choice for little
// memory, as phones have it. A secret keeps the costs it was made with.
const (
	argonPasses = 2
	argonMemory = 19 << 10 // KiB
	argonLanes  = 1
	saltSize    = 16
	hashSize    = 32
)

// A hasher makes one hash at a time: many at once would take the memory of a
// small device.
type hasher chan struct{}

func newHasher() hasher { return make(hasher, 1) }

// hash fills in the hash of the secret, by the salt and costs in c.
func (h hasher) hash(ctx context.Context, secret string, c store.Credential) ([]byte, error) {
	select {
	case h <- struct{}{}:
		defer func() { <-h }()
		return argon2.IDKey([]byte(secret), c.Salt, c.Time, c.Memory, c.Threads, hashSize), nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (h hasher) matches(ctx context.Context, secret string, c store.Credential) (bool, error) {
	hash, err := h.hash(ctx, secret, c)
	return subtle.ConstantTimeCompare(hash, c.Hash) == 1, err
}

// blank is a credential with a new salt and no hash yet.
func blank(accountID string, kind Secret) store.Credential {
	salt := make([]byte, saltSize)
	_, _ = rand.Read(salt) // never fails
	return store.Credential{
		AccountID: accountID, Kind: string(kind), Salt: salt,
		Time: argonPasses, Memory: argonMemory, Threads: argonLanes, CreatedAt: time.Now().UTC(),
	}
}

// normalized is the secret as it is hashed. Digits are the same number in every
// script, and keyboards change with the language.
func (k Secret) normalized(secret string) string {
	if k != PIN {
		return secret
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r >= '٠' && r <= '٩':
			return r - '٠' + '0'
		case r >= '۰' && r <= '۹':
			return r - '۰' + '0'
		}
		return r
	}, secret)
}

// check refuses what is not fit; secret is normalized.
func (k Secret) check(secret string) error {
	length := utf8.RuneCountInString(secret)
	switch k {
	case PIN:
		if length < 4 || length > 12 || strings.Trim(secret, "0123456789") != "" {
			return unfit("a PIN has 4 to 12 digits")
		}
		if isRun(secret) {
			return unfit("that PIN is the first one somebody would try")
		}
		return nil
	case Password:
		if length < 8 || length > 256 || !utf8.ValidString(secret) {
			return unfit("a password has 8 to 256 characters")
		}
		return nil
	}
	return refusef("invalid_request", "there are no secrets of the kind %q", string(k))
}

func unfit(why string) error {
	return &Error{Code: "invalid_request", Description: why, Cause: ErrUnfitSecret}
}

// isRun tells 0000, 1234 and 9876 from other digits.
func isRun(digits string) bool {
	step := int(digits[1]) - int(digits[0])
	for i := range len(digits) - 1 {
		if int(digits[i+1])-int(digits[i]) != step {
			return false
		}
	}
	return step >= -1 && step <= 1
}

// freeTries may be wrong without a wait.
const freeTries = 5

// wait says how long to wait after that many failures: 30 seconds after the
// fifth, twice as long after each further one, an hour at most for a PIN and a
// quarter for a password, which more people can reach and fewer can guess.
func (k Secret) wait(failures int) time.Duration {
	most := time.Hour
	if k == Password {
		most = 15 * time.Minute
	}
	if failures < freeTries {
		return 0
	}
	return min(30*time.Second<<min(failures-freeTries, 10), most)
}
