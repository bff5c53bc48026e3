package handlers

import (
	"fmt"
	"slices"
	"strings"

	"sitrep/bot/chat"
	"sitrep/bot/incident"
	"sitrep/bot/redact"
)

// longestText is how many characters a text may have where its argument does not say.
const longestText = 3000

// named adds to a line what came under names, from a form or from typed options; it goes before what was typed.
func (c *Call) named(t *typed) {
	for name, text := range c.In.Values {
		if text = strings.TrimSpace(text); text == "" {
			continue
		}
		if n, ok := numberOf("#" + strings.TrimPrefix(text, "#")); name == "incident" && ok {
			t.number = n
		} else if _, ok := c.Verb.arg(name); ok {
			t.given[name] = text
		}
	}
}

// bind reads the words of a line as the verb's arguments.
func (c *Call) bind(t typed) error {
	c.quoted = slices.ContainsFunc(t.loose, func(w word) bool { return w.quoted })
	c.Verb.place(&t, c.fits)
	if len(t.loose) > 0 {
		return improper("`%s` does not take %q. Usage: `%s`", c.Verb.Name, chat.Cut(joined(t.loose), 100), c.router.usage(c.Verb))
	}
	for _, a := range c.Verb.Args {
		text := strings.TrimSpace(t.given[a.Name])
		if text == "" {
			continue
		}
		v, err := c.read(a, text)
		if err != nil {
			return err
		}
		if v.text != "" {
			c.Args.set(a.Name, v)
		}
		if v.moment.Note != "" {
			c.note("%s", v.moment.Note)
		}
	}
	return nil
}

// fits reports whether a word without a name can be an argument.
func (c *Call) fits(a Arg, text string) bool {
	switch a.Kind {
	case Choice:
		return a.chooses(text)
	case ServiceName:
		if _, free := c.Verb.rest(); free {
			_, known := c.router.deps.Catalog().Service(text)
			return known
		}
		return true
	case Yes, Title:
		return false
	case Text:
		return true
	case SeverityName:
		if strictSeverity.MatchString(text) {
			return true
		}
	}
	_, err := c.read(a, text)
	return err == nil
}

// read reads the text of an argument as what its kind means.
func (c *Call) read(a Arg, text string) (value, error) {
	v := value{text: text}
	short := chat.Cut(text, 60)
	var ok bool
	switch a.Kind {
	case Title:
		v.text = oneLine(c.unsecret(text))
	case Text:
		v.text = c.cut(a, text)
		if !a.Phrases {
			v.text = c.unsecret(v.text)
		}
	case User:
		var err error
		v.person, err = c.mentioned(text)
		return v, err
	case ServiceName:
		return c.readService(text)
	case SeverityName:
		if v.severity, ok = incident.ParseSeverity(text); !ok {
			return v, improper("%q is no severity. There are: sev1 (critical, all users) to sev4 (minor); P1 to P5 and words such as critical will do.", short)
		}
	case Choice:
		v.text = strings.ToLower(text)
		if !a.chooses(v.text) {
			return v, improper("%q is no %s. There are: %s.", short, a.Name, strings.Join(a.Choices, ", "))
		}
	case Span:
		if v.span, ok = parseSpan(text); !ok {
			return v, improper("%q is no length of time. Write it as 30m, 2h or 1h30m.", short)
		}
	case Past, Day:
		if v.moment, ok = a.moment(text, c.clock); !ok {
			return v, improper("%q is no time that sitrep understands. %s", short, timeHint(a.Kind))
		}
	case Other:
		if v.number, ok = numberOf("#" + strings.TrimPrefix(text, "#")); !ok {
			return v, improper("%q is no incident. Write its number, as in #41.", short)
		}
	case Yes:
		return c.readYes(a, text)
	}
	return v, nil
}

func timeHint(k Kind) string {
	if k == Day {
		return "Write it as fri, tomorrow, 3d or 2026-11-30."
	}
	return "Write it as 30m, 2h, 14:05, yesterday 14:05, fri 9:00 or 2026-11-30 14:05."
}

func (c *Call) readYes(a Arg, text string) (value, error) {
	switch strings.ToLower(text) {
	case "yes", "true", "y", "1", "on":
		return value{text: "yes"}, nil
	case "no", "false", "n", "0", "off":
		return value{}, nil
	}
	return value{}, improper("`--%s` is yes or no, not %q.", a.Name, chat.Cut(text, 20))
}

// readService reads the name of a service. Where the catalog names none, any name will do.
func (c *Call) readService(text string) (value, error) {
	catalog := c.router.deps.Catalog()
	s, known := catalog.Service(text)
	if known {
		return value{text: s.Name, service: s}, nil
	}
	if len(catalog.Services) > 0 {
		return value{}, improper("There is no service called %q. %s", chat.Cut(text, 60), c.router.nearService(text))
	}
	s.Name = strings.ToLower(chat.Cut(text, 60))
	return value{text: s.Name, service: s}, nil
}

// unsecret takes secrets out of a person's words before they are recorded, and says so.
func (c *Call) unsecret(text string) string {
	clean := redact.Words(text)
	if clean != text {
		c.note("What looked like a secret was left out.")
	}
	return clean
}

// cut shortens a text that is longer than it may be, and says so.
func (c *Call) cut(a Arg, text string) string {
	limit := a.Max
	if limit == 0 {
		limit = longestText
	}
	if short := chat.Cut(text, limit); short != text {
		c.note("The %s was cut to %d characters.", strings.ToLower(a.Name), limit)
		return short
	}
	return text
}

func (c *Call) note(format string, args ...any) {
	c.Notes = append(c.Notes, fmt.Sprintf(format, args...))
}

// missing are the required arguments that were not given.
func (c *Call) missing() []Arg {
	var out []Arg
	for _, a := range c.Verb.Args {
		if a.Required && !c.Args.Has(a.Name) {
			out = append(out, a)
		}
	}
	return out
}
