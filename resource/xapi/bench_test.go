package xapi

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/offlineauth/offlineauth/resource/xapi/statement"
)

var benchAuthority = []byte(`{"objectType":"Group","member":[{"account":{"homePage":"https://lms.example/token","name":"maths"}},{"account":{"homePage":"https://lms.example","name":"amina"}}]}`)

// benchStatement is the nth of three learners who do a thousand exercises. What
// queries ask for is as frequent among the first thousand as among a million.
func benchStatement(n uint64) []byte {
	return fmt.Appendf(nil, `{"id":%q,"actor":{"objectType":"Agent","name":"Learner %d","account":{"homePage":"https://lms.example","name":"learner%d"}},`+
		`"verb":{"id":"http://adlnet.gov/expapi/verbs/verb%d","display":{"en-US":"answered"}},`+
		`"object":{"objectType":"Activity","id":"https://maths.example/exercises/%d","definition":{"name":{"en-US":"An exercise"},"type":"http://adlnet.gov/expapi/activities/cmi.interaction"}},`+
		`"result":{"score":{"scaled":0.8,"raw":8,"min":0,"max":10},"success":true,"completion":true,"duration":"PT1M30S"},`+
		`"context":{"registration":"00000000-0000-4000-8000-%012d","contextActivities":{"parent":[{"id":"https://maths.example/lessons/%d"}]},"platform":"phone"},`+
		`"timestamp":"2026-11-25T12:00:00.000Z"}`,
		benchUUID(n), n%3, n%3, n%2, n%1000, n%9, n%20)
}

// benchUUID spreads numbers over the key space as random UUIDs are spread.
func benchUUID(n uint64) string {
	spread := n * 0x9E3779B97F4A7C15
	return fmt.Sprintf("%08x-%04x-4%03x-8%03x-%012x", spread>>32, spread>>16&0xffff, spread>>4&0xfff, spread&0xfff, n)
}

// benchBatch is statements as they come in a request.
func benchBatch(first uint64, n int) []byte {
	text := []byte{'['}
	for i := range n {
		text = append(append(text, benchStatement(first+uint64(i))...), ',')
	}
	text[len(text)-1] = ']'
	return text
}

func openBench(b *testing.B) *Store {
	s, err := Open(b.Context(), filepath.Join(b.TempDir(), "xapi.db"), careKeys)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { s.Close() })
	return s
}

// addBench validates and stores one request's statements.
func (s *Store) addBench(text []byte) error {
	batch, err := statement.ParseBatch(text, statement.V1)
	if err != nil {
		return err
	}
	_, err = s.Add(context.Background(), Addition{Statements: batch, Authority: benchAuthority})
	return err
}

// BenchmarkAdd validates and stores statements, one or fifty in a request, by one
// client or eight. "x-raw" is how many times as many statements a second that is
// as raw bbolt commits of the same keys and values, one after the other: more is
// better. The two take turns, so that what else the machine does slows down both.
func BenchmarkAdd(b *testing.B) {
	for _, size := range []int{1, 50} {
		for _, clients := range []int{1, 8} {
			b.Run(fmt.Sprintf("batch=%d/clients=%d", size, clients), func(b *testing.B) { benchmarkAdd(b, size, clients) })
		}
	}
}

// turns is how many requests are stored in a row.
const turns = 40

func benchmarkAdd(b *testing.B, size, clients int) {
	s, raw := openBench(b), openRaw(b)
	// They are made before, and lie in memory as what the raw commits put does: the
	// garbage collector has as much to do for the one as for the other.
	requests := make([][]byte, b.N)
	for i := range requests {
		requests[i] = benchBatch(uint64(i*size), size)
	}
	var ours, theirs time.Duration
	b.ResetTimer()
	for turn := range slices.Chunk(requests, turns) {
		before, _ := s.commit.newest()
		start := time.Now()
		s.addAll(b, turn, clients)
		ours += time.Since(start)
		b.StopTimer()
		theirs += rawCommits(b, raw, putsOf(b, s, size, before))
		b.StartTimer()
	}
	b.StopTimer()
	b.ReportMetric(float64(theirs)/float64(ours), "x-raw")
	b.ReportMetric(float64(b.N*size)/ours.Seconds(), "statements/s")
}

// addAll has clients share the requests.
func (s *Store) addAll(b *testing.B, requests [][]byte, clients int) {
	var next atomic.Int64
	var all sync.WaitGroup
	for range clients {
		all.Go(func() {
			for i := next.Add(1); i <= int64(len(requests)); i = next.Add(1) {
				if err := s.addBench(requests[i-1]); err != nil {
					b.Error(err)
				}
			}
		})
	}
	all.Wait()
}

