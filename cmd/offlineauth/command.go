package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"
)

// group is a command that only has commands below it.
func group(name, short string, commands ...*cobra.Command) *cobra.Command {
	g := &cobra.Command{
		Use:   name,
		Short: short,
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return usageError("«" + c.CommandPath() + "» needs a command, such as «" + commands[0].CommandPath() + "»")
		},
	}
	g.AddCommand(commands...)
	return g
}

// runnable makes a command of a function that takes no arguments.
func runnable(c *cobra.Command, run func(ctx context.Context) error) *cobra.Command {
	c.Args = cobra.NoArgs
	c.RunE = func(c *cobra.Command, _ []string) error { return failed(run(c.Context())) }
	return c
}

// withArgument makes a command of a function that takes one argument.
func withArgument(c *cobra.Command, run func(ctx context.Context, argument string) error) *cobra.Command {
	c.Args = cobra.ExactArgs(1)
	c.RunE = func(c *cobra.Command, args []string) error { return failed(run(c.Context(), args[0])) }
	return c
}

// require marks flags without which a command makes no sense.
func require(c *cobra.Command, flags ...string) {
	for _, flag := range flags {
		if err := c.MarkFlagRequired(flag); err != nil {
			panic(err) // there is no such flag: a mistake here
		}
	}
}

// A failure is an error of a command that was understood. All others are about
// the command line.
type failure struct{ error }

func (f *failure) Unwrap() error { return f.error }

func failed(err error) error {
	var usage *usage
	if err == nil || errors.As(err, &usage) {
		return err
	}
	return &failure{err}
}

// usage is about a command line that parses and makes no sense.
type usage struct{ error }

func (u *usage) Unwrap() error { return u.error }

func usageError(text string) error { return &usage{errors.New(text)} }

// asUsage says that err is about a value on the command line.
func asUsage(err error) error {
	if err == nil {
		return nil
	}
	return &usage{err}
}
