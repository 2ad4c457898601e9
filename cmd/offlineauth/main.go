// Command offlineauth is an authorization app for Linux: an OAuth 2 authorization
// server that other apps reach over D-Bus and unix sockets, and the tools around it.
//
// «offlineauth --help» lists the commands: init, account add and client add first,
// then serve for the apps and open for the links. It exits with 0 when all is done,
// with 1 when something failed, and with 2 when the command line makes no sense;
// what to do next is on standard error.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

// Exit codes.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), endings()...)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	code := run(ctx, os.Args[1:], &terminal{os.Stdin, os.Stdout, os.Stderr})
	stop()
	os.Exit(code)
}

// endings are the signals that ask for an orderly end. A closed terminal is one
// of them, unless nohup said otherwise.
func endings() []os.Signal {
	signals := []os.Signal{syscall.SIGINT, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		signals = append(signals, syscall.SIGHUP)
	}
	return signals
}

// run is the program but for the process around it.
func run(ctx context.Context, args []string, t *terminal) int {
	slog.SetDefault(newLogger(t.err, slog.LevelWarn))
	root := newRoot(t)
	root.SetArgs(args)
	root.SetIn(t.in)
	root.SetOut(t.out)
	root.SetErr(t.err)
	command, err := root.ExecuteContextC(ctx)
	if err == nil {
		return exitDone
	}
	fmt.Fprintf(t.err, "offlineauth: %s\n", shown(err.Error()))
	var failed *failure
	if errors.As(err, &failed) {
		return exitFailed
	}
	fmt.Fprintf(t.err, "Run «%s --help» to see how it is used.\n", command.CommandPath())
	return exitUsage
}

func newRoot(t *terminal) *cobra.Command {
	root := &cobra.Command{
		Use:           "offlineauth",
		Short:         "OAuth 2 logins between the apps of one device, with no network",
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.AddCommand(
		newInit(t), newInstall(t), newUninstall(t), newDoctor(t), newServe(t), newOpen(t), newLaunch(t),
		group("client", "The apps that may ask for a login", newClientAdd(t), newClientList(t), newClientShow(t), newClientRemove(t)),
		group("account", "The people who can log in", newAccountAdd(t), newAccountList(t), newAccountPIN(t), newAccountPassword(t), newAccountRemove(t)),
		group("grant", "What people have allowed", newGrantList(t), newGrantShow(t), newGrantRevoke(t)),
		group("key", "The keys that sign tokens", newKeyList(t), newKeyRotate(t)),
		newBackup(t), newRestore(t), newCheck(t), newCompact(t), newRekey(t),
		newSync(t), newActivity(t), newClaims(t), newLogin(t), newRequest(t), newProxy(t), newVersion(t),
	)
	return root
}
