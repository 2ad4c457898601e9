package store

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

const defaultLockTimeout = time.Second

// Options may be nil or have zero fields.
type Options struct {
	Keys        KeyProvider   // what the store is sealed under; default KeyFile(path + ".key")
	Logger      *slog.Logger  // default slog.Default()
	LockTimeout time.Duration // how long to wait for another process; default 1 s
}

// Store holds the records. Its methods may be called from many goroutines.
type Store struct {
	Clients        Table[Client]
	Accounts       Table[Account]
	Grants         Table[Grant]
	Authorizations Table[Authorization]
	PushedRequests Table[PushedRequest]
	Launches       Table[Launch]
	Keys           Table[Key]
	Credentials    Table[Credential]
	Upstreams      Table[Upstream]
	Preferences    Table[Preferences]
	Events         Events

	undecided    Table[Interaction]
	tokensOf3    Table[tokenOf3]
	interactions *interactions
	uses         uses

	engine    Engine
	keys      KeyProvider
	ring      atomic.Pointer[keyring]
	rekeying  sync.Mutex
	backingUp sync.Mutex
	backedUp  string      // the changes that the backup beside the file holds; "" unknown
	marked    atomic.Bool // that the file is open is written in it
	log       *slog.Logger
	committer *committer
	byBucket  map[string]*records
	newest    atomic.Uint64 // Seq of the event that was added last, which may not be there
	close     func() error
}

// Open opens the store in a bbolt file, or makes it: the file with mode 0600,
// directories that are missing with 0700. It returns [ErrLocked] if another
// process has the file, [ErrSealed] if the key is lost or another store's,
// [ErrNewerSchema] and [ErrCorrupt].
//
// A file of an older version of this package is brought to this one's schema. A
// damaged one is kept aside and restored from the backup beside it, if there is
// one (see [Store.BackupIfChanged]); the log says so, and the audit trail.
func Open(path string, options *Options) (*Store, error) {
	var o Options
	if options != nil {
		o = *options
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	timeout := o.LockTimeout
	if timeout <= 0 {
		timeout = defaultLockTimeout
	}
	keys := o.Keys
	if keys == nil {
		keys = KeyFile(path + ".key")
	}
	e, err := openOrRestore(path, keys, timeout, o.Logger)
	if err != nil {
		return nil, err
	}
	s, err := New(e, keys, o.Logger)
	if err != nil {
		return nil, errors.Join(err, e.Close())
	}
	return s, nil
}

// New makes a store of an engine, which is the store's from then on: its Close
// closes it. If New fails, the engine stays the caller's. A nil logger is
// slog.Default().
func New(e Engine, keys KeyProvider, log *slog.Logger) (*Store, error) {
	if log == nil {
		log = slog.Default()
	}
	ring, err := prepare(e, keys)
	if err != nil {
		return nil, err
	}
	s := &Store{engine: e, keys: keys, log: log, interactions: new(interactions)}
	s.ring.Store(ring)
	s.tables()
	if err := s.interactions.load(s.undecided.List(context.Background())); err != nil {
		return nil, err
	}
	s.committer = newCommitter(e, func(o *overlay, changed map[string]bool) (func(), error) { return s.ride(o, changed, maxRiders) })
	s.close = sync.OnceValue(func() error {
		s.committer.close()
		return errors.Join(s.rideOut(), e.Close())
	})
	return s, nil
}

func (s *Store) tables() {
	s.byBucket = make(map[string]*records)
	s.Clients = table(s, clients)
	s.Accounts = table(s, accounts)
	s.Grants = table(s, grants)
	s.Authorizations = table(s, authorizations)
	s.PushedRequests = table(s, pushedRequests)
	s.Launches = table(s, launches)
	s.Keys = table(s, keys)
	s.Credentials = table(s, credentials)
	s.Upstreams = table(s, upstreams)
	s.Preferences = table(s, preferences)
	s.undecided = table(s, undecided)
	s.tokensOf3 = table(s, tokensOf3)
	s.Events = Events{s}
}

// Commits returns how many durable commits were made since the store was opened.
func (s *Store) Commits() uint64 { return s.committer.commits.Load() }

// Close waits for the transactions that run, sends those who wait for a turn
// away with [ErrClosed], and releases the file. It is not to be called inside
// Do. A second Close does nothing.
func (s *Store) Close() error { return s.close() }
