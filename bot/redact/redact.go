// Package redact takes secrets out of text before it is posted or kept.
//
// It knows the shapes of well-known credentials, and what is usually written beside one. It cannot know a secret that looks like any other
// word, and it changes nothing that is stored already.
package redact

import (
	"regexp"
	"strings"
)

// secret is a shape of text that must not reach a chat room or the record, and what stands in its place.
type secret struct {
	shape *regexp.Regexp
	shown string
}

// certain are secrets wherever they stand.
var certain = []secret{
	{shape: regexp.MustCompile(`-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)`), shown: "[private key]"},
	{shape: regexp.MustCompile(`\beyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]*`), shown: "[jwt]"},
	{shape: regexp.MustCompile(`https://hooks\.slack\.com/[^\s"'<>]+|https://(?:\w+\.)?discord(?:app)?\.com/api/webhooks/[^\s"'<>]+`), shown: "[webhook]"},
	{shape: regexp.MustCompile(`\b(?:AKIA|ASIA|AROA|AIDA)[0-9A-Z]{16}\b`), shown: "[aws key]"},
	{shape: regexp.MustCompile(`\b(?:gh[pousr]_[A-Za-z0-9]{16,}|github_pat_[A-Za-z0-9_]{16,}|glpat-[A-Za-z0-9_-]{16,}|xox[a-z]-[A-Za-z0-9-]{8,}|xapp-[A-Za-z0-9-]{8,}` +
		`|[sr]k_(?:live|test)_[A-Za-z0-9]{10,}|sk-[A-Za-z0-9_-]{20,}|AIza[A-Za-z0-9_-]{35}|npm_[A-Za-z0-9]{30,}|dop_v1_[a-f0-9]{40,})`), shown: "[token]"},
	{shape: regexp.MustCompile(`\b[MNO][A-Za-z0-9_-]{23,28}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,}`), shown: "[token]"},
	{shape: regexp.MustCompile(`(?i)\b((?:bearer|basic|digest|token)\s+)[A-Za-z0-9._~+/=-]{8,}`), shown: "${1}[redacted]"},
	{shape: regexp.MustCompile(`(\b[a-z][a-z0-9+.-]*://)[^\s/@:"']*:[^\s/@"']+@`), shown: "${1}[redacted]@"},
}

// likely is looked for in what machines wrote alone; in people's words it is mostly something else ("password: see the wiki").
var likely = []secret{
	{shape: regexp.MustCompile(`(?i)([a-z0-9_.-]*(?:passw(?:or)?d|passphrase|pwd|secret|token|api_?-?key|access_?-?key|private_?-?key|credentials?|authorization|cookie|session_?-?id|signature)` +
		`[a-z0-9_-]*\\?["']?\s*[:=]\s*)(\\?"(?:[^"\\]|\\[^"])*\\?"|'[^']*'|[^\s,;&"'}\])]+)`), shown: "${1}[redacted]"},
	{shape: regexp.MustCompile(`\b[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}\b`), shown: "[email]"},
}

// assigned is what is left of that for people's words.
var assigned = []secret{
	{shape: regexp.MustCompile(`(?i)\b((?:password|passwd|pwd|secret|token|api_?key|access_?key)=)[^\s,;&"'}\])]+`), shown: "${1}[redacted]"},
}

var cardNumber = regexp.MustCompile(`\b[3-6]\d{3}(?:[ -]?\d){9,15}\b`)

// Machine takes secrets and what points to a person out of what a machine wrote: a line of a log, an alert.
func Machine(text string) string { return without(text, certain, likely) }

// Words takes out of a person's words what is certainly a secret.
func Words(text string) string { return without(text, certain, assigned) }

func without(text string, lists ...[]secret) string {
	for _, list := range lists {
		for _, s := range list {
			text = s.shape.ReplaceAllString(text, s.shown)
		}
	}
	return cardNumber.ReplaceAllStringFunc(text, func(n string) string {
		if luhn(strings.NewReplacer(" ", "", "-", "").Replace(n)) {
			return "[card]"
		}
		return n
	})
}

// luhn reports whether digits are a card's number, by its check digit.
func luhn(digits string) bool {
	sum := 0
	for i := range len(digits) {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return len(digits) >= 13 && len(digits) <= 19 && sum%10 == 0
}
