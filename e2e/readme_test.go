//go:build linux && curl

package e2e_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// TestReadme does what the README says under «By hand, with the program».
func TestReadme(t *testing.T) {
	data, err := os.MkdirTemp("", "readme")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(data) })
	h := &hand{T: t, data: data, says: readmeCommands(t)}
	h.run("offlineauth init")
	h.run("offlineauth account add")
	h.run("offlineauth client add")
	serve := h.start("offlineauth serve")
	serve.line(serve.stderr, "serving https://auth.example")

	login := h.start("offlineauth login")
	link := login.line(login.stdout, "https://auth.example/authorize?")
	// A test has no terminal to be asked in.
	h.says["offlineauth open"] = strings.ReplaceAll(h.says["offlineauth open"], "LINK", link) + " --approve"
	redirect := h.run("offlineauth open")
	fmt.Fprint(login.stdin, redirect)
	if err := login.cmd.Wait(); err != nil {
		t.Fatalf("login with %s: %v", redirect, err)
	}
	if out := h.run("offlineauth request"); !strings.Contains(out, `"preferred_username":"amina"`) {
		t.Errorf("userinfo is %s", out)
	}
	if out := h.run("curl"); !strings.Contains(out, `"issuer":"https://auth.example"`) {
		t.Errorf("the metadata are %s", out)
	}
	serve.cmd.Process.Signal(syscall.SIGTERM)
	if err := serve.cmd.Wait(); err != nil {
		t.Errorf("serve: %v", err)
	}
}

// readmeCommands are the commands of the section, by how they begin.
func readmeCommands(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "### By hand, with the program\n")
	section, _, _ = strings.Cut(section, "\n###")
	section = strings.ReplaceAll(section, "\\\n", "")
	commands := map[string]string{}
	for i, block := range strings.Split(section, "```\n") {
		for line := range strings.Lines(block) {
			words := strings.Fields(line)
			if i%2 == 0 || len(words) < 2 {
				continue
			}
			name := words[0]
			for _, known := range []string{"init", "account add", "client add", "serve", "login", "open", "request"} {
				if strings.HasPrefix(strings.Join(words[1:], " "), known+" ") {
					name += " " + known
				}
			}
			commands[name] = strings.TrimSuffix(strings.TrimSpace(line), "&")
		}
	}
	return commands
}

// A hand types the README's commands.
type hand struct {
	*testing.T
	data string
	says map[string]string
}

func (h *hand) command(name string) *exec.Cmd {
	h.Helper()
	if h.says[name] == "" {
		h.Fatalf("the README has no command «%s» any more: %q", name, h.says)
	}
	ctx, cancel := context.WithTimeout(h.Context(), limit)
	h.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, "sh", "-c", "exec "+h.says[name])
	cmd.Env = append(os.Environ(), "DATA="+h.data, "HOME="+h.data, "XDG_DATA_HOME=", "XDG_STATE_HOME=", "XDG_RUNTIME_DIR=")
	return cmd
}

func (h *hand) run(name string) string {
	h.Helper()
	cmd := h.command(name)
	var complaints strings.Builder
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err != nil {
		h.Fatalf("%s: %v\n%s", h.says[name], err, &complaints)
	}
	return string(out)
}

// A running command is one that the hand waits for words of.
type running struct {
	hand           *hand
	cmd            *exec.Cmd
	stdin          *os.File
	stdout, stderr *bufio.Scanner
}

func (h *hand) start(name string) *running {
	h.Helper()
	cmd := h.command(name)
	input, stdin, err := os.Pipe()
	if err != nil {
		h.Fatal(err)
	}
	h.Cleanup(func() { stdin.Close() })
	defer input.Close()
	cmd.Stdin = input
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		h.Fatal(err)
	}
	stderr, err := cmd.StderrPipe()
	if err != nil {
		h.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		h.Fatal(err)
	}
	return &running{h, cmd, stdin, bufio.NewScanner(stdout), bufio.NewScanner(stderr)}
}

// line waits for a line with this text in it.
func (r *running) line(of *bufio.Scanner, text string) string {
	r.hand.Helper()
	for of.Scan() {
		if strings.Contains(of.Text(), text) {
			return of.Text()
		}
	}
	r.hand.Fatalf("%s: no line with %q", r.cmd, text)
	return ""
}
