package upstream_test

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/offlineauth/offlineauth/resource/xapi"
	"github.com/offlineauth/offlineauth/resource/xapi/statement"
	"github.com/offlineauth/offlineauth/resource/xapi/upstream"
)

// What tells the process of this test binary that it is a device.
const (
	fileVariable     = "UPSTREAM_TEST_FILE"
	endpointVariable = "UPSTREAM_TEST_ENDPOINT"
	fromVariable     = "UPSTREAM_TEST_FROM"
)

// How many statements a device stores before it only forwards, and how many documents
// it changes meanwhile, each many times.
const (
	statementsOfARound = 200
	documentsOfARound  = 5
)

func TestMain(m *testing.M) {
	if os.Getenv(fileVariable) != "" {
		if err := beDevice(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// beDevice stores statements and changes documents, forwards them at the same time, and
// says which ones are stored. When all are forwarded it ends, if nobody has killed it before.
func beDevice() error {
	store, err := xapi.Open(context.Background(), os.Getenv(fileVariable), recordsKeys)
	if err != nil {
		return err
	}
	f, err := upstream.New(store.Outbox("upstream"), upstream.Config{
		Endpoint: os.Getenv(endpointVariable), Authorization: "Basic c2Vzc2lvbjpzZWNyZXQ=", Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return err
	}
	from, err := strconv.Atoi(os.Getenv(fromVariable))
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var running sync.WaitGroup
	for n := from; n < from+statementsOfARound; n++ {
		if n == from+statementsOfARound/2 { // full batches first, then one after the other
			running.Go(func() { f.Run(ctx) })
		}
		st, err := statement.Parse([]byte(told(n, "")), statement.V1)
		if err != nil {
			return err
		}
		if _, err := store.Add(ctx, xapi.Addition{Statements: []*statement.Statement{st}, Authority: []byte(authority)}); err != nil {
			return err
		}
		if err := put(ctx, store, n%documentsOfARound, "text/plain", fmt.Sprintf("%06d", n)); err != nil {
			return err
		}
		fmt.Println(n)
	}
	if err := f.Now(ctx); err != nil {
		return err
	}
	cancel()
	running.Wait()
	return store.Close()
}

// TestKilledAtAnyMoment kills a device that stores and forwards: before the upstream
// has a request, after it has it but before it says so, and while the device notes
// that. In the end the upstream has every statement that was ever said to be stored,
// once, and nothing else; and the documents as they were last, none of which was ever
// older than before.
func TestKilledAtAnyMoment(t *testing.T) {
	lrs := newLRS(t)
	var moment atomic.Pointer[killing]
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		k := moment.Load()
		last := k.left.Add(-1) == 0
		if last && k.how == 0 {
			k.kill()
		}
		recorder := httptest.NewRecorder()
		lrs.ServeHTTP(recorder, r)
		if last && k.how == 1 {
			k.kill()
		}
		maps.Copy(w.Header(), recorder.Header())
		w.WriteHeader(recorder.Code)
		w.Write(recorder.Body.Bytes())
		if last && k.how == 2 {
			w.(http.Flusher).Flush()
			k.kill()
		}
	}))
	defer server.Close()
	file := filepath.Join(t.TempDir(), "xapi.db")
	stored := map[string]bool{}
	for round := range 12 {
		k := &killing{how: round % 3}
		k.left.Store(1 + rand.Int32N(20))
		if round == 11 {
			k.how = -1 // the last one may live
		}
		moment.Store(k)
		for n := range k.run(t, file, server.URL+"/xapi/", round*statementsOfARound) {
			stored[uuid(n)] = true
		}
	}
	known := map[string]bool{}
	for _, id := range lrs.order() {
		if known[id] {
			t.Errorf("the upstream stored %s twice", id)
		}
		known[id] = true
	}
	for id := range stored {
		if !known[id] {
			t.Errorf("%s is lost", id)
		}
	}
	store := open(t, file)
	defer store.Close()
	status, err := store.Outbox("upstream").Status(t.Context())
	if err != nil || status.Waiting != 0 || len(status.Quarantined) != 0 || len(stored) < statementsOfARound {
		t.Errorf("%d stored, status %+v, %v", len(stored), status, err)
	}
	for n := range documentsOfARound {
		name := bookmark(n)
		here, err := store.Document(t.Context(), name.Place, name.ID)
		if err != nil {
			t.Fatal(err)
		}
		there := lrs.documents[name.Target()]
		if there == nil || there.content != string(here.Content) || !slices.IsSorted(there.history) {
			t.Errorf("document %d is %q, and upstream %+v", n, here.Content, there)
		}
	}
	if d := status.Documents; d.Waiting != 0 || len(d.Quarantined) != 0 {
		t.Errorf("documents %+v", d)
	}
	t.Logf("%d statements stored, %d upstream, %d requests", len(stored), len(known), len(lrs.requests))
}

// A killing is one device, and the moment of its end.
type killing struct {
	how     int // 0 before a request is seen, 1 before it is answered, 2 after
	left    atomic.Int32
	process atomic.Pointer[os.Process]
}

func (k *killing) kill() {
	if p := k.process.Load(); p != nil {
		_ = p.Kill() // it may have ended by itself
	}
}

// run runs a device to its end and returns what it said.
func (k *killing) run(t *testing.T, file, endpoint string, from int) map[int]bool {
	t.Helper()
	device := exec.CommandContext(t.Context(), os.Args[0])
	device.Env = append(os.Environ(), fileVariable+"="+file, endpointVariable+"="+endpoint, fromVariable+"="+strconv.Itoa(from))
	device.Stderr = t.Output()
	out, err := device.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := device.Start(); err != nil {
		t.Fatal(err)
	}
	k.process.Store(device.Process)
	said := map[int]bool{}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		n, err := strconv.Atoi(lines.Text())
		if err != nil {
			t.Fatal(err)
		}
		said[n] = true
	}
	if err := device.Wait(); err != nil && k.how < 0 {
		t.Fatalf("a device that nobody killed: %v", err)
	}
	return said
}
