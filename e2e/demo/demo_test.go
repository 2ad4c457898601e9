package main

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/offlineauth/offlineauth/e2e/device"
)

func TestMain(m *testing.M) {
	device.Main()
	os.Exit(m.Run())
}

func TestDemo(t *testing.T) {
	programs, err := os.MkdirTemp("", "programs") // t.TempDir is closed to apps with uids of their own
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(programs)
	if err := os.Chmod(programs, 0o755); err != nil {
		t.Fatal(err)
	}
	build := exec.CommandContext(t.Context(), "go", "build", "-o", programs+"/", "../../cmd/offlineauth", "../../examples/mathsapp")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var told bytes.Buffer
	if err := run(ctx, programs, nil, false, &story{out: &told, verbose: true}); err != nil {
		t.Fatalf("%v\n%s", err, &told)
	}
	step := 0
	for _, want := range []string{
		"com.example.maths starts",
		"the device wakes the service of com.example.auth",
		"POST https://auth.example/par: 201 Created",
		"which opens com.example.auth",
		"the redirect goes to com.example.maths",
		"POST https://auth.example/token: 200 OK",
		"message wire",
		"GET https://auth.example/userinfo: 200 OK",
		"stream wire",
		`"preferred_username":"amina"`,
		"POST https://auth.example/token: 200 OK",
		"POST https://auth.example/revoke: 200 OK",
		"GET https://auth.example/userinfo: 401 Unauthorized",
		"the revoked token is refused",
		"com.example.auth opens com.example.maths as a lesson",
		"POST https://auth.example/xapi/statements: 200 OK",
		"stream wire",
		"GET https://auth.example/xapi/statements?statementId=",
		`"id":"https://maths.example/fractions"`,
		"You completed https://maths.example/fractions",
		"Done",
	} {
		at := strings.Index(told.String()[step:], want)
		if at < 0 {
			t.Fatalf("%q does not follow in\n%s", want, &told)
		}
		step += at + len(want)
	}
}
