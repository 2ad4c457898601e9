package offlineauth

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/offlineauth/offlineauth/resource/xapi"
	"github.com/offlineauth/offlineauth/store"
)

// recordsAge is how old the backup beside the learning records may become.
const recordsAge = 24 * time.Hour

func recordsFile(dir string) string { return filepath.Join(dir, "xapi.db") }

// RecordsBackup is where the learning records are that belong to a backup.
func RecordsBackup(file string) string { return file + ".records" }

// openRecords opens the learning records. Damaged ones do not keep people from logging in:
// what was done about them is in the log, and in the audit trail. Those that are sealed under
// another key are a store.ErrSealed, and stay as they are.
func (s *Server) openRecords(ctx context.Context) error {
	keys, err := recordsKeys(ctx, s.store)
	if err != nil {
		return err
	}
	records, restored, err := xapi.OpenOrRestore(ctx, recordsFile(s.dir), keys, s.log)
	if err != nil {
		return err
	}
	s.records = records
	if err := s.settleRecordsKey(ctx); err != nil || restored == nil {
		return err
	}
	detail := "learning records, from a backup of " + restored.MadeAt.Format(time.RFC3339)
	if restored.MadeAt.IsZero() {
		detail = "learning records begin anew: they were damaged, and there was no backup"
	}
	return s.store.Do(ctx, func(ctx context.Context) error {
		return s.store.Events.Append(ctx, store.Event{Time: time.Now(), Kind: "restored", UID: -1, PID: -1, Detail: detail})
	})
}

// BackupAll is Backup, and BackupRecords to the file at [RecordsBackup], whose name it
// returns; "" if there are no learning records.
func (s *Server) BackupAll(ctx context.Context, file string, o store.BackupOptions) (records string, err error) {
	s.recordsKeeping.Lock() // the two belong to one key
	defer s.recordsKeeping.Unlock()
	first, second := s.inTurn(ctx, o.Progress)
	o.Progress = first
	if err := s.Backup(ctx, file, o); err != nil || s.records == nil {
		return "", err
	}
	records = RecordsBackup(file)
	return records, s.BackupRecords(ctx, records, store.Progress(second))
}

// BackupRecords writes all learning records to a file, sealed under a key that is in a
// backup by [Server.Backup] of the same server. It is ErrNoRecords if there are none.
func (s *Server) BackupRecords(ctx context.Context, file string, progress store.Progress) error {
	if s.records == nil {
		return ErrNoRecords
	}
	return s.records.Backup(ctx, file, xapi.Progress(progress))
}

func (s *Server) backUpRecords(ctx context.Context) {
	if s.records == nil {
		return
	}
	if err := s.records.BackupIfOld(ctx, recordsAge); err != nil && ctx.Err() == nil {
		s.log.WarnContext(ctx, "no backup of the learning records was made", "cause", err)
	}
}

// Restored says what a restoration has done.
type Restored struct {
	store.Restored
	Records *xapi.Restored // nil if there was no backup of learning records, and those there are stay
}

// Restore puts a backup in the place of the files of a directory that no server has open,
// and of which nothing else need be readable: see store.Restore. If the learning records
// that belong to the backup are at [RecordsBackup], they come back as well; else those of
// the directory stay. If their key is neither in the backup nor in the store of before, which
// cannot be opened, they are kept aside with it.
func Restore(ctx context.Context, dir, file string, o store.RestoreOptions) (done Restored, err error) {
	from := RecordsBackup(file)
	progress, first, before := o.Progress, o.Progress, 0
	if progress != nil {
		more := share(from, file)
		first = func(done, total int) {
			before = total
			progress(done, total+int(float64(total)*more))
		}
		o.Progress = func(done, total int) { progress(before+done, before+total) }
	}
	main := o
	main.Progress = first
	if done.Restored, err = store.Restore(ctx, DataFile(dir), file, main); err != nil {
		return done, err
	}
	if done.Records, err = restoreRecords(ctx, dir, from, done.Aside, o); err != nil {
		return done, fmt.Errorf("all is restored but the learning records, which are as they were: %w", err)
	}
	return done, nil
}

// share is how large one file is, as a part of another: about how much more there is to
// do, before it can be read.
func share(one, other string) float64 {
	a, err := os.Stat(one)
	if err != nil {
		return 0
	}
	b, err := os.Stat(other)
	if err != nil || b.Size() == 0 {
		return 0
	}
	return float64(a.Size()) / float64(b.Size())
}

// restoreRecords restores them under the keys of the store that was restored, or leaves
// those that are there to it.
func restoreRecords(ctx context.Context, dir, from, asideStore string, o store.RestoreOptions) (done *xapi.Restored, err error) {
	st, err := store.Open(DataFile(dir), &store.Options{Keys: o.Keys, LockTimeout: o.LockTimeout})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	keys, err := recordsKeys(ctx, st)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(from); errors.Is(err, fs.ErrNotExist) {
		err := xapi.Opens(recordsFile(dir), keys)
		if !errors.Is(err, xapi.ErrSealed) {
			return nil, err
		}
		return keepOrPutAside(ctx, st, dir, asideStore, o)
	}
	restored, err := xapi.Restore(ctx, recordsFile(dir), from, keys, xapi.Progress(o.Progress))
	if err != nil {
		return nil, err
	}
	return &restored, nil
}

// keepOrPutAside gives the store that was restored the key of the learning records that are
// there, if the store of before can still be opened. Else they go where it is.
func keepOrPutAside(ctx context.Context, st *store.Store, dir, asideStore string, o store.RestoreOptions) (*xapi.Restored, error) {
	for _, key := range keysAside(ctx, dir, asideStore, o) {
		if xapi.Opens(recordsFile(dir), xapi.Keys{key}) == nil {
			return nil, putKeys(ctx, st, store.Key{ID: nextRecordsKeyID, Use: recordsKeyID, Private: key, CreatedAt: time.Now()})
		}
	}
	aside, err := xapi.StartAnew(recordsFile(dir))
	if err != nil {
		return nil, err
	}
	return &xapi.Restored{Aside: aside}, nil
}

// keysAside are those that the store of before has for learning records; none if it cannot
// be opened.
func keysAside(ctx context.Context, dir, asideStore string, o store.RestoreOptions) xapi.Keys {
	if asideStore == "" {
		return nil
	}
	if o.Keys == nil {
		o.Keys = KeyFile(dir)
	}
	st, err := store.Open(asideStore, &store.Options{Keys: o.Keys, LockTimeout: o.LockTimeout})
	if err != nil {
		return nil
	}
	defer st.Close()
	keys, err := knownRecordsKeys(ctx, st)
	if err != nil {
		return nil
	}
	return keys
}

// inTurn splits the progress of work on the store and then on the learning records.
func (s *Server) inTurn(ctx context.Context, progress store.Progress) (first store.Progress, second xapi.Progress) {
	if progress == nil || s.records == nil {
		return progress, nil
	}
	rest, err := s.records.Count(ctx)
	if err != nil {
		rest = 0 // the work will meet the error, too
	}
	before := 0
	first = func(done, total int) {
		before = total
		progress(done, total+rest)
	}
	return first, func(done, total int) { progress(before+done, before+max(total, rest)) }
}
