package authz_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strings"
	"sync"
	"testing"

	"github.com/offlineauth/offlineauth/authz"
)

// memoryServer names the file of a server that says how much memory it takes. It is a
// process of its own: what Go allocates is not all, and a test's own memory is none
// of it.
const memoryServer = "OFFLINEAUTH_MEMORY_SERVER"

// memory of a process, in bytes, at most (proc(5), the status of a process).
type memory struct {
	kept     int // its own, without garbage
	own      int // what the system cannot get back, garbage included
	resident int // with the parts of files it has read: those of the program and of the store
}

// TestMemoryIsFlat: what a server takes does not depend on how many tokens live.
func TestMemoryIsFlat(t *testing.T) {
	if path := os.Getenv(memoryServer); path != "" {
		sayMemory(t, path)
		return
	}
	few, many := memoryAmong(t, 1_000), memoryAmong(t, 20_000) // the latter are 20 MB
	t.Logf("among few %+v, among many %+v", few, many)
	if many.kept > few.kept+8<<20 {
		t.Errorf("%d bytes among few tokens, %d among many", few.kept, many.kept)
	}
}

// BenchmarkMemory is what a server of 1,000 living tokens takes under load, and one of
// 1,000,000.
func BenchmarkMemory(b *testing.B) {
	few, many := memoryAmong(b, living[0]), memoryAmong(b, living[len(living)-1])
	b.ReportMetric(float64(many.own)/float64(few.own), "own-x-few")
	b.ReportMetric(float64(many.kept)/float64(few.kept), "kept-x-few")
	for name, m := range map[string]memory{"few": few, "many": many} {
		b.ReportMetric(float64(m.kept), "kept-"+name)
		b.ReportMetric(float64(m.own), "own-"+name)
		b.ReportMetric(float64(m.resident), "resident-"+name)
	}
	b.ReportMetric(0, "ns/op")
}

// memoryAmong starts a server of so many living tokens.
func memoryAmong(tb testing.TB, n int) (m memory) {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "offlineauth.db")
	server, st := openServer(tb, path)
	_, _, err := server.Register(tb.Context(), authz.Registration{ID: "maths", RedirectURIs: []string{redirectURI}, Scopes: []string{"openid", "profile"}})
	if err != nil {
		tb.Fatal(err)
	}
	if _, err := server.AddAccount(tb.Context(), "amina", "Amina"); err != nil {
		tb.Fatal(err)
	}
	fill(tb, st, n)
	if err := st.Close(); err != nil {
		tb.Fatal(err)
	}
	child := exec.CommandContext(tb.Context(), os.Args[0], "-test.run=^TestMemoryIsFlat$")
	child.Env = append(os.Environ(), memoryServer+"="+path)
	out, err := child.CombinedOutput()
	if err != nil {
		tb.Fatalf("%v: %s", err, out)
	}
	if _, err := fmt.Sscanf(string(out), "memory %d %d %d", &m.kept, &m.own, &m.resident); err != nil {
		tb.Fatalf("%v in %s", err, out)
	}
	return m
}

// sayMemory serves a while, and says what that took at most.
func sayMemory(t *testing.T, path string) {
	server, st := openServer(t, path)
	account, err := st.AccountByUsername(t.Context(), "amina")
	if err != nil {
		t.Fatal(err)
	}
	d := &desk{T: t, server: server, store: st, account: account}
	var most memory
	for range 4 {
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				for range 8 {
					token := d.login()
					token = d.post("/token", refreshForm(token.text("refresh_token")))
					if !d.live(token.text("access_token")) {
						t.Error("refused")
					}
				}
			})
		}
		all.Wait()
		own, resident := readMemory(t)
		debug.FreeOSMemory()
		kept, _ := readMemory(t)
		most = memory{max(most.kept, kept), max(most.own, own), max(most.resident, resident)}
	}
	fmt.Printf("memory %d %d %d\n", most.kept, most.own, most.resident)
}

func readMemory(t *testing.T) (own, resident int) {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		var kilobytes int
		if n, _ := fmt.Sscanf(line, "RssAnon: %d kB", &kilobytes); n == 1 {
			own = kilobytes << 10
		}
		if n, _ := fmt.Sscanf(line, "VmRSS: %d kB", &kilobytes); n == 1 {
			resident = kilobytes << 10
		}
	}
	if own == 0 || resident == 0 {
		t.Fatalf("no memory in %s", status)
	}
	return own, resident
}
