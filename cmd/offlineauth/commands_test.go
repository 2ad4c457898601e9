//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"syscall"

	"github.com/rogpeppe/go-internal/testscript"
)

// commands are what scripts have beside the usual ones:
//
//	code N ARG...               run offlineauth with ARGs; it exits with N
//	start [-tty] NAME PROGRAM ARG...  run it in the background, its input a pipe or a terminal
//	await NAME VARIABLE REGEXP  wait for a line of its output, and set the variable to the
//	                            last group, or all, of the match
//	type NAME LINE              give it a line
//	signal NAME SIGNAL          INT or TERM, to it alone
//	end NAME N                  wait until it exits with N
//	serve ARG...                start server offlineauth serve ARG..., and await that it does
//	http METHOD SOCKET URL [BODY]  send a request over a unix socket; the answer's status
//	                            and body are for stdout to look at
//	visit STATUS URL            get a page as a browser would; its body is for stdout to look at
//	take VARIABLE REGEXP        set the variable from what was printed last
//	upstream STATUS             start a learning record store at $UPSTREAM, whose every answer has
//	                            the status; 0 for what it would say
//	upstream statements         print the ids of its statements
//	upstream documents          print its documents
//	mode FILE MODE              the file has this mode, as three octal digits
func commands() map[string]func(*testscript.TestScript, bool, []string) {
	words := map[string]func(*world, *testscript.TestScript, []string) error{
		"code": (*world).code, "start": (*world).start, "await": (*world).await, "type": (*world).typeLine,
		"signal": (*world).signal, "end": (*world).exit, "serve": (*world).serve, "http": (*world).http, "visit": (*world).visit,
		"take": (*world).take, "mode": (*world).mode,
		"certificate": (*world).certificate, "port": (*world).port, "sign-in": (*world).signIn, "upstream": (*world).upstream,
	}
	all := make(map[string]func(*testscript.TestScript, bool, []string))
	for name, word := range words {
		all[name] = func(ts *testscript.TestScript, neg bool, args []string) {
			err := errors.New("too few arguments, or !")
			if !neg && len(args) >= least[name] {
				err = word(ts.Value(worldKey{}).(*world), ts, args)
			}
			if err != nil {
				ts.Fatalf("%s: %v", name, err)
			}
		}
	}
	return all
}

// least is how many arguments the commands need.
var least = map[string]int{"code": 2, "start": 2, "await": 3, "type": 2, "signal": 2, "end": 2, "http": 3, "visit": 2, "take": 2, "mode": 2, "certificate": 1, "port": 1, "sign-in": 3, "upstream": 1}

func (w *world) code(ts *testscript.TestScript, args []string) error {
	got, err := exitCode(ts.Exec("offlineauth", args[1:]...))
	if err == nil && strconv.Itoa(got) != args[0] {
		err = fmt.Errorf("exit code %d, want %s", got, args[0])
	}
	return err
}

func (w *world) start(ts *testscript.TestScript, args []string) error {
	inTerminal := args[0] == "-tty"
	if inTerminal {
		args = args[1:]
	}
	p, err := start(environment(ts), ts.MkAbs("."), inTerminal, args[1], args[2:]...)
	if err == nil {
		w.processes[args[0]] = p
	}
	return err
}

// environment is what a script has set; testscript does not give it as a whole.
func environment(ts *testscript.TestScript) []string {
	env := os.Environ()
	for _, name := range []string{"PATH", "OPENED", "HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR", "PASS", "SSL_CERT_FILE", "GORACE"} {
		env = append(env, name+"="+ts.Getenv(name))
	}
	return env
}

func (w *world) process(name string) (*process, error) {
	p, ok := w.processes[name]
	if !ok {
		return nil, fmt.Errorf("nothing was started as %s", name)
	}
	return p, nil
}

func (w *world) await(ts *testscript.TestScript, args []string) error {
	p, err := w.process(args[0])
	if err != nil {
		return err
	}
	found, err := p.await(w.ctx, regexp.MustCompile(args[2]))
	ts.Setenv(args[1], found)
	return err
}

func (w *world) typeLine(_ *testscript.TestScript, args []string) error {
	p, err := w.process(args[0])
	if err != nil {
		return err
	}
	_, err = io.WriteString(p.stdin, args[1]+"\n")
	return err
}

func (w *world) signal(_ *testscript.TestScript, args []string) error {
	p, err := w.process(args[0])
	if err != nil {
		return err
	}
	return p.cmd.Process.Signal(map[string]os.Signal{"INT": syscall.SIGINT, "TERM": syscall.SIGTERM}[args[1]])
}

func (w *world) exit(_ *testscript.TestScript, args []string) error {
	p, err := w.process(args[0])
	if err != nil {
		return err
	}
	code, err := p.exit(w.ctx)
	if err == nil && strconv.Itoa(code) != args[1] {
		err = fmt.Errorf("exit code %d, want %s; last it said: %q", code, args[1], p.lines)
	}
	return err
}

func (w *world) serve(ts *testscript.TestScript, args []string) error {
	if err := w.start(ts, append([]string{"server", "offlineauth", "serve"}, args...)); err != nil {
		return err
	}
	return w.await(ts, []string{"server", "SERVING", "offlineauth: serving .*"})
}

func (w *world) http(ts *testscript.TestScript, args []string) error {
	client := http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", strings.TrimPrefix(args[1], "unix:"))
		},
	}}
	request, err := http.NewRequestWithContext(w.ctx, args[0], args[2], strings.NewReader(strings.Join(args[3:], "&")))
	if err != nil {
		return err
	}
	if len(args) > 3 {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	fmt.Fprintln(ts.Stdout(), response.Status)
	_, err = io.Copy(ts.Stdout(), response.Body)
	return err
}

func (w *world) visit(ts *testscript.TestScript, args []string) error {
	request, err := http.NewRequestWithContext(w.ctx, http.MethodGet, args[1], nil)
	if err != nil {
		return err
	}
	// Browsers know localhost by themselves (RFC 6761 section 6.3); not every machine does.
	request.URL.Host = strings.Replace(request.URL.Host, "localhost", "127.0.0.1", 1)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if strconv.Itoa(response.StatusCode) != args[0] {
		return fmt.Errorf("status %s, want %s", response.Status, args[0])
	}
	_, err = io.Copy(ts.Stdout(), response.Body)
	return err
}

func (w *world) take(ts *testscript.TestScript, args []string) error {
	m := regexp.MustCompile(args[1]).FindSubmatch([]byte(ts.ReadFile("stdout") + ts.ReadFile("stderr")))
	if m == nil {
		return fmt.Errorf("no match for %q", args[1])
	}
	ts.Setenv(args[0], string(bytes.TrimSpace(m[len(m)-1])))
	return nil
}

func (w *world) mode(ts *testscript.TestScript, args []string) error {
	info, err := os.Stat(ts.MkAbs(args[0]))
	if err == nil && fmt.Sprintf("%o", info.Mode().Perm()) != args[1] {
		err = fmt.Errorf("%s has mode %o, want %s", args[0], info.Mode().Perm(), args[1])
	}
	return err
}
