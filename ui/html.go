package ui

import g "maragu.dev/gomponents"

// Elements and attributes are made by these two, which the compiler must not
// copy into every place: with package gomponents/html, whose functions it does
// copy, the pages made the program half a megabyte larger.

//go:noinline
func el(name string, children ...g.Node) g.Node { return g.El(name, children...) }

//go:noinline
func at(name string, value ...string) g.Node { return g.Attr(name, value...) }
