//go:build linux && dbus

package secretservice

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"

	"github.com/godbus/dbus/v5"

	"github.com/offlineauth/offlineauth/ipcapi/dbusipc/bustest"
)

const fakeKeyring = root + "/collection/fake"

// A fake is a Secret Service with one keyring, whose person and whose failures a test
// chooses.
type fake struct {
	t    *testing.T
	conn *dbus.Conn

	mu      sync.Mutex
	locked  bool
	hides   bool   // what is in the locked keyring
	absent  bool   // there is no keyring
	plain   bool   // it offers no encryption
	forgets bool   // it keeps nothing that it is given
	person  string // "unlocks", "dismisses", "waits", or "sees it crash"
	asked   chan dbus.ObjectPath
	taken   []dbus.ObjectPath // prompts that were taken back
	crashes string            // the method in which it ends
	key     []byte
	items   map[dbus.ObjectPath]*fakeItem
	count   int
}

type fakeItem struct {
	attributes map[string]string
	label      string
	plain      []byte
}

// startBus starts a bus that starts nothing when the Secret Service is called, nor what
// asks the person.
func startBus(t *testing.T) *bustest.Bus {
	t.Helper()
	bus := bustest.Start(t)
	bus.Shadow(t, busName, "org.gnome.keyring.SystemPrompter")
	return bus
}

// startFake starts one on a bus of its own.
func startFake(t *testing.T) *fake {
	t.Helper()
	startBus(t)
	f := &fake{t: t, person: "unlocks", items: map[dbus.ObjectPath]*fakeItem{}, asked: make(chan dbus.ObjectPath, 8)}
	f.serve()
	return f
}

func (f *fake) serve() {
	f.t.Helper()
	conn, err := dbus.ConnectSessionBus()
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() { conn.Close() })
	f.conn = conn
	export := func(methods map[string]any, path dbus.ObjectPath, iface string) {
		if err := conn.ExportMethodTable(methods, path, iface); err != nil {
			f.t.Fatal(err)
		}
	}
	export(map[string]any{"OpenSession": f.openSession, "SearchItems": f.searchItems, "Unlock": f.unlock, "ReadAlias": f.readAlias}, root, ifService)
	export(map[string]any{"CreateItem": f.createItem}, fakeKeyring, ifKeyring)
	export(map[string]any{"Get": func(_, _ string) (dbus.Variant, *dbus.Error) {
		f.mu.Lock()
		defer f.mu.Unlock()
		return dbus.MakeVariant(f.locked), nil
	}}, fakeKeyring, properties)
	for path := range f.items { // of before it ended
		f.export(path)
	}
	if reply, err := conn.RequestName(busName, dbus.NameFlagDoNotQueue); err != nil || reply != dbus.RequestNameReplyPrimaryOwner {
		f.t.Fatal(reply, err)
	}
}

