package store

import (
	"bytes"
	"context"
)

// rekeyBatch is how many records one transaction seals anew.
const rekeyBatch = 256

// Progress is told now and then how far long work is. The total may be an
// estimate.
type Progress func(done, total int)

// Rekey seals everything under a new data key, and that under a new key of the
// store's provider if it is a [Renewer]. It works in small transactions while
// others go on; progress may be nil. When ctx ends before it is done, records
// are left under both data keys: the store works as before, and another Rekey
// finishes the work. It is not to be called inside Do.
func (s *Store) Rekey(ctx context.Context, progress Progress) error {
	s.rekeying.Lock()
	defer s.rekeying.Unlock()
	before := s.ring.Load()
	if err := s.renewProvider(ctx, before); err != nil {
		return err
	}
	ring := newKeyring(append([]dataKey{newDataKey(before.keys[0].Number + 1)}, before.keys...))
	if err := s.writeRing(ctx, ring); err != nil {
		return err
	}
	s.ring.Store(ring)
	if err := s.sealAnew(ctx, progress); err != nil {
		return err
	}
	// The ring in memory keeps the key before, for those who read a snapshot.
	if err := s.writeRing(ctx, newKeyring(ring.keys[:1])); err != nil {
		return err
	}
	s.ring.Store(newKeyring(ring.keys[:2]))
	return s.retireKeys(ctx)
}

// renewProvider has the provider wrap by a new key from now on. First it ends
// what an interrupted Rekey may have left.
func (s *Store) renewProvider(ctx context.Context, ring *keyring) error {
	r, ok := s.keys.(Renewer)
	if !ok {
		return nil
	}
	if err := s.writeRing(ctx, ring); err != nil {
		return err
	}
	if err := s.retireKeys(ctx); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, keyTimeout)
	defer cancel()
	return r.Renew(ctx)
}

// retireKeys destroys all keys but the newest, under which the backup beside the store
// is by then as well.
func (s *Store) retireKeys(ctx context.Context) error {
	r, ok := s.keys.(Renewer)
	if !ok {
		return nil
	}
	if err := s.BackupIfChanged(ctx); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, keyTimeout)
	defer cancel()
	return r.Retire(ctx)
}

func (s *Store) writeRing(ctx context.Context, ring *keyring) error {
	wrapped, err := ring.wrap(ctx, s.keys)
	if err != nil {
		return err
	}
	return s.Do(ctx, func(ctx context.Context) error {
		s.writer(ctx).put(metaBucket, []byte(keysMark), wrapped)
		return nil
	})
}

// sealAnew goes through all sealed records.
func (s *Store) sealAnew(ctx context.Context, progress Progress) error {
	buckets := s.sealedBuckets()
	total, done := 0, 0
	err := s.engine.View(func(r Reader) error {
		for _, bucket := range buckets {
			total += count(r, bucket)
		}
		return nil
	})
	for _, bucket := range buckets {
		for from := []byte(nil); err == nil; {
			var n int
			n, from, err = s.sealSome(ctx, bucket, from)
			if done += n; progress != nil {
				progress(done, max(total, done))
			}
			if from == nil {
				break
			}
		}
	}
	return err
}

// sealSome seals a batch of a bucket anew, and returns where the next begins,
// or nil.
func (s *Store) sealSome(ctx context.Context, bucket string, from []byte) (n int, next []byte, err error) {
	err = s.Do(ctx, func(ctx context.Context) error {
		o, ring := s.writer(ctx), s.ring.Load()
		var old [][]byte
		for key, value := range o.Scan(bucket, Range{From: from}) {
			if n == rekeyBatch {
				next = bytes.Clone(key)
				break
			}
			n++
			if !ring.current(value) {
				old = append(old, bytes.Clone(key))
			}
		}
		for _, key := range old {
			if err := s.sealOne(o, bucket, key); err != nil {
				return err
			}
		}
		return nil
	})
	return n, next, err
}

func (s *Store) sealOne(o *overlay, bucket string, key []byte) error {
	if bucket == eventsBucket {
		return s.Events.sealAnew(o, key)
	}
	return s.byBucket[bucket].sealAnew(o, key)
}

// sealedBuckets are those whose records are sealed.
func (s *Store) sealedBuckets() []string {
	buckets := []string{eventsBucket}
	for bucket, t := range s.byBucket {
		if t.sealed {
			buckets = append(buckets, bucket)
		}
	}
	return buckets
}

func count(r Reader, bucket string) (n int) {
	for range r.Scan(bucket, Range{}) {
		n++
	}
	return n
}
