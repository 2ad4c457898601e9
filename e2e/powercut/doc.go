// Package powercut cuts the power of a machine on which the server works: nothing that
// was acknowledged is lost, nothing is half there, nothing can be used twice.
//
// The machine is a virtual one (package e2e/vm) with ext4 or f2fs on a disk that loses at
// the cut what was not flushed, in any order and down to single sectors. Apps log in
// there, redeem, record, refresh and revoke, and say what they were answered on the
// console: that is the oracle, and it is outside. Each cut is taken between two requests
// to the disk. What the disk then holds goes into another machine, which opens it with
// the real server and compares. The last disk of a round is the first of the next.
//
// The tests run with the build tag vm (.ci/vm). OFFLINEAUTH_CUTS is how many cuts there
// are in a round.
package powercut
