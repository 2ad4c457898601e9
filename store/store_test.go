package store_test

import (
	"path/filepath"
	"testing"

	"github.com/offlineauth/offlineauth/store"
	"github.com/offlineauth/offlineauth/store/storetest"
)

func TestBolt(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Engine {
		return store.OpenBolt(t, filepath.Join(t.TempDir(), "store.db"))
	})
}

func TestMemory(t *testing.T) {
	storetest.Run(t, func(*testing.T) store.Engine { return new(storetest.Memory) })
}
