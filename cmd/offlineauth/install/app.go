package install

import (
	"cmp"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/offlineauth/offlineauth/client"
	"github.com/offlineauth/offlineauth/ipcapi"
	"github.com/offlineauth/offlineauth/linkhandler/desktop"
)

// An App is one data directory as an application of the desktop.
type App struct {
	ID      string         // on the bus, and of the desktop entry
	Issuer  string         // issuer identifier
	Scheme  string         // private-use scheme of its links
	Service ipcapi.Service // where it answers
	Program string         // absolute path
	DataDir string         // absolute path
	Systemd bool           // a systemd user manager starts it
	Idle    time.Duration  // after which the server ends by itself; zero means a minute
}

// Dirs are the base directories of a user (XDG Base Directory Specification).
type Dirs struct{ Data, Config, Runtime string }

// A File is one that installing writes.
type File struct {
	Path    string
	Content string
	For     string // whom it is for
}

// DefaultID makes an ID of an issuer: its host, from the end.
func DefaultID(issuer string) string {
	host := strings.TrimPrefix(issuer, "https://")
	host, _, _ = strings.Cut(host, "/")
	host, _, _ = strings.Cut(host, ":")
	labels := strings.Split(strings.ToLower(host), ".")
	for i, j := 0, len(labels)-1; i < j; i, j = i+1, j-1 {
		labels[i], labels[j] = labels[j], labels[i]
	}
	for i, label := range labels {
		labels[i] = strings.ReplaceAll(label, "-", "_") // as the D-Bus Specification advises
		if label != "" && label[0] >= '0' && label[0] <= '9' {
			labels[i] = "_" + labels[i]
		}
	}
	if len(labels) == 1 {
		labels = append(labels, "offlineauth")
	}
	return strings.Join(labels, ".")
}

// serve is the command by which the server is started.
func (a App) serve() []string {
	idle := cmp.Or(a.Idle, time.Minute)
	return []string{a.Program, "serve", "--data", a.DataDir, "--idle-exit", idle.String()}
}

// serveBeside is the command of a server that the system passes its socket to.
func (a App) serveBeside() []string { return append(a.serve(), "--ipc", "dbus:"+a.ID) }

// Files are what there is to write below d.
func (a App) Files(d Dirs) ([]File, error) {
	entry, err := desktop.Entry{
		ID:      a.ID,
		Name:    "offlineauth (" + strings.TrimPrefix(a.Issuer, "https://") + ")",
		Comment: "Logins between the apps of this device",
		Exec:    []string{a.Program, "open", "--data", a.DataDir, "--browser"},
		Schemes: []string{a.Scheme},
	}.File()
	if err != nil {
		return nil, err
	}
	command := a.serve()
	if a.Systemd {
		command = a.serveBeside() // systemd runs its own unit
	}
	exec, err := desktop.ExecLine(command)
	if err != nil {
		return nil, err
	}
	issuer, err := a.installation()
	if err != nil {
		return nil, err
	}
	service := "[D-BUS Service]\nName=" + a.ID + "\nExec=" + exec + "\n"
	if a.Systemd {
		service += "SystemdService=" + a.ID + ".service\n"
	}
	files := []File{
		{filepath.Join(d.Data, "dbus-1/services", a.ID+".service"), service, "the session bus, which starts the server"},
		{filepath.Join(d.Data, "applications", a.ID+".desktop"), entry, "the desktop, which gives it links of " + a.Scheme + ":"},
		{filepath.Join(d.Config, "offlineauth/issuers", client.InstallationFile(a.Issuer)), issuer, "clients, which verify it by this"},
	}
	if a.Systemd {
		files = append(files, a.units(d)...)
	}
	return files, nil
}

func (a App) installation() (string, error) {
	text, err := json.MarshalIndent(client.Installation{
		Issuer:       a.Issuer,
		IPCService:   a.Service.String(),
		Application:  a.ID,
		CustomScheme: a.Scheme,
		Start:        a.serve(),
	}, "", "  ")
	return string(text) + "\n", err
}

// units are a service that the bus and the socket start, and the socket.
func (a App) units(d Dirs) []File {
	dir := filepath.Join(d.Config, "systemd/user")
	service := fmt.Sprintf("[Unit]\nDescription=offlineauth for %s\n\n[Service]\nType=dbus\nBusName=%s\nExecStart=%s\n", unitText(a.Issuer), a.ID, unitCommand(a.serveBeside()))
	files := []File{{filepath.Join(dir, a.ID+".service"), service, "systemd, which runs the server"}}
	if path := a.socket(); path != "" {
		socket := fmt.Sprintf("[Unit]\nDescription=offlineauth for %s\n\n[Socket]\nListenStream=%s\nSocketMode=0600\nDirectoryMode=0700\n\n[Install]\nWantedBy=sockets.target\n", unitText(a.Issuer), unitText(path))
		files = append(files, File{filepath.Join(dir, a.ID+".socket"), socket, "systemd, which holds its socket"})
	}
	return files
}

// socket is the path of the stream socket; "" if there is none.
func (a App) socket() string {
	for _, address := range a.Service {
		if address.Scheme == ipcapi.Unix {
			return address.Path
		}
	}
	return ""
}

// unitText keeps systemd's specifiers out of a value.
func unitText(s string) string { return strings.ReplaceAll(s, "%", "%%") }

// unitCommand quotes a command as systemd.syntax(7) says.
func unitCommand(command []string) string {
	words := make([]string, len(command))
	for i, word := range command {
		words[i] = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "%", "%%", "$", "$$").Replace(word) + `"`
	}
	return strings.Join(words, " ")
}
