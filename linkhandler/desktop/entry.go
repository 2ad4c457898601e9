package desktop

import (
	"fmt"
	"strings"
)

// An Entry describes an application to the desktop (Desktop Entry Specification).
type Entry struct {
	ID      string   // of the application: the file is ID + ".desktop", and its name on the bus is ID
	Name    string   // that people see
	Comment string   // one line; may be empty
	Exec    []string // the command that is given a link as its last argument, for desktops without D-Bus
	Schemes []string // whose links it takes
	Hidden  bool     // leave it out of the menus
}

// File is the content of the entry's file.
func (e Entry) File() (string, error) {
	if !validID(e.ID) {
		return "", fmt.Errorf("%q is no name of an application on the bus", e.ID)
	}
	var b strings.Builder
	b.WriteString("[Desktop Entry]\nType=Application\nVersion=1.1\n")
	for _, field := range [][2]string{{"Name", e.Name}, {"Comment", e.Comment}} {
		if strings.ContainsFunc(field[1], isControl) {
			return "", fmt.Errorf("the %s of the application has control characters", strings.ToLower(field[0]))
		}
		if field[1] != "" {
			b.WriteString(field[0] + "=" + strings.ReplaceAll(field[1], `\`, `\\`) + "\n")
		}
	}
	command, err := ExecLine(e.Exec)
	if err != nil {
		return "", err
	}
	fmt.Fprintf(&b, "Exec=%s %%u\nTerminal=false\nDBusActivatable=true\nNoDisplay=%t\nMimeType=", command, e.Hidden)
	for _, scheme := range e.Schemes {
		b.WriteString(HandlerType(scheme) + ";")
	}
	b.WriteString("\n")
	return b.String(), nil
}

// HandlerType is the MIME type that stands for links of a scheme.
func HandlerType(scheme string) string { return "x-scheme-handler/" + scheme }

// ExecLine quotes a command for the key Exec, of desktop entries and of D-Bus
// service files alike.
func ExecLine(command []string) (string, error) {
	words := make([]string, len(command))
	for i, word := range command {
		switch {
		case word == "" && i == 0, strings.ContainsFunc(word, isControl):
			return "", fmt.Errorf("%q cannot be part of a command here", word)
		case strings.Contains(word, "%"): // a field code there, and none in a service file
			return "", fmt.Errorf("%q has a %%, which cannot be part of a command here", word)
		case word != "" && strings.Trim(word, plain) == "":
			words[i] = word
		default:
			// The value is unescaped twice: as a string, and as an argument.
			words[i] = `"` + strings.NewReplacer("\\", `\\\\`, `"`, `\\"`, "`", "\\\\`", "$", `\\$`).Replace(word) + `"`
		}
	}
	return strings.Join(words, " "), nil
}

const (
	letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	plain   = letters + "0123456789/._-+:=,@"
)

func isControl(r rune) bool { return r < ' ' || r == 0x7f }

// validID is what both a name on the bus and the name of a file may be.
func validID(id string) bool {
	if len(id) > 255 || strings.Count(id, ".") == 0 {
		return false
	}
	for label := range strings.SplitSeq(id, ".") {
		if label == "" || strings.Trim(label, letters+"0123456789_-") != "" || label[0] >= '0' && label[0] <= '9' {
			return false
		}
	}
	return true
}
