package offlineauth

import (
	"context"
	"crypto/rand"
	"errors"
	"time"

	"github.com/offlineauth/offlineauth/resource/xapi"
	"github.com/offlineauth/offlineauth/store"
)

// The learning records and their backups are sealed under a key that is one of the store's
// own, so it is sealed as they are, and in their backups. While the records are sealed anew
// there are two: the file is under the one or the other.
const (
	recordsKeyID     = "records"
	nextRecordsKeyID = "records-next"
)

// recordsKeys returns the keys, and makes one if there is none.
func recordsKeys(ctx context.Context, st *store.Store) (xapi.Keys, error) {
	keys, err := knownRecordsKeys(ctx, st)
	if err != nil || len(keys) > 0 {
		return keys, err
	}
	first := newRecordsKey(recordsKeyID)
	return xapi.Keys{first.Private}, putKeys(ctx, st, first)
}

func knownRecordsKeys(ctx context.Context, st *store.Store) (keys xapi.Keys, err error) {
	for _, id := range []string{recordsKeyID, nextRecordsKeyID} {
		k, err := st.Keys.Get(ctx, id)
		switch {
		case err == nil:
			keys = append(keys, k.Private)
		case !errors.Is(err, store.ErrNotFound):
			return nil, err
		}
	}
	return keys, nil
}

func newRecordsKey(id string) store.Key {
	k := store.Key{ID: id, Use: recordsKeyID, Private: make([]byte, 32), CreatedAt: time.Now()}
	rand.Read(k.Private)
	return k
}

// putKeys makes keys durable, here and in the backup beside the store: what is sealed under
// them must not be lost with one file.
func putKeys(ctx context.Context, st *store.Store, keys ...store.Key) error {
	err := st.Do(ctx, func(ctx context.Context) error {
		for _, k := range keys {
			if err := st.Keys.Put(ctx, k); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return st.BackupIfChanged(ctx)
}

// rekeyRecords seals the learning records under a new key. An interruption leaves both
// keys, and the file under one of them; the next start, or the next call, goes on with that
// one.
func (s *Server) rekeyRecords(ctx context.Context, progress xapi.Progress) error {
	s.recordsKeeping.Lock()
	defer s.recordsKeeping.Unlock()
	if err := s.settleRecordsKey(ctx); err != nil {
		return err
	}
	next := newRecordsKey(nextRecordsKeyID)
	if err := putKeys(ctx, s.store, next); err != nil {
		return err
	}
	if err := s.records.Rekey(ctx, next.Private, progress); err != nil {
		return err
	}
	return s.settleRecordsKey(ctx)
}

// settleRecordsKey keeps the one of two keys that the learning records are under, once the
// backup beside them is under it, too.
func (s *Server) settleRecordsKey(ctx context.Context) error {
	next, err := s.store.Keys.Get(ctx, nextRecordsKeyID)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if s.records.SealedUnder(next.Private) {
		if err := s.records.BackupIfOld(ctx, 0); err != nil {
			return err
		}
		next.ID = recordsKeyID
		if err := putKeys(ctx, s.store, next); err != nil {
			return err
		}
	}
	err = s.store.Do(ctx, func(ctx context.Context) error { return s.store.Keys.Delete(ctx, nextRecordsKeyID) })
	if err != nil {
		return err
	}
	return s.store.BackupIfChanged(ctx)
}
