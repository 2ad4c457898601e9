package main

import "golang.org/x/sys/unix"

// Silence stops the terminal from showing what is typed (termios(3), ECHO).
func (q quietable) Silence() (restore func()) {
	fd := int(q.Fd())
	before, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	if err != nil {
		return nil
	}
	silent := *before
	silent.Lflag &^= unix.ECHO
	if err := unix.IoctlSetTermios(fd, unix.TCSETS, &silent); err != nil {
		return nil
	}
	return func() { _ = unix.IoctlSetTermios(fd, unix.TCSETS, before) }
}
