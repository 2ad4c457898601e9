// Package desktop has the stories of a Linux desktop: the real program, installed for
// a user of its own, with a real session bus that starts it, and the desktop's own
// tools that give links to applications. They run with the build tag dbus, and the one
// with a systemd of the user with the tag systemd; .ci/setup installs what they need.
package desktop