// set changes the fake between calls.
func (f *fake) set(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

func dbusError(name string) *dbus.Error { return dbus.NewError(name, []any{"fake"}) }

// crash ends the service in the middle of a call, if that is to be.
func (f *fake) crash(method string) bool {
	if f.crashes != method {
		return false
	}
	f.conn.Close()
	return true
}

func (f *fake) openSession(offered string, input dbus.Variant) (dbus.Variant, dbus.ObjectPath, *dbus.Error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.plain {
		return input, nothing, dbusError("org.freedesktop.DBus.Error.NotSupported")
	}
	if f.crash("OpenSession") || offered != algorithm {
		return input, nothing, dbusError("org.freedesktop.DBus.Error.Failed")
	}
	a := newAgreement()
	key, err := a.key(input.Value().([]byte))
	if err != nil {
		return input, nothing, dbusError("org.freedesktop.DBus.Error.InvalidArgs")
	}
	f.key = key
	return dbus.MakeVariant(a.public()), root + "/session/s1", nil
}

func (f *fake) readAlias(string) (dbus.ObjectPath, *dbus.Error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.absent {
		return nothing, nil
	}
	return fakeKeyring, nil
}

func (f *fake) searchItems(wanted map[string]string) (unlocked, locked []dbus.ObjectPath, _ *dbus.Error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.crash("SearchItems")
	found := []dbus.ObjectPath{}
	for path, item := range f.items {
		matches := true
		for k, v := range wanted {
			matches = matches && item.attributes[k] == v
		}
		if matches {
			found = append(found, path)
		}
	}
	switch {
	case !f.locked:
		return found, []dbus.ObjectPath{}, nil
	case f.hides:
		return []dbus.ObjectPath{}, []dbus.ObjectPath{}, nil
	}
	return []dbus.ObjectPath{}, found, nil
}

func (f *fake) unlock(objects []dbus.ObjectPath) ([]dbus.ObjectPath, dbus.ObjectPath, *dbus.Error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.locked {
		return objects, nothing, nil
	}
	f.count++
	path := root + dbus.ObjectPath(fmt.Sprint("/prompt/p", f.count))
	f.conn.ExportMethodTable(map[string]any{
		"Prompt":  func(string) *dbus.Error { go f.ask(path); return nil },
		"Dismiss": func() *dbus.Error { f.set(func() { f.taken = append(f.taken, path) }); return nil },
	}, path, ifPrompt)
	return []dbus.ObjectPath{}, path, nil
}

// ask is the person before a prompt.
func (f *fake) ask(path dbus.ObjectPath) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked <- path
	switch f.person {
	case "waits":
	case "sees it crash":
		f.conn.Close()
	default:
		f.locked = f.person != "unlocks"
		// Another one's prompt ends as well, and must not be taken for this.
		f.conn.Emit(root+"/prompt/other", ifPrompt+".Completed", !f.locked, dbus.MakeVariant(""))
		f.conn.Emit(path, ifPrompt+".Completed", f.locked, dbus.MakeVariant([]dbus.ObjectPath{fakeKeyring}))
	}
}

func (f *fake) createItem(described map[string]dbus.Variant, sent secret, _ bool) (dbus.ObjectPath, dbus.ObjectPath, *dbus.Error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.locked {
		return nothing, nothing, dbusError("org.freedesktop.Secret.Error.IsLocked")
	}
	plain, err := decrypt(f.key, sent.Parameters, sent.Value)
	if err != nil {
		return nothing, nothing, dbusError("org.freedesktop.DBus.Error.InvalidArgs")
	}
	f.count++
	path := fakeKeyring + dbus.ObjectPath(fmt.Sprint("/i", f.count))
	if f.forgets {
		return path, nothing, nil
	}
	f.items[path] = &fakeItem{described[ifItem+".Attributes"].Value().(map[string]string), described[ifItem+".Label"].Value().(string), plain}
	f.export(path)
	return path, nothing, nil
}

// export serves an item.
func (f *fake) export(path dbus.ObjectPath) {
	f.conn.ExportMethodTable(map[string]any{
		"GetSecret": func(session dbus.ObjectPath) (secret, *dbus.Error) { return f.getSecret(path, session) },
		"Delete": func() (dbus.ObjectPath, *dbus.Error) {
			f.set(func() { delete(f.items, path) })
			f.conn.Export(nil, path, ifItem)
			return nothing, nil
		},
	}, path, ifItem)
	f.conn.ExportMethodTable(map[string]any{"Get": func(_, _ string) (dbus.Variant, *dbus.Error) {
		f.mu.Lock()
		defer f.mu.Unlock()
		if f.items[path] == nil {
			return dbus.Variant{}, dbusError("org.freedesktop.DBus.Error.UnknownObject")
		}
		return dbus.MakeVariant(f.items[path].attributes), nil
	}}, path, properties)
}

func (f *fake) getSecret(path, session dbus.ObjectPath) (secret, *dbus.Error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	item := f.items[path]
	switch {
	case f.crash("GetSecret"), f.locked:
		return secret{}, dbusError("org.freedesktop.Secret.Error.IsLocked")
	case item == nil:
		return secret{}, dbusError("org.freedesktop.Secret.Error.NoSuchObject")
	}
	iv, encrypted := encrypt(f.key, item.plain)
	return secret{session, iv, encrypted, "application/octet-stream"}, nil
}

// numbers are those of the keys of a store, in order.
func (f *fake) numbers(name string) (numbers []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for item := range maps.Values(f.items) {
		if item.attributes[attrStore] == name {
			numbers = append(numbers, item.attributes[attrNumber])
		}
	}
	slices.Sort(numbers)
	return numbers
}
