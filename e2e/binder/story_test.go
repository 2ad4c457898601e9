//go:build linux && vm

package binder_test

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestStory: an authorization app and client apps, each a process with a uid of its
// own, on the driver that Android has.
func TestStory(t *testing.T) {
	t.Parallel()
	thief, shared := identityOf(thiefUID), identityOf(sharedUID) // which is ""
	want(t, in(t, "phone"),
		"maths: an app that is signed by somebody else gets nothing",
		"auth: Maths wants to sign you in This device confirms that it is Maths.",
		"maths: one login is 0 messages, 2 streams",
		"maths: 16 MiB went up and down: 0 messages, 1 streams",
		"maths: the login is renewed",
		quoted(`presented by "`+thief+`"`),
		quoted(`client "maths" is not the app "`+thief+`" that calls as it`),
		"uid 10003: everything stolen is refused over streams",
		quoted(`presented by "`+thief+`"`),
		quoted(`client "maths" is not the app "`+thief+`" that calls as it`),
		"uid 10003: everything stolen is refused over messages",
		quoted(`presented by "`+shared+`"`),
		quoted(`client "maths" is not the app "`+shared+`" that calls as it`),
		"uid 10004: everything stolen is refused over streams",
		"uid 10004: everything stolen is refused over messages",
		"maths: the code was not used up",
		"maths: the service died, and came back",
		"maths: the service died, and came back",
		"maths: one login is 5 messages, 0 streams",
		"maths: what is too large for a message goes over a stream",
		"maths: the login is revoked",
	)
}

// quoted is a text in the words of the log.
func quoted(s string) string { return strings.Trim(strconv.Quote(s), `"`) }

// phone is the system, and what the person does.
func phone() error {
	ctx, cancel := context.WithTimeout(context.Background(), 210*time.Second)
	defer cancel()
	if err := os.Chmod("/dev/binder", 0o666); err != nil {
		return err
	}
	if err := os.MkdirAll("/data", 0o755); err != nil {
		return err
	}
	for _, uid := range []int{authUID, mathsUID} {
		if err := give("", dataOf(packageOf(uid)), uid); err != nil {
			return err
		}
	}
	if _, err := newSystem(ctx); err != nil {
		return err
	}
	mathsData := dataOf(mathsPackage)
	for _, step := range []struct {
		uid       int
		name, dir string
		wire      string
	}{
		{mathsUID, "unverified", mathsData, "streams"},
		{mathsUID, "login", mathsData, "streams"},
		{mathsUID, "large", mathsData, "streams"},
		{mathsUID, "begin", mathsData, "streams"},
		{thiefUID, "steal", "", "streams"},
		{thiefUID, "steal", "", "messages"},
		{sharedUID, "steal", "", "streams"},
		{sharedUID, "steal", "", "messages"},
		{mathsUID, "finish", mathsData, "streams"},
		{mathsUID, "killed", mathsData, "streams"},
		{mathsUID, "killed", mathsData, "messages"},
		{mathsUID, "login", mathsData, "messages"},
		{mathsUID, "caps", mathsData, "messages"},
		{mathsUID, "revoke", mathsData, "messages"},
	} {
		dir := step.dir
		if dir == "" { // a copy of all that the client app has
			dir = fmt.Sprintf("/data/%d-%s", step.uid, step.wire)
			if err := give(mathsData, dir, step.uid); err != nil {
				return err
			}
		}
		cmd := start(step.uid, "maths", step.name, dir, step.wire)
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("%v: %w", cmd.Args, err)
		}
	}
	return nil
}

// give makes a directory of a user, with what is in another one.
func give(from, to string, uid int) error {
	if err := os.Mkdir(to, 0o700); err != nil {
		return err
	}
	if from != "" {
		if err := os.CopyFS(to, os.DirFS(from)); err != nil {
			return err
		}
	}
	return filepath.WalkDir(to, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Chown(path, uid, uid)
	})
}
