package control

import (
	"context"
	"errors"
	"net/http"
	"path/filepath"
	"time"

	"github.com/offlineauth/offlineauth"
	"github.com/offlineauth/offlineauth/ipcapi"
	"github.com/offlineauth/offlineauth/store"
)

// care is for the files of the server.
type care struct{ server *offlineauth.Server }

// A copyOf names a backup.
type copyOf struct {
	File       string `json:"file"`
	Passphrase string `json:"passphrase,omitempty"`
}

// A Restored says what came of a restoration.
type Restored struct {
	MadeAt time.Time `json:"backup_made_at"`
	Aside  string    `json:"kept_aside,omitempty"`
	Epoch  int       `json:"epoch"`

	Records      bool   `json:"learning_records"` // they came back, too
	RecordsAside string `json:"learning_records_kept_aside,omitempty"`
}

func newRestored(r offlineauth.Restored) Restored {
	all := Restored{MadeAt: r.MadeAt, Aside: r.Aside, Epoch: r.Epoch}
	if r.Records != nil {
		all.Records, all.RecordsAside = !r.Records.MadeAt.IsZero(), r.Records.Aside
	}
	return all
}

// A BackedUp says where a backup is.
type BackedUp struct {
	File    string `json:"file"`
	Records string `json:"learning_records,omitempty"` // a file of their own, which belongs to it
}

// A Checked says what a check has found.
type Checked struct {
	Records  int      `json:"records"`
	Problems []string `json:"problems,omitempty"`
	More     int      `json:"more_problems,omitempty"`
	Size     int64    `json:"bytes"`
	Free     int64    `json:"free_bytes"`
}

// A Compacted says what a compaction has gained.
type Compacted struct {
	Before int64 `json:"bytes_before"`
	After  int64 `json:"bytes_after"`
}

func (c care) backup(r *http.Request, progress store.Progress) (any, error) {
	to, err := decode[copyOf](r)
	if err != nil {
		return nil, err
	}
	if !filepath.IsAbs(to.File) {
		return nil, malformed("file is not an absolute path")
	}
	records, err := c.server.BackupAll(r.Context(), to.File, store.BackupOptions{Recovery: asKeys(to.Passphrase), Progress: progress})
	return BackedUp{to.File, records}, err
}

func (c care) restore(r *http.Request, progress store.Progress) (any, error) {
	from, err := decode[copyOf](r)
	if err != nil {
		return nil, err
	}
	done, err := c.server.Restore(r.Context(), from.File, store.RestoreOptions{Recovery: asKeys(from.Passphrase), Progress: progress})
	return newRestored(done), err
}

func (c care) check(r *http.Request, progress store.Progress) (any, error) {
	report, err := c.server.Check(r.Context(), progress)
	usage := c.server.Usage()
	return Checked{report.Records, report.Problems, report.More, usage.Size, usage.Free}, err
}

func (c care) compact(r *http.Request, progress store.Progress) (any, error) {
	before := c.server.Usage().Size
	err := c.server.Compact(r.Context(), progress)
	return Compacted{before, c.server.Usage().Size}, err
}

func (c care) rekey(r *http.Request, progress store.Progress) (any, error) {
	return struct{}{}, c.server.Rekey(r.Context(), progress)
}

func asKeys(passphrase string) store.KeyProvider {
	if passphrase == "" {
		return nil
	}
	return store.Passphrase(passphrase)
}

// Backup writes a backup to a file, by an absolute path. A passphrase, if there
// is one, opens it also without the server's key.
func (a API) Backup(ctx context.Context, file, passphrase string, progress store.Progress) (BackedUp, error) {
	return callLong[BackedUp](ctx, a, "/v1/backup", copyOf{file, passphrase}, progress)
}

// Restore puts a backup in the place of the server's files, and ends the server.
func (a API) Restore(ctx context.Context, file, passphrase string, progress store.Progress) (Restored, error) {
	return callLong[Restored](ctx, a, "/v1/restore", copyOf{file, passphrase}, progress)
}

// Check looks whether the files are whole.
func (a API) Check(ctx context.Context, progress store.Progress) (Checked, error) {
	return callLong[Checked](ctx, a, "/v1/check", nil, progress)
}

// Compact gives unused space back.
func (a API) Compact(ctx context.Context, progress store.Progress) (Compacted, error) {
	return callLong[Compacted](ctx, a, "/v1/compact", nil, progress)
}

// Rekey seals everything under new keys.
func (a API) Rekey(ctx context.Context, progress store.Progress) error {
	_, err := callLong[struct{}](ctx, a, "/v1/rekey", nil, progress)
	return err
}

// Restore puts a backup in the place of the files of a directory: through the
// server that has it open, or here, sealed under keys. Nothing of what is there need be
// readable.
func Restore(ctx context.Context, dir, file, passphrase string, keys store.KeyProvider, progress store.Progress) (done Restored, err error) {
	err = throughServer(dir, func(a API) error {
		done, err = a.Restore(ctx, file, passphrase, progress)
		return err
	})
	if !errors.Is(err, ipcapi.ErrNoService) {
		return done, err
	}
	restored, err := offlineauth.Restore(ctx, dir, file, store.RestoreOptions{Keys: keys, Recovery: asKeys(passphrase), Progress: progress})
	return newRestored(restored), err
}
