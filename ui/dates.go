package ui

import (
	"strconv"
	"time"
)

// date is a moment as the language writes it, in the device's time zone.
func (l Language) date(t time.Time) string {
	t = t.Local()
	return l.text("dates",
		"day", strconv.Itoa(t.Day()),
		"month", l.words().months[t.Month()-1],
		"year", strconv.Itoa(t.Year()),
		"time", t.Format("15:04"),
	)
}

// ago says how long ago something was, roughly; a date if it is long ago, or in
// the future, as it is after a clock was set back.
func (l Language) ago(t, now time.Time) string {
	past := now.Sub(t)
	switch {
	case past < -time.Minute || past >= 30*24*time.Hour:
		return l.date(t)
	case past < time.Minute:
		return l.text("when.now")
	case past < time.Hour:
		return l.count("when.minutes", int(past/time.Minute))
	case past < 24*time.Hour:
		return l.count("when.hours", int(past/time.Hour))
	}
	return l.count("when.days", int(past/(24*time.Hour)))
}
