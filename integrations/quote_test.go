package integrations

import (
	"strings"
	"testing"
)

func TestInsideQuotes(t *testing.T) {
	for template, want := range map[string]bool{
		`x`:                            true,
		`x{a="$service"}`:              true,
		"x{a='$service',b=`$service`}": true,
		`x{a="\"$service"}`:            true,
		"x{a=`\\`,b=\"$service\"}":     true,
		`$service`:                     false,
		`x{a=$service}`:                false,
		`x{a="b"$service"c"}`:          false,
		"x{a=`\\`$service`}":           false,
		`x{a="\\"$service"}`:           false,
	} {
		if got := InsideQuotes(template, "$service"); got != want {
			t.Errorf("%s: got %v, want %v", template, got, want)
		}
	}
}

func FuzzEscapeString(f *testing.F) {
	for _, seed := range []string{"checkout", `a"b`, "a'b", "a`b", `a\`, "a\nb", "ü", "\xff", `"} or vector(1) #`, "$service"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, q := range []string{`"`, `'`, "`"} {
			got := "x{a=" + q + EscapeString(text) + q + "}"
			if strings.Count(got, q) != 2 || strings.ContainsAny(got, "\n\r\x00") ||
				!InsideQuotes("x{a="+q+EscapeString(text)+"$end"+q+"}", "$end") {
				t.Errorf("%q breaks out of %s", text, got)
			}
		}
	})
}
