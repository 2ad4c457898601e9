package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/offlineauth/offlineauth/client"
	"github.com/offlineauth/offlineauth/ipcapi"
	"github.com/offlineauth/offlineauth/ipcapi/dbusipc"
)

// A login is what «login» remembers for «request», beside the tokens.
type login struct {
	Issuer      string   `json:"issuer"`
	ClientID    string   `json:"client_id"`
	RedirectURI string   `json:"redirect_uri"`
	Scopes      []string `json:"scopes,omitempty"`
	IPCService  string   `json:"ipc_service,omitempty"` // the service the person vouched for
	DPoP        bool     `json:"dpop,omitempty"`        // the tokens are bound to a key beside them
}

// loginDir is where logins are kept, readable by this user alone.
func loginDir() (string, error) {
	return xdgDir("XDG_STATE_HOME", ".local/state", filepath.Join("offlineauth", "logins"))
}

// client makes the client of the login, with its tokens kept in dir.
func (l login) client(dir string) (*client.Client, error) {
	cfg := client.Config{
		Issuer:      l.Issuer,
		ClientID:    l.ClientID,
		RedirectURI: l.RedirectURI,
		Scopes:      l.Scopes,
		Store:       client.Dir(dir),
		Services:    client.Installed{},
		Connect:     dbusipc.Connect,
	}
	if l.DPoP {
		cfg.Store = client.WithKey(cfg.Store)
	}
	if l.IPCService != "" {
		service, err := ipcapi.ParseService(l.IPCService)
		if err != nil {
			return nil, fmt.Errorf("--ipc-service: %w", err)
		}
		cfg.Services = client.Pinned{l.Issuer: service}
	}
	return client.New(cfg)
}

func (l login) file(dir string) string {
	sum := sha256.Sum256([]byte(l.Issuer + "\n" + l.ClientID))
	return filepath.Join(dir, "who-"+hex.EncodeToString(sum[:16])+".json")
}

func (l login) save(dir string) error {
	b, err := json.Marshal(l)
	if err != nil {
		return err
	}
	return replaceFile(l.file(dir), b)
}

// findLogin returns the login for a URL, of the client if one is named.
func findLogin(dir string, target *url.URL, clientID string) (login, error) {
	files, err := filepath.Glob(filepath.Join(dir, "who-*.json"))
	if err != nil {
		return login{}, err
	}
	var found []login
	for _, file := range files {
		l, err := readLogin(file)
		if err != nil {
			return login{}, err
		}
		if sameOrigin(l.Issuer, target) && (clientID == "" || l.ClientID == clientID) {
			found = append(found, l)
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return login{}, noLogin(target, clientID)
	}
	names := make([]string, 0, len(found))
	for _, l := range found {
		names = append(names, l.ClientID)
	}
	return login{}, usageError("there are several logins for this URL: choose one with --client-id: " + strings.Join(names, ", "))
}

func noLogin(target *url.URL, clientID string) error {
	of := ""
	if clientID != "" {
		of = fmt.Sprintf(" of the client %q", clientID)
	}
	return fmt.Errorf("there is no login%s for %s: use «offlineauth login»", of, originOf(target))
}

func readLogin(file string) (login, error) {
	var l login
	b, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return l, nil // removed this moment; it matches no URL
	}
	if err != nil {
		return l, err
	}
	if err := json.Unmarshal(b, &l); err != nil {
		return l, fmt.Errorf("%s: %w; remove it and log in again", file, err)
	}
	return l, nil
}

func sameOrigin(issuer string, target *url.URL) bool {
	u, err := url.Parse(issuer)
	return err == nil && originOf(u) == originOf(target)
}

// originOf is the origin of a URL (RFC 6454), written in one way.
func originOf(u *url.URL) string {
	host := strings.ToLower(u.Host)
	if u.Scheme == "https" {
		host = strings.TrimSuffix(host, ":443")
	}
	return u.Scheme + "://" + host
}
