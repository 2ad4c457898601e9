package main

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/term"

	"github.com/offlineauth/offlineauth/store"
)

// during shows how far work is, if a person may be watching. The line goes away
// with the end of the work. If the person stops it, the error is stopped.
func (t *terminal) during(ctx context.Context, what, stopped string, work func(store.Progress) error) error {
	err := t.watched(what, work)
	if err != nil && ctx.Err() != nil {
		return errors.New("stopped: " + stopped)
	}
	return err
}

func (t *terminal) watched(what string, work func(store.Progress) error) error {
	file, ok := t.err.(interface{ Fd() uintptr })
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return work(nil)
	}
	defer fmt.Fprint(t.err, "\r\x1b[K")
	fmt.Fprintf(t.err, "%s ...", what)
	return work(func(done, total int) {
		fmt.Fprintf(t.err, "\r\x1b[K%s: %d %% of %d records; Ctrl-C stops", what, 100*done/max(total, 1), total)
	})
}

// bytesOf is a size for people.
func bytesOf(n int64) string {
	switch {
	case n >= 10<<20:
		return fmt.Sprintf("%d MB", n>>20)
	case n >= 1<<10:
		return fmt.Sprintf("%d kB", n>>10)
	}
	return fmt.Sprintf("%d bytes", n)
}
