//go:build linux

package device

import (
	"net"
	"os"
	"strings"
	"testing"
)

func FuzzParseStat(f *testing.F) {
	f.Add([]byte("7 (sh) S 1 7 7 0 -1 4194560 0 0 0 0 0 0 0 0 20 0 1 0 4242 0"))
	f.Add([]byte("7 (a ) R 9 9 (b) S 1 7 7 0 -1 4194560 0 0 0 0 0 0 0 0 20 0 1 0 4242 0"))
	f.Add([]byte("7 (sh) S 1"))
	f.Add([]byte(") )"))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := parseStat(b)
		if err == nil && len(strings.Fields(string(b))) < 20 {
			t.Errorf("%q gives %+v", b, s)
		}
	})
}

func TestParseStat(t *testing.T) {
	const fields = ") S 3 5 7 0 -1 4194560 0 0 0 0 0 0 0 0 20 0 1 0 4242 0"
	for _, name := range []string{"sh", "a b", ") R 9 9 9", "((", "x\ny"} {
		s, err := parseStat([]byte("7 (" + name + fields))
		if want := (stat{parent: 3, session: 7, born: 4242}); err != nil || s != want {
			t.Errorf("%q: %+v, error %v", name, s, err)
		}
	}
	s, err := readStat(os.Getpid())
	if err != nil || s.parent != os.Getppid() || s.born == 0 {
		t.Errorf("this process: %+v, error %v", s, err)
	}
}

// The control socket answers what it does not understand, and survives it.
func TestMalformedQuestions(t *testing.T) {
	d, err := New(t.TempDir(), Options{SharedUID: true})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	for _, q := range []string{"{}\n", "null\n", "[]\n", `{"attest":1}`, `{"launch":{"URI":7}}`, "\x00\xff\n", strings.Repeat("[", maxQuestion), `{"launch":{}}` + "\n"} {
		conn, err := net.Dial("unix", d.Socket())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Write([]byte(q)); err != nil {
			t.Fatal(err)
		}
		b := make([]byte, 1000)
		n, err := conn.Read(b)
		if err != nil || !strings.Contains(string(b[:n]), `"error"`) {
			t.Errorf("%.20q: answer %q, error %v", q, b[:n], err)
		}
		conn.Close()
	}
}
