//go:build !linux

package main

// Silence cannot.
func (q quietable) Silence() (restore func()) { return nil }
