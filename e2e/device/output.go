//go:build linux

package device

import (
	"io"
	"os"
	"path/filepath"
	"sync"
)

// Log is the file that gets the output of an app's processes, unless the app has
// writers of its own.
func (d *Device) Log(pkg string) string { return filepath.Join(d.dir, "log", pkg+".log") }

func (a *installed) openOutput(path string) error {
	a.stdout, a.stderr = shared(a.Stdout), shared(a.Stderr)
	if a.Stdout != nil && a.Stderr != nil {
		return nil
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	a.closers = append(a.closers, file)
	if a.Stdout == nil {
		a.stdout = file
	}
	if a.Stderr == nil {
		a.stderr = file
	}
	return nil
}

// shared makes w fit for several processes at a time. A file is passed on to
// them as it is.
func shared(w io.Writer) io.Writer {
	switch w := w.(type) {
	case nil, *os.File:
		return w
	default:
		return &lockedWriter{w: w}
	}
}

type lockedWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lockedWriter) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(b)
}
