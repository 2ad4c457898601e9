//go:build linux

package device

import (
	"context"
	"fmt"
	"slices"

	"golang.org/x/sys/unix"
)

// Kill ends the app's processes at once, as a system short of memory does, and
// returns when they have ended. Its services stay: the next connection starts
// them again.
func (d *Device) Kill(ctx context.Context, pkg string) error {
	d.mu.Lock()
	if _, err := d.find(pkg); err != nil {
		d.mu.Unlock()
		return err
	}
	processes := d.running(pkg)
	for _, p := range processes {
		p.killed = true
		p.signal(unix.SIGKILL)
	}
	d.mu.Unlock()
	return awaitAll(ctx, processes)
}

// running lists the app's processes, or all for "", the oldest first. The caller
// holds d.mu.
func (d *Device) running(pkg string) []*Process {
	var list []*Process
	for _, p := range d.processes {
		if pkg == "" || p.app.Package == pkg {
			list = append(list, p)
		}
	}
	slices.SortFunc(list, func(a, b *Process) int { return a.started.Compare(b.started) })
	return list
}

// signal signals the process with its descendants. The caller holds d.mu.
func (p *Process) signal(s unix.Signal) {
	if !p.exited {
		unix.Kill(-p.pid, s) // it fails only if there is nobody left
	}
}

func (d *Device) signalAll(processes []*Process, s unix.Signal) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, p := range processes {
		p.signal(s)
	}
}

// endAll asks the processes to end, then makes them.
func (d *Device) endAll(processes []*Process) error {
	kindly, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	d.signalAll(processes, unix.SIGTERM)
	if awaitAll(kindly, processes) == nil {
		return nil
	}
	last, cancel := context.WithTimeout(context.Background(), endLimit-grace)
	defer cancel()
	d.signalAll(processes, unix.SIGKILL)
	return awaitAll(last, processes)
}

func awaitAll(ctx context.Context, processes []*Process) error {
	for _, p := range processes {
		select {
		case <-p.ended:
		case <-ctx.Done():
			return fmt.Errorf("%s: process %d has not ended: %w", p.app.Package, p.pid, context.Cause(ctx))
		}
	}
	return nil
}
