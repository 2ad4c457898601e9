//go:build linux && dbus

package dbusipc_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/offlineauth/offlineauth/ipcapi"
	"github.com/offlineauth/offlineauth/ipcapi/dbusipc"
	"github.com/offlineauth/offlineauth/ipcapi/dbusipc/wire"
)

// descriptors are bodies with every kind of place that a descriptor can have, and with
// none. 64-bit alignment is that of the first byte.
func descriptors() map[string]wire.Body {
	files := []*os.File{os.Stderr, os.Stderr}
	return map[string]wire.Body{
		"alone":         {Signature: "hh", Data: []byte("\x00\x00\x00\x00\x01\x00\x00\x00"), Files: files},
		"no place":      {Files: files},
		"one place":     {Signature: "h", Data: []byte("\x01\x00\x00\x00"), Files: files},
		"array":         {Signature: "ah", Data: []byte("\x08\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00"), Files: files},
		"arrays":        {Signature: "aah", Data: []byte("\x08\x00\x00\x00\x04\x00\x00\x00\x01\x00\x00\x00"), Files: files},
		"key":           {Signature: "a{hs}", Data: []byte("\x09\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"), Files: files},
		"entry":         {Signature: "a{yh}", Data: []byte("\x08\x00\x00\x00\x00\x00\x00\x00\x05\x00\x00\x00\x01\x00\x00\x00"), Files: files},
		"array inside":  {Signature: "v", Data: []byte("\x02ah\x00\x04\x00\x00\x00\x01\x00\x00\x00"), Files: files},
		"variant":       {Signature: "v", Data: []byte("\x01v\x00\x01h\x00\x00\x00\x01\x00\x00\x00"), Files: files},
		"struct":        {Signature: "(yah)", Data: []byte("\x01\x00\x00\x00\x04\x00\x00\x00\x01\x00\x00\x00"), Files: files},
		"empty array":   {Signature: "ah", Data: []byte("\x00\x00\x00\x00"), Files: files},
		"not sent with": {Signature: "ah", Data: []byte("\x00\x00\x00\x00")},
	}
}

// TestDescriptorsAreClosed: what callers send along is not kept, and ends nothing.
func TestDescriptorsAreClosed(t *testing.T) {
	start(t)
	rt := wires(t)["Handle"]
	pid, err := ask(t.Context(), rt, "GET", "/pid", "")
	if err != nil {
		t.Fatal(err)
	}
	b, err := dbusipc.Open(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	owner, err := b.Owner(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	before := openFiles(t, pid)
	for where, body := range descriptors() {
		for _, method := range []struct{ name, in, want string }{
			{"Take", "org.example.Nothing", "UnknownMethod"},
			{"Handle", dbusipc.Interface, "InvalidArgs"},
			{"Connect", dbusipc.Interface, "InvalidArgs"},
			{"Introspect", "", "InvalidArgs"},
		} {
			if body.Signature == "" && method.want == "InvalidArgs" && method.name != "Handle" {
				continue // that is how they are called
			}
			for range 10 {
				_, err := b.Call(t.Context(), dbusipc.Call{Destination: owner, Object: "/org/example/Test_Service", Interface: method.in, Member: method.name, Args: body})
				var said *dbusipc.Error
				if !errors.As(err, &said) || !strings.HasSuffix(said.Name, method.want) {
					t.Fatalf("%s to %s: %v", where, method.name, err)
				}
			}
		}
	}
	if again, err := ask(t.Context(), rt, "GET", "/pid", ""); again != pid || err != nil {
		t.Errorf("another process answers now: %s, %v", again, err)
	}
	if after := openFiles(t, pid); after > before+2 {
		t.Errorf("the service has %d descriptors open, and had %d", after, before)
	}
}

// TestAnswersOfAnotherKind: a service answers what nobody expects, and the client
// goes on.
func TestAnswersOfAnotherKind(t *testing.T) {
	start(t)
	service, err := dbusipc.Open(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer service.Close()
	answers := make(chan wire.Body, 1)
	do := func(context.Context, string, *wire.Args) (wire.Body, *dbusipc.Error) {
		answer := <-answers
		defer func() { answers <- answer }()
		copied := answer
		copied.Files = nil
		for _, f := range answer.Files { // those of what is returned are closed
			fd, err := syscall.Dup(int(f.Fd()))
			if err != nil {
				t.Error(err)
			}
			copied.Files = append(copied.Files, os.NewFile(uintptr(fd), "copy"))
		}
		return copied, nil
	}
	const other = "org.example.Other"
	service.Export("/org/example/Other", dbusipc.API{Interface: dbusipc.Interface, Methods: map[string]dbusipc.Method{"Connect": {Do: do}, "Handle": {Args: "ay", Do: do}}})
	if err := service.RequestName(t.Context(), other); err != nil {
		t.Fatal(err)
	}
	d := &dbusipc.Dialer{Address: ipcapi.Address{Scheme: ipcapi.DBus, Name: other}, Limits: ipcapi.Limits{Body: 1 << 10}}
	defer d.CloseIdleConnections()
	before := openFiles(t, "self")
	answers <- wire.Body{}
	next := func(body wire.Body) { <-answers; answers <- body }
	for where, body := range descriptors() {
		next(body)
		for range 10 {
			if conn, err := d.DialContext(t.Context()); err == nil {
				t.Fatalf("%s: connected to %v", where, conn.RemoteAddr())
			} else if errors.Is(err, ipcapi.ErrNoService) {
				t.Fatalf("%s: %v", where, err)
			}
			if got, err := d.Exchange(t.Context(), nil); err == nil || errors.Is(err, ipcapi.ErrNoService) {
				t.Fatalf("%s: got %q, %v", where, got, err)
			}
		}
	}
	var tooLarge, good wire.Body
	tooLarge.Bytes(make([]byte, 1<<20))
	next(tooLarge)
	var large *ipcapi.TooLargeError
	if _, err := d.Exchange(t.Context(), nil); !errors.As(err, &large) || !large.Response {
		t.Errorf("a large answer: %v", err)
	}
	good.Bytes([]byte("at last"))
	next(good)
	if got, err := d.Exchange(t.Context(), nil); string(got) != "at last" || err != nil {
		t.Errorf("the next call: %q, %v", got, err)
	}
	if after := openFiles(t, "self"); after > before+3 {
		t.Errorf("%d descriptors are open, and %d were", after, before)
	}
}
