package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/offlineauth/offlineauth/ipcapi"
	"github.com/offlineauth/offlineauth/ipcapi/unixipc"
)

// Installed knows the authorization apps that are installed for this user: by the
// files that installing them wrote, one for each issuer (docs/protocol.md, section
// 8.2). It is a [Verifier], a [Resolver] and a [PeerVerifier], and the usual
// [Config.Services] on Linux.
//
// The files are looked for in offlineauth/issuers below $XDG_CONFIG_HOME, then below
// each of $XDG_CONFIG_DIRS. They must belong to root or to the user of this process,
// and be where nobody else can write.
type Installed struct {
	Dirs []string // instead of those
}

// An Installation is how one issuer's app is reached.
type Installation struct {
	Issuer       string   `json:"issuer"`
	IPCService   string   `json:"ipc_service"`
	Application  string   `json:"application,omitempty"`   // takes links over the session bus: desktop.Open
	CustomScheme string   `json:"custom_scheme,omitempty"` // private-use scheme of its links
	Start        []string `json:"start,omitempty"`         // command that serves the unix sockets, where nobody starts services
}

// InstallationFile is the name of the file of an issuer.
func InstallationFile(issuer string) string {
	return url.PathEscape(strings.TrimSuffix(strings.TrimPrefix(issuer, "https://"), "/")) + ".json"
}

// Find returns the installation for an issuer, or the origin of a resource. Without
// one the error is an fs.ErrNotExist.
func (i Installed) Find(issuer string) (Installation, error) {
	for _, dir := range i.dirs() {
		found, err := readInstallation(filepath.Join(dir, InstallationFile(issuer)))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil && found.Issuer != issuer {
			err = fmt.Errorf("%s is about %q", InstallationFile(issuer), found.Issuer)
		}
		return found, err
	}
	return Installation{}, fmt.Errorf("no authorization app is installed for %s: %w", issuer, fs.ErrNotExist)
}

func (i Installed) dirs() []string {
	if i.Dirs != nil {
		return i.Dirs
	}
	var dirs []string
	add := func(base string) {
		if filepath.IsAbs(base) {
			dirs = append(dirs, filepath.Join(base, "offlineauth/issuers"))
		}
	}
	home, _ := os.UserHomeDir() // "" is no absolute path's beginning
	add(firstOf(os.Getenv("XDG_CONFIG_HOME"), filepath.Join(home, ".config")))
	add(os.Getenv("HOST_XDG_CONFIG_HOME")) // what Flatpak calls the same of the user outside
	for base := range strings.SplitSeq(firstOf(os.Getenv("XDG_CONFIG_DIRS"), "/etc/xdg"), ":") {
		add(base)
	}
	return dirs
}

func firstOf(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func readInstallation(file string) (found Installation, err error) {
	if _, err := os.Lstat(file); err != nil {
		return found, err
	}
	if unixipc.CheckFile(file, 0) != nil {
		if err := unixipc.CheckFile(file, os.Getuid()); err != nil {
			return found, err
		}
	}
	text, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(text, &found)
	}
	if err != nil {
		return found, fmt.Errorf("%s: %w", file, err)
	}
	return found, nil
}

// pinned is what the installation of an issuer pins; nothing if there is none.
func (i Installed) pinned(issuer string) (Pinned, error) {
	found, err := i.Find(issuer)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	service, err := ipcapi.ParseService(found.IPCService)
	return Pinned{issuer: service}, err
}

// Verify implements [Verifier].
func (i Installed) Verify(ctx context.Context, issuer string, s ipcapi.Service) (ipcapi.Service, error) {
	pinned, err := i.pinned(issuer)
	if err != nil {
		return nil, err
	}
	if pinned == nil {
		return nil, errors.New("no authorization app is installed for the issuer")
	}
	return pinned.Verify(ctx, issuer, s)
}

// VerifyPeer implements [PeerVerifier].
func (i Installed) VerifyPeer(issuer string, a ipcapi.Address, peer ipcapi.Caller) error {
	return Pinned(nil).VerifyPeer(issuer, a, peer)
}

// Resolve implements [Resolver].
func (i Installed) Resolve(_ context.Context, issuer string) (ipcapi.Service, error) {
	pinned, err := i.pinned(issuer)
	return pinned[issuer], err
}

// StartService implements [Starter].
func (i Installed) StartService(ctx context.Context, issuer string, a ipcapi.Address) error {
	found, err := i.Find(issuer)
	if err != nil || len(found.Start) == 0 {
		return err
	}
	return unixipc.Start(ctx, a, found.Start)
}
