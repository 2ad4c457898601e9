package xapi

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"

	"go.etcd.io/bbolt"

	"github.com/offlineauth/offlineauth/boltfile"
	"github.com/offlineauth/offlineauth/resource/xapi/statement"
)

// ErrSealed means that the file, or a record in it, is sealed under another key than the
// one at hand, or was altered.
var ErrSealed = boltfile.ErrSealed

// Keys are what a file may be sealed under, each of 32 bytes. The first is for files that
// are made; a second one is there after a [Store.Rekey] that may not have come to its end.
type Keys [][]byte

// errKeySize: see [Keys].
var errKeySize = errors.New("xapi: the key of the records has not 32 bytes")

// A vault seals what is in one file. All its keys are derived (HKDF-SHA-256, RFC 5869)
// from the key of the records and a salt of the file's own, one for each purpose.
//
// Values are sealed by AES-256-GCM with random nonces, with a key for each bucket. The key
// of the record is authenticated with it, so that none can be put in another's place.
//
// Keys of records hold marks, so that they tell nobody what they are about: what AES-256
// makes of the 16 bytes of a hash or of a UUID. Without its key a mark tells no more than
// whether another one is equal. With it a mark becomes a hash again, and then the mark of
// another vault.
type vault struct {
	key, salt []byte
	aeads     map[string]cipher.AEAD  // by bucket
	blocks    map[string]cipher.Block // by what is marked
}

// sealedBuckets are those with sealed values. The others hold marks and places alone.
var sealedBuckets = [][]byte{
	bucketStatements, bucketVoided, bucketAttachments, bucketActivities, bucketPersons,
	bucketDocuments, bucketUpstreams, bucketChanges, bucketMeta,
}

// classPlace is of the marks of places, which several buckets hold. All others are of the
// bucket that they are first in.
const classPlace = "place"

var classes = []string{
	string(bucketIDs), string(bucketIndex), string(bucketRefs), string(bucketVoids), string(bucketAttachments),
	string(bucketActivities), string(bucketPersons), string(bucketDocuments), string(bucketUpstreams), classPlace,
}

// newVault is for a file that is made.
func newVault(key []byte) (*vault, error) {
	salt := make([]byte, saltSize)
	rand.Read(salt)
	return vaultOf(key, salt)
}

func vaultOf(key, salt []byte) (*vault, error) {
	if len(key) != sha256.Size {
		return nil, errKeySize
	}
	v := &vault{key: key, salt: salt, aeads: map[string]cipher.AEAD{}, blocks: map[string]cipher.Block{}}
	for _, bucket := range sealedBuckets {
		block, err := v.block("seal " + string(bucket))
		if err != nil {
			return nil, err
		}
		if v.aeads[string(bucket)], err = cipher.NewGCMWithRandomNonce(block); err != nil {
			return nil, err
		}
	}
	for _, class := range classes {
		var err error
		if v.blocks[class], err = v.block("mark " + class); err != nil {
			return nil, err
		}
	}
	return v, nil
}

func (v *vault) block(purpose string) (cipher.Block, error) {
	key, err := hkdf.Key(sha256.New, v.key, v.salt, "offlineauth learning records' file 2 "+purpose, 32)
	if err != nil {
		return nil, err
	}
	return aes.NewCipher(key)
}

func (v *vault) seal(bucket, key, plain []byte) []byte {
	return v.aeads[string(bucket)].Seal(nil, nil, plain, key)
}

// open returns ErrSealed for what seal did not make for that place. What it returns is
// the caller's.
func (v *vault) open(bucket, key, sealed []byte) ([]byte, error) {
	plain, err := v.aeads[string(bucket)].Open([]byte{}, nil, sealed, key)
	if err != nil {
		return nil, fmt.Errorf("%s %x: %w", bucket, key, ErrSealed)
	}
	return plain, nil
}

// mark makes the mark of 16 bytes in their place.
func (v *vault) mark(class string, id []byte) []byte {
	v.blocks[class].Encrypt(id, id)
	return id
}

// id is the mark of a UUID in a bucket.
func (v *vault) id(bucket []byte, uuid string) []byte { return v.mark(string(bucket), uuidKey(uuid)) }

// name is the mark of what is kept in a bucket by a string.
func (v *vault) name(bucket []byte, name string) []byte { return v.mark(string(bucket), hashed(name)) }

// term is where the statements with a term begin in the index.
func (v *vault) term(t statement.Term) []byte {
	return v.mark(string(bucketIndex), ofKind(byte(t.Kind), hashed(t.Value)))
}

// place is where the documents of a place begin, those of all registrations.
func (v *vault) place(p Place) []byte { return v.mark(classPlace, ofKind(byte(p.Resource), p.hash())) }

// document is the key of a document: the mark of its place, and that of its name there.
func (v *vault) document(n DocumentName) []byte {
	return v.documentKey(n.Resource, n.hash(), registrationKey(n.Registration), n.ID)
}

func (v *vault) documentKey(r Resource, place, registration []byte, id string) []byte {
	place = ofKind(byte(r), place)
	name := hashed(string(slices.Concat(place, registration)) + id)
	return append(v.mark(classPlace, place), v.mark(string(bucketDocuments), name)...)
}

// ofKind makes different hashes of the same things of different kinds, in their place.
func ofKind(kind byte, hash []byte) []byte {
	hash[0] ^= kind
	return hash
}

// Of a file's vault, the meta bucket holds the salt, and something sealed by which a wrong
// key is noticed.
var (
	keySalt = []byte("salt")
	keySeal = []byte("seal")
	sealed  = []byte("sealed")
)

// write puts what a file begins with.
func (v *vault) write(b *bbolt.Bucket) error {
	return errors.Join(b.Put(keySalt, v.salt), b.Put(keySeal, v.seal(bucketMeta, keySeal, sealed)))
}

// openVault returns the vault of a file, by what write has put there. The error is
// ErrSealed if none of the keys is its.
func openVault(keys Keys, salt, seal []byte) (*vault, error) {
	if len(salt) != saltSize || seal == nil {
		return nil, fmt.Errorf("it has no seal: %w", boltfile.ErrCorrupt)
	}
	for _, key := range keys {
		v, err := vaultOf(key, bytes.Clone(salt))
		if err == nil {
			_, err = v.open(bucketMeta, keySeal, seal)
		}
		if !errors.Is(err, ErrSealed) {
			return v, err
		}
	}
	return nil, fmt.Errorf("the learning records are %w: put those of this store in their place, or move them away", ErrSealed)
}
