// Package mobile is the library as gobind can show it to Java and Swift.
//
// surface.go is all of it: [Open] takes a [Config] and a [Host], what the app
// around it does for it, and returns an [App]. A service that other apps bind
// gives each message to [App.Handle], and each descriptor to [App.Serve], with the
// [Caller] that the system names. The activity that opens links calls [App.Begin],
// shows the [Request], and calls [App.Approve] or [App.Deny]. Never let another
// app reach any method but the first two.
//
// It has no logic of its own. It recovers panics, because one that crosses gobind
// ends the whole app. It copies the byte slices it is given, because they are valid
// only during the call. It returns bytes and texts in boxes, because some versions
// of gobind crash on others (golang/go#46893), and lists as JSON, because gobind has
// none. An empty byte slice is null in Java, both ways.
//
// Every method may be called from any thread. Those that wait for the disk say so:
// do not call them from the thread that draws.
package mobile
