package handlers

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/agnivade/levenshtein"

	"sitrep/bot/incident"
	"sitrep/bot/ops"
)

// Args are the arguments of a call, by name, read as what they mean.
type Args struct{ values map[string]value }

type value struct {
	text     string
	moment   moment
	span     time.Duration
	person   incident.Person
	severity incident.Severity
	service  ops.Service
	number   incident.Number
}

// Has reports whether an argument was given.
func (a Args) Has(name string) bool { _, ok := a.values[name]; return ok }

// Text returns an argument as it was typed, or an empty string.
func (a Args) Text(name string) string { return a.values[name].text }

func (a Args) at(name string) time.Time               { return a.values[name].moment.At }
func (a Args) span(name string) time.Duration         { return a.values[name].span }
func (a Args) person(name string) incident.Person     { return a.values[name].person }
func (a Args) severity(name string) incident.Severity { return a.values[name].severity }
func (a Args) service(name string) ops.Service        { return a.values[name].service }
func (a Args) number(name string) incident.Number     { return a.values[name].number }
func (a Args) set(name string, v value)               { a.values[name] = v }
func (a Args) drop(name string)                       { delete(a.values, name) }
func (a Args) empty() bool                            { return len(a.values) == 0 }
func (a Args) either(name string, other string) string {
	if a.Has(name) {
		return a.Text(name)
	}
	return other
}

// typed is what a line of text says before any of it is read as what it means.
type typed struct {
	verb   string
	number incident.Number   // the incident that was named; 0 for none
	given  map[string]string // by key or flag
	loose  []word            // what has no name
	noForm bool
}

var incidentNumber = regexp.MustCompile(`^#(\d{1,12})$`)

func numberOf(text string) (incident.Number, bool) {
	m := incidentNumber.FindStringSubmatch(text)
	if m == nil {
		return 0, false
	}
	n, err := strconv.ParseInt(m[1], 10, 64)
	return incident.Number(n), err == nil && n > 0
}

// verbOf takes the verb off the head of words, and the number when it stands before the verb: "#42 ack".
func verbOf(words []word) (name string, number incident.Number, rest []word) {
	if len(words) > 0 && !words[0].quoted && words[0].key == "" {
		if n, ok := numberOf(words[0].text); ok {
			number, words = n, words[1:]
		}
	}
	if len(words) == 0 {
		return "", number, nil
	}
	if words[0].key != "" {
		return strings.ToLower(words[0].raw()), number, words[1:]
	}
	return strings.ToLower(words[0].text), number, words[1:]
}

// sort puts the words of a line under the names of the verb's arguments.
func (v *Verb) sort(words []word, number incident.Number, c clock) (typed, error) {
	t := typed{verb: v.Name, number: number, given: make(map[string]string)}
	for len(words) > 0 {
		w := words[0]
		words = words[1:]
		if w.key == "" {
			t.loose = append(t.loose, w)
			continue
		}
		if w.flag && w.key == "no-form" {
			t.noForm = true
			continue
		}
		a, ok := v.keyed(w.key)
		switch {
		case !ok && w.flag && v.mistyped(w):
			return t, improper("`%s` has no flag `%s`.%s", v.Name, w.raw(), v.flagsTold())
		case !ok:
			t.loose = append(t.loose, word{text: w.raw(), line: w.line})
		case w.has:
			t.given[a.Name] = w.text
			words = a.more(&t, words, c)
		case a.Kind == Yes && len(words) > 0 && yesOrNo(words[0]):
			t.given[a.Name] = words[0].text
			words = words[1:]
		case a.Kind == Yes:
			t.given[a.Name] = "yes"
		case len(words) == 0 || words[0].flag:
			return t, improper("`--%s` needs a value.", w.key)
		default:
			t.given[a.Name] = words[0].raw()
			words = a.more(&t, words[1:], c)
		}
	}
	v.takeNumber(&t)
	return t, nil
}

func yesOrNo(w word) bool {
	return w.key == "" && !w.quoted && slices.Contains([]string{"yes", "no", "true", "false"}, strings.ToLower(w.text))
}

// mistyped reports whether an unknown flag is a slip, and not simply text: "--privat", or anything where no text is taken.
func (v *Verb) mistyped(w word) bool {
	if _, free := v.rest(); !free {
		return true
	}
	return slices.ContainsFunc(v.Args, func(a Arg) bool {
		return a.Flag && levenshtein.ComputeDistance(w.key, a.Name) <= 1+len(a.Name)/4
	})
}

// keyed finds the argument that a key names, by its name or the beginning of it.
func (v *Verb) keyed(key string) (Arg, bool) {
	if a, ok := v.arg(key); ok {
		return a, true
	}
	if key == "severity" {
		return v.arg("sev")
	}
	return Arg{}, false
}

func (v *Verb) flagsTold() string {
	var names []string
	for _, a := range v.Args {
		if a.Rest {
			continue
		}
		names = append(names, "`--"+a.Name+"`")
	}
	if len(names) == 0 {
		return ""
	}
	return " It has " + strings.Join(names, ", ") + "."
}

