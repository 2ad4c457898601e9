package dbusipc

import (
	"context"
	"os"
	"slices"
	"strings"

	"github.com/offlineauth/offlineauth/ipcapi/dbusipc/wire"
)

// Export lets others call the methods of an API at the object that has the path.
// Several APIs can be at one object. Do it before the connection takes a name: a
// service is called as soon as it has one.
func (b *Bus) Export(path string, api API) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.objects[path] = append(b.objects[path], api)
}

const (
	introspectable = "org.freedesktop.DBus.Introspectable"
	peer           = "org.freedesktop.DBus.Peer"
)

// method finds what answers a call. Without an interface it is the first method of
// that name.
func (b *Bus) method(call wire.Header) (Method, *Error) {
	b.mu.Lock()
	apis := b.objects[call.Path]
	b.mu.Unlock()
	described := len(apis) > 0 || b.describe(call.Path) != ""
	for _, api := range append(slices.Clip(apis), b.standard(call.Path)...) {
		m, is := api.Methods[call.Member]
		if !is || call.Interface != "" && call.Interface != api.Interface {
			continue
		}
		if !described && api.Interface != peer { // which every process has at every path
			break
		}
		if m.Args != call.Signature {
			return m, busError("InvalidArgs", call.Member+" takes other arguments")
		}
		return m, nil
	}
	if !described {
		return Method{}, busError("UnknownObject", "there is no such object")
	}
	return Method{}, busError("UnknownMethod", "there is no such method")
}

// standard are the APIs that each object has.
func (b *Bus) standard(path string) []API {
	return []API{{
		Interface: introspectable,
		Methods: map[string]Method{"Introspect": {Do: func(context.Context, string, *wire.Args) (body wire.Body, _ *Error) {
			body.String(b.describe(path))
			return body, nil
		}}},
	}, {
		Interface: peer,
		Methods: map[string]Method{
			"Ping":         {Do: func(context.Context, string, *wire.Args) (body wire.Body, _ *Error) { return body, nil }},
			"GetMachineId": {Do: machineID},
		},
	}}
}

func machineID(context.Context, string, *wire.Args) (body wire.Body, _ *Error) {
	for _, file := range []string{"/etc/machine-id", "/var/lib/dbus/machine-id"} {
		if id, err := os.ReadFile(file); err == nil {
			body.String(strings.TrimSpace(string(id)))
			return body, nil
		}
	}
	return body, busError("Failed", "this machine has no id")
}

// describe is the introspection data of what is at a path, and of what is below; ""
// if there is nothing.
func (b *Bus) describe(path string) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var interfaces, nodes string
	for _, api := range b.objects[path] {
		interfaces += api.Introspection
	}
	for other := range b.objects {
		below, is := strings.CutPrefix(other, strings.TrimSuffix(path, "/")+"/")
		if child, _, _ := strings.Cut(below, "/"); is && child != "" {
			if node := "<node name=\"" + child + "\"/>\n"; !strings.Contains(nodes, node) {
				nodes += node
			}
		}
	}
	if interfaces == "" && nodes == "" {
		return ""
	}
	return doctype + "<node>\n" + interfaces + standardInterfaces + nodes + "</node>\n"
}
