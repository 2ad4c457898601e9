// Package vm runs programs in a small virtual machine with a kernel of its own: for
// tests of what a kernel does that the machine they run on does not let them try.
//
// The machine has no distribution in it, only what the test brings: its own
// executable is /init there. So a test names its programs in its TestMain,
//
//	vm.Main(map[string]func(args []string) error{"server": server})
//
// and starts one of them by [Machine.Run], which gives it each line that a program
// says by [Say]. A program that needs others starts /init with their names, as any
// user: exec.Command("/init", "server", "argument").
//
// The kernel is Debian's, as .ci/kernel fetches it; qemu plays the processor, slowly
// (a machine is up after some five seconds). Nothing needs root.
//
// A [Disk] is one whose power can be cut: what was not flushed may be lost.
package vm
