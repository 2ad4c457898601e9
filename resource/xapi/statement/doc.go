// Package statement judges xAPI statements: it is a pure function from bytes to
// a [Statement] or to an [*Error] that says where and why.
//
// [Parse] reads one statement and [ParseBatch] what a POST may carry. What they
// return knows what it mentions ([Statement.Terms]), can be completed with what a
// store assigns ([Statement.Complete]) and be rendered in the other two formats
// of a query ([Statement.IDs], [Statement.Canonical]). The JSON of a statement is
// kept as it was sent, to the byte, but for what the specification has a store
// change.
//
// The rules are those of xAPI 1.0.3, part two, and of xAPI 2.0 (IEEE 9274.1.1);
// «Data 2.4.2» in a comment is a section of the former.
package statement
