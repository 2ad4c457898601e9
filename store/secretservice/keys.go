package secretservice

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/godbus/dbus/v5"

	"github.com/offlineauth/offlineauth/store"
)

// The attributes of an item, by which it is found.
const (
	attrSchema = "xdg:schema"
	attrStore  = "store"  // Keys.Name
	attrKey    = "key"    // the id of the key, in hexadecimal
	attrNumber = "number" // counts the keys of a store; the highest wraps

	schema = "com.github.offlineauth.StoreKey"
)

// What Wrap returns is wrappedMark, the id of the key, and what the key has sealed by
// AES-256-GCM, with the id authenticated.
const (
	wrappedMark = "secret-service 1\x00"
	idSize      = 16
	keySize     = 32
)

// Wrapped tells whether Wrap of this package has made the bytes.
func Wrapped(b []byte) bool { return bytes.HasPrefix(b, []byte(wrappedMark)) }

// Keys keeps the keys of one store in the default keyring. It is a store.Renewer. It
// connects for each call, and holds nothing between them.
//
// Unwrap finds the key by what was wrapped, whatever Name is. A store whose keyring is
// lost, or another person's, cannot be unwrapped: that is a store.ErrSealed.
type Keys struct {
	Name    string // tells the keys of this store from all others: random, and kept with the settings; see [NewName]
	Label   string // what the desktop's password manager shows; may be empty
	Address string // of the bus; "" is that of the session
}

var _ store.Renewer = Keys{}

// NewName returns a Name for a store.
func NewName() string { return rand.Text() }

// Wrap implements [store.KeyProvider].
func (k Keys) Wrap(ctx context.Context, plain []byte) ([]byte, error) {
	s, err := open(ctx, k.Address)
	if err != nil {
		return nil, err
	}
	defer s.close()
	all, err := k.list(ctx, s)
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return k.add(ctx, s, 1, plain)
	}
	newest := all[0]
	key, err := s.key32(ctx, newest.item)
	if err != nil {
		return nil, err
	}
	return seal(newest.id, key, plain), nil
}

// Unwrap implements [store.KeyProvider].
func (k Keys) Unwrap(ctx context.Context, wrapped []byte) ([]byte, error) {
	id, sealed, err := parse(wrapped)
	if err != nil {
		return nil, err
	}
	s, err := open(ctx, k.Address)
	if err != nil {
		return nil, err
	}
	defer s.close()
	items, err := s.search(ctx, map[string]string{attrSchema: schema, attrKey: hex.EncodeToString(id)})
	if err != nil {
		return nil, err
	}
	if len(items) == 0 {
		return nil, fmt.Errorf("the keyring has not the key of this store: unlock or put back the right one: %w", store.ErrSealed)
	}
	key, err := s.key32(ctx, items[0])
	if err != nil {
		return nil, err
	}
	plain, err := newCipher(key).Open(nil, nil, sealed, id)
	if err != nil {
		return nil, fmt.Errorf("the key in the keyring is not that of this store: %w", store.ErrSealed)
	}
	return plain, nil
}

// Renew implements [store.Renewer].
func (k Keys) Renew(ctx context.Context) error {
	return k.with(ctx, func(s *service, all []kept) error {
		next := 1
		if len(all) > 0 {
			next = all[0].number + 1
		}
		_, err := k.add(ctx, s, next, nil)
		return err
	})
}

// Retire implements [store.Renewer].
func (k Keys) Retire(ctx context.Context) error {
	return k.with(ctx, func(s *service, all []kept) error { return k.removeAll(ctx, s, all[min(1, len(all)):]) })
}

// Remove destroys all keys of the store: it has its key elsewhere now.
func (k Keys) Remove(ctx context.Context) error {
	return k.with(ctx, func(s *service, all []kept) error { return k.removeAll(ctx, s, all) })
}

// A State is how it is with the keys of a store.
type State struct {
	Found  bool // there is a key, as far as can be seen
	Locked bool // the person is asked before it can be had, or before it can be seen
}

