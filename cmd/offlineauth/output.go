package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
)

// jsonFlag is on every command that lists.
type jsonFlag struct{ json bool }

func (j *jsonFlag) addTo(c *cobra.Command) {
	c.Flags().BoolVar(&j.json, "json", false, "print JSON")
}

func printJSON(w io.Writer, v any) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(v)
}

func printTable(w io.Writer, rows [][]string) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		for i, cell := range row {
			row[i] = shownName(cell)
		}
		fmt.Fprintln(table, strings.Join(row, "\t"))
	}
	return table.Flush()
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func whenEver(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return when(t)
}

func when(t time.Time) string { return t.Local().Format("2006-01-02 15:04:05") }
