package authz_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/offlineauth/offlineauth/authz"
	"github.com/offlineauth/offlineauth/store"
)

// What a login, a refresh and a token check take, among few living tokens and
// among many, and how many there are a second with one caller and with many.
// docs/performance.md says how to read it; $OFFLINEAUTH_PLOTS names a directory
// for the plots that are shown there.

// living are how many tokens live.
var living = []int{1_000, 100_000, 1_000_000}

// BenchmarkLiving reports medians among the most tokens as ratios to those among
// the fewest ("x-few"). A store of each size is there from the beginning, and they
// take turns.
func BenchmarkLiving(b *testing.B) {
	const turns, each = 40, 8
	benches := make([]*bench, len(living))
	for i, n := range living {
		benches[i] = newBench(b)
		fill(b, benches[i].store, n)
	}
	took := make([]struct{ login, refresh, check, seen []time.Duration }, len(living))
	for range turns {
		for i, bench := range benches {
			t := bench.turn(each)
			took[i].login = append(took[i].login, t[0]...)
			took[i].refresh = append(took[i].refresh, t[1]...)
			took[i].check = append(took[i].check, t[2]...)
			took[i].seen = append(took[i].seen, t[3]...)
		}
	}
	curves := []curve{{name: "login"}, {name: "refresh"}, {name: "check, new"}, {name: "check, seen"}}
	for i, n := range living {
		for c, times := range [][]time.Duration{took[i].login, took[i].refresh, took[i].check, took[i].seen} {
			curves[c].add(float64(n), float64(median(times).Nanoseconds()))
		}
	}
	for i, unit := range []string{"login", "refresh", "check", "seen"} {
		y := curves[i].y
		b.ReportMetric(y[len(y)-1], "ns/"+unit)
		b.ReportMetric(y[len(y)-1]/y[0], unit+"-x-few")
		curves[i].per(y[0])
	}
	plot(b, "latency.svg", drawing{
		title: "Time of a request by how many tokens live",
		x:     "living tokens",
		y:     "times what it takes among 1,000",
		goal:  1.5,
		of:    "all",
	}, curves)
	b.ReportMetric(0, "ns/op")
}

// turn returns what some logins, refreshes, checks of new tokens, and of tokens
// that were seen take.
func (b *bench) turn(n int) (times [4][]time.Duration) {
	var access []string
	for range n {
		var token string
		times[0] = append(times[0], took(func() { token = b.login(link(nil)) }))
		times[1] = append(times[1], took(func() { token = b.post("/token", refreshForm(field(token, "refresh_token"))) }))
		access = append(access, field(token, "access_token"))
	}
	for kind := 2; kind < 4; kind++ {
		for _, token := range access {
			times[kind] = append(times[kind], took(func() { b.check(token) }))
		}
	}
	return times
}

// fill has so many tokens live that nobody uses, each of a login of its own, 50 of
// them beneath each grant, of accounts that let 20 clients in. One came every 15 seconds
// until now.
func fill(tb testing.TB, st *store.Store, n int) {
	tb.Helper()
	const batch, beneath, clients, every = 10_000, 50, 20, 15 * time.Second
	now := time.Now()
	var grant store.Grant
	for from := 0; from < n; from += batch {
		err := st.Do(tb.Context(), func(ctx context.Context) (err error) {
			for i := from; i < min(from+batch, n) && err == nil; i++ {
				if nth := i / beneath; i%beneath == 0 {
					grant, err = st.UpsertGrant(ctx, fmt.Sprint("account ", nth/clients), fmt.Sprint("client ", nth%clients), "", []string{"openid", "profile"}, now)
				}
				if err == nil {
					err = putLogin(ctx, st, grant, now.Add(-time.Duration(n-i)*every))
				}
			}
			return err
		})
		if err != nil {
			tb.Fatal(err)
		}
	}
}

// putLogin stores a login of that time, which is good for a year, and its token.
func putLogin(ctx context.Context, st *store.Store, grant store.Grant, at time.Time) error {
	hash, expires := make([]byte, 32), at.AddDate(1, 0, 0)
	rand.Read(hash)
	login := store.Authorization{ID: authz.LoginID(at), GrantID: grant.ID, AccountID: grant.AccountID, ClientID: grant.ClientID, Scopes: grant.Scopes, Nonce: "nonce-of-the-client", AuthTime: at, CreatedAt: at, ExpiresAt: expires}
	login.Refresh = store.RefreshTokens{Last: hash, IssuedAt: at, ExpiresAt: expires}
	return st.Authorizations.Put(ctx, login)
}

