package integrations

import (
	"fmt"
	"strings"
)

// InsideQuotes reports whether each placeholder in a query template stands inside a string in double quotes, single
// quotes or backticks, so that what EscapeString gives can be put in its place. A backslash escapes in the first two.
func InsideQuotes(template, placeholder string) bool {
	var quote byte
	for i := 0; i < len(template); i++ {
		switch c := template[i]; {
		case quote == 0 && (c == '"' || c == '\'' || c == '`'):
			quote = c
		case quote != 0 && quote != '`' && c == '\\':
			i++
		case c == quote:
			quote = 0
		case quote == 0 && strings.HasPrefix(template[i:], placeholder):
			return false
		}
	}
	return true
}

// EscapeString makes a text safe inside a string of a query language with C's escapes, whichever quote it stands in:
// \x means the same in both that know escapes, and in the third nothing is left that could end it.
func EscapeString(s string) string {
	var out strings.Builder
	for _, r := range strings.ToValidUTF8(s, "\uFFFD") {
		if strings.ContainsRune("\"'`\\", r) || r < 0x20 || r == 0x7f {
			fmt.Fprintf(&out, `\x%02x`, r)
		} else {
			out.WriteRune(r)
		}
	}
	return out.String()
}

// FillService puts a service's name, escaped, where a template says $service; see InsideQuotes.
func FillService(template, service string) string {
	return strings.ReplaceAll(template, "$service", EscapeString(service))
}
