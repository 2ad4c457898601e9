//go:build linux

package vm

import (
	"bufio"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
)

// writeInitrd writes the first and only file system of the machine.
func (m *Machine) writeInitrd(name, kernel string) error {
	executable, err := os.Executable()
	if err != nil {
		return err
	}
	modules, err := findModules(kernel, m.Modules)
	if err != nil {
		return err
	}
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	defer f.Close()
	a := &archive{w: bufio.NewWriter(f)}
	a.file(initPath, executable)
	a.folder(modulesDir)
	for i, module := range modules {
		a.file(fmt.Sprintf("%s/%02d-%s", modulesDir, i, filepath.Base(module)), module)
	}
	made := map[string]bool{}
	for _, p := range slices.Sorted(maps.Keys(m.Files)) {
		a.foldersOf(p, made)
		a.add(p, fileMode|0o644, m.Files[p])
	}
	return a.close()
}

// An archive is written in the «new ASCII» format of cpio, which the kernel unpacks
// (Documentation/driver-api/early-userspace/buffer-format.rst).
type archive struct {
	w       *bufio.Writer
	entries int
	written int
	err     error // the first one
}

// What a mode says of the kind of an entry, as in stat(2).
const (
	fileMode   = 0o100000
	folderMode = 0o040000
)

func (a *archive) file(p, source string) {
	content, err := os.ReadFile(source)
	if err != nil && a.err == nil {
		a.err = err
	}
	a.add(p, fileMode|0o755, content)
}

func (a *archive) folder(p string) { a.add(p, folderMode|0o755, nil) }

func (a *archive) foldersOf(p string, made map[string]bool) {
	dir := path.Dir(p)
	if dir == "/" || dir == "." || made[dir] {
		return
	}
	made[dir] = true
	a.foldersOf(dir, made)
	a.folder(dir)
}

func (a *archive) add(p string, mode fs.FileMode, content []byte) {
	a.entries++
	name := path.Clean(p)[1:] + "\x00"
	a.print("070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x",
		a.entries, uint32(mode), 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(name), 0)
	a.bytes([]byte(name))
	a.bytes(content)
}

func (a *archive) close() error {
	a.add("/TRAILER!!!", 0, nil)
	if a.err != nil {
		return a.err
	}
	return a.w.Flush()
}

func (a *archive) print(format string, args ...any) {
	n, err := fmt.Fprintf(a.w, format, args...)
	a.wrote(n, err)
}

// bytes ends at a multiple of four, from the beginning of the archive.
func (a *archive) bytes(b []byte) {
	a.wrote(a.w.Write(b))
	a.wrote(io.WriteString(a.w, "\x00\x00\x00"[:(4-a.written%4)%4]))
}

func (a *archive) wrote(n int, err error) {
	a.written += n
	if a.err == nil {
		a.err = err
	}
}
