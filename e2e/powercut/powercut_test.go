//go:build linux && vm

package powercut

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/offlineauth/offlineauth/e2e/vm"
)

const most = 24 // disks of one machine

// A fileSystem is one to be cut off.
type fileSystem struct {
	kind    string
	size    int      // of its disk, in bytes
	make    []string // the command that makes it in a file
	modules []string
}

// Android's data is on one of these.
var (
	ext4 = fileSystem{
		kind: "ext4", size: 32 << 20,
		// Blocks as on a phone; nothing left to be done in the background.
		make:    []string{"mke2fs", "-q", "-t", "ext4", "-b", "4096", "-J", "size=4", "-E", "lazy_itable_init=0,lazy_journal_init=0"},
		modules: []string{"crc32c_generic", "ext4"}, // CRC-32C is asked for by name
	}
	f2fs = fileSystem{
		kind: "f2fs", size: 64 << 20, // the least it can have
		make:    []string{"mkfs.f2fs", "-q"},
		modules: []string{"crc32_generic", "f2fs"},
	}
)

func TestMain(m *testing.M) {
	vm.Main(map[string]func(args []string) error{"work": work, "look": look})
	os.Exit(m.Run())
}

// A cut is what is left when the power has gone.
type cut struct {
	disk         []byte
	oracle       []byte
	unsafe, lost int // sectors
}

// TestPowerCuts cuts the power between any two requests to the disk.
func TestPowerCuts(t *testing.T) {
	t.Run("ext4", func(t *testing.T) { cutAndJudge(t, ext4, 2, 12) })
	t.Run("f2fs", func(t *testing.T) { cutAndJudge(t, f2fs, 1, 8) })
}

func cutAndJudge(t *testing.T, fs fileSystem, rounds, each int) {
	if text := os.Getenv("OFFLINEAUTH_CUTS"); text != "" {
		var err error
		if each, err = strconv.Atoi(text); err != nil || each < 1 || each > most {
			t.Fatalf("OFFLINEAUTH_CUTS is %q, want 1 to %d", text, most)
		}
	}
	disk, said := newDisk(t, fs), new(oracle)
	unheard, unsafe, lost := 0, 0, 0
	for range rounds {
		cuts := cutWhileWorking(t, fs, disk, said, each)
		for i, verdict := range judge(t, fs, cuts) {
			if verdict.problem != "" {
				t.Errorf("after a cut that lost %d of %d sectors: %s", cuts[i].lost, cuts[i].unsafe, verdict.problem)
			}
			unheard += verdict.unheard
			unsafe += cuts[i].unsafe
			lost += cuts[i].lost
		}
		last := cuts[len(cuts)-1]
		disk = last.disk
		var err error
		if said, err = parseOracle(last.oracle); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d power cuts lost %d of %d unflushed sectors; %d logins acknowledged at the last one; %d writes were there that nobody had heard of",
		rounds*each, lost, unsafe, len(said.logins), unheard)
	if lost == 0 || len(said.logins) == 0 {
		t.Error("nothing was at stake")
	}
}

