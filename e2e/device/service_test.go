//go:build linux

package device_test

import (
	"errors"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/offlineauth/offlineauth/e2e/device"
	"github.com/offlineauth/offlineauth/ipcapi"
)

// service installs the authorization app with both wires.
func service(t *testing.T, d *device.Device, role string) (stream, message ipcapi.Address) {
	t.Helper()
	stream, message = d.Address(ipcapi.Unix, "stream"), d.Address(ipcapi.UnixSeqpacket, "message")
	install(t, d, device.App{Package: auth, ServiceCommand: []string{"testapp", role}, Services: []ipcapi.Address{message, stream}})
	return stream, message
}

// server is the process that answers at an address.
func server(t *testing.T, a ipcapi.Address) (pid int) {
	t.Helper()
	text, err := get(waiting(t), a, "/")
	if err != nil {
		t.Fatalf("%s: %v", a, err)
	}
	first, rest, _ := strings.Cut(text, " ")
	if !strings.HasPrefix(rest, "message:stream ") {
		t.Errorf("LISTEN_FDNAMES: %q", rest)
	}
	if pid, err = strconv.Atoi(first); err != nil {
		t.Fatal(err)
	}
	return pid
}

func TestServiceStartsOnDemand(t *testing.T) {
	eachUser(t, func(t *testing.T, opts device.Options) {
		d := newDevice(t, opts)
		stream, message := service(t, d, "serve")
		install(t, d, device.App{Package: maths})
		if err := run(t, d, maths, "testapp", "child", "got", "time for a process to start"); err != nil {
			t.Fatal(err)
		}
		if n := count(t, d, device.ServiceWoken); n != 0 {
			t.Fatalf("started %d times before anybody asked", n)
		}
		pid := server(t, stream)
		if again := server(t, message); again != pid {
			t.Errorf("process %d serves the messages, %d the stream", again, pid)
		}
		e := await(t, d, device.ServiceWoken, auth, 1)
		if e.PID != pid || e.Address != stream {
			t.Errorf("event %+v, want process %d and %s", e, pid, stream)
		}
	})
}

func TestServiceComesBack(t *testing.T) {
	eachUser(t, func(t *testing.T, opts device.Options) {
		d := newDevice(t, opts)
		stream, message := service(t, d, "serve")
		first := server(t, stream)
		if err := d.Kill(waiting(t), auth); err != nil {
			t.Fatal(err)
		}
		if e := await(t, d, device.ProcessEnded, auth, 1); e.PID != first || e.Err == nil {
			t.Errorf("event %+v", e)
		}
		second := server(t, message)
		if second == first {
			t.Error("the process that was killed answers")
		}
		if _, err := get(waiting(t), stream, "/exit"); err != nil {
			t.Fatal(err)
		}
		if e := await(t, d, device.ProcessEnded, auth, 2); e.PID != second || e.Err != nil {
			t.Errorf("event %+v", e)
		}
		if n := count(t, d, device.ServiceWoken); n != 2 {
			t.Errorf("woken %d times for two rounds", n)
		}
		if third := server(t, stream); third == second {
			t.Error("the process that exited answers")
		}
	})
}

func TestKilledDuringRequest(t *testing.T) {
	d := newDevice(t, device.Options{SharedUID: true})
	stream, _ := service(t, d, "serve")
	server(t, stream)
	failed := make(chan error, 1)
	asked := waiting(t)
	go func() {
		_, err := get(asked, stream, "/hang")
		failed <- err
	}()
	if _, err := get(asked, stream, "/hanging"); err != nil {
		t.Fatal(err)
	}
	if err := d.Kill(waiting(t), auth); err != nil {
		t.Fatal(err)
	}
	server(t, stream)
	select {
	case err := <-failed:
		if !errors.Is(err, ipcapi.ErrServiceDied) {
			t.Error(err)
		}
	case <-asked.Done():
		t.Error("the request still waits for a process that was killed")
	}
}

func TestManyConnectionsStartOneProcess(t *testing.T) {
	d := newDevice(t, device.Options{})
	stream, message := service(t, d, "serve")
	for round := 1; round <= 2; round++ {
		texts, errs := make([]string, 20), make([]error, 20)
		var group sync.WaitGroup
		for i := range texts {
			group.Go(func() { texts[i], errs[i] = get(waiting(t), []ipcapi.Address{stream, message}[i%2], "/") })
		}
		group.Wait()
		for i, text := range texts {
			if errs[i] != nil || text != texts[0] {
				t.Errorf("request %d: %q, error %v, want %q", i, text, errs[i], texts[0])
			}
		}
		if n := count(t, d, device.ServiceWoken); n != round {
			t.Fatalf("round %d: %d processes were started", round, n)
		}
		if err := d.Kill(waiting(t), auth); err != nil {
			t.Fatal(err)
		}
	}
}

// Connections that come while the service exits wait for its successor.
func TestNoConnectionIsLostWhenServiceExits(t *testing.T) {
	d := newDevice(t, device.Options{SharedUID: true})
	stream, message := service(t, d, "serve")
	for range 5 {
		if _, err := get(waiting(t), stream, "/exit"); err != nil {
			t.Fatal(err)
		}
		server(t, message)
	}
}

func TestServiceThatFails(t *testing.T) {
	for name, command := range map[string][]string{"exits": {"false"}, "cannot run": {"no-such-program"}} {
		t.Run(name, func(t *testing.T) {
			d := newDevice(t, device.Options{SharedUID: true})
			a := d.Address(ipcapi.Unix, "stream")
			install(t, d, device.App{Package: auth, ServiceCommand: command, Services: []ipcapi.Address{a}})
			if _, err := get(waiting(t), a, "/"); !errors.Is(err, ipcapi.ErrServiceDied) {
				t.Errorf("error %v", err)
			}
			if e := await(t, d, device.ServiceFailed, auth, 1); !errors.Is(e.Err, device.ErrServiceFails) {
				t.Errorf("event %+v", e)
			}
		})
	}
}
