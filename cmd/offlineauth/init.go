package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
)

type initCommand struct {
	dataFlag
	servingFlags
}

// newInit is for authorization apps whose service the system starts: the link
// may come before the service has ever run.
func newInit(t *terminal) *cobra.Command {
	var i initCommand
	c := runnable(&cobra.Command{
		Use:   "init",
		Short: "Say how a data directory will be served, without serving it",
		Long: `Say how a data directory will be served, without serving it.

A server that runs is not changed: it does as it is told here when it is started again.`,
	}, func(context.Context) error { return i.run(t) })
	i.dataFlag.addTo(c)
	i.servingFlags.addTo(c)
	return c
}

func (i *initCommand) run(t *terminal) error {
	dir, err := i.dir()
	if err != nil {
		return err
	}
	s, _, err := i.apply(dir, nil)
	if err != nil {
		return err
	}
	if err := s.save(dir); err != nil {
		return err
	}
	fmt.Fprintf(t.out, "%s will serve %s at %s.\n", dir, s.Issuer, s.IPCService)
	return nil
}
