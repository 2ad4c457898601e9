package install

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/offlineauth/offlineauth/linkhandler/desktop"
)

// mimeApps is where a user's choices of applications are.
func (d Dirs) mimeApps() string { return filepath.Join(d.Config, "mimeapps.list") }

// Write writes the files, and makes the app the one for its links. replace gives a
// file its content in one step.
func (a App) Write(d Dirs, replace func(path string, content []byte) error) error {
	files, err := a.Files(d)
	if err != nil {
		return err
	}
	for _, f := range files {
		if err := replace(f.Path, []byte(f.Content)); err != nil {
			return err
		}
	}
	list, err := read(d.mimeApps())
	if err != nil {
		return err
	}
	changed := desktop.SetDefault(list, desktop.HandlerType(a.Scheme), a.ID)
	if changed == list {
		return nil
	}
	return replace(d.mimeApps(), []byte(changed))
}

// Remove undoes Write, and returns which files there were. What other apps and the
// person have written stays.
func (a App) Remove(d Dirs, replace func(path string, content []byte) error) (removed []string, err error) {
	a.Systemd = true // its units may be there from another time
	files, err := a.Files(d)
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		err := os.Remove(f.Path)
		switch {
		case err == nil:
			removed = append(removed, f.Path)
		case !errors.Is(err, fs.ErrNotExist):
			return removed, err
		}
	}
	list, err := read(d.mimeApps())
	if err != nil {
		return removed, err
	}
	if kept := desktop.Forget(list, a.ID); kept != list {
		return removed, replace(d.mimeApps(), []byte(kept))
	}
	return removed, nil
}

// Check compares what is there with what Write writes, and says which application has
// the links of the app.
func (a App) Check(d Dirs) (missing, differs []string, handler string, err error) {
	files, err := a.Files(d)
	if err != nil {
		return nil, nil, "", err
	}
	for _, f := range files {
		content, err := os.ReadFile(f.Path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			missing = append(missing, f.Path)
		case err != nil || string(content) != f.Content:
			differs = append(differs, f.Path)
		}
	}
	list, err := read(d.mimeApps())
	return missing, differs, desktop.Default(list, desktop.HandlerType(a.Scheme)), err
}

// read is the content of a file; "" if there is none.
func read(path string) (string, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return string(text), err
}
