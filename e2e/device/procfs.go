//go:build linux

package device

import (
	"bytes"
	"errors"
	"os"
	"strconv"
)

// stat is what proc(5) says of a process in /proc/PID/stat.
type stat struct {
	parent  int
	session int
	born    uint64 // start time in clock ticks since boot
}

func readStat(pid int) (stat, error) {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return stat{}, err
	}
	return parseStat(b)
}

// parseStat begins after the name of the program, which is in parentheses and may
// hold any character.
func parseStat(b []byte) (s stat, err error) {
	const parent, session, born = 4 - 3, 6 - 3, 22 - 3 // numbered in proc(5) from 1; the state is 3
	fields := bytes.Fields(b[bytes.LastIndexByte(b, ')')+1:])
	if len(fields) <= born {
		return s, errors.New("too few fields in /proc/PID/stat")
	}
	var errs [3]error
	s.parent, errs[0] = strconv.Atoi(string(fields[parent]))
	s.session, errs[1] = strconv.Atoi(string(fields[session]))
	s.born, errs[2] = strconv.ParseUint(string(fields[born]), 10, 64)
	return s, errors.Join(errs[:]...)
}
