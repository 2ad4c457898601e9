package offlineauth

import (
	"context"
	"path/filepath"
	"slices"
	"time"

	"github.com/offlineauth/offlineauth/resource/xapi"
	"github.com/offlineauth/offlineauth/store"
)

// maintenanceTimeout bounds what is still to be done when a server is closed.
const maintenanceTimeout = time.Minute

// DataFile is the store of a data directory.
func DataFile(dir string) string { return filepath.Join(dir, "offlineauth.db") }

// KeyFile is where the key of a data directory is, unless System.Keys says otherwise.
func KeyFile(dir string) store.KeyFile { return store.KeyFile(DataFile(dir) + ".key") }

// Backup writes clients, accounts, keys and the audit trail to a file. Codes,
// tokens and consent are not in it: see store.Backup.
func (s *Server) Backup(ctx context.Context, file string, o store.BackupOptions) error {
	return s.store.Backup(ctx, file, o)
}

// Check looks whether the files of the server are whole, learning records included.
func (s *Server) Check(ctx context.Context, progress store.Progress) (store.Report, error) {
	first, second := s.inTurn(ctx, progress)
	report, err := s.store.Check(ctx, first)
	if err != nil || s.records == nil {
		return report, err
	}
	records, err := s.records.Check(ctx, second)
	return store.Report{
		Records:  report.Records + records.Records,
		Problems: append(report.Problems, records.Problems...),
		More:     report.More + records.More,
	}, err
}

// Compact gives unused space back to the file system. Who wants to write waits.
func (s *Server) Compact(ctx context.Context, progress store.Progress) error {
	first, second := s.inTurn(ctx, progress)
	if err := s.store.Compact(ctx, first); err != nil || s.records == nil {
		return err
	}
	return s.records.Compact(ctx, second)
}

// Usage is how large the files are.
func (s *Server) Usage() store.Usage {
	u := s.store.Usage()
	if s.records != nil {
		r := s.records.Usage()
		u.Size, u.Free = u.Size+r.Size, u.Free+r.Free
	}
	return u
}

// Rekey seals everything anew under new keys, learning records included, while the server
// goes on. Who wants to write records waits while those are sealed.
func (s *Server) Rekey(ctx context.Context, progress store.Progress) error {
	first, second := s.inTurn(ctx, progress)
	if err := s.store.Rekey(ctx, first); err != nil || s.records == nil {
		return err
	}
	return s.rekeyRecords(ctx, second)
}

// Restore closes the server and puts a backup in the place of its files: see [Restore].
// Whatever becomes of it the server has ended, which [Server.Ended] tells; open the
// directory with [New] again.
func (s *Server) Restore(ctx context.Context, file string, o store.RestoreOptions) (Restored, error) {
	defer s.sayEnded() // and not before: whoever serves it would cut this off
	if err := s.close(); err != nil {
		return Restored{}, err
	}
	o.Keys = s.keys
	return Restore(ctx, s.dir, file, o)
}

// Ended is closed when the server is: by Close, or at the end of a restoration.
func (s *Server) Ended() <-chan struct{} { return s.ended }

// StartAnew keeps the files of a directory aside, which the next [New] begins
// anew: the way out when their key is lost and there is no backup. It returns
// where they are; "" if there is none.
func StartAnew(dir string) (aside []string, err error) {
	main, err := store.StartAnew(DataFile(dir), time.Second)
	if err != nil {
		return nil, err
	}
	records, err := xapi.StartAnew(recordsFile(dir)) // their key is in the store that is aside
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc([]string{main, records}, func(file string) bool { return file == "" }), nil
}

// keepSafe renews the backup beside the files if something in it changed, and
// gives back space that is worth it while nobody writes. It reports whether to go on.
func (s *Server) keepSafe(ctx context.Context) bool {
	s.backUp(ctx)
	if _, err := s.store.CompactIfWorth(ctx); err != nil && ctx.Err() == nil {
		s.log.WarnContext(ctx, "not compacted", "cause", err)
	}
	s.backUpRecords(ctx)
	return ctx.Err() == nil
}

func (s *Server) backUp(ctx context.Context) {
	if err := s.store.BackupIfChanged(ctx); err != nil && ctx.Err() == nil {
		s.log.WarnContext(ctx, "no backup was made", "cause", err)
	}
}