// BenchmarkCallers reports logins, refreshes and token checks a second with 1, 8
// and 64 callers: as ratios to what one caller gets, to one caller of the limits (commits and
// reads of plain bbolt), and logins to a bare fosite in memory with as many callers. They
// take turns.
func BenchmarkCallers(b *testing.B) {
	const turns = 3
	bench := newBench(b)
	bare := bareLogin(b)
	curves := []curve{{name: "logins"}, {name: "refreshes"}, {name: "token checks"}}
	for _, callers := range []int{1, 8, 64} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			tokens, access := make([]string, callers), make([]string, callers)
			for i := range callers {
				login := bench.login(link(nil))
				tokens[i], access[i] = field(login, "refresh_token"), field(login, "access_token")
			}
			kinds := []func(caller int){
				func(int) { bench.login(link(nil)) },
				func(caller int) {
					tokens[caller] = field(bench.post("/token", refreshForm(tokens[caller])), "refresh_token")
				},
				func(caller int) { bench.check(access[caller]) },
			}
			all, one := make([][]float64, len(kinds)), make([][]float64, len(kinds))
			var fosites, commits, reads []float64
			for range turns {
				for kind, request := range kinds {
					one[kind] = append(one[kind], perSecond(1, request))
					all[kind] = append(all[kind], perSecond(callers, request))
				}
				fosites = append(fosites, perSecond(callers, func(int) { bare() }))
				commits = append(commits, perSecond(1, func(int) { bench.plain.commit() }))
				reads = append(reads, perSecond(1, func(int) { bench.plain.read() }))
			}
			limits := []struct {
				kind, limit string
				rates       []float64
			}{{"logins", "commits", commits}, {"refreshes", "commits", commits}, {"checks", "reads", reads}}
			for i, of := range limits {
				rate := median(all[i])
				ratio := rate / median(one[i])
				b.ReportMetric(rate, of.kind+"/s")
				b.ReportMetric(ratio, of.kind+"-x-one")
				b.ReportMetric(rate/median(of.rates), of.kind+"-x-"+of.limit)
				curves[i].add(float64(callers), ratio)
			}
			b.ReportMetric(median(all[0])/median(fosites), "logins-x-fosite")
			b.ReportMetric(0, "ns/op")
		})
	}
	plot(b, "throughput.svg", drawing{
		title: "Requests a second by how many ask at once",
		x:     "callers at once",
		y:     "times what one caller gets",
		goal:  5,
		of:    "logins",
	}, curves)
}

// perSecond calls one from so many goroutines for a while.
func perSecond(callers int, one func(caller int)) float64 {
	const while = time.Second
	var done atomic.Int64
	var all sync.WaitGroup
	start := time.Now()
	for caller := range callers {
		all.Go(func() {
			for time.Since(start) < while {
				one(caller)
				done.Add(1)
			}
		})
	}
	all.Wait()
	return float64(done.Load()) / time.Since(start).Seconds()
}

// BenchmarkSweepLiving sweeps what has expired among very many, and compacts;
// the sizes of the file are in bytes.
func BenchmarkSweepLiving(b *testing.B) {
	bench := newBench(b)
	n := living[len(living)-1]
	fill(b, bench.store, n)
	before := bench.store.Usage().Size
	b.ReportMetric(float64(before)/float64(n), "bytes/login")
	later := time.Now().AddDate(2, 0, 0)
	if _, err := bench.store.Sweep(b.Context(), time.Now(), 0); err != nil {
		b.Fatal(err)
	}
	// A clock that jumps is believed after a day of it.
	for _, at := range []time.Time{later, later.AddDate(0, 0, 1)} {
		start := time.Now()
		n, err := bench.store.Sweep(b.Context(), at, 0)
		if err != nil {
			b.Fatal(err)
		}
		if n > 0 {
			b.ReportMetric(float64(n)/time.Since(start).Seconds(), "swept/s")
		}
	}
	swept := bench.store.Usage()
	start := time.Now()
	done, err := bench.store.CompactIfWorth(b.Context())
	if err != nil || !done {
		b.Fatalf("compacted %t, %v", done, err)
	}
	b.ReportMetric(time.Since(start).Seconds(), "s/compact")
	b.ReportMetric(float64(before), "bytes-full")
	b.ReportMetric(float64(swept.Size), "bytes-swept")
	b.ReportMetric(float64(bench.store.Usage().Size), "bytes-compacted")
	b.ReportMetric(0, "ns/op")
}
