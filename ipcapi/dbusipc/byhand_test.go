//go:build linux && dbus

package dbusipc_test

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"
)

// TestByHand calls the service with the tools of systemd and GLib, as docs say.
func TestByHand(t *testing.T) {
	start(t)
	for tool, command := range map[string]string{
		"busctl":            `busctl --user call org.example.Test-Service /org/example/Test_Service org.offlineauth.HTTP1 Handle ay $(printf 'GET /echo HTTP/1.1\r\nHost: a.example\r\n\r\n' | od -An -v -tu1 | wc -w) $(printf 'GET /echo HTTP/1.1\r\nHost: a.example\r\n\r\n' | od -An -v -tu1)`,
		"busctl introspect": `busctl --user introspect org.example.Test-Service /org/example/Test_Service`,
		"gdbus":             `gdbus call --session --dest org.example.Test-Service --object-path /org/example/Test_Service --method org.offlineauth.HTTP1.Handle "$(printf 'GET /echo HTTP/1.1\r\nHost: a.example\r\n\r\n' | od -An -v -tu1 | tr -s ' \n' , | sed 's/^,/[byte /;s/,$/]/')"`,
		"gdbus introspect":  `gdbus introspect --session --dest org.example.Test-Service --object-path /org/example/Test_Service`,
	} {
		out, err := exec.CommandContext(t.Context(), "sh", "-c", command).CombinedOutput()
		if err != nil {
			t.Errorf("%s: %v\n%s", tool, err, out)
			continue
		}
		want := "Handle"
		if !strings.Contains(tool, "introspect") {
			want = "200" // of HTTP/1.1 200 OK
		}
		t.Logf("%s: %s", tool, out)
		if !strings.Contains(decoded(string(out)), want) {
			t.Errorf("%s printed no %q: %s", tool, want, out)
		}
	}
}

// decoded puts numbers of bytes back into text.
func decoded(out string) string {
	var b strings.Builder
	for word := range strings.FieldsFuncSeq(out, func(r rune) bool { return strings.ContainsRune(" ,[]()\n", r) }) {
		var n byte
		if _, err := fmt.Sscanf(word, "0x%x", &n); err == nil && strings.HasPrefix(word, "0x") {
			b.WriteByte(n)
		} else if _, err := fmt.Sscanf(word, "%d", &n); err == nil {
			b.WriteByte(n)
		} else {
			b.WriteString(" " + word)
		}
	}
	return b.String()
}
