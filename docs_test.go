package offlineauth_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The pages that promise something name the tests that show it. A test that was
// renamed, or never was, would be a promise without a proof.
func TestThePagesNameTestsThatAre(t *testing.T) {
	there := testsOfTheModule(t)
	names := regexp.MustCompile(`\b(?:Test|Fuzz)[A-Z0-9]\w+|e2e: ([a-z][a-z-]+)`)
	for _, page := range []string{"README.md", "docs/threats.md"} {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		found := names.FindAllStringSubmatch(string(text), -1)
		if len(found) == 0 {
			t.Errorf("%s names no test", page)
		}
		for _, name := range found {
			if !there[name[0]] && !there["e2e: "+name[1]] {
				t.Errorf("%s names %s, which is not there", page, name[0])
			}
		}
	}
}

// testsOfTheModule are the names of all test functions, and of the stories of e2e.
func testsOfTheModule(t *testing.T) map[string]bool {
	t.Helper()
	function := regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`)
	there := map[string]bool{}
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case strings.HasPrefix(path, "e2e/testdata/script/"):
			there["e2e: "+strings.TrimSuffix(d.Name(), ".txtar")] = true
		case strings.HasSuffix(path, "_test.go"):
			source, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			for _, f := range function.FindAllStringSubmatch(string(source), -1) {
				there[f[1]] = true
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return there
}
