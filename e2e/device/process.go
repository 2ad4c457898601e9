//go:build linux

package device

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// outputLimit bounds the wait for the last output of a process that has ended.
const outputLimit = 2 * time.Second

// A Process is one that the device started for an app, with its descendants.
type Process struct {
	app     *installed
	pid     int
	born    uint64   // start time as in procfs: tells it from a later process of the same number
	links   *os.File // the other end of its standard input, if it takes links
	started time.Time
	ended   chan struct{}
	err     error // of Wait; set before ended is closed

	// Under the device's mu.
	exited bool // its number may soon be another's: no more signals
	killed bool // by Kill
}

// PID is the process number; that of another process after this one has ended.
func (p *Process) PID() int { return p.pid }

// Wait waits for the process to end. An exit status other than 0, or a signal, is
// an [*exec.ExitError]. If ctx ends before, its cause is returned.
func (p *Process) Wait(ctx context.Context) error {
	select {
	case <-p.ended:
		return p.err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Start runs a command as the app. Links for the app come to its standard input,
// one in a line, while it runs.
func (d *Device) Start(pkg string, command ...string) (*Process, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	a, err := d.find(pkg)
	if err != nil {
		return nil, err
	}
	input, links, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer input.Close()
	p, err := d.start(a, task{command: command, stdin: input, links: links})
	if err != nil {
		links.Close()
	}
	return p, err
}

// A task is what start starts.
type task struct {
	command []string
	stdin   *os.File   // may be nil
	links   *os.File   // the other end of stdin, if links go there
	passed  []*os.File // descriptors 3 and up
	env     []string   // added to the app's
	event   Event      // to report; zero is AppStarted
}

// start starts a process in a session of its own, so that its descendants can be
// told and ended. The caller holds d.mu.
func (d *Device) start(a *installed, t task) (*Process, error) {
	if d.closed {
		return nil, ErrClosed
	}
	cmd, err := d.prepare(a, t)
	if err != nil {
		return nil, fmt.Errorf("%s: cannot start: %w", a.Package, err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("%s: cannot start: %w", a.Package, err)
	}
	p := &Process{app: a, pid: cmd.Process.Pid, links: t.links, started: time.Now(), ended: make(chan struct{})}
	if stat, err := readStat(p.pid); err == nil { // there even if it has ended: nobody has waited for it
		p.born = stat.born
	}
	d.processes[p.pid] = p
	if t.event.Kind == "" {
		t.event.Kind = AppStarted
	}
	t.event.App, t.event.PID = a.Package, p.pid
	d.trace.emit(t.event)
	d.group.Go(func() { d.attend(p, cmd) })
	return p, nil
}

func (d *Device) prepare(a *installed, t task) (*exec.Cmd, error) {
	if len(t.command) == 0 {
		return nil, errors.New("the command is empty")
	}
	program, err := d.lookPath(t.command[0])
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(program, t.command[1:]...)
	cmd.Args[0] = t.command[0]
	cmd.Dir = a.home
	cmd.Env = append(d.environ(a), t.env...)
	if t.stdin != nil { // a nil *os.File is not a nil io.Reader
		cmd.Stdin = t.stdin
	}
	cmd.Stdout, cmd.Stderr = a.stdout, a.stderr
	cmd.ExtraFiles = t.passed
	cmd.WaitDelay = outputLimit
	// Whatever becomes of this process, none of those it started stays.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL}
	if d.separate {
		cmd.SysProcAttr.Credential = credential(a.uid)
	}
	return cmd, nil
}

// attend waits for the process to end and ends its descendants with it. Until it
// is waited for its number, which is that of the group too, cannot be given to
// another process.
func (d *Device) attend(p *Process, cmd *exec.Cmd) {
	awaitExit(p.pid)
	d.mu.Lock()
	p.exited = true
	unix.Kill(-p.pid, unix.SIGKILL)
	d.mu.Unlock()
	p.err = cmd.Wait()
	if p.links != nil {
		p.links.Close()
	}
	d.mu.Lock()
	delete(d.processes, p.pid)
	d.trace.emit(Event{Kind: ProcessEnded, App: p.app.Package, PID: p.pid, Err: p.err})
	d.mu.Unlock()
	close(p.ended)
}

// awaitExit returns when the child has ended, and leaves it to be waited for.
func awaitExit(pid int) {
	for {
		err := unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|unix.WNOWAIT, nil)
		if err != unix.EINTR {
			return
		}
	}
}
