package secretservice

import (
	"context"
	"errors"
	"fmt"

	"github.com/godbus/dbus/v5"

	"github.com/offlineauth/offlineauth/store"
)

// A secret is how one goes over the bus (Secret Service API, «Secret»).
type secret struct {
	Session     dbus.ObjectPath
	Parameters  []byte
	Value       []byte
	ContentType string
}

// search returns the items that have the attributes, unlocked, if need be by the person.
// A service may hide what is in a locked keyring, so if nothing is found the default one
// is unlocked and asked again.
func (s *service) search(ctx context.Context, attributes map[string]string) ([]dbus.ObjectPath, error) {
	items, locked, err := s.find(ctx, attributes)
	if err != nil || len(items) > 0 && len(locked) == 0 {
		return items, err
	}
	if len(locked) == 0 {
		keyring, err := s.keyring(ctx)
		if errors.Is(err, ErrNoKeyring) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		if hidden, err := s.isLocked(ctx, keyring); err != nil || !hidden {
			return nil, err
		}
		locked = []dbus.ObjectPath{keyring}
	}
	if err := s.unlock(ctx, locked); err != nil {
		return nil, err
	}
	items, locked, err = s.find(ctx, attributes)
	return append(items, locked...), err
}

func (s *service) find(ctx context.Context, attributes map[string]string) (unlocked, locked []dbus.ObjectPath, err error) {
	err = s.call(ctx, root, ifService+".SearchItems", []any{attributes}, &unlocked, &locked)
	return unlocked, locked, err
}

// unlock unlocks items or keyrings.
func (s *service) unlock(ctx context.Context, objects []dbus.ObjectPath) error {
	var unlocked []dbus.ObjectPath
	var prompt dbus.ObjectPath
	if err := s.call(ctx, root, ifService+".Unlock", []any{objects}, &unlocked, &prompt); err != nil {
		return err
	}
	_, err := s.prompt(ctx, prompt)
	return err
}

// keyring is the default one.
func (s *service) keyring(ctx context.Context) (path dbus.ObjectPath, err error) {
	err = s.call(ctx, root, ifService+".ReadAlias", []any{"default"}, &path)
	if err == nil && (path == nothing || path == "") {
		err = ErrNoKeyring
	}
	return path, err
}

func (s *service) isLocked(ctx context.Context, keyring dbus.ObjectPath) (bool, error) {
	v, err := s.property(ctx, keyring, ifKeyring, "Locked")
	if err != nil {
		return false, err
	}
	locked, _ := v.Value().(bool)
	return locked, nil
}

// attributes are those of an item that is unlocked.
func (s *service) attributes(ctx context.Context, item dbus.ObjectPath) (map[string]string, error) {
	v, err := s.property(ctx, item, ifItem, "Attributes")
	if err != nil {
		return nil, err
	}
	attributes, _ := v.Value().(map[string]string)
	return attributes, nil
}

// get returns the secret of an item that is unlocked. One that is not there any more, or
// not what was put there, is a store.ErrSealed.
func (s *service) get(ctx context.Context, item dbus.ObjectPath) ([]byte, error) {
	var sent secret
	err := s.call(ctx, item, ifItem+".GetSecret", []any{s.session}, &sent)
	if errors.Is(err, errGone) {
		return nil, fmt.Errorf("%w: %w", store.ErrSealed, err)
	}
	if err != nil {
		return nil, err
	}
	plain, err := decrypt(s.key, sent.Parameters, sent.Value)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", store.ErrSealed, err)
	}
	return plain, nil
}

// put keeps a secret in the default keyring.
func (s *service) put(ctx context.Context, label string, attributes map[string]string, plain []byte) error {
	keyring, err := s.keyring(ctx)
	if err != nil {
		return err
	}
	if locked, err := s.isLocked(ctx, keyring); err != nil {
		return err
	} else if locked {
		if err := s.unlock(ctx, []dbus.ObjectPath{keyring}); err != nil {
			return err
		}
	}
	iv, encrypted := encrypt(s.key, plain)
	described := map[string]dbus.Variant{
		ifItem + ".Label":      dbus.MakeVariant(label),
		ifItem + ".Attributes": dbus.MakeVariant(attributes),
	}
	sent := secret{s.session, iv, encrypted, "application/octet-stream"}
	var item, prompt dbus.ObjectPath
	if err := s.call(ctx, keyring, ifKeyring+".CreateItem", []any{described, sent, false}, &item, &prompt); err != nil {
		return err
	}
	_, err = s.prompt(ctx, prompt)
	return err
}

// remove deletes an item. One that is not there any more is no error.
func (s *service) remove(ctx context.Context, item dbus.ObjectPath) error {
	var prompt dbus.ObjectPath
	err := s.call(ctx, item, ifItem+".Delete", nil, &prompt)
	if errors.Is(err, errGone) {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = s.prompt(ctx, prompt)
	return err
}
