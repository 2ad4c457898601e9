//go:build linux

package vm

import (
	"debug/elf"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
)

// findModules returns the files of modules of the kernel in a folder, and of those they
// depend on, each after what it needs.
func findModules(kernel string, names []string) (files []string, err error) {
	if len(names) == 0 {
		return nil, nil
	}
	byName := make(map[string]string)
	err = filepath.WalkDir(kernel, func(path string, _ fs.DirEntry, err error) error {
		if name, ok := strings.CutSuffix(filepath.Base(path), ".ko"); ok {
			byName[plain(name)] = path
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	found := make(map[string]bool)
	var find func(name string) error
	find = func(name string) error {
		name = plain(name)
		if found[name] {
			return nil
		}
		found[name] = true
		path, ok := byName[name]
		if !ok {
			return fmt.Errorf("%s has no module %s", kernel, name)
		}
		needs, err := dependencies(path)
		if err != nil {
			return err
		}
		for _, other := range needs {
			if err := find(other); err != nil {
				return fmt.Errorf("%w, for %s", err, name)
			}
		}
		files = append(files, path)
		return nil
	}
	for _, name := range names {
		if err := find(name); err != nil {
			return nil, err
		}
	}
	return files, nil
}

// plain is how the kernel names a module, whatever its file is called.
func plain(name string) string { return strings.ReplaceAll(name, "-", "_") }

// dependencies reads what a module says of itself.
func dependencies(path string) ([]string, error) {
	f, err := elf.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	section := f.Section(".modinfo")
	if section == nil {
		return nil, fmt.Errorf("%s is no kernel module", path)
	}
	info, err := section.Data()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	for field := range strings.SplitSeq(string(info), "\x00") {
		if names, ok := strings.CutPrefix(field, "depends="); ok && names != "" {
			return strings.Split(names, ","), nil
		}
	}
	return nil, nil
}
