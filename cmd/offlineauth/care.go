package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/offlineauth/offlineauth"
	"github.com/offlineauth/offlineauth/cmd/offlineauth/control"
	"github.com/offlineauth/offlineauth/store"
	"github.com/offlineauth/offlineauth/store/secretservice"
)

// Commands that care for the files. They work through a server that runs, say
// how far they are, and can be interrupted.

// passphraseFlag is of a file whose first line is a passphrase: on the command
// line others could read it.
type passphraseFlag struct{ file string }

func (p *passphraseFlag) addTo(c *cobra.Command, usage string) {
	c.Flags().StringVar(&p.file, "passphrase-file", "", usage)
}

func (p *passphraseFlag) read() (string, error) {
	if p.file == "" {
		return "", nil
	}
	text, err := os.ReadFile(p.file)
	if err != nil {
		return "", err
	}
	line, _, _ := strings.Cut(string(text), "\n")
	if line = strings.TrimSuffix(line, "\r"); line == "" {
		return "", fmt.Errorf("the first line of %s is empty", p.file)
	}
	return line, nil
}

// withWayOut adds what to do when a store cannot be opened.
func withWayOut(err error) error {
	switch {
	case errors.Is(err, store.ErrSealed):
		return fmt.Errorf("%w\nPut the key back; or restore a backup that has a passphrase with «offlineauth restore»; or begin anew with «offlineauth restore --anew», which keeps the old files aside", err)
	case errors.Is(err, secretservice.ErrUnavailable), errors.Is(err, secretservice.ErrNoKeyring):
		return fmt.Errorf("%w\nThe key of this directory is in the keyring of the desktop: log in to it. Where there is none, restore a backup that has a passphrase with «offlineauth restore --keys file»; or begin anew with «offlineauth restore --anew --keys file»", err)
	case errors.Is(err, secretservice.ErrDismissed):
		return fmt.Errorf("%w\nThe key of this directory is in the keyring: unlock it and try again", err)
	case errors.Is(err, store.ErrCorrupt):
		return fmt.Errorf("%w\nRestore a backup with «offlineauth restore»; or begin anew with «offlineauth restore --anew», which keeps the old files aside", err)
	}
	return err
}

type backupCommand struct {
	dataFlag
	passphraseFlag
	to string
}

func newBackup(t *terminal) *cobra.Command {
	var b backupCommand
	c := withArgument(&cobra.Command{
		Use:   "backup FILE",
		Short: "Write accounts, clients, keys, the audit trail and learning records to files",
		Long: `Write accounts, clients, keys and the audit trail to a file, and the learning records to
another beside it, FILE.records.

Logins, tokens and consent are not in it: a backup must not revive what was revoked.
What it holds is sealed under the key of this directory. With a passphrase it can be
restored where that key is not.`,
	}, func(ctx context.Context, file string) error {
		b.to = file
		return b.run(ctx, t)
	})
	b.dataFlag.addTo(c)
	b.passphraseFlag.addTo(c, "read a passphrase for the backup from the first line of `FILE`")
	return c
}

func (c *backupCommand) run(ctx context.Context, t *terminal) error {
	file, err := filepath.Abs(c.to)
	if err != nil {
		return err
	}
	passphrase, err := c.read()
	if err != nil {
		return err
	}
	return c.withLong(ctx, func(ctx context.Context, api control.API) error {
		var done control.BackedUp
		err := t.during(ctx, "backing up", "the backup is as it was before, or there is none", func(p store.Progress) (err error) {
			done, err = api.Backup(ctx, file, passphrase, p)
			return err
		})
		if err != nil {
			return err
		}
		fmt.Fprintf(t.out, "Backed up to %s.\n", done.File)
		if done.Records != "" {
			fmt.Fprintf(t.out, "The learning records are in %s. Keep the two together.\n", done.Records)
		}
		if passphrase == "" {
			fmt.Fprintln(t.err, "It is of use only with the key of this directory; --passphrase-file makes one that can be restored elsewhere.")
		}
		return nil
	})
}

type restoreCommand struct {
	dataFlag
	passphraseFlag
	from string
	anew bool
	keys string
}

