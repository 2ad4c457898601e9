//go:build linux && vm

package binder_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/offlineauth/offlineauth/e2e/binder"
)

// The apps of the phone. Each has a uid of its own, as Android gives it.
const (
	authPackage  = "org.example.auth"
	mathsPackage = "com.example.maths"
	thiefPackage = "com.example.thief"

	authUID   = 10001
	mathsUID  = 10002
	thiefUID  = 10003
	sharedUID = 10004 // of two packages
)

// installed is what the package manager knows: whose packages are the uid's, and the
// SHA-256 of the certificate that each is signed with.
var installed = map[int]map[string]string{
	authUID:   {authPackage: strings.Repeat("a1", 32)},
	mathsUID:  {mathsPackage: strings.Repeat("b2", 32)},
	thiefUID:  {thiefPackage: strings.Repeat("c3", 32)},
	sharedUID: {"com.example.one": strings.Repeat("d4", 32), "com.example.two": strings.Repeat("d4", 32)},
}

// identityOf is the app identity of a uid; "" if it has several packages, or none.
func identityOf(uid int) string {
	if packages := installed[uid]; len(packages) == 1 {
		for name, digest := range packages {
			return "android:" + name + "#" + digest
		}
	}
	return ""
}

// The interface of the system to apps. It plays the activity manager and the package
// manager.
const (
	systemInterface = "test.ISystem"

	systemPublish  = 1 // (action, object): what binds with the action reaches the object
	systemBind     = 2 // (package, action) -> object; the app is started if it does not run
	systemIdentity = 3 // (uid) -> app identity
	systemPackage  = 4 // (package) -> app identity
	systemLaunch   = 5 // (link, app identity or ""): opens the link in the app that claims it
	systemOver     = 6 // one-way: the app is to be killed
)

// The interface of an app's activity, which is published under its own name.
const (
	activityInterface = "test.IActivity"
	activityOpen      = 1 // one-way (link)
)

// A system starts apps and lets them reach each other.
type system struct {
	ctx context.Context

	mu        sync.Mutex
	changed   *sync.Cond
	published map[string]*binder.Ref // by package and action
	running   map[string]*exec.Cmd   // by package
}

// newSystem makes this process the context manager.
func newSystem(ctx context.Context) (*system, error) {
	p, err := binder.Open(4)
	if err != nil {
		return nil, err
	}
	s := &system{ctx: ctx, published: map[string]*binder.Ref{}, running: map[string]*exec.Cmd{}}
	s.changed = sync.NewCond(&s.mu)
	context.AfterFunc(ctx, s.changed.Broadcast)
	return s, p.BecomeContextManager(&binder.Object{Interface: systemInterface, Serve: s.serve})
}

func (s *system) serve(c *binder.Call) (*binder.Parcel, error) {
	answer := new(binder.Parcel)
	switch c.Code {
	case systemPublish:
		action, object := c.Parcel.ReadText(), c.Parcel.ReadRef()
		return answer, cmp.Or(c.Parcel.Err(), s.publish(packageOf(c.UID), action, object))
	case systemBind:
		object, err := s.bind(c.Parcel.ReadText(), c.Parcel.ReadText())
		if err != nil {
			return nil, err
		}
		answer.WriteRef(object)
	case systemIdentity:
		answer.WriteText(identityOf(int(c.Parcel.ReadInt())))
	case systemPackage:
		answer.WriteText(identityOf(uidOf(c.Parcel.ReadText())))
	case systemLaunch:
		return answer, s.launch(c.Parcel.ReadText(), c.Parcel.ReadText())
	case systemOver:
		return nil, s.kill(packageOf(c.UID))
	}
	return answer, c.Parcel.Err()
}

// packageOf is the one package of a uid.
func packageOf(uid int) string {
	name, _, _ := strings.Cut(strings.TrimPrefix(identityOf(uid), "android:"), "#")
	return name
}

func uidOf(name string) int {
	for uid := range installed {
		if packageOf(uid) == name {
			return uid
		}
	}
	return -1
}

