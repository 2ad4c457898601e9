package wire

import "strings"

// complete is the length of the first complete type of a signature; 0 if it begins
// with none.
func complete(signature string, depth int) int {
	if signature == "" || depth > maxDepth {
		return 0
	}
	switch signature[0] {
	case 'a':
		if strings.HasPrefix(signature, "a{") {
			return entry(signature, depth)
		}
		if n := complete(signature[1:], depth+1); n > 0 {
			return 1 + n
		}
	case '(':
		at := 1
		for at < len(signature) && signature[at] != ')' {
			n := complete(signature[at:], depth+1)
			if n == 0 {
				return 0
			}
			at += n
		}
		if at > 1 && at < len(signature) {
			return at + 1
		}
	case 'v':
		return 1
	default:
		if basic(signature[0]) {
			return 1
		}
	}
	return 0
}

// entry is the length of a type that begins with "a{".
func entry(signature string, depth int) int {
	if len(signature) < 3 || !basic(signature[2]) {
		return 0
	}
	n := complete(signature[3:], depth+2)
	if end := 3 + n; n > 0 && end < len(signature) && signature[end] == '}' {
		return end + 1
	}
	return 0
}

func basic(kind byte) bool { return strings.IndexByte("ybnqiuxtdsogh", kind) >= 0 }

// alignment is that of values of a type.
func alignment(kind byte) int {
	switch kind {
	case 'n', 'q':
		return 2
	case 'b', 'i', 'u', 'h', 's', 'o', 'a':
		return 4
	case 'x', 't', 'd', '(', '{':
		return 8
	}
	return 1
}

// skip goes past one value of a complete type.
func (a *Args) skip(kind string, depth int) {
	if a.err != nil || kind == "" || depth > maxDepth {
		a.fail()
		return
	}
	switch kind[0] {
	case 's', 'o':
		a.text()
	case 'g':
		a.signature()
	case 'v':
		a.skip(a.variant(), depth+1)
	case 'a':
		a.skipArray(kind[1:], depth+1)
	case '(', '{':
		a.next(0, 8)
		for members := kind[1 : len(kind)-1]; members != "" && a.err == nil; {
			n := complete(members, 0)
			a.skip(members[:n], depth+1)
			members = members[n:]
		}
	default:
		size := alignment(kind[0])
		a.next(size, size)
	}
}

func (a *Args) skipArray(element string, depth int) {
	n := a.length()
	a.next(0, alignment(element[0]))
	if a.err != nil || n > len(a.data)-a.at {
		a.fail()
		return
	}
	for end := a.at + n; a.err == nil && a.at < end; {
		if a.skip(element, depth); a.at > end {
			a.fail()
		}
	}
}
