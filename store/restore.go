package store

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"go.etcd.io/bbolt"

	"github.com/offlineauth/offlineauth/boltfile"
)

// RestoreOptions may be zero.
type RestoreOptions struct {
	Keys        KeyProvider // of the store from then on; default KeyFile(path + ".key")
	Recovery    KeyProvider // opens a backup that Keys does not
	LockTimeout time.Duration
	Progress    Progress
}

// Restored says what a restoration has done.
type Restored struct {
	MadeAt time.Time // when the backup was made
	Aside  string    // where the file of before is now; "" if there was none
	Epoch  int       // of the store
}

// Restore makes a store at path of a backup. It has the backup's clients,
// accounts, credentials, keys and audit trail, and begins a new epoch: every code
// and token and all consent of before is refused, and people are asked again.
// The file that was there, whole or damaged, is kept aside.
//
// The errors are ErrLocked if a process has the store open; ErrSealed if neither
// provider opens the backup; ErrCorrupt if it is damaged or none; those of the
// file system. Then nothing has changed.
func Restore(ctx context.Context, path, backup string, o RestoreOptions) (Restored, error) {
	if o.Keys == nil {
		o.Keys = KeyFile(path + ".key")
	}
	if o.LockTimeout <= 0 {
		o.LockTimeout = defaultLockTimeout
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return Restored{}, fmt.Errorf("store: %w", err)
	}
	unlock, epoch, err := holdOld(path, o.LockTimeout)
	if err != nil {
		return Restored{}, err
	}
	defer unlock()
	from, err := openBackup(backup, o.LockTimeout)
	if err != nil {
		return Restored{}, err
	}
	defer from.Close()
	return from.restoreTo(ctx, path, epoch, o)
}

// RestoreInto is Restore for an engine in which there is no store yet: else the error is
// ErrExists. Keys is required; nothing is kept aside. The engine stays the caller's.
func RestoreInto(ctx context.Context, e Engine, backup string, o RestoreOptions) (done Restored, err error) {
	empty, err := fresh(e)
	if err == nil && !empty {
		err = fmt.Errorf("store: a store is in the engine: %w", ErrExists)
	}
	if err != nil {
		return done, err
	}
	from, err := openBackup(backup, max(o.LockTimeout, defaultLockTimeout))
	if err != nil {
		return done, err
	}
	defer from.Close()
	c, err := from.checked(ctx, o)
	if err != nil {
		return done, err
	}
	err = e.Update(func(tx Tx) error {
		done, err = c.fill(ctx, tx, 0)
		return err
	})
	if err != nil {
		return Restored{}, err
	}
	return done, nil
}

// openOrRestore opens the file, or what can be restored in its place if it is
// damaged.
func openOrRestore(path string, keys KeyProvider, timeout time.Duration, log *slog.Logger) (*boltEngine, error) {
	e, err := openBolt(path, timeout)
	if !errors.Is(err, ErrCorrupt) {
		return e, err
	}
	done, failed := Restore(context.Background(), path, path+backupSuffix, RestoreOptions{Keys: keys, LockTimeout: timeout})
	switch {
	case errors.Is(failed, fs.ErrNotExist):
		return nil, fmt.Errorf("%w; there is no backup beside it", err)
	case failed != nil:
		return nil, fmt.Errorf("%w; and the backup beside it cannot be restored: %w", err, failed)
	}
	log.Error("the store was damaged and is restored from a backup; apps have to ask for consent again",
		"damage", err, "backup", done.MadeAt, "aside", done.Aside)
	return openBolt(path, timeout)
}

// holdOld locks the store that is to be replaced, if it can be opened, and reads
// its epoch.
func holdOld(path string, timeout time.Duration) (unlock func(), epoch int, err error) {
	if info, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) || err == nil && info.Size() == 0 {
		return func() {}, 0, nil
	}
	db, err := boltfile.Open(path, timeout)
	switch {
	case errors.Is(err, ErrCorrupt):
		return func() {}, 0, nil
	case err != nil:
		return nil, 0, fmt.Errorf("store: %w", err)
	}
	e := newBoltEngine(path, db)
	boltfile.Guard(func() error {
		return e.View(func(r Reader) error {
			epoch = readEpoch(r)
			return nil
		})
	})
	return func() { e.Close() }, epoch, nil
}

// A backupFile is open to be restored.
type backupFile struct{ *boltEngine }

func openBackup(path string, timeout time.Duration) (*backupFile, error) {
	switch info, err := os.Stat(path); {
	case err != nil:
		return nil, fmt.Errorf("store: backup: %w", err)
	case info.Size() == 0: // bbolt would begin a new one
		return nil, fmt.Errorf("store: %s: %w: it is empty", path, ErrCorrupt)
	}
	db, err := boltfile.Open(path, timeout)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	if err := boltfile.Inspect(db, func(*bbolt.Tx) []byte { return nil }); err != nil {
		return nil, errors.Join(fmt.Errorf("store: %w", err), db.Close())
	}
	b := &backupFile{newBoltEngine(path, db)}
	err = boltfile.Guard(func() error {
		return b.View(func(r Reader) error {
			if _, err := readSchema(r); err != nil {
				return err
			}
			if r.Get(metaBucket, []byte(backupMark)) == nil {
				return fmt.Errorf("store: %s is no backup: %w", path, ErrCorrupt)
			}
			return nil
		})
	})
	if err != nil {
		return nil, errors.Join(err, b.Close())
	}
	return b, nil
}