// more gives a time the further words that belong to it: "--since 30m ago", "--at yesterday 14:05".
func (a Arg) more(t *typed, words []word, c clock) []word {
	if a.Kind != Past && a.Kind != Day {
		return words
	}
	for n := min(3, len(words)); n > 0; n-- {
		text := t.given[a.Name] + " " + joined(words[:n])
		if slices.ContainsFunc(words[:n], func(w word) bool { return w.quoted || w.flag }) {
			continue
		}
		if _, ok := a.moment(text, c); ok {
			t.given[a.Name] = text
			return words[n:]
		}
	}
	return words
}

func (a Arg) moment(text string, c clock) (moment, bool) {
	if a.Kind == Day {
		return c.due(text)
	}
	return c.past(text)
}

// takeNumber finds the incident that the line is about. In free text a number may be part of what is said, so there it counts only as
// the first word; a verb about another incident keeps the last number for that.
func (v *Verb) takeNumber(t *typed) {
	if v.Subject == NoIncident {
		return
	}
	_, free := v.rest()
	free = free && !slices.ContainsFunc(t.loose, func(w word) bool { return w.quoted })
	other := slices.IndexFunc(v.Args, func(a Arg) bool { return a.Kind == Other })
	var at []int
	for i, w := range t.loose {
		if _, ok := numberOf(w.text); ok && !w.quoted && (i == 0 || !free || i == 1 && v.chosenFirst(t.loose[0])) {
			at = append(at, i)
		}
	}
	if other >= 0 && len(at) > 0 && t.given[v.Args[other].Name] == "" {
		last := at[len(at)-1]
		t.given[v.Args[other].Name] = t.loose[last].text
		t.loose = slices.Delete(t.loose, last, last+1)
		at = at[:len(at)-1]
	}
	if len(at) > 0 && t.number == 0 {
		t.number, _ = numberOf(t.loose[at[0]].text)
		t.loose = slices.Delete(t.loose, at[0], at[0]+1)
	}
}

// chosenFirst reports whether a first word is one of a fixed choice, so that the number may come after it: "updates edit #42".
func (v *Verb) chosenFirst(w word) bool {
	return slices.ContainsFunc(v.Args, func(a Arg) bool {
		return a.Kind == Choice && !a.Flag && a.chooses(w.text)
	})
}

// place gives the words without a name to the arguments by what they look like. fits reports whether a word can be such an argument.
func (v *Verb) place(t *typed, fits func(Arg, string) bool) {
	anyQuoted := slices.ContainsFunc(t.loose, func(w word) bool { return w.quoted })
	var text []word
	for _, w := range t.loose {
		a, ok := v.taker(t, w, len(text) == 0 || anyQuoted, fits)
		if !ok {
			text = append(text, w)
			continue
		}
		t.given[a.Name] = w.text
	}
	t.loose = text
	a, ok := v.rest()
	if !ok {
		v.fill(t)
		return
	}
	if len(text) == 0 {
		return
	}
	if a.Phrases {
		text = requoted(text)
	}
	t.given[a.Name] = strings.TrimSpace(t.given[a.Name] + " " + joined(text))
	t.loose = nil
}

// fill gives words that look like none of the arguments to those that are still needed, so that it can be said what is wrong with them.
func (v *Verb) fill(t *typed) {
	for _, a := range v.Args {
		if a.Required && t.given[a.Name] == "" && len(t.loose) > 0 {
			t.given[a.Name] = t.loose[0].raw()
			t.loose = t.loose[1:]
		}
	}
}

// taker finds the argument that takes a word by what it looks like. Within free text a plain word is text, unless it is sure that it is not.
func (v *Verb) taker(t *typed, w word, sure bool, fits func(Arg, string) bool) (Arg, bool) {
	_, free := v.rest()
	for _, a := range v.Args {
		if a.Flag || a.Rest || t.given[a.Name] != "" {
			continue
		}
		if w.quoted && (free || a.Kind != Text && a.Kind != Title) {
			continue
		}
		plain := !strings.HasPrefix(w.text, "@") && !strictSeverity.MatchString(w.text)
		if free && plain && !sure {
			continue
		}
		if free && a.Kind == SeverityName && plain {
			continue
		}
		if fits(a, w.text) {
			return a, true
		}
	}
	return Arg{}, false
}

var strictSeverity = regexp.MustCompile(`^(?i)(sev|p)\d$`)

// joined puts words together again, keeping their lines.
func joined(words []word) string {
	var b strings.Builder
	for i, w := range words {
		switch {
		case i == 0:
		case w.line:
			b.WriteByte('\n')
		default:
			b.WriteByte(' ')
		}
		b.WriteString(w.raw())
	}
	return b.String()
}

// requoted gives quoted words their quotes back.
func requoted(words []word) []word {
	words = slices.Clone(words)
	for i, w := range words {
		if w.quoted {
			words[i].text = Quote(w.text)
		}
	}
	return words
}

func improper(format string, args ...any) error {
	return &incident.Refused{Code: incident.Improper, Msg: fmt.Sprintf(format, args...)}
}
