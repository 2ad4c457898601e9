package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"time"

	"github.com/spf13/cobra"

	"github.com/offlineauth/offlineauth/client"
	"github.com/offlineauth/offlineauth/cmd/offlineauth/control"
	"github.com/offlineauth/offlineauth/cmd/offlineauth/doctor"
	"github.com/offlineauth/offlineauth/ipcapi"
	"github.com/offlineauth/offlineauth/ipcapi/dbusipc"
	"github.com/offlineauth/offlineauth/ipcapi/unixipc"
)

type doctorCommand struct {
	dataFlag
	jsonFlag
	resetClock bool
}

func newDoctor(t *terminal) *cobra.Command {
	var d doctorCommand
	c := runnable(&cobra.Command{
		Use:   "doctor",
		Short: "Say what is in order, what is not, and how to mend it",
		Long: `Say what is in order, what is not, and how to mend it. It starts the service, as a
client would. The exit code is 1 if something is wrong.`,
	}, func(ctx context.Context) error { return d.run(ctx, t) })
	d.dataFlag.addTo(c)
	d.jsonFlag.addTo(c)
	c.Flags().BoolVar(&d.resetClock, "reset-clock", false, "say that the clock is right now: what has expired by it is removed again")
	return c
}

func (d *doctorCommand) run(ctx context.Context, t *terminal) error {
	if d.resetClock {
		if err := d.with(ctx, func(ctx context.Context, api control.API) error { return api.TrustClock(ctx) }); err != nil {
			return err
		}
	}
	facts, err := d.look(ctx)
	if err != nil {
		return err
	}
	findings := doctor.Judge(facts)
	if d.json {
		err = printJSON(t.out, findings)
	} else {
		err = printFindings(t, findings)
	}
	wrong := 0
	for _, f := range findings {
		if f.State == doctor.Wrong {
			wrong++
		}
	}
	if err == nil && wrong > 0 {
		err = fmt.Errorf("%d of %d checks found something wrong", wrong, len(findings))
	}
	return err
}

func printFindings(t *terminal, findings []doctor.Finding) error {
	for _, f := range findings {
		fmt.Fprintf(t.out, "%-6s %-16s %s\n", f.State, f.Check, shownName(f.Text))
		if f.Mend != "" {
			fmt.Fprintf(t.out, "%23s mend: %s\n", "", f.Mend)
		}
	}
	return nil
}

// look gathers the facts. Only what keeps it from looking is an error.
func (d *doctorCommand) look(ctx context.Context) (f doctor.Facts, err error) {
	f.Now = time.Now()
	if f.DataDir, err = d.dir(); err != nil {
		return f, err
	}
	s, err := loadSettings(f.DataDir)
	f.Issuer, f.Data = s.Issuer, err
	if f.Data == nil {
		f.Key = lookForKey(ctx, f.DataDir)
		f.Data = d.lookInside(ctx, &f)
	}
	if f.Installed = s.Application != ""; f.Installed {
		err = lookAround(ctx, &f, s)
	} else {
		err = nil
	}
	return f, err
}

// lookInside asks the directory, by a server that runs or by opening it.
func (d *doctorCommand) lookInside(ctx context.Context, f *doctor.Facts) error {
	if _, err := os.Stat(f.DataDir); err != nil {
		return err
	}
	return d.with(ctx, func(ctx context.Context, api control.API) error {
		accounts, err := api.Accounts(ctx)
		if err != nil {
			return err
		}
		clients, err := api.Clients(ctx)
		if err != nil {
			return err
		}
		f.Accounts, f.Clients = len(accounts), len(clients)
		f.Clock, err = api.Clock(ctx)
		return err
	})
}

// lookAround looks at the desktop, and asks as a client does.
func lookAround(ctx context.Context, f *doctor.Facts, s settings) error {
	dirs, err := userDirs()
	if err != nil {
		return err
	}
	if f.App, err = s.app(f.DataDir); err != nil {
		return err
	}
	f.Runtime = dirs.Runtime
	f.Missing, f.Differs, f.Handler, err = f.App.Check(dirs)
	if err != nil {
		return err
	}
	if bus, err := dbusipc.Open(ctx, ""); err != nil {
		f.Bus = err
	} else {
		bus.Close()
	}
	for _, opener := range []string{"xdg-open", "gio"} {
		if _, err := exec.LookPath(opener); err == nil {
			f.Opener = opener
		}
	}
	f.Display = onDesktop()
	_, f.Known = client.Installed{}.Verify(ctx, f.Issuer, f.App.Service)
	begun := time.Now()
	f.Answer = askService(ctx, f.Issuer, f.App.Service)
	f.Took = time.Since(begun)
	return nil
}

// askService asks for the metadata at the first address that can be used here.
func askService(ctx context.Context, issuer string, service ipcapi.Service) error {
	ctx, cancel := context.WithTimeout(ctx, commandTimeout)
	defer cancel()
	err := fs.ErrNotExist
	for _, a := range service {
		transport, failed := dbusipc.Connect(a)
		if errors.Is(failed, errors.ErrUnsupported) {
			dialer := &unixipc.Dialer{Address: a, Start: func(ctx context.Context) error {
				return client.Installed{}.StartService(ctx, issuer, a)
			}}
			transport, failed = dialer.Transport()
		}
		if errors.Is(failed, errors.ErrUnsupported) {
			continue
		}
		if failed != nil {
			return failed
		}
		return fetchMetadata(ctx, transport, issuer)
	}
	return err
}

func fetchMetadata(ctx context.Context, transport http.RoundTripper, issuer string) error {
	client := http.Client{Transport: transport}
	defer client.CloseIdleConnections()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, issuer+"/.well-known/openid-configuration", nil)
	if err != nil {
		return err
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("the service answered %s", response.Status)
	}
	return nil
}
