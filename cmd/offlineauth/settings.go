package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/offlineauth/offlineauth"
	"github.com/offlineauth/offlineauth/ipcapi"
	"github.com/offlineauth/offlineauth/linkhandler"
)

// defaultIssuer is the issuer of a data directory that was given none. Names
// below .localhost (RFC 6761 section 6.3) belong to nobody on the network.
const defaultIssuer = "https://offlineauth.localhost"

// settings are what a data directory remembers of how it is served, for the
// commands that open it while no server runs.
type settings struct {
	Issuer       string `json:"issuer"`
	CustomScheme string `json:"custom_scheme,omitempty"`
	IPCService   string `json:"ipc_service,omitempty"`
	Application  string `json:"application,omitempty"` // on the desktop, if it is installed
	IdleExit     string `json:"idle_exit,omitempty"`   // of that; "" is the usual one
}

func (s settings) open(ctx context.Context, dir string) (*offlineauth.Server, error) {
	cfg := offlineauth.Config{Issuer: s.Issuer, CustomScheme: s.CustomScheme, DataDir: dir, LearningRecords: true}
	cfg.System.Keys = placedKeys{dir}
	if s.IPCService != "" {
		var err error
		if cfg.Services, err = ipcapi.ParseService(s.IPCService); err != nil {
			return nil, fmt.Errorf("%s: %w; correct it with «offlineauth init»", settingsFile(dir), err)
		}
	}
	return offlineauth.New(ctx, cfg)
}

// check refuses what no server could be opened with.
func (s settings) check() error {
	_, err := linkhandler.NewEndpoint(s.Issuer, s.CustomScheme)
	return err
}

func settingsFile(dir string) string { return filepath.Join(dir, "server.json") }

func loadSettings(dir string) (settings, error) {
	s := settings{Issuer: defaultIssuer}
	b, err := os.ReadFile(settingsFile(dir))
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return s, err
	}
	if err := json.Unmarshal(b, &s); err != nil {
		return s, fmt.Errorf("%s: %w; remove it and run «offlineauth init» again", settingsFile(dir), err)
	}
	return s, nil
}

// save writes the file unless it says the same already, as it does each time the
// system wakes the server up.
func (s settings) save(dir string) error {
	b, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	b = append(b, '\n')
	if old, err := os.ReadFile(settingsFile(dir)); err == nil && bytes.Equal(old, b) {
		return nil
	}
	return replaceFile(settingsFile(dir), b)
}
