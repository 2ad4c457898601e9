//go:build linux

package device

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"time"

	"golang.org/x/sys/unix"

	"github.com/offlineauth/offlineauth/linkhandler"
)

// On the control socket one JSON question gets one JSON answer.
const (
	controlLimit = launchLimit + 2*time.Second
	maxQuestion  = 64 << 10
)

// A question sets one of the two.
type question struct {
	Launch *linkhandler.Launch `json:"launch,omitempty"`
	Attest *peer               `json:"attest,omitempty"`
}

type peer struct {
	PID int `json:"pid"`
	UID int `json:"uid"` // -1: unknown
}

type answer struct {
	Identity string `json:"identity,omitempty"` // of Attest; empty: of no app
	Error    string `json:"error,omitempty"`
	Kind     string `json:"kind,omitempty"` // of Error; see kinds
}

// kinds gives the errors that keep their identity across the socket.
func kinds() map[string]error {
	return map[string]error{
		"bad-link": ErrBadLink, "no-app": ErrNoApp, "certificate": ErrCertificate,
		"not-running": ErrNotRunning, "closed": ErrClosed,
	}
}

func (d *Device) serveControl() {
	for {
		conn, err := d.control.AcceptUnix()
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil: // too many open files, say
			select {
			case <-d.ctx.Done():
			case <-time.After(50 * time.Millisecond):
			}
			continue
		}
		d.group.Go(func() { d.converse(conn) })
	}
}

func (d *Device) converse(conn *net.UnixConn) {
	defer conn.Close()
	stop := context.AfterFunc(d.ctx, func() { conn.Close() })
	defer stop()
	conn.SetDeadline(time.Now().Add(controlLimit))
	var q question
	if err := json.NewDecoder(io.LimitReader(conn, maxQuestion)).Decode(&q); err != nil {
		json.NewEncoder(conn).Encode(answer{Error: "malformed question: " + err.Error()})
		return
	}
	json.NewEncoder(conn).Encode(d.answer(conn, q))
}

func (d *Device) answer(conn *net.UnixConn, q question) answer {
	switch {
	case q.Attest != nil:
		return answer{Identity: d.attest(q.Attest.PID, q.Attest.UID)}
	case q.Launch != nil:
		_, err := d.launch(d.ctx, d.packageOf(peerPID(conn)), *q.Launch)
		return failure(err)
	}
	return answer{Error: "neither launch nor attest was asked for"}
}

func failure(err error) answer {
	if err == nil {
		return answer{}
	}
	var refused *LaunchError
	if errors.As(err, &refused) {
		err = refused.Err // the asker knows the rest
	}
	a := answer{Error: err.Error()}
	for kind, target := range kinds() {
		if errors.Is(err, target) {
			a.Kind = kind
		}
	}
	return a
}

// peerPID is the process that connected, or 0.
func peerPID(conn *net.UnixConn) (pid int) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return 0
	}
	raw.Control(func(fd uintptr) {
		if cred, err := unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED); err == nil {
			pid = int(cred.Pid)
		}
	})
	return pid
}
