// Package device is a simulated phone for tests and demonstrations: it plays the
// operating system for real processes.
//
// It knows installed apps by package name and signing certificate, opens links in
// the app that claims them, holds the sockets of services and starts the process
// behind one when the first connection comes, and says which app a process
// belongs to.
//
// A program that uses it calls [Main] first thing in main or TestMain, then [New],
// [Device.Install] for each app, and [Device.Launch] or [Device.Start]. Programs
// that open links by running xdg-open need no change: the device has one of its
// own in the PATH it gives them. A service in a test program attests its callers
// with [Attestor].
//
// Running as root the device gives every app a uid of its own, as Android does,
// and the kernel keeps the apps apart. Without root all apps have one uid; then
// [Attestor] still tells their processes apart by descent, but nothing keeps a
// hostile one from interfering with another.
//
// Beware: an app's processes end with the one that the device started. A process
// that leaves its session on purpose (a daemon) is not found again once its
// parent has ended. Linux only; elsewhere the package is empty.
package device
