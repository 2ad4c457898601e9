// Package binder speaks to the Linux kernel's binder driver, as apps on Android do:
// for tests of what that driver does with callers, descriptors, sizes and deaths. No
// program of the project imports it; on a phone the system's own library does this.
//
// [Open] makes of this process one that the driver knows. It serves [Object] values
// to others, and calls those of others by [Ref]: in the beginning there is only
// [Process.ContextManager], the object of the process that called
// [Process.BecomeContextManager], and what other objects it hands out. A [Parcel] is
// what travels: numbers, texts, bytes, objects, descriptors.
//
// Names follow the kernel's linux/android/binder.h, in Go's spelling: bcTransaction
// is BC_TRANSACTION there. Parcels are as AIDL makes them in their order and padding;
// fields that Android added in one version or another, such as the stability of an
// object, are left out.
package binder
