package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/offlineauth/offlineauth/cmd/offlineauth/install"
	"github.com/offlineauth/offlineauth/ipcapi"
	"github.com/offlineauth/offlineauth/ipcapi/dbusipc"
)

type installCommand struct {
	dataFlag
	servingFlags
	id       string
	idleExit time.Duration
}

func newInstall(t *terminal) *cobra.Command {
	var i installCommand
	c := runnable(&cobra.Command{
		Use:   "install",
		Short: "Make a data directory an application of this user's desktop",
		Long: `Make a data directory an application of this user's desktop.

The session bus then starts the server when an app calls it, the desktop gives it the
authorization links of its custom scheme, and clients know how to verify it. Where
systemd runs the user's services it holds the socket, too. Nothing runs afterwards
that nobody asks for. «offlineauth doctor» says whether all is in order, and
«offlineauth uninstall» undoes it.`,
	}, func(ctx context.Context) error { return i.run(ctx, t) })
	i.dataFlag.addTo(c)
	i.servingFlags.addTo(c)
	c.Flags().DurationVar(&i.idleExit, "idle-exit", 0, "exit when nobody has asked for this `DURATION` (default the last one, or 1m)")
	c.Flags().StringVar(&i.id, "id", "", "`NAME` on the bus and of the application (default the last one, or the issuer's host from its end)")
	return c
}

func (i *installCommand) run(ctx context.Context, t *terminal) error {
	if i.idleExit < 0 {
		return usageError("--idle-exit is a time to wait, such as 30s")
	}
	dir, err := i.dir()
	if err != nil {
		return err
	}
	dirs, err := userDirs()
	if err != nil {
		return err
	}
	before, err := loadSettings(dir)
	if err != nil {
		return err
	}
	s, err := i.settings(before, dir, dirs)
	if err != nil {
		return err
	}
	app, err := s.app(dir)
	if err != nil {
		return err
	}
	files, err := app.Files(dirs)
	if err != nil {
		return asUsage(err)
	}
	if err := before.forget(s, dir, dirs); err != nil {
		return err
	}
	if err := s.save(dir); err != nil {
		return err
	}
	if err := app.Write(dirs, replaceFile); err != nil {
		return err
	}
	for _, f := range files {
		fmt.Fprintf(t.out, "%s\n    for %s\n", f.Path, f.For)
	}
	announce(ctx, dirs, app)
	if app.Systemd {
		holdSocket(ctx, t, app)
	}
	fmt.Fprintf(t.out, "Installed %s as %s. It is started when an app asks for it.\n", s.Issuer, app.ID)
	return nil
}

// settings are those of the directory, with what a desktop needs.
func (i *installCommand) settings(before settings, dir string, dirs install.Dirs) (settings, error) {
	s, err := i.identity(dir, before)
	if err != nil {
		return s, err
	}
	switch {
	case i.id != "":
		s.Application = i.id
	case s.Application == "" || s.Issuer != before.Issuer:
		s.Application = install.DefaultID(s.Issuer)
	}
	if s.CustomScheme == "" {
		s.CustomScheme = strings.ReplaceAll(strings.ToLower(s.Application), "_", "-")
	}
	if err := s.check(); err != nil {
		return s, asUsage(fmt.Errorf("%w; choose others with --id and --custom-scheme", err))
	}
	if i.idleExit > 0 {
		s.IdleExit = i.idleExit.String()
	}
	service, err := i.service(s, dirs)
	s.IPCService = service.String()
	return s, err
}

// service is the name on the bus first, then the addresses of the flags, or a socket.
func (i *installCommand) service(s settings, dirs install.Dirs) (ipcapi.Service, error) {
	name, err := ipcapi.ParseAddress("dbus:" + s.Application)
	if err != nil {
		return nil, asUsage(fmt.Errorf("--id: %w", err))
	}
	service := ipcapi.Service{name}
	others, err := i.addresses()
	if err != nil {
		return nil, err
	}
	if len(others) == 0 && dirs.Runtime != "" {
		others = ipcapi.Service{{Scheme: ipcapi.Unix, Path: filepath.Join(dirs.Runtime, "offlineauth", s.Application+".sock")}}
	}
	for _, a := range others {
		if a != name {
			service = append(service, a)
		}
	}
	return service, nil
}

