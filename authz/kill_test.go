//go:build unix

package authz_test

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/offlineauth/offlineauth/authz"
	"github.com/offlineauth/offlineauth/ipcapi"
)

// Clients refresh as fast as they can, each with the token it got last, while
// the server is killed again and again. What the clients hold is kept here.

const (
	killedServer = "OFFLINEAUTH_KILLED_SERVER" // the child's: its file
	heldTokens   = "OFFLINEAUTH_HELD_TOKENS"   // the child's: what each client holds
	killClients  = 8
)

// TestRefreshesSurviveKills: no client is left with a dead token, and none has
// two living ones: the successor of a token is derived from it.
func TestRefreshesSurviveKills(t *testing.T) {
	if path := os.Getenv(killedServer); path != "" {
		refreshUntilKilled(t, path, strings.Fields(os.Getenv(heldTokens)))
		return
	}
	path := filepath.Join(t.TempDir(), "offlineauth.db")
	held := loggedIn(t, path, killClients)
	kills, answered, lost := 15, 0, 0
	if more, err := strconv.Atoi(os.Getenv("OFFLINEAUTH_KILLS")); err == nil {
		kills = more
	}
	for range kills {
		answered += killRefreshing(t, path, held)
		lost += retryAll(t, path, held)
	}
	t.Logf("%d kills, %d refreshes answered, %d answers lost and got again", kills, answered, lost)
}

// killDesk is a server on a file, for clients that the system cannot tell.
func killDesk(t *testing.T, path string) *desk {
	t.Helper()
	server, st := openServer(t, path)
	return &desk{T: t, server: server, store: st, caller: ipcapi.Caller{UID: 1000, PID: 1}}
}

func loggedIn(t *testing.T, path string, n int) (held []string) {
	t.Helper()
	d := killDesk(t, path)
	d.register(authz.Registration{ID: "maths", Name: "Maths", RedirectURIs: []string{redirectURI}, Scopes: []string{"openid", "profile"}})
	var err error
	if d.account, err = d.server.AddAccount(t.Context(), "amina", "Amina"); err != nil {
		t.Fatal(err)
	}
	for range n {
		held = append(held, d.login().text("refresh_token"))
	}
	if err := d.store.Close(); err != nil {
		t.Fatal(err)
	}
	return held
}

// refreshUntilKilled says «client token» for each answer.
func refreshUntilKilled(t *testing.T, path string, held []string) {
	d := killDesk(t, path)
	for i, token := range held {
		go func() {
			for {
				answer := d.post("/token", refreshForm(token))
				token = answer.text("refresh_token")
				if answer.status != http.StatusOK {
					token = fmt.Sprint("refused:", answer.body)
				}
				os.Stdout.WriteString(fmt.Sprintf("%d %s\n", i, token)) // before the next one: a client knows what it got
			}
		}()
	}
	select {}
}

// killRefreshing kills the server after some answers, and updates what the
// clients hold.
func killRefreshing(t *testing.T, path string, held []string) (answered int) {
	t.Helper()
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestRefreshesSurviveKills$")
	child.Env = append(os.Environ(), killedServer+"="+path, heldTokens+"="+strings.Join(held, " "))
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	last := 1 + rand.IntN(60)
	for lines := bufio.NewScanner(out); lines.Scan(); answered++ {
		if answered == last {
			time.AfterFunc(time.Duration(rand.IntN(3000))*time.Microsecond, func() { child.Process.Kill() })
		}
		client, token, _ := strings.Cut(lines.Text(), " ")
		i, err := strconv.Atoi(client)
		if err != nil || len(token) != len(held[i]) { // a short line is written whole or not at all
			t.Fatalf("the child says %q", lines.Text())
		}
		held[i] = token
	}
	child.Wait()
	if state := child.ProcessState.String(); state != "signal: killed" {
		t.Fatalf("the child ended by itself: %s", state)
	}
	return answered
}

// retryAll has each client refresh with what it holds, and counts the answers
// that were on their way when the server was killed.
func retryAll(t *testing.T, path string, held []string) (lost int) {
	t.Helper()
	d := killDesk(t, path)
	defer d.store.Close()
	for i, token := range held {
		switch refresh := d.loginOf(token).Refresh; {
		case refresh.MayRepeat(hashOf(token)):
			lost++
		case !refresh.InForce(hashOf(token)):
			t.Fatalf("client %d holds a token that is not there: %+v", i, refresh)
		}
		answer := d.post("/token", refreshForm(token))
		if answer.status != http.StatusOK {
			t.Fatalf("client %d is left with a dead token: %v", i, answer.body)
		}
		held[i] = answer.text("refresh_token")
		if !d.live(answer.text("access_token")) {
			t.Fatalf("client %d got a dead access token", i)
		}
	}
	living := 0 // a login has one token at most that lives
	for login, err := range d.store.Authorizations.All(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if login.Refresh.Last != nil && login.EndedAt.IsZero() {
			living++
		}
	}
	if living != len(held) {
		t.Fatalf("%d logins live, want %d", living, len(held))
	}
	return lost
}
