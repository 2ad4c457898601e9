package boltfile

import (
	"path/filepath"
	"testing"

	"go.etcd.io/bbolt"
)

// TestBuildOwnsItsBytes: what is put is read in a transaction that ends before the file is
// committed, and its pages are written to again.
func TestBuildOwnsItsBytes(t *testing.T) {
	key, value := []byte("key"), []byte("value")
	db, err := Build(filepath.Join(t.TempDir(), "file"), func(to *Filler) error {
		err := to.Put("bucket", key, value)
		copy(key, "xxx")
		copy(value, "xxxxx")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	err = db.View(func(tx *bbolt.Tx) error {
		if got := tx.Bucket([]byte("bucket")).Get([]byte("key")); string(got) != "value" {
			t.Errorf("it is %q", got)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
