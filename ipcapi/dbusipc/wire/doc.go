// Package wire is the form of D-Bus messages (D-Bus Specification, sections "Type
// System", "Marshaling" and "Message Format"): a [Header] and the values after it
// become bytes, and bytes become those.
//
// Write values into a [Body] and give it to [Header.Marshal]. To read, ask [Lengths]
// how long the two parts of a message are, give the first to [ParseHeader], and read
// the values of the second from [Header.Args], one by one, each as the type that is
// expected: another one is an error. Types for which there is no method can be
// received and skipped, not read.
//
// Nothing here uses reflection, and no input makes it panic or take more memory than
// its own size.
package wire
