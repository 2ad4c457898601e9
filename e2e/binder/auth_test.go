//go:build linux && vm

package binder_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/offlineauth/offlineauth/e2e/binder"
	"github.com/offlineauth/offlineauth/e2e/vm"
	"github.com/offlineauth/offlineauth/ipcapi"
	"github.com/offlineauth/offlineauth/mobile"
)

const (
	issuer      = "https://auth.example"
	redirectURI = "com.example.maths:/done"
)

// auth is the authorization app: what a maker's app is around package mobile, with
// binder in the place of Android's classes. Its data are in a directory.
func auth(args []string) error {
	ctx := context.Background()
	slog.SetDefault(slog.New(slog.NewTextHandler(sayer{}, nil)))
	app, err := openApp()
	if err != nil {
		return err
	}
	a := &authApp{phoneApp: app}
	cfg := &mobile.Config{Issuer: issuer, DataDir: args[0], IPCService: authPackage, MemoryLimit: 96 << 20}
	cfg.AddAPI("/notes/", "notes", "Read and write your notes")
	if a.app, err = mobile.Open(cfg, a); err != nil {
		return err
	}
	if err := a.setUp(); err != nil {
		return err
	}
	if err := a.activity(ctx, func(link string) { go a.decide(link) }); err != nil {
		return err
	}
	if err := a.publish(ctx, messengerAction, binder.Messenger(func(uid int, m *binder.Message) { go a.answer(uid, m) })); err != nil {
		return err
	}
	if err := a.publish(ctx, streamAction, &binder.Object{Interface: streamAction, Serve: a.connect}); err != nil {
		return err
	}
	select {} // until it is killed, as Android does with apps
}

// sayer gives each line of the log to the test.
type sayer struct{}

func (sayer) Write(b []byte) (int, error) {
	vm.Say("log: %s", bytes.TrimSpace(b))
	return len(b), nil
}

type authApp struct {
	*phoneApp
	app mobile.App
}

// setUp is what the person and the maker have done before, once.
func (a *authApp) setUp() error {
	accounts, err := a.app.Accounts()
	if err != nil || accounts.Get() != "[]" {
		return err
	}
	return errors.Join(
		a.app.AddAccount("amina", "Amina"),
		a.app.AddClient("maths", "Maths", redirectURI, "openid profile notes", identityOf(mathsUID)),
	)
}

// caller is who the system says that a uid is.
func (a *authApp) caller(uid, pid int) (*mobile.Caller, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	identity, err := a.identity(ctx, uid)
	return &mobile.Caller{UID: uid, PID: pid, Identity: identity}, err
}

// answer answers a message. The kernel names no process for one-way calls.
func (a *authApp) answer(uid int, m *binder.Message) {
	from := m.From()
	if from == nil {
		return
	}
	defer from.Release()
	caller, err := a.caller(uid, -1)
	response := ipcapi.RefusedAnswer()
	if err == nil {
		call := mobile.NewCall()
		answered := make(chan struct{})
		go func() {
			select {
			case <-from.Died():
				call.Cancel()
			case <-answered:
			}
		}()
		response = a.app.Handle(m.Bytes, caller, call).Get()
		close(answered)
	}
	err = from.SendMessage(&binder.Message{What: responseWhat, Key: responseKey, Bytes: response})
	if errors.Is(err, syscall.ENOSPC) {
		err = from.SendMessage(&binder.Message{What: responseWhat, Key: responseKey, Bytes: ipcapi.ResponseTooLargeAnswer(ipcapi.Address{})})
	}
	if err != nil {
		slog.Warn("an answer was not taken", "cause", err)
	}
}

// connect is IHttpOverIpc.connect.
func (a *authApp) connect(c *binder.Call) (*binder.Parcel, error) {
	caller, err := a.caller(c.UID, c.PID)
	if err != nil {
		return nil, err
	}
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	theirs := os.NewFile(uintptr(pair[1]), "stream")
	if err := a.app.Serve(pair[0], caller); err != nil {
		return nil, errors.Join(err, theirs.Close())
	}
	answer := new(binder.Parcel)
	answer.WriteInt(1) // a ParcelFileDescriptor
	answer.WriteInt(0) // without one to tell of its end
	answer.WriteFile(theirs)
	return answer, nil
}

// decide does as a person does who accepts, but keeps their profile to themselves.
func (a *authApp) decide(link string) {
	request, err := a.app.Begin(link)
	if err == nil && !request.Answered {
		var shown struct {
			Accounts []struct{ ID string } `json:"accounts"`
		}
		if err = json.Unmarshal([]byte(request.JSON), &shown); err == nil {
			vm.Say("auth: %s %s", request.Title, request.Trust)
			err = a.app.Approve(request.ID, shown.Accounts[0].ID, "openid notes", "")
		}
	}
	if err != nil {
		vm.Say("auth: failed: %v", err)
	}
}

// Launch implements mobile.Host.
func (a *authApp) Launch(uri, app string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return a.launch(ctx, uri, app)
}

// Claimants implements mobile.Host.
func (a *authApp) Claimants(string) (*mobile.Text, error) { return nil, nil }

// Answer implements mobile.Host: what is sent to the notes comes back, or as many bytes
// as «size» says, with the digest of what arrived. The system kills the app while it
// answers at «killed».
func (a *authApp) Answer(request []byte, token *mobile.Token) (*mobile.Bytes, error) {
	r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(request)))
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	digest := sha256.Sum256(body)
	if r.URL.Path == "/notes/killed" {
		if err := a.system.Send(systemOver, binder.NewParcel(systemInterface)); err != nil {
			return nil, err
		}
		select {}
	}
	if size, err := strconv.Atoi(r.FormValue("size")); err == nil {
		body = make([]byte, size)
	}
	head := fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nDigest: %x\r\nContent-Length: %d\r\n\r\n", digest, len(body))
	return mobile.NewBytes(append([]byte(head), body...)), nil
}
