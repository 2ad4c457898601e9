package main

import (
	"cmp"
	"io"
	"log/slog"
	"os"
	"strings"
	"unicode"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/offlineauth/offlineauth/ipcapi"
	"github.com/offlineauth/offlineauth/ui"
)

// A terminal is where a command reads and writes.
type terminal struct {
	in       io.Reader
	out, err io.Writer
}

// asks reports whether a person may be there to answer.
func (t *terminal) asks() bool {
	file, ok := t.in.(interface{ Fd() uintptr })
	return ok && term.IsTerminal(int(file.Fd()))
}

// spoken is the language of the terminal, by the locale (locale(7)).
func spoken() ui.Language {
	return ui.MatchLanguage(cmp.Or(os.Getenv("LC_ALL"), os.Getenv("LC_MESSAGES"), os.Getenv("LANG")))
}

// input is where answers are typed, with a way to not show them.
func (t *terminal) input() io.Reader {
	if file, ok := t.in.(*os.File); ok {
		return quietable{file}
	}
	return t.in
}

// A quietable terminal is a ui.Silencer.
type quietable struct{ *os.File }

// newLogger logs in lines of text, from level on, with the names of requests.
func newLogger(w io.Writer, level slog.Level) *slog.Logger {
	return slog.New(ipcapi.LogHandler(slog.NewTextHandler(w, &slog.HandlerOptions{Level: level})))
}

// verboseFlag is on every command that sends or serves requests.
type verboseFlag struct{ verbose bool }

func (v *verboseFlag) addTo(c *cobra.Command) {
	c.Flags().BoolVarP(&v.verbose, "verbose", "v", false, "log each hop of each request to standard error")
}

// log logs from a level on, or everything.
func (v *verboseFlag) log(t *terminal, level slog.Level) {
	if v.verbose {
		level = slog.LevelDebug
	}
	slog.SetDefault(newLogger(t.err, level))
}

// shown keeps text that may hold strangers' words from commanding the terminal.
// Lines stay lines.
func shown(text string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' {
			return r
		}
		return printable(r)
	}, text)
}

// shownName is for what must not begin a line of its own, either.
func shownName(name string) string { return strings.Map(printable, name) }

func printable(r rune) rune {
	if !unicode.IsPrint(r) {
		return unicode.ReplacementChar
	}
	return r
}