// forget removes what was installed under other names than those that follow.
func (s settings) forget(next settings, dir string, dirs install.Dirs) error {
	if s.Application == "" || s.Application == next.Application && s.Issuer == next.Issuer {
		return nil
	}
	app, err := s.app(dir)
	if err != nil {
		return err
	}
	_, err = app.Remove(dirs, replaceFile)
	return err
}

// app is the directory as an application of the desktop.
func (s settings) app(dir string) (install.App, error) {
	program, err := os.Executable()
	if err != nil {
		return install.App{}, err
	}
	var idle time.Duration
	if s.IdleExit != "" {
		if idle, err = time.ParseDuration(s.IdleExit); err != nil {
			return install.App{}, err
		}
	}
	service, err := ipcapi.ParseService(s.IPCService)
	return install.App{
		ID: s.Application, Issuer: s.Issuer, Scheme: s.CustomScheme, Service: service,
		Program: program, DataDir: dir, Systemd: systemdRuns(), Idle: idle,
	}, err
}

func userDirs() (d install.Dirs, err error) {
	if d.Data, err = xdgDir("XDG_DATA_HOME", ".local/share", ""); err != nil {
		return d, err
	}
	if d.Config, err = xdgDir("XDG_CONFIG_HOME", ".config", ""); err != nil {
		return d, err
	}
	if runtime := os.Getenv("XDG_RUNTIME_DIR"); filepath.IsAbs(runtime) {
		d.Runtime = runtime
	}
	return d, nil
}

// systemdRuns reports whether a systemd user manager runs the user's services.
func systemdRuns() bool {
	runtime := os.Getenv("XDG_RUNTIME_DIR")
	_, err := os.Stat(filepath.Join(runtime, "systemd/private"))
	return err == nil && filepath.IsAbs(runtime)
}

// announce tells those who look at directories only now and again. What is not there
// needs no telling.
func announce(ctx context.Context, dirs install.Dirs, app install.App) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if bus, err := dbusipc.Open(ctx, ""); err == nil {
		bus.ReloadConfig(ctx)
		bus.Close()
	}
	run := func(command string, args ...string) {
		if _, err := exec.LookPath(command); err == nil {
			exec.CommandContext(ctx, command, args...).Run()
		}
	}
	run("update-desktop-database", filepath.Join(dirs.Data, "applications"))
	if app.Systemd {
		run("systemctl", "--user", "daemon-reload")
	}
}

// holdSocket has systemd hold the socket from now on, also after the next login.
func holdSocket(ctx context.Context, t *terminal, app install.App) {
	out, err := exec.CommandContext(ctx, "systemctl", "--user", "enable", "--now", app.ID+".socket").CombinedOutput()
	if err != nil {
		fmt.Fprintf(t.err, "offlineauth: systemd does not hold the socket: %v: %s\n", err, shown(string(out)))
	}
}

type uninstallCommand struct{ dataFlag }

func newUninstall(t *terminal) *cobra.Command {
	var u uninstallCommand
	c := runnable(&cobra.Command{
		Use:   "uninstall",
		Short: "Undo «install»; the data directory stays",
	}, func(ctx context.Context) error { return u.run(ctx, t) })
	u.dataFlag.addTo(c)
	return c
}

func (u *uninstallCommand) run(ctx context.Context, t *terminal) error {
	dir, err := u.dir()
	if err != nil {
		return err
	}
	s, err := loadSettings(dir)
	if err != nil {
		return err
	}
	if s.Application == "" {
		return fmt.Errorf("%s is not installed", dir)
	}
	dirs, err := userDirs()
	if err != nil {
		return err
	}
	app, err := s.app(dir)
	if err != nil {
		return err
	}
	if app.Systemd { // before the units are gone
		exec.CommandContext(ctx, "systemctl", "--user", "disable", "--now", app.ID+".socket", app.ID+".service").Run()
	}
	removed, err := app.Remove(dirs, replaceFile)
	for _, path := range removed {
		fmt.Fprintf(t.out, "Removed %s\n", path)
	}
	if err != nil {
		return err
	}
	announce(ctx, dirs, app)
	s.Application = ""
	if err := s.save(dir); err != nil {
		return err
	}
	fmt.Fprintf(t.out, "Uninstalled. Accounts, clients and grants are still in %s; remove that directory to remove them.\n", dir)
	return nil
}