func newRestore(t *terminal) *cobra.Command {
	var r restoreCommand
	c := &cobra.Command{
		Use:   "restore FILE",
		Short: "Put a backup in the place of what is there",
		Long: `Put a backup in the place of what is there, which is kept aside.

Every login of before is over, and people are asked for consent again. A server that
runs begins anew with the backup.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 1 == r.anew {
				return usageError("name the backup, or say --anew")
			}
			if len(args) == 1 {
				r.from = args[0]
			}
			return failed(r.run(c.Context(), t))
		},
	}
	r.dataFlag.addTo(c)
	r.passphraseFlag.addTo(c, "read the passphrase of the backup from the first line of `FILE`")
	c.Flags().BoolVar(&r.anew, "anew", false, "restore nothing: begin anew, with the old files aside")
	c.Flags().StringVar(&r.keys, "keys", "", "keep the key from now on in a `PLACE`: file or secret-service (default where it is)")
	return c
}

func (c *restoreCommand) run(ctx context.Context, t *terminal) error {
	dir, err := c.dir()
	if err != nil {
		return err
	}
	undo := func() error { return nil }
	if c.keys != "" {
		if undo, err = moveKey(ctx, dir, c.keys); err != nil {
			return err
		}
	}
	if err := c.restore(ctx, t, dir); err != nil {
		return withWayOut(errors.Join(err, undo()))
	}
	return nil
}

func (c *restoreCommand) restore(ctx context.Context, t *terminal, dir string) error {
	if c.anew {
		return beginAnew(t, dir)
	}
	file, err := filepath.Abs(c.from)
	if err != nil {
		return err
	}
	passphrase, err := c.read()
	if err != nil {
		return err
	}
	var done control.Restored
	err = t.during(ctx, "restoring", "what is not restored is as it was", func(p store.Progress) (err error) {
		done, err = control.Restore(ctx, dir, file, passphrase, placedKeys{dir}, p)
		return err
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(t.out, "Restored from a backup of %s. Apps have to ask for consent again.\n", when(done.MadeAt))
	if done.Aside != "" {
		fmt.Fprintf(t.out, "What was there is at %s.\n", done.Aside)
	}
	switch {
	case done.RecordsAside != "" && !done.Records:
		fmt.Fprintf(t.err, "There are no learning records at %s, and nothing has the key of those of the directory: they begin anew. Those that were there are at %s.\n", offlineauth.RecordsBackup(file), done.RecordsAside)
	case done.RecordsAside != "":
		fmt.Fprintf(t.out, "The learning records are restored as well; those that were there are at %s.\n", done.RecordsAside)
	case done.Records:
		fmt.Fprintln(t.out, "The learning records are restored as well.")
	default:
		fmt.Fprintf(t.err, "There are no learning records at %s; those of the directory stay.\n", offlineauth.RecordsBackup(file))
	}
	return nil
}

func beginAnew(t *terminal, dir string) error {
	aside, err := offlineauth.StartAnew(dir)
	switch {
	case err != nil:
		return err
	case len(aside) == 0:
		fmt.Fprintf(t.out, "There is nothing in %s.\n", dir)
	default:
		fmt.Fprintf(t.out, "The next command begins anew. What was there is at %s.\n", strings.Join(aside, " and "))
	}
	return nil
}

type checkCommand struct {
	dataFlag
	jsonFlag
}

func newCheck(t *terminal) *cobra.Command {
	var k checkCommand
	c := runnable(&cobra.Command{Use: "check", Short: "Look whether the files are whole, all of them"}, func(ctx context.Context) error { return k.run(ctx, t) })
	k.dataFlag.addTo(c)
	k.jsonFlag.addTo(c)
	return c
}

func (c *checkCommand) run(ctx context.Context, t *terminal) error {
	return c.withLong(ctx, func(ctx context.Context, api control.API) error {
		var found control.Checked
		err := t.during(ctx, "checking", "nothing was changed", func(p store.Progress) (err error) {
			found, err = api.Check(ctx, p)
			return err
		})
		if err != nil {
			return err
		}
		if c.json {
			err = printJSON(t.out, found)
		} else {
			fmt.Fprintf(t.out, "%d records in %s, of which %s are free.\n", found.Records, bytesOf(found.Size), bytesOf(found.Free))
		}
		if n := len(found.Problems) + found.More; n > 0 {
			return fmt.Errorf("%d problems, such as:\n%s\nRestore a backup with «offlineauth restore»", n, strings.Join(found.Problems[:min(10, len(found.Problems))], "\n"))
		}
		return err
	})
}

type compactCommand struct{ dataFlag }

func newCompact(t *terminal) *cobra.Command {
	var p compactCommand
	c := runnable(&cobra.Command{Use: "compact", Short: "Give unused space back to the file system"}, func(ctx context.Context) error { return p.run(ctx, t) })
	p.dataFlag.addTo(c)
	return c
}

func (c *compactCommand) run(ctx context.Context, t *terminal) error {
	return c.withLong(ctx, func(ctx context.Context, api control.API) error {
		var gained control.Compacted
		err := t.during(ctx, "compacting", "the files are whole", func(p store.Progress) (err error) {
			gained, err = api.Compact(ctx, p)
			return err
		})
		if err == nil {
			fmt.Fprintf(t.out, "Compacted from %s to %s.\n", bytesOf(gained.Before), bytesOf(gained.After))
		}
		return err
	})
}

type rekeyCommand struct {
	dataFlag
	keys string
}

func newRekey(t *terminal) *cobra.Command {
	var r rekeyCommand
	c := runnable(&cobra.Command{
		Use:   "rekey",
		Short: "Seal the files under new keys",
		Long: `Seal the files under new keys. Do so when somebody may have seen the key, or to keep it
elsewhere: in a file of the directory, or in the keyring that the desktop unlocks when
the person logs in (the Secret Service). The directory remembers where.

An interruption does no harm: the next «offlineauth rekey» ends the work.`,
	}, func(ctx context.Context) error { return r.run(ctx, t) })
	r.dataFlag.addTo(c)
	c.Flags().StringVar(&r.keys, "keys", "", "keep the key in a `PLACE`: file or secret-service (default where it is)")
	return c
}

func (c *rekeyCommand) run(ctx context.Context, t *terminal) error {
	dir, err := c.dir()
	if err != nil {
		return err
	}
	if c.keys != "" {
		if _, err := os.Stat(dir); err != nil {
			return fmt.Errorf("there is no data directory %s: make one with «offlineauth init», or name another with --data", dir)
		}
		if _, err := moveKey(ctx, dir, c.keys); err != nil {
			return err
		}
	}
	return c.withLong(ctx, func(ctx context.Context, api control.API) error {
		err := t.during(ctx, "sealing", "some is under the new keys and some under the old ones, which does no harm; «offlineauth rekey» ends the work", func(p store.Progress) error { return api.Rekey(ctx, p) })
		if err == nil {
			fmt.Fprintln(t.out, "Sealed under new keys. Backups of before open with their passphrases alone.")
		}
		return err
	})
}
