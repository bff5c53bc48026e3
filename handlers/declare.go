package handlers

import (
	"context"
	"errors"
	"strings"

	"sitrep/bot/chat"
	"sitrep/bot/incident"
	"sitrep/bot/ops"
)

const longestTitle = 200

func declareVerbs() []*Verb {
	return []*Verb{
		{
			Name: "new", Title: "What is wrong?", Submit: "Declare", Synonyms: []string{"declare", "open", "start", "create"}, Group: GroupDeclare,
			Summary: "Declares an incident and opens its room", Usage: `"title" [sev2] [service:checkout] [--private] [--drill]`,
			Examples: []string{`new "Checkout is slow" sev2 service:checkout`, `new "Can we restore?" --drill`},
			Args: []Arg{
				{Name: "title", Kind: Title, Required: true, Rest: true, Label: "Title", Hint: "A few words that everyone understands", Max: longestTitle},
				{Name: "sev", Kind: SeverityName, Label: "How bad is it?", Hint: "sev1 is critical for all users, sev4 is minor; sev3 when not given"},
				{Name: "service", Kind: ServiceName, Flag: true, Label: "Which service?", Hint: "Its people on call are invited"},
				{Name: "private", Kind: Yes, Flag: true, Hint: "Only those who are invited can see it"},
				{Name: "drill", Kind: Yes, Flag: true, Hint: "An exercise: marked everywhere, calls nobody"},
			},
			Run: func(ctx context.Context, c *Call) (Answer, error) { return c.declare(ctx) },
		},
		{
			Name: "accept", Group: GroupDeclare, Summary: "Makes a reported alert an incident and opens its room", Usage: "[#42]",
			Examples: []string{"accept #42"}, Subject: Needed,
			Run: func(ctx context.Context, c *Call) (Answer, error) { return c.accept(ctx) },
		},
		{
			Name: "decline", Group: GroupDeclare, Summary: "Says that a reported alert is no incident", Usage: `[#42] ["why"]`,
			Examples: []string{`decline #42 "known noise, tuned"`}, Subject: Needed,
			Args: []Arg{{Name: "text", Kind: Text, Rest: true, Long: true, Label: "Why?"}},
			Run:  func(ctx context.Context, c *Call) (Answer, error) { return c.decline(ctx) },
		},
		{
			Name: "merge", Synonyms: []string{"duplicate"}, Group: GroupDeclare, Summary: "Closes this incident as the same as another one", Usage: "[#42] #41",
			Examples: []string{"merge #41", "merge #42 #41"}, Subject: Needed, Danger: true,
			Args: []Arg{{Name: "into", Kind: Other, Required: true, Label: "Which incident is it the same as?", Hint: "The number of the one that goes on"}},
			Run:  func(ctx context.Context, c *Call) (Answer, error) { return c.merge(ctx) },
		},
		{
			Name: "reopen", Group: GroupDeclare, Summary: "Opens a closed incident again", Usage: `[#42] ["why"]`,
			Examples: []string{`reopen #42 "it is back"`}, Subject: ClosedToo, Danger: true,
			Args: []Arg{{Name: "text", Kind: Text, Rest: true, Long: true, Label: "Why?"}},
			Run:  func(ctx context.Context, c *Call) (Answer, error) { return c.reopen(ctx) },
		},
	}
}

func (c *Call) declare(ctx context.Context) (Answer, error) {
	full := c.Args.Text("title")
	d := incident.DeclaredEvent{
		Title: chat.Cut(full, longestTitle), Severity: c.Args.severity("sev"), Service: c.Args.Text("service"), Team: c.Args.service("service").Team,
		Private: c.Args.Has("private"), Drill: c.Args.Has("drill"), Why: []string{"Declared by hand by " + c.Actor.Shown() + "."},
	}
	if !d.Drill {
		d.Invite = c.router.onCall(c.Args.service("service"))
	}
	s, err := c.router.deps.Engine.Declare(ctx, incident.Declare{DeclaredEvent: d}, c.meta())
	if err != nil {
		return Answer{}, err
	}
	c.State = s
	if d.Title != full {
		if err := c.do(ctx, incident.AddNote{Text: full}, "title"); err != nil {
			return Answer{}, err
		}
		c.note("The title was cut to %d characters; all of it stands on the timeline.", longestTitle)
	}
	return c.declared(d.Invite), nil
}

