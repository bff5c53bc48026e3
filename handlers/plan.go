package handlers

import (
	"context"
	"slices"
	"strings"

	"sitrep/bot/chat"
)

// mostFields is how many questions a form may ask.
const mostFields = 5

// Plan says how a command will be answered: with a form first when something is missing, and to whom. It changes nothing.
func (r *Router) Plan(ctx context.Context, in chat.Inbound) chat.Plan {
	c, err := r.prepare(ctx, in)
	if err != nil {
		return chat.Plan{Private: true}
	}
	if form := c.form(); form != nil {
		return chat.Plan{Form: form, Private: c.secret()}
	}
	return chat.Plan{Private: c.private()}
}

// form is the form that asks for what is missing, and nil when nothing is.
func (c *Call) form() *chat.Form {
	if c.NoForm {
		return nil
	}
	var ask []Arg
	if c.Verb.Ask != nil {
		ask = c.Verb.Ask(c)
	} else if len(c.missing()) > 0 {
		ask = c.Verb.asked()
	}
	if len(ask) == 0 {
		return nil
	}
	f := &chat.Form{Title: capital(c.Verb.Name), Verb: c.line(ask), Submit: capital(c.Verb.Name)}
	if c.Verb.Title != "" {
		f.Title = c.Verb.Title
	}
	if c.Verb.Submit != "" {
		f.Submit = c.Verb.Submit
	}
	if c.State.Declared() {
		f.Title += " " + c.State.Number.String()
	}
	var fill map[string]string
	if c.Verb.Fill != nil {
		fill = c.Verb.Fill(c)
	}
	for _, a := range ask {
		f.Fields = append(f.Fields, c.field(a, c.Args.either(a.Name, fill[a.Name])))
	}
	return f
}

// asked are the arguments that a form asks for: the required ones first, and no more than a form holds.
func (v *Verb) asked() []Arg {
	var required, others []Arg
	for _, a := range v.Args {
		switch {
		case a.Required:
			required = append(required, a)
		case a.Kind != Yes:
			others = append(others, a)
		}
	}
	all := append(required, others...)
	return all[:min(len(all), mostFields)]
}

func (c *Call) field(a Arg, filled string) chat.FormField {
	f := chat.FormField{Name: a.Name, Label: chat.Cut(a.label(), 45), Hint: a.Hint, Value: filled, Required: a.Required, Long: a.Long, Max: a.Max}
	for _, choice := range a.choices() {
		f.Choices = append(f.Choices, chat.Choice{Label: choice, Value: choice})
	}
	return f
}

// line is what was typed and stands, without what a form asks for: "updates edit #42 --to stakeholders".
func (c *Call) line(without []Arg) string {
	parts := []string{c.Verb.Name}
	if c.State.Declared() {
		parts = append(parts, c.State.Number.String())
	}
	for _, a := range c.Verb.Args {
		if !c.Args.Has(a.Name) || slices.ContainsFunc(without, func(b Arg) bool { return a.Name == b.Name }) {
			continue
		}
		text := c.Args.Text(a.Name)
		if strings.ContainsAny(text, " \t\n\"'`“”‘’<&\\") || text == "" {
			text = Quote(text)
		}
		switch {
		case a.Kind == Yes:
			parts = append(parts, "--"+a.Name)
		case a.Kind == Choice && !a.Flag:
			parts = append(parts, text)
		default:
			parts = append(parts, "--"+a.Name+"="+text)
		}
	}
	return strings.Join(append(parts, "--no-form"), " ")
}

func capital(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
