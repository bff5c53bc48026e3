package handlers

import (
	"context"
	"fmt"
	"strings"

	"github.com/agnivade/levenshtein"

	"sitrep/bot/chat"
)

func helpVerbs() []*Verb {
	return []*Verb{{
		Name: "help", Group: GroupCare, Summary: "Shows the verbs, or how one of them is used", Usage: "[verb]",
		Examples: []string{"help", "help logs"},
		Args:     []Arg{{Name: "verb", Kind: Text, Hint: "The verb to explain"}},
		Private:  asker,
		Run:      func(_ context.Context, c *Call) (Answer, error) { return c.help() },
	}}
}

func (c *Call) help() (Answer, error) {
	if !c.Args.Has("verb") {
		return Answer{Message: c.router.overview()}, nil
	}
	name := strings.ToLower(strings.TrimPrefix(c.Args.Text("verb"), "/"))
	v, ok := c.router.verb(name)
	if !ok {
		return Answer{}, c.router.unknown(name)
	}
	return Answer{Message: c.router.explain(v)}, nil
}

// overview is all verbs, by the moment at which they are of use.
func (r *Router) overview() chat.Message {
	root := r.deps.Root
	what := "sitrep"
	if r.deps.Instance != "" {
		what += " (" + chat.Escape(r.deps.Instance) + ")"
	}
	m := chat.Message{Summary: "The verbs of sitrep", Blocks: []chat.Block{{
		Text: fmt.Sprintf("%s runs incidents from chat. To begin: `%s new \"what is wrong\"`. More on a verb: `%s help logs`.", what, root, root),
	}}}
	for _, g := range Groups() {
		text := "**" + capital(string(g)) + "**"
		for _, v := range r.verbs {
			if v.Group == g {
				text += fmt.Sprintf("\n- `%s` %s", strings.TrimSpace(v.Name+" "+v.Usage), chat.Escape(v.Summary))
			}
		}
		m.Blocks = append(m.Blocks, chat.Block{Text: text})
	}
	m.Blocks = append(m.Blocks, chat.Block{Context: fmt.Sprintf("In an incident's room the incident is implied; elsewhere name it, as in `%s status #42`.", root)})
	return m
}

// explain is all there is to say of one verb.
func (r *Router) explain(v *Verb) chat.Message {
	text := fmt.Sprintf("`%s`\n\n%s.", r.usage(v), chat.Escape(v.Summary))
	if len(v.Synonyms) > 0 {
		text += fmt.Sprintf(" Also called `%s`.", strings.Join(v.Synonyms, "`, `"))
	}
	for _, a := range v.Args {
		if a.Hint != "" {
			text += fmt.Sprintf("\n- `%s` %s", a.shown(), chat.Escape(a.Hint))
		}
	}
	m := chat.Message{Summary: "How " + v.Name + " is used", Blocks: []chat.Block{{Text: text}}}
	if len(v.Examples) > 0 {
		m.Blocks = append(m.Blocks, chat.Block{Code: r.deps.Root + " " + strings.Join(v.Examples, "\n"+r.deps.Root+" ")})
	}
	if who := r.deps.Access.Verbs[v.Name]; len(who) > 0 && v.Name != "new" {
		m.Blocks = append(m.Blocks, chat.Block{Context: chat.Escape("Who may: " + told(who) + ".")})
	}
	return m
}

func (a Arg) shown() string {
	if a.Flag {
		return "--" + a.Name
	}
	return a.Name
}

func (r *Router) usage(v *Verb) string {
	return strings.TrimSpace(r.deps.Root + " " + v.Name + " " + v.Usage)
}

func (r *Router) verb(name string) (*Verb, bool) {
	for _, v := range r.verbs {
		if v.named(name) {
			return v, true
		}
	}
	return nil, false
}

// unknown says that there is no such verb, and which one may have been meant. It is never carried out.
func (r *Router) unknown(name string) error {
	var names []string
	for _, v := range r.verbs {
		names = append(append(names, v.Name), v.Synonyms...)
	}
	hint := ""
	if near := nearest(name, names); near != "" {
		hint = fmt.Sprintf(" Did you mean `%s %s`?", r.deps.Root, near)
	}
	return improper("There is no verb %q.%s Type `%s help` to see them all.", chat.Cut(name, 40), hint, r.deps.Root)
}

func (r *Router) nearService(name string) string {
	var names []string
	for _, s := range r.deps.Catalog().Services {
		names = append(append(names, s.Name), s.Aliases...)
	}
	if near := nearest(strings.ToLower(name), names); near != "" {
		return fmt.Sprintf("Did you mean `%s`?", near)
	}
	if len(names) > 8 {
		names = names[:8]
	}
	return "There are: " + strings.Join(names, ", ") + "."
}

// nearest returns the name that is one slip or two away, and an empty string when none is.
func nearest(word string, names []string) string {
	best, distance := "", 1+min(len(word), 8)/3
	if len(word) > 40 {
		return ""
	}
	for _, n := range names {
		d := levenshtein.ComputeDistance(word, strings.ToLower(n))
		if d < distance || d == distance && (best == "" || len(n) == len(word) && len(best) != len(word)) {
			best, distance = n, d
		}
	}
	return best
}
