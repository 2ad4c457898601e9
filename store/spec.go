package store

import "time"

// spec says how records of a kind are kept.
type spec[T any] struct {
	bucket  string
	sealed  bool // encrypted, its indexes too: for what tells of persons, or is secret
	lasting bool // in backups. Never for what can be revoked or used up: a backup would revive it
	key     func(*T) []byte
	expires func(*T) time.Time     // when Sweep may delete it; zero is never. May be nil
	undoes  func(rec, old *T) bool // whether rec in the place of old would undo what can happen once. May be nil
	indexes []index[T]
	clone   func(T) T // as it would be read back, sharing nothing that is changed; nil: it is not remembered opened
}

// An index leads from a value of a record to its key.
type index[T any] struct {
	bucket string
	key    func(*T) []byte // nil: this record is not in the index
	shared bool            // many records may have the value, which is [joined]: each has an entry that ends with its key
}

// A kind is a spec for records that are given as any, each a *T. All that is done with
// records is written for these: it would be compiled anew for each T otherwise, and make
// the program half a megabyte larger.
type kind struct {
	bucket          string
	sealed, lasting bool
	fresh           func() any
	key             func(rec any) []byte
	expires         func(rec any) time.Time
	undoes          func(rec, old any) bool
	indexes         []lead
	clone           func(rec any) any
}

// A lead is an index for records that are given as any.
type lead struct {
	bucket string
	key    func(rec any) []byte
	shared bool
}

func (s spec[T]) kind() kind {
	k := kind{
		bucket:  s.bucket,
		sealed:  s.sealed,
		lasting: s.lasting,
		fresh:   func() any { return new(T) },
		key:     func(rec any) []byte { return s.key(rec.(*T)) },
	}
	if s.expires != nil {
		k.expires = func(rec any) time.Time { return s.expires(rec.(*T)) }
	}
	if s.undoes != nil {
		k.undoes = func(rec, old any) bool { return s.undoes(rec.(*T), old.(*T)) }
	}
	if s.clone != nil {
		k.clone = func(rec any) any {
			own := s.clone(*rec.(*T))
			return &own
		}
	}
	for _, ix := range s.indexes {
		k.indexes = append(k.indexes, ix.lead())
	}
	return k
}

func (ix index[T]) lead() lead {
	return lead{ix.bucket, func(rec any) []byte { return ix.key(rec.(*T)) }, ix.shared}
}
