package xapi

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"strings"
)

// hashSize is how much of a hash is in keys: enough that no two of the strings
// that a device ever sees are taken for one, even if somebody means them to be.
const hashSize = 16

func hashed(s string) []byte {
	sum := sha256.Sum256([]byte(s))
	return sum[:hashSize]
}

func seqKey(seq uint64) []byte { return binary.BigEndian.AppendUint64(nil, seq) }

// withSeq is prefix with a seq behind it.
func withSeq(prefix []byte, seq uint64) []byte {
	return binary.BigEndian.AppendUint64(append(make([]byte, 0, len(prefix)+8), prefix...), seq)
}

// seqOf returns the seq at the end of a key.
func seqOf(key []byte) uint64 { return binary.BigEndian.Uint64(key[len(key)-8:]) }

// uuidKey is the sixteen bytes of a UUID that has been found good.
func uuidKey(uuid string) []byte {
	b, _ := hex.DecodeString(strings.ReplaceAll(uuid, "-", ""))
	return b
}