func (b *backupFile) restoreTo(ctx context.Context, path string, epoch int, o RestoreOptions) (done Restored, err error) {
	c, err := b.checked(ctx, o)
	if err != nil {
		return done, err
	}
	db, err := boltfile.Build(path+boltfile.NewSuffix, func(to *boltfile.Filler) error {
		done, err = c.fill(ctx, to, epoch)
		return err
	})
	if err != nil {
		return Restored{}, fmt.Errorf("store: %w", err)
	}
	defer db.Close() // holds the lock until it is in its place
	done.Aside, err = boltfile.SetAside(path)
	return done, errors.Join(err, boltfile.Replace(path))
}

// A checkedBackup is whole, and open.
type checkedBackup struct {
	*Store
	wrapped []byte // the data keys, for the store that it becomes
}

// checked reads all of the backup before anything is made of it.
func (b *backupFile) checked(ctx context.Context, o RestoreOptions) (*checkedBackup, error) {
	ring, err := b.ring(ctx, o)
	if err != nil {
		return nil, err
	}
	s := &Store{engine: b}
	s.ring.Store(ring)
	s.tables()
	report, err := s.Check(ctx, o.Progress)
	switch {
	case err != nil:
		return nil, err
	case len(report.Problems) > 0:
		return nil, fmt.Errorf("store: %s: %w: %s", b.path, ErrCorrupt, report.Problems[0])
	}
	wrapped, err := ring.wrap(ctx, o.Keys)
	return &checkedBackup{s, wrapped}, err
}

// A putter takes the records of a store: a file that is built, or a transaction.
type putter interface {
	Put(bucket string, key, value []byte) error
}

// fill writes what a store that was restored begins with.
func (c *checkedBackup) fill(ctx context.Context, to putter, epoch int) (done Restored, err error) {
	err = c.engine.View(func(r Reader) error {
		done.MadeAt, done.Epoch = mark(r, backupMark), max(epoch, readEpoch(r))+1
		err := putMarks(to, map[string][]byte{
			schemaMark:  r.Get(metaBucket, []byte(schemaMark)),
			keysMark:    c.wrapped,
			changesMark: r.Get(metaBucket, []byte(changesMark)),
			epochMark:   strconv.AppendInt(nil, int64(done.Epoch), 10),
		})
		return errors.Join(err,
			copyBuckets(ctx, r, to, c.lastingBuckets(), func() {}),
			tellRestored(c.Store, r, to, done))
	})
	return done, err
}

// ring opens the backup's data keys.
func (b *backupFile) ring(ctx context.Context, o RestoreOptions) (*keyring, error) {
	var wrapped, recovery []byte
	err := b.View(func(r Reader) error {
		wrapped = append(wrapped, r.Get(metaBucket, []byte(keysMark))...)
		recovery = append(recovery, r.Get(metaBucket, []byte(recoveryMark))...)
		return nil
	})
	if err != nil {
		return nil, err
	}
	if o.Recovery != nil && recovery != nil {
		if ring, err := unwrapRing(ctx, o.Recovery, recovery); !errors.Is(err, ErrSealed) {
			return ring, err
		}
	}
	ring, err := unwrapRing(ctx, o.Keys, wrapped)
	if errors.Is(err, ErrSealed) {
		return nil, fmt.Errorf("store: %s was made under another key: %w", b.path, err)
	}
	return ring, err
}

// tellRestored adds to the audit trail.
func tellRestored(s *Store, r Reader, to putter, done Restored) error {
	e := Event{
		Seq: s.Events.last(r) + 1, Time: time.Now(), Kind: "restored", UID: -1, PID: -1,
		Detail: "from a backup of " + done.MadeAt.Format(time.RFC3339),
	}
	value, err := json.Marshal(e)
	if err != nil {
		return err
	}
	key := binary.BigEndian.AppendUint64(nil, e.Seq)
	return to.Put(eventsBucket, key, s.ring.Load().seal(eventsBucket, key, value))
}

// StartAnew keeps the file of a store aside, so that the next Open makes an empty
// one. The key file stays, if there is one: a copy of it opens what is aside.
func StartAnew(path string, lockTimeout time.Duration) (aside string, err error) {
	unlock, _, err := holdOld(path, max(lockTimeout, time.Millisecond))
	if err != nil {
		return "", err
	}
	defer unlock()
	if aside, err = boltfile.SetAside(path); err != nil || aside == "" {
		return aside, err
	}
	return aside, errors.Join(os.Remove(path), boltfile.SyncDir(filepath.Dir(path)))
}
