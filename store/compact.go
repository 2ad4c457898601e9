package store

import (
	"context"
	"errors"
)

// A compactor is an engine whose file can be made smaller.
type compactor interface {
	compact(ctx context.Context, each func()) error
	usage() (size, free int64)
}

const (
	// worthSize and worthPart say when a file is compacted unasked: if so many
	// bytes are free, and they are such a part of it.
	worthSize = 1 << 20
	worthPart = 2 // one in so many
	// worthAnyway is free space that is given back whatever part it is: each commit
	// writes a list of the free pages, here of a quarter of a megabyte.
	worthAnyway = 128 << 20
)

// Usage is how large the store is, in bytes; zero for an engine without a file.
type Usage struct {
	Size int64
	Free int64 // of Size: used before, and to be used again
}

func (u Usage) worthCompacting() bool {
	return u.Free >= worthAnyway || u.Free >= worthSize && u.Free*worthPart >= u.Size
}

// Usage returns how large the store is.
func (s *Store) Usage() Usage {
	if e, ok := s.engine.(compactor); ok {
		size, free := e.usage()
		return Usage{size, free}
	}
	return Usage{}
}

// Compact gives the space that nothing is in back to the file system. It writes
// a new file and puts it in the old one's place, so it needs the space of
// everything once more, and a crash leaves the one or the other. Who wants to
// write waits, who reads does not. When ctx ends before, nothing has changed.
// It is [errors.ErrUnsupported] for an engine without a file.
func (s *Store) Compact(ctx context.Context, progress Progress) error {
	return s.compact(ctx, false, progress)
}

func (s *Store) compact(ctx context.Context, yields bool, progress Progress) error {
	e, ok := s.engine.(compactor)
	if !ok {
		return errors.ErrUnsupported
	}
	return s.committer.alone(ctx, yields, func(ctx context.Context) error {
		t := s.tally(progress)
		defer t.end()
		return e.compact(ctx, t.one)
	})
}

// CompactIfWorth compacts if at least half of the file is free, and a megabyte, or
// 128 of them, and reports whether it did. It gives way to the first who wants to write. It
// is for when nobody is there.
func (s *Store) CompactIfWorth(ctx context.Context) (done bool, err error) {
	if !s.Usage().worthCompacting() {
		return false, nil
	}
	err = s.compact(ctx, true, nil)
	if errors.Is(err, context.Canceled) {
		return false, ctx.Err() // nil if somebody came
	}
	return err == nil, err
}

// A tally reports progress for every thousandth part.
type tally struct {
	progress    Progress
	done, total int
}

// tally counts what there is, for long work that goes through all of it once.
func (s *Store) tally(progress Progress) *tally {
	t := &tally{progress: progress}
	if progress == nil {
		return t
	}
	s.engine.View(func(r Reader) error {
		for _, bucket := range s.buckets() {
			t.total += count(r, bucket)
		}
		return nil
	})
	return t
}

func (t *tally) one() {
	if t.done++; t.progress != nil && t.done%max(t.total/1000, 1) == 0 {
		t.progress(t.done, max(t.total, t.done))
	}
}

func (t *tally) end() {
	if t.progress != nil {
		t.progress(t.done, t.done)
	}
}

// buckets are all that the store keeps something in.
func (s *Store) buckets() []string {
	all := []string{metaBucket, expiryBucket, eventsBucket}
	for bucket, t := range s.byBucket {
		all = append(append(all, bucket), t.indexBuckets()...)
	}
	return all
}