func (s *system) publish(name, action string, object *binder.Ref) error {
	if name == "" || object == nil {
		return os.ErrPermission
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.published[name+" "+action] = object
	s.changed.Broadcast()
	return nil
}

// bind waits for the app to publish what is bound. The authorization app is started
// if it does not run; others start themselves.
func (s *system) bind(name, action string) (*binder.Ref, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.ctx.Err() == nil {
		if object := s.published[name+" "+action]; object != nil {
			return object, nil
		}
		if s.running[name] == nil {
			if name != authPackage {
				return nil, fmt.Errorf("nothing of %s has the action %s", name, action)
			}
			if err := s.startService(); err != nil {
				return nil, err
			}
		}
		s.changed.Wait()
	}
	return nil, context.Cause(s.ctx)
}

// startService starts the authorization app. The caller holds s.mu.
func (s *system) startService() error {
	cmd := start(authUID, "auth", dataOf(authPackage))
	if err := cmd.Start(); err != nil {
		return err
	}
	s.running[authPackage] = cmd
	go func() {
		cmd.Wait() // the service is killed, or the machine ends
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.running, authPackage)
		s.forget(authPackage)
		s.changed.Broadcast()
	}()
	return nil
}

// forget drops what an app has published. The caller holds s.mu.
func (s *system) forget(name string) {
	maps.DeleteFunc(s.published, func(key string, _ *binder.Ref) bool { return strings.HasPrefix(key, name+" ") })
}

// kill ends an app, in whatever it does. Who binds it now waits for the next one.
func (s *system) kill(name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running[name] == nil {
		return errors.New("there is no such app to kill")
	}
	s.forget(name)
	return s.running[name].Process.Kill()
}

// launch opens a link. One that is for an app alone goes to no other.
func (s *system) launch(link, identity string) error {
	name := mathsPackage
	if !strings.HasPrefix(link, redirectURI) {
		name = authPackage
	}
	if identity != "" && identity != identityOf(uidOf(name)) {
		return fmt.Errorf("%s is not %s: %w", name, identity, os.ErrPermission)
	}
	activity, err := s.bind(name, activityInterface)
	if err != nil {
		return err
	}
	p := binder.NewParcel(activityInterface)
	p.WriteText(link)
	return activity.Send(activityOpen, p)
}

// dataOf is the directory of an app, which only it can read.
func dataOf(name string) string { return "/data/" + name }

// A phoneApp is the system as an app sees it.
type phoneApp struct {
	process *binder.Process
	system  *binder.Ref
}

func openApp() (*phoneApp, error) {
	p, err := binder.Open(4)
	if err != nil {
		return nil, err
	}
	return &phoneApp{p, p.ContextManager()}, nil
}

func (a *phoneApp) ask(ctx context.Context, code uint32, texts ...string) (*binder.Parcel, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	p := binder.NewParcel(systemInterface)
	for _, text := range texts {
		p.WriteText(text)
	}
	return a.system.Call(ctx, code, p)
}

// publish lets others bind an object.
func (a *phoneApp) publish(ctx context.Context, action string, o *binder.Object) error {
	p := binder.NewParcel(systemInterface)
	p.WriteText(action)
	p.WriteObject(a.process.Serve(o))
	_, err := a.system.Call(ctx, systemPublish, p)
	return err
}

// activity publishes what links are opened in.
func (a *phoneApp) activity(ctx context.Context, open func(link string)) error {
	return a.publish(ctx, activityInterface, &binder.Object{Interface: activityInterface, Serve: func(c *binder.Call) (*binder.Parcel, error) {
		if c.UID != 0 {
			return nil, fmt.Errorf("uid %d opens a link: %w", c.UID, os.ErrPermission)
		}
		open(c.Parcel.ReadText())
		return nil, c.Parcel.Err()
	}})
}

func (a *phoneApp) bind(ctx context.Context, name, action string) (*binder.Ref, error) {
	answer, err := a.ask(ctx, systemBind, name, action)
	if err != nil {
		return nil, err
	}
	object := answer.ReadRef()
	return object, answer.Err()
}

func (a *phoneApp) launch(ctx context.Context, link, identity string) error {
	_, err := a.ask(ctx, systemLaunch, link, identity)
	return err
}

// identity is the app identity of a uid, by the system's word.
func (a *phoneApp) identity(ctx context.Context, uid int) (string, error) {
	p := binder.NewParcel(systemInterface)
	p.WriteInt(int32(uid))
	answer, err := a.system.Call(ctx, systemIdentity, p)
	if err != nil {
		return "", err
	}
	return answer.ReadText(), answer.Err()
}

// signed is the app identity of a package, by the system's word.
func (a *phoneApp) signed(ctx context.Context, name string) (string, error) {
	answer, err := a.ask(ctx, systemPackage, name)
	if err != nil {
		return "", err
	}
	return answer.ReadText(), answer.Err()
}