// TestACarelessServerIsSeen: had the server not waited for the disk, the cut would show
// it. So the test above can fail.
func TestACarelessServerIsSeen(t *testing.T) {
	disk := vm.NewDisk(newDisk(t, ext4))
	ctx, blackout := context.WithCancel(t.Context())
	said := new(oracle)
	var c cut
	err := worker(ext4, disk, "careless").Run(ctx, func(line string) {
		if c.disk != nil {
			return
		}
		if err := said.hear(line); err != nil {
			t.Error(err)
		}
		if said.lines == 5*apps {
			c.oracle = said.text()
			c.disk, c.unsafe, c.lost = disk.Cut(0.5)
			blackout()
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	verdict := judge(t, ext4, []cut{c})[0]
	if verdict.problem == "" {
		t.Error("all is there, though nothing was asked of the disk")
	}
	t.Logf("as it should be: %s", verdict.problem)
}

// newDisk returns the content of a disk with an empty file system.
func newDisk(t *testing.T, fs fileSystem) []byte {
	t.Helper()
	t.Setenv("PATH", os.Getenv("PATH")+":/usr/sbin")
	file := filepath.Join(t.TempDir(), "disk")
	if err := errors.Join(os.WriteFile(file, nil, 0o600), os.Truncate(file, int64(fs.size))); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), fs.make[0], append(fs.make[1:len(fs.make):len(fs.make)], file)...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", cmd, err, out)
	}
	content, err := os.ReadFile(file)
	if err != nil || len(content) != fs.size {
		t.Fatalf("%s made %d bytes, %v", cmd, len(content), err)
	}
	return content
}

func (fs fileSystem) machine(program string, args ...string) *vm.Machine {
	return &vm.Machine{
		Program: append([]string{program, fs.kind}, args...),
		Modules: append([]string{"virtio_pci", "virtio_blk"}, fs.modules...),
		Files:   make(map[string][]byte),
	}
}

func worker(fs fileSystem, d *vm.Disk, args ...string) *vm.Machine {
	m := fs.machine("work", args...)
	m.Disks = []*vm.Disk{d}
	return m
}

// keeps are which parts of what is not safe the cuts leave, one after the other.
var keeps = []float64{0, 0.5, 1, 0.1, 0.9}

// cutWhileWorking goes on with a disk, and with what was said before, and takes n cuts,
// of which at least one finds something to lose. At the last one the machine really ends.
func cutWhileWorking(t *testing.T, fs fileSystem, content []byte, said *oracle, n int) (cuts []cut) {
	t.Helper()
	ctx, blackout := context.WithCancel(t.Context())
	defer blackout()
	disk := vm.NewDisk(content)
	var mu sync.Mutex // of said: the console and the disk are heard at the same time
	next, stakes := soon(), 0
	disk.Before = func(request int) {
		unsafe := disk.Unsafe()
		if request < next || len(cuts) == n || len(cuts) == n-1 && stakes+unsafe == 0 {
			return
		}
		next = request + soon()
		mu.Lock()
		c := cut{oracle: said.text()} // first: what was acknowledged by now must be on the disk by now
		mu.Unlock()
		c.disk, c.unsafe, c.lost = disk.Cut(keeps[stakes%len(keeps)])
		if unsafe > 0 {
			stakes++
		}
		if cuts = append(cuts, c); len(cuts) == n {
			blackout()
		}
	}
	err := worker(fs, disk).Run(ctx, func(line string) {
		mu.Lock()
		defer mu.Unlock()
		if err := said.hear(line); err != nil {
			t.Error(err)
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	return cuts
}

// soon is in how many requests to the disk the next cut comes.
func soon() int { return 1 + rand.IntN(100) }

// A verdict is what was seen of a disk.
type verdict struct {
	problem string // "" for none
	unheard int    // writes that nobody had heard of
}

// judge starts a machine with the disks as the cuts have left them.
func judge(t *testing.T, fs fileSystem, cuts []cut) []verdict {
	t.Helper()
	m := fs.machine("look")
	for i, c := range cuts {
		m.Disks = append(m.Disks, vm.NewDisk(c.disk))
		m.Files["/oracle/"+letter(i)] = c.oracle
	}
	verdicts := make([]verdict, len(cuts))
	heard := 0
	err := m.Run(t.Context(), func(line string) {
		word, rest, _ := strings.Cut(line, " ")
		disk, rest, _ := strings.Cut(rest, " ")
		i := strings.Index(letters, disk)
		if i < 0 || i >= len(cuts) {
			t.Errorf("the machine says %q", line)
			return
		}
		heard++
		var logins int
		if _, err := fmt.Sscan(rest, &logins, &verdicts[i].unheard); word != "good" || err != nil {
			verdicts[i].problem = rest
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if heard != len(cuts) {
		t.Fatalf("%d verdicts for %d disks", heard, len(cuts))
	}
	return verdicts
}

const letters = "abcdefghijklmnopqrstuvwx"

// letter names a disk, as in /dev/vda.
func letter(i int) string { return letters[i : i+1] }
