package desktop

import "strings"

const defaults = "[Default Applications]"

// SetDefault makes the application of that id the one that opens a MIME type, in the
// content of a mimeapps.list (Association between MIME types and applications
// specification), and changes nothing else in it.
func SetDefault(list, mimeType, id string) string {
	lines, group := strings.Split(strings.TrimSuffix(list, "\n"), "\n"), false
	want := mimeType + "=" + id + ".desktop;"
	for i, line := range lines {
		switch {
		case strings.HasPrefix(strings.TrimSpace(line), "["):
			if group { // at the end of the group
				return strings.Join(append(lines[:i:i], append([]string{want}, lines[i:]...)...), "\n") + "\n"
			}
			group = strings.TrimSpace(line) == defaults
		case group && keyOf(line) == mimeType:
			lines[i] = want
			return strings.Join(lines, "\n") + "\n"
		}
	}
	if !group {
		lines = append(lines, defaults)
	}
	return strings.TrimPrefix(strings.Join(append(lines, want), "\n"), "\n") + "\n"
}

// Default is the id of the application that opens a MIME type by the content of a
// mimeapps.list; "" if it names none.
func Default(list, mimeType string) string {
	group := false
	for line := range strings.Lines(list) {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "["):
			group = line == defaults
		case group && keyOf(line) == mimeType:
			_, value, _ := strings.Cut(line, "=")
			first, _, _ := strings.Cut(strings.TrimSpace(value), ";")
			return strings.TrimSuffix(first, ".desktop")
		}
	}
	return ""
}

// Forget takes the application of that id out of the content of a mimeapps.list.
func Forget(list, id string) string {
	var b strings.Builder
	for line := range strings.Lines(list) {
		key, value, isPair := strings.Cut(strings.TrimRight(line, "\n"), "=")
		if !isPair || !strings.Contains(value, id+".desktop") {
			b.WriteString(line)
			continue
		}
		var others []string
		for name := range strings.SplitSeq(value, ";") {
			if name = strings.TrimSpace(name); name != "" && name != id+".desktop" {
				others = append(others, name)
			}
		}
		if len(others) > 0 {
			b.WriteString(key + "=" + strings.Join(others, ";") + ";\n")
		}
	}
	return b.String()
}

func keyOf(line string) string {
	key, _, _ := strings.Cut(line, "=")
	return strings.TrimSpace(key)
}
