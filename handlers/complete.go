package handlers

import (
	"context"
	"slices"
	"strings"

	"sitrep/bot/chat"
)

// mostChoices is how many suggestions a platform shows.
const mostChoices = 25

// Complete suggests values for what is being typed. With option, the name of an argument, word is the beginning of its value and in.Text
// holds the verb. Without it, word is the whole line so far, and so are the values. It changes nothing.
func (r *Router) Complete(ctx context.Context, in chat.Inbound, option, word string) []chat.Choice {
	if option == "" {
		return r.completeLine(ctx, in, word)
	}
	name, _, _ := verbOf(split(in.Text))
	c, ok := r.completing(in, name)
	if !ok {
		return nil
	}
	if option == "incident" {
		return matching(c.openChoices(ctx), word)
	}
	a, _ := c.Verb.arg(option)
	return matching(c.suggestions(ctx, a), word)
}

// completeLine suggests whole lines: verbs until one is there, then what it takes.
func (r *Router) completeLine(ctx context.Context, in chat.Inbound, line string) []chat.Choice {
	i := strings.LastIndexAny(line, " \t") + 1
	head, last := line[:i], line[i:]
	name, _, _ := verbOf(split(head))
	if name == "" {
		return before(head, matching(r.verbChoices(), last))
	}
	c, ok := r.completing(in, name)
	if !ok {
		return nil
	}
	var all []chat.Choice
	for _, a := range c.Verb.Args {
		if a.Flag {
			all = append(all, chat.Choice{Label: chat.Cut("--"+a.Name+" · "+a.spec().Summary, 100), Value: "--" + a.Name})
		} else {
			all = append(all, c.suggestions(ctx, a)...)
		}
	}
	if c.Verb.Subject != NoIncident {
		all = append(all, c.openChoices(ctx)...)
	}
	return before(head, matching(all, last))
}

func (r *Router) completing(in chat.Inbound, name string) (*Call, bool) {
	v, ok := r.verb(name)
	return &Call{Verb: v, In: in, Actor: r.Person(in.Platform, in.User), router: r}, ok
}

// before puts what is typed already before each value.
func before(head string, choices []chat.Choice) []chat.Choice {
	for i := range choices {
		choices[i].Value = head + choices[i].Value
	}
	return choices
}

// matching keeps what begins with the word, then what contains it.
func matching(all []chat.Choice, word string) []chat.Choice {
	var first, then []chat.Choice
	w := strings.TrimLeft(strings.ToLower(strings.TrimSpace(word)), "#@")
	for _, ch := range all {
		value, label := strings.ToLower(strings.TrimLeft(ch.Value, "#@")), strings.ToLower(ch.Label)
		switch {
		case strings.HasPrefix(value, w) || strings.HasPrefix(label, w):
			first = append(first, ch)
		case strings.Contains(label, w):
			then = append(then, ch)
		}
	}
	all = append(first, then...)
	return all[:min(len(all), mostChoices)]
}

func (r *Router) verbChoices() []chat.Choice {
	var out []chat.Choice
	for _, v := range r.mostUsed() {
		out = append(out, chat.Choice{Label: chat.Cut(v.Name+" · "+v.Summary, 100), Value: v.Name})
	}
	for _, v := range r.verbs {
		for _, s := range v.Synonyms {
			out = append(out, chat.Choice{Label: chat.Cut(s+" · "+v.Summary, 100), Value: s})
		}
	}
	return out
}

func (c *Call) openChoices(ctx context.Context) []chat.Choice {
	open, err := c.visible(ctx, c.router.deps.Engine.Open)
	if err != nil {
		return nil
	}
	var out []chat.Choice
	for _, s := range open {
		out = append(out, chat.Choice{Label: chat.Cut(s.Number.String()+" "+s.Title, 100), Value: s.Number.String()})
	}
	return out
}

// suggestions are the values that an argument may take, as far as they can be listed.
func (c *Call) suggestions(ctx context.Context, a Arg) []chat.Choice {
	var out []chat.Choice
	add := func(value, label string) { out = append(out, chat.Choice{Label: chat.Cut(label, 100), Value: value}) }
	catalog := c.router.deps.Catalog()
	switch a.Kind {
	case ServiceName:
		for _, s := range catalog.Services {
			add(s.Name, s.Name)
		}
	case User:
		add("me", "me")
		for _, p := range catalog.People {
			add("@"+p.Name, p.Display())
		}
	case Other:
		return c.openChoices(ctx)
	default:
		for _, choice := range a.choices() {
			add(choice, choice)
		}
	}
	if a.Name == "verb" {
		return c.router.verbChoices()
	}
	return out
}

// usual is the order in which verbs are wanted, for platforms that take only so many commands.
var usual = []string{
	"new", "status", "resolve", "ack", "lead", "logs", "metrics", "deploys", "note", "timeline", "list", "help", "mitigate", "sev", "updates",
	"catchup", "join", "who", "role", "handoff", "followup", "task", "postmortem", "info", "alerts", "why", "accept", "decline", "merge", "cancel", "reopen",
}

// mostUsed returns all verbs, those most wanted first.
func (r *Router) mostUsed() []*Verb {
	place := func(v *Verb) int {
		if i := slices.Index(usual, v.Name); i >= 0 {
			return i
		}
		return len(usual)
	}
	all := slices.Clone(r.verbs)
	slices.SortStableFunc(all, func(a, b *Verb) int { return place(a) - place(b) })
	return all
}

// Specs describes the verbs to platforms that register their commands, those most wanted first.
func (r *Router) Specs() []chat.CommandSpec {
	var out []chat.CommandSpec
	for _, v := range r.mostUsed() {
		spec := chat.CommandSpec{Name: v.Name, Summary: chat.Cut(v.Summary, 100)}
		for _, required := range []bool{true, false} {
			for _, a := range v.Args {
				if a.Required == required {
					spec.Options = append(spec.Options, a.spec())
				}
			}
		}
		if v.Subject != NoIncident {
			spec.Options = append(spec.Options, chat.OptionSpec{Name: "incident", Summary: "The incident's number, outside its room", Suggested: true})
		}
		out = append(out, spec)
	}
	return out
}

func (a Arg) spec() chat.OptionSpec {
	o := chat.OptionSpec{Name: a.Name, Summary: a.Hint, Required: a.Required, User: a.Kind == User}
	if o.Summary == "" {
		o.Summary = a.label()
	}
	o.Summary = chat.Cut(o.Summary, 100)
	for _, choice := range a.choices() {
		o.Choices = append(o.Choices, chat.Choice{Label: choice, Value: choice})
	}
	o.Suggested = a.Kind == ServiceName || a.Kind == Other || a.Name == "verb"
	return o
}
