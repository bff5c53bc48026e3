package handlers

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// word is one word of what was typed. Text that was quoted is never taken for anything but text.
type word struct {
	key    string // of --key, --key=text and key:text
	flag   bool   // it began with dashes
	dash   string // which
	has    bool   // key came with a text
	text   string
	quoted bool
	line   bool // it began a new line
}

// raw is the word as one would type it, for when its key means nothing.
func (w word) raw() string {
	switch {
	case w.key == "":
		return w.text
	case w.flag && w.has:
		return w.dash + w.key + "=" + w.text
	case w.flag:
		return w.dash + w.key
	}
	return w.key + ":" + w.text
}

// split cuts what was typed into words. It takes every text: a quote that is not closed is a letter like any other.
func split(text string) []word {
	s := scanner{rest: readable(text)}
	var words []word
	for {
		line := s.space()
		if s.rest == "" {
			return words
		}
		w := s.word()
		w.line = line && len(words) > 0
		words = append(words, w)
	}
}

type scanner struct{ rest string }

// space passes over space and reports whether a line ended in it.
func (s *scanner) space() bool {
	trimmed := strings.TrimLeftFunc(s.rest, blank)
	line := strings.Contains(s.rest[:len(s.rest)-len(trimmed)], "\n")
	s.rest = trimmed
	return line
}

func blank(r rune) bool { return unicode.IsSpace(r) || r == '\u200b' || r == '\ufeff' }

func (s *scanner) word() word {
	if dash := s.dashes(); dash != "" {
		w := word{flag: true, dash: dash, key: strings.ToLower(s.until("="))}
		if strings.HasPrefix(s.rest, "=") {
			s.rest = s.rest[1:]
			w.has = true
			w.text, _ = s.value()
		}
		return w
	}
	key, ok := s.key()
	text, quoted := s.value()
	return word{key: key, has: ok, text: text, quoted: quoted}
}

// dashes takes the dashes that begin a flag: two, or the one long one that phones make of them.
func (s *scanner) dashes() string {
	for _, d := range []string{"--", "—", "–"} {
		rest, ok := strings.CutPrefix(s.rest, d)
		if r, _ := utf8.DecodeRuneInString(rest); ok && unicode.IsLetter(r) {
			s.rest = rest
			return d
		}
	}
	return ""
}

// key takes the key of key:value: a short word of letters, with a value right after it that is no address.
func (s *scanner) key() (string, bool) {
	i := strings.IndexByte(s.rest, ':')
	if i < 1 || i > 20 || i+1 >= len(s.rest) || strings.HasPrefix(s.rest[i:], "://") {
		return "", false
	}
	for _, r := range s.rest[:i] {
		if !unicode.IsLetter(r) {
			return "", false
		}
	}
	if r, _ := utf8.DecodeRuneInString(s.rest[i+1:]); blank(r) {
		return "", false
	}
	key := strings.ToLower(s.rest[:i])
	s.rest = s.rest[i+1:]
	return key, true
}

// until takes everything up to space or one of the stops.
func (s *scanner) until(stops string) string {
	i := strings.IndexFunc(s.rest, func(r rune) bool { return blank(r) || strings.ContainsRune(stops, r) })
	if i < 0 {
		i = len(s.rest)
	}
	taken := s.rest[:i]
	s.rest = s.rest[i:]
	return taken
}

// value takes a quoted text, or everything up to space.
func (s *scanner) value() (string, bool) {
	if text, ok := s.quote(); ok {
		return text, true
	}
	return s.until(""), false
}

// closers are the marks that end what each mark opens, those of one's own kind first.
var closers = map[rune][]string{
	'"': {`"`, "”"}, '“': {"”", "“", `"`}, '„': {"“", "”", `"`}, '\'': {"'"}, '‘': {"’"}, '«': {"»"},
}

func (s *scanner) quote() (string, bool) {
	open, size := utf8.DecodeRuneInString(s.rest)
	for _, closer := range closers[open] {
		if text, rest, ok := quotation(s.rest[size:], closer); ok {
			s.rest = rest
			return text, true
		}
	}
	return "", false
}

// quotation reads up to a closer that ends a word. An apostrophe inside a word closes nothing.
func quotation(s, closer string) (text, rest string, ok bool) {
	var b strings.Builder
	for i := 0; i < len(s); {
		if s[i] == '\\' && i+1 < len(s) && (s[i+1] == '\\' || s[i+1] == '"') {
			b.WriteByte(s[i+1])
			i += 2
			continue
		}
		if strings.HasPrefix(s[i:], closer) {
			rest := s[i+len(closer):]
			if r, _ := utf8.DecodeRuneInString(rest); rest == "" || blank(r) {
				return b.String(), rest, true
			}
		}
		b.WriteByte(s[i])
		i++
	}
	return "", "", false
}

// Quote writes text so that it is read back as one word and as nothing but text.
func Quote(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "&", "&amp;", "<", "&lt;").Replace(text) + `"`
}

// sequences are what some platforms write for people, rooms and links: <@U1|ana>, <#C1|general>, <https://x.example|label>.
var sequences = regexp.MustCompile(`<([@#!][^<>\s|]*|https?://[^<>\s|]+|mailto:[^<>\s|]+)(\|[^<>]*)?>`)

var entities = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&")

// readable resolves those sequences, and the three characters that such platforms escape, where an adapter has left them in.
func readable(text string) string {
	if !strings.ContainsAny(text, "<&") {
		return text
	}
	return entities.Replace(sequences.ReplaceAllStringFunc(text, sequence))
}

func sequence(s string) string {
	target, label, _ := strings.Cut(s[1:len(s)-1], "|")
	switch target[0] {
	case '@':
		return "@" + strings.TrimLeft(target, "@!&")
	case '#':
		if label != "" {
			return "#" + label
		}
		return target
	case '!':
		if label != "" {
			return label
		}
		return "@" + target[1:]
	}
	return strings.TrimPrefix(target, "mailto:")
}
