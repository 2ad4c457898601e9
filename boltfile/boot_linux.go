package boltfile

import (
	"os"
	"strings"
	"sync"
)

// BootID tells this start of the device from others; "" if it is hidden.
var BootID = sync.OnceValue(func() string {
	id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(id))
})
