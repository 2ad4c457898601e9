// Package interop holds the strictest clients there are against the real
// program: each logs in, reads, refreshes, revokes and introspects over a unix
// socket, with the https URLs of the issuer, and refuses what the RFCs tell it to
// refuse. README.md says what each library was seen to check.
//
// It is a module of its own, outside the workspace, because the libraries'
// requirements would raise the versions the program is built with:
//
//	GOWORK=off go test .
//
// «make test» does this. The npm libraries are in the folder npm; .ci/interop runs
// them.
package interop