// Look looks whether there is a key. It asks nobody.
func (k Keys) Look(ctx context.Context) (State, error) {
	s, err := open(ctx, k.Address)
	if err != nil {
		return State{}, err
	}
	defer s.close()
	items, locked, err := s.find(ctx, k.attributes())
	if err != nil || len(items)+len(locked) > 0 {
		return State{Found: err == nil, Locked: len(items) == 0}, err
	}
	keyring, err := s.keyring(ctx)
	if err != nil {
		return State{}, err
	}
	hidden, err := s.isLocked(ctx, keyring)
	return State{Locked: hidden}, err
}

func (k Keys) with(ctx context.Context, fn func(s *service, all []kept) error) error {
	s, err := open(ctx, k.Address)
	if err != nil {
		return err
	}
	defer s.close()
	all, err := k.list(ctx, s)
	if err != nil {
		return err
	}
	return fn(s, all)
}

func (k Keys) removeAll(ctx context.Context, s *service, all []kept) error {
	for _, one := range all {
		if err := s.remove(ctx, one.item); err != nil {
			return err
		}
	}
	return nil
}

func (k Keys) attributes() map[string]string {
	return map[string]string{attrSchema: schema, attrStore: k.Name}
}

// A kept key is one that is in a keyring.
type kept struct {
	item   dbus.ObjectPath
	id     []byte
	number int
}

var (
	errNoName  = errors.New("secret service: Keys.Name is empty: give the store a name")
	errNotKept = errors.New("secret service: it has not kept the key that it was given")
)

// list returns the keys of the store, newest first.
func (k Keys) list(ctx context.Context, s *service) ([]kept, error) {
	if k.Name == "" {
		return nil, errNoName
	}
	items, err := s.search(ctx, k.attributes())
	if err != nil {
		return nil, err
	}
	var all []kept
	for _, item := range items {
		attributes, err := s.attributes(ctx, item)
		if errors.Is(err, errGone) {
			continue
		}
		if err != nil {
			return nil, err
		}
		number, notNumber := strconv.Atoi(attributes[attrNumber])
		id, notID := hex.DecodeString(attributes[attrKey])
		if notNumber == nil && notID == nil && len(id) == idSize {
			all = append(all, kept{item, id, number})
		}
	}
	slices.SortFunc(all, func(a, b kept) int { return b.number - a.number })
	return all, nil
}

// add makes a key, and wraps by it.
func (k Keys) add(ctx context.Context, s *service, number int, plain []byte) ([]byte, error) {
	key, id := make([]byte, keySize), make([]byte, idSize)
	rand.Read(key)
	rand.Read(id)
	attributes := k.attributes()
	attributes[attrKey], attributes[attrNumber] = hex.EncodeToString(id), strconv.Itoa(number)
	if err := s.put(ctx, k.Label, attributes, key); err != nil {
		return nil, err
	}
	// Nothing is sealed under a key that cannot be had again.
	items, err := s.search(ctx, map[string]string{attrSchema: schema, attrKey: attributes[attrKey]})
	if err != nil {
		return nil, err
	}
	if len(items) == 0 {
		return nil, errNotKept
	}
	if kept, err := s.get(ctx, items[0]); err != nil || !bytes.Equal(kept, key) {
		return nil, errors.Join(errNotKept, err)
	}
	return seal(id, key, plain), nil
}

// key32 is get for a key, which has its size.
func (s *service) key32(ctx context.Context, item dbus.ObjectPath) ([]byte, error) {
	key, err := s.get(ctx, item)
	if err == nil && len(key) != keySize {
		err = fmt.Errorf("what the keyring has is no key: %w", store.ErrSealed)
	}
	return key, err
}

func seal(id, key, plain []byte) []byte {
	return newCipher(key).Seal(append([]byte(wrappedMark), id...), nil, plain, id)
}

// parse takes apart what seal has made.
func parse(wrapped []byte) (id, sealed []byte, err error) {
	rest, ok := bytes.CutPrefix(wrapped, []byte(wrappedMark))
	if !ok || len(rest) < idSize {
		return nil, nil, fmt.Errorf("the key is not kept in a keyring: %w", store.ErrSealed)
	}
	return rest[:idSize], rest[idSize:], nil
}

func newCipher(key []byte) cipher.AEAD {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err) // keys are made and read with their one size
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic(err) // AES has the block size of GCM
	}
	return aead
}