func (c *Call) declared(invited []incident.Person) Answer {
	s := c.State
	text := "Declared " + title(s) + " as " + s.Severity.String() + "."
	if room := c.room(); room != "" {
		text += " Its room is " + room + "."
	} else {
		text += " Its room is being opened."
	}
	if len(invited) > 0 {
		text += " Invited, being on call for " + esc(s.Service) + ": " + people(invited) + "."
	}
	if !c.Args.Has("sev") {
		c.note("The severity was not given; `sev` changes it.")
	}
	return say("%s", text)
}

// onCall are the people on call for a service, first to be called first.
func (r *Router) onCall(s ops.Service) []incident.Person {
	var out []incident.Person
	for _, n := range s.OnCall {
		if p, ok := r.deps.Catalog().Person(n); ok {
			out = append(out, listed(p))
		}
	}
	return out
}

func people(list []incident.Person) string {
	var names []string
	for _, p := range list {
		names = append(names, esc(p.Shown()))
	}
	return strings.Join(names, ", ")
}

func (c *Call) accept(ctx context.Context) (Answer, error) {
	if err := c.do(ctx, incident.Accept{Platforms: c.router.deps.Platforms}); err != nil {
		return Answer{}, err
	}
	return say("%s is an incident now, %s. Its room is being opened; nobody leads yet: `%s lead me %s`.",
		title(c.State), c.State.Severity, c.router.deps.Root, c.State.Number), nil
}

func (c *Call) decline(ctx context.Context) (Answer, error) {
	if c.State.Open() && c.State.Status != incident.Triage {
		return Answer{}, improper("%s is an incident already. Use `cancel` if it was none, or `resolve` when it is over.", c.State.Number)
	}
	if err := c.do(ctx, incident.Close{Reason: incident.FalsePositive, Text: c.Args.Text("text")}); err != nil {
		return Answer{}, err
	}
	return say("%s is declined: it was no incident.", title(c.State)), nil
}

// merge closes one incident and notes it on the other. A private one leaves only its number on a public one.
func (c *Call) merge(ctx context.Context) (Answer, error) {
	into := &Call{Verb: c.Verb, In: c.In, Actor: c.Actor, router: c.router, clock: c.clock}
	if err := into.find(ctx, c.Args.number("into")); err != nil {
		return Answer{}, err
	}
	from, target := c.State, into.State
	switch {
	case from.ID == target.ID:
		return Answer{}, improper("%s cannot be merged into itself.", from.Number)
	case !target.Open():
		return Answer{}, improper("%s is closed (%s). Reopen it first, or merge the other way round.", target.Number, standing(target))
	}
	err := c.do(ctx, incident.Close{Reason: incident.Duplicate, Into: target.ID, IntoNumber: target.Number})
	if err != nil && !(already(err) && from.MergedInto == target.ID) {
		return Answer{}, err
	}
	known := from.Title
	if from.Private && !target.Private {
		known = "a private incident"
	}
	if _, err := c.on(ctx, target.ID, incident.Absorb{From: from.ID, Number: from.Number, Title: known}, "absorb"); err != nil {
		return Answer{}, err
	}
	return say("%s is merged into %s and closed. Go on there.", title(c.State), title(target)), nil
}

func already(err error) bool {
	var refused *incident.Refused
	return errors.As(err, &refused) && refused.Code == incident.Already
}

func (c *Call) reopen(ctx context.Context) (Answer, error) {
	before := c.State
	if err := c.do(ctx, incident.Reopen{Text: c.Args.Text("text")}); err != nil {
		return Answer{}, err
	}
	return say("%s is open again, %s.%s", title(c.State), c.State.Severity, c.told(before)), nil
}
