package linkhandler_test

import (
	"errors"
	"net/url"
	"reflect"
	"testing"

	"github.com/offlineauth/offlineauth/linkhandler"
)

type launchVectors struct {
	About string         `json:"about"`
	Build []launchVector `json:"build"`
	Read  []launchVector `json:"read"`
}

type launchVector struct {
	Name     string       `json:"name"`
	Target   string       `json:"target"`
	Launch   *launchJSON  `json:"launch"`
	Link     string       `json:"link"`
	Received string       `json:"received"`
	Error    *vectorError `json:"error"`
}

type launchJSON struct {
	Format       linkhandler.LaunchFormat `json:"format"`
	Endpoint     string                   `json:"endpoint"`
	Username     string                   `json:"username"`
	Password     string                   `json:"password"`
	Fetch        string                   `json:"fetch"`
	Actor        string                   `json:"actor"`
	Registration string                   `json:"registration"`
	ActivityID   string                   `json:"activity_id"`
	IPCService   string                   `json:"ipc-service"`
	Package      string                   `json:"xapiIpcPackage"`
}

func launches(t testing.TB) launchVectors {
	vectors := readVectors[launchVectors](t, "launches.json")
	if len(vectors.Build) == 0 || len(vectors.Read) == 0 {
		t.Fatal("launches.json lacks vectors")
	}
	return vectors
}

func TestBuildLaunchVectors(t *testing.T) {
	for _, v := range launches(t).Build {
		t.Run(v.Name, func(t *testing.T) {
			got, err := linkhandler.BuildLaunchLink(v.Target, linkhandler.LaunchLink(*v.Launch))
			if v.Error != nil {
				checkInvalid(t, err, v.Error)
				return
			}
			if err != nil || got != v.Link {
				t.Errorf("got  %s, %v\nwant %s", got, err, v.Link)
			}
		})
	}
}

func TestReadLaunchVectors(t *testing.T) {
	for _, v := range launches(t).Read {
		t.Run(v.Name, func(t *testing.T) {
			got, err := linkhandler.ParseLaunchLink(v.Received)
			if v.Error != nil {
				checkInvalid(t, err, v.Error)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if want := linkhandler.LaunchLink(*v.Launch); !reflect.DeepEqual(got, &want) {
				t.Errorf("got %+v, want %+v", *got, want)
			}
		})
	}
}

// FuzzParseLaunchLink checks that a link is read or refused with an InvalidError,
// and that what was read is the same after it was built again.
func FuzzParseLaunchLink(f *testing.F) {
	for _, v := range launches(f).Read {
		f.Add(v.Received)
	}
	f.Fuzz(func(t *testing.T, link string) {
		l, err := linkhandler.ParseLaunchLink(link)
		if err != nil {
			var invalid *linkhandler.InvalidError
			if !errors.As(err, &invalid) || l != nil {
				t.Fatalf("got %+v, %#v", l, err)
			}
			return
		}
		built, err := linkhandler.BuildLaunchLink(appURI, *l)
		if err != nil {
			if len(link) > 2<<10 {
				return // the link was less encoded
			}
			t.Fatalf("%+v cannot be built: %v", *l, err)
		}
		again, err := linkhandler.ParseLaunchLink(built)
		if err != nil || !reflect.DeepEqual(again, l) {
			t.Fatalf("got %+v, %v; want %+v", again, err, *l)
		}
		checkWhereItSends(t, l)
	})
}

// checkWhereItSends checks that net/url sees the same hosts, none of them in the
// clear.
func checkWhereItSends(t *testing.T, l *linkhandler.LaunchLink) {
	for _, to := range []string{l.Endpoint, l.Fetch} {
		if u, err := url.Parse(to); to != "" && (err != nil || u.Scheme != "https" || u.User != nil || u.Hostname() == "" || u.Fragment != "") {
			t.Fatalf("net/url reads %q as %#v, %v", to, u, err)
		}
	}
}

// FuzzBuildLaunchLink checks that what was built is read back, by us and by net/url.
func FuzzBuildLaunchLink(f *testing.F) {
	for _, v := range launches(f).Build {
		l := v.Launch
		f.Add(v.Target, string(l.Format), l.Endpoint, l.Username, l.Password, l.Fetch, l.Actor, l.Registration, l.ActivityID, l.IPCService, l.Package)
	}
	f.Fuzz(func(t *testing.T, target, format, endpoint, username, password, fetch, actor, registration, activity, service, pkg string) {
		l := linkhandler.LaunchLink{linkhandler.LaunchFormat(format), endpoint, username, password, fetch, actor, registration, activity, service, pkg}
		link, err := linkhandler.BuildLaunchLink(target, l)
		if err != nil {
			return
		}
		got, err := linkhandler.ParseLaunchLink(link)
		if err != nil || *got != l {
			t.Fatalf("%q: got %+v, %v; want %+v", link, got, err, l)
		}
		if u, err := url.Parse(link); err != nil || u.Query().Get("actor") != actor || u.Query().Get("auth") != l.Authorization() {
			t.Fatalf("net/url reads %q as %v, %v", link, u, err)
		}
	})
}
