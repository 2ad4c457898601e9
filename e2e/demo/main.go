// Command demo shows the main job: a whole login between two apps that are
// separate processes, on a simulated device without any network, step by step.
//
// The authorization app is the real program, offlineauth; the client app is
// examples/mathsapp. Neither service nor consent is running when the journey
// begins: the device starts them when something needs them.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"time"

	"golang.org/x/term"

	"github.com/offlineauth/offlineauth/e2e/device"
)

// How long the whole of it may take: by itself, and with a person who reads.
const (
	alone      = time.Minute
	withPerson = 15 * time.Minute
)

func main() {
	device.Main()
	verbose := flag.Bool("verbose", false, "show the bytes of every exchange")
	yes := flag.Bool("yes", false, "accept without asking")
	programs := flag.String("programs", programDir(), "directory with the programs offlineauth and mathsapp")
	flag.Parse()
	if flag.NArg() > 0 {
		fmt.Fprintln(os.Stderr, "demo: it takes flags alone; see -help")
		os.Exit(2)
	}
	offline := device.Offline()
	ask := !*yes && term.IsTerminal(int(os.Stdin.Fd())) && term.IsTerminal(int(os.Stderr.Fd()))

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	limit := alone
	if ask {
		limit = withPerson
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	if err := run(ctx, *programs, offline, ask, &story{out: os.Stdout, verbose: *verbose}); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

// programDir is where this program is: «make build» puts all of them there.
func programDir() string {
	executable, err := os.Executable()
	if err != nil {
		return "bin"
	}
	return filepath.Dir(executable)
}

func run(ctx context.Context, programs string, offline error, ask bool, s *story) (err error) {
	dir, err := os.MkdirTemp("", "demo")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := os.Chmod(dir, 0o711); err != nil { // apps with uids of their own pass through
		return err
	}
	stage, err := setUp(ctx, dir, programs, ask, s)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stage.device.Close()) }()
	s.begin(offline, stage)
	if err := stage.play(ctx); err != nil {
		return fmt.Errorf("%w\n%s", err, stage.logs())
	}
	s.end()
	return nil
}
