// Package install makes an authorization app known to a Linux desktop: to the
// session bus, which starts it; to the desktop, which gives it links; to systemd,
// which holds its socket; and to the clients, which verify it.
//
// A command fills in an [App] and calls [App.Files] for what there is to write,
// [Write] and [Remove] to do so. doctor compares the same files with what is there.
package install