func openRaw(b *testing.B) *bbolt.DB {
	db, err := bbolt.Open(filepath.Join(b.TempDir(), "raw.db"), 0o600, nil)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { db.Close() })
	if err := db.Update(makeBuckets); err != nil {
		b.Fatal(err)
	}
	return db
}

// rawCommits returns how long bbolt takes to put what came in each request, in a
// commit for each.
func rawCommits(b *testing.B, db *bbolt.DB, rounds [][]put) time.Duration {
	start := time.Now()
	for _, round := range rounds {
		err := db.Update(func(tx *bbolt.Tx) error {
			for _, p := range round {
				if err := tx.Bucket(p.bucket).Put(p.key, p.value); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	return time.Since(start)
}

type put struct{ bucket, key, value []byte }

// putsOf are the keys and values of the statements after one, by the requests they
// came with.
func putsOf(b *testing.B, s *Store, size int, after uint64) [][]put {
	var rounds [][]put
	round := map[uint64]int{}
	err := s.db.View(func(tx *bbolt.Tx) error {
		collect := func(bucket []byte, seq func(k, v []byte) uint64) error {
			return tx.Bucket(bucket).ForEach(func(k, v []byte) error {
				n := seq(k, v)
				if n <= after {
					return nil
				}
				if _, known := round[n]; !known {
					round[n] = len(round) / size
				}
				if round[n] == len(rounds) {
					rounds = append(rounds, nil)
				}
				rounds[round[n]] = append(rounds[round[n]], put{bucket, append([]byte{}, k...), append([]byte{}, v...)})
				return nil
			})
		}
		byKey := func(k, _ []byte) uint64 { return seqOf(k) }
		if err := collect(bucketStatements, byKey); err != nil {
			return err
		}
		if err := collect(bucketIDs, func(_, v []byte) uint64 { return seqOf(v) }); err != nil {
			return err
		}
		return collect(bucketIndex, byKey)
	})
	if err != nil {
		b.Fatal(err)
	}
	return rounds
}

// BenchmarkQuery reads pages of a hundred statements out of a thousand and out of
// many more. "x-thousand" is how many times as long the latter takes: less is better.
// XAPI_BENCH_STATEMENTS=1000000 makes a million, which takes minutes and two
// gigabytes, in XAPI_BENCH_DIR, where the next run finds them again.
func BenchmarkQuery(b *testing.B) {
	large := 20_000
	if n, err := strconv.Atoi(os.Getenv("XAPI_BENCH_STATEMENTS")); err == nil {
		large = n
	}
	few, many := filled(b, 1000), filled(b, large)
	term := func(k statement.Kind, v string) statement.Term { return statement.Term{Kind: k, Value: v} }
	verb := term(statement.Verb, "http://adlnet.gov/expapi/verbs/verb1")
	agent := term(statement.Agent, "account https://lms.example learner2")
	for _, q := range []struct {
		name string
		Query
	}{
		{"newest", Query{}},
		{"oldest", Query{Ascending: true}},
		{"verb", Query{Terms: []statement.Term{verb}}},
		{"related-agent", Query{Terms: []statement.Term{term(statement.RelatedAgent, "account https://lms.example learner2")}}},
		{"verb-and-agent", Query{Terms: []statement.Term{verb, agent}}},
		{"since", Query{Since: time.UnixMicro(1), Terms: []statement.Term{verb}}},
	} {
		b.Run(q.name, func(b *testing.B) {
			q.Limit = 100
			for range b.N {
				if _, err := many.Query(b.Context(), q.Query); err != nil {
					b.Fatal(err)
				}
			}
			b.StopTimer()
			b.ReportMetric(float64(fastest(b, many, q.Query))/float64(fastest(b, few, q.Query)), "x-thousand")
		})
	}
}

// fastest is how long a query takes when nothing else wants the processor.
func fastest(b *testing.B, s *Store, q Query) time.Duration {
	least := time.Hour
	for range 300 {
		start := time.Now()
		if _, err := s.Query(b.Context(), q); err != nil {
			b.Fatal(err)
		}
		least = min(least, time.Since(start))
	}
	return least
}

// filled is a store of n statements. They are made without waiting for the disk.
func filled(b *testing.B, n int) *Store {
	dir := os.Getenv("XAPI_BENCH_DIR")
	if dir == "" {
		dir = b.TempDir()
	}
	s, err := Open(b.Context(), filepath.Join(dir, fmt.Sprintf("xapi-%d.db", n)), careKeys)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { s.Close() })
	s.db.NoSync = true
	const batch = 1000
	for first := 0; first < n; first += batch {
		if _, err := s.Statement(b.Context(), benchUUID(uint64(first)), false); err == nil {
			continue // it is from a run before
		}
		if err := s.addBench(benchBatch(uint64(first), batch)); err != nil {
			b.Fatal(err)
		}
	}
	return s
}
