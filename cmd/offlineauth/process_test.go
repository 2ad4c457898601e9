//go:build linux

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

type worldKey struct{}

// A world is what one script has started.
type world struct {
	ctx       context.Context
	processes map[string]*process
	lrs       *upstreamServer // nil if the script has none
}

func (w *world) end() {
	if w.lrs != nil {
		w.lrs.end()
	}
	for _, p := range w.processes {
		p.cmd.Process.Kill()
		<-p.ended
	}
}

// A process is a program in the background.
type process struct {
	cmd   *exec.Cmd
	stdin io.WriteCloser
	ended chan struct{}
	err   error // once it has ended

	mu    sync.Mutex
	lines []string // of both outputs, those that no await has passed over
	more  chan struct{}
}

// start runs a program with its input from a pipe, or from a terminal.
func start(env []string, dir string, inTerminal bool, name string, args ...string) (*process, error) {
	p := &process{cmd: exec.Command(name, args...), ended: make(chan struct{}), more: make(chan struct{}, 1)}
	p.cmd.Env, p.cmd.Dir = env, dir
	if err := p.connect(inTerminal); err != nil {
		return nil, err
	}
	out, in := io.Pipe()
	p.cmd.Stdout, p.cmd.Stderr = in, in
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	read := make(chan struct{})
	go func() { p.read(out); close(read) }()
	go func() {
		p.err = p.cmd.Wait()
		in.Close()
		<-read
		p.stdin.Close()
		close(p.ended)
	}()
	return p, nil
}

func (p *process) connect(inTerminal bool) (err error) {
	if !inTerminal {
		p.stdin, err = p.cmd.StdinPipe()
		return err
	}
	p.stdin, p.cmd.Stdin, err = openTerminal()
	return err
}

// openTerminal opens a pseudo-terminal: the person's end and the program's.
func openTerminal() (person, program *os.File, err error) {
	person, err = os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		return nil, nil, err
	}
	fd := int(person.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		return nil, nil, err
	}
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		return nil, nil, err
	}
	program, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|syscall.O_NOCTTY, 0)
	return person, program, err
}

// read passes on each line, and the beginning of one that ends in a question.
func (p *process) read(out io.Reader) {
	reader := bufio.NewReader(out)
	line := new(strings.Builder)
	for {
		b, err := reader.ReadByte()
		if err == nil && b != '\n' {
			line.WriteByte(b)
		}
		if err != nil || b == '\n' || strings.HasSuffix(line.String(), "] ") {
			p.mu.Lock()
			p.lines = append(p.lines, line.String())
			p.mu.Unlock()
			line.Reset()
			select {
			case p.more <- struct{}{}:
			default:
			}
		}
		if err != nil {
			return
		}
	}
}

// await passes over lines until one matches, and returns its first group.
func (p *process) await(ctx context.Context, pattern *regexp.Regexp) (string, error) {
	for {
		if found, ok := p.take(pattern); ok {
			return found, nil
		}
		select {
		case <-p.more:
		case <-p.ended:
			if found, ok := p.take(pattern); ok {
				return found, nil
			}
			return "", fmt.Errorf("the process ended (%v) and printed no line that matches %q", p.err, pattern)
		case <-ctx.Done():
			return "", fmt.Errorf("no line matches %q: %w", pattern, ctx.Err())
		}
	}
}

func (p *process) take(pattern *regexp.Regexp) (string, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, line := range p.lines {
		if m := pattern.FindStringSubmatch(line); m != nil {
			p.lines = p.lines[i+1:]
			return m[len(m)-1], true
		}
	}
	return "", false
}

// exit waits for the end and returns the exit code.
func (p *process) exit(ctx context.Context) (int, error) {
	select {
	case <-p.ended:
		return exitCode(p.err)
	case <-ctx.Done():
		return 0, fmt.Errorf("it has not ended: %w", ctx.Err())
	}
}

func exitCode(err error) (int, error) {
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0, nil
	case errors.As(err, &exit) && exit.Exited():
		return exit.ExitCode(), nil
	}
	return 0, err
}
