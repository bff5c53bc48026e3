package handlers

import (
	"context"
	"fmt"
	"strings"

	"sitrep/bot/chat"
	"sitrep/bot/incident"
	"sitrep/bot/ops"
)

var personArg = Arg{Name: "person", Kind: User, Required: true, Label: "Who?", Hint: "@mention, a name from the directory, or me"}

func peopleVerbs() []*Verb {
	anyone := personArg
	anyone.Required = false
	return []*Verb{
		{
			Name: "lead", Synonyms: []string{"ic", "commander"}, Group: GroupPeople, Subject: Needed, Summary: "Says who leads the incident", Usage: "@person|me",
			Examples: []string{"lead me", "lead @ana"}, Args: []Arg{personArg},
			Run: func(ctx context.Context, c *Call) (Answer, error) { return c.assign(ctx, incident.Lead) },
		},
		{
			Name: "role", Group: GroupPeople, Subject: Needed, Summary: "Gives somebody a role", Usage: "lead|comms|scribe|expert @person",
			Examples: []string{"role scribe @bo", "role comms me"},
			Args:     []Arg{{Name: "role", Kind: Choice, Required: true, Choices: []string{"lead", "comms", "scribe", "expert"}, Also: []string{"ic", "commander", "communications", "sme"}, Label: "Role", Hint: "lead, comms (writes updates), scribe or expert"}, personArg},
			Run: func(ctx context.Context, c *Call) (Answer, error) {
				role, _ := incident.ParseRole(c.Args.Text("role"))
				return c.assign(ctx, role)
			},
		},
		{
			Name: "join", Group: GroupPeople, Subject: Needed, Summary: "Takes you, or somebody else, into the incident", Usage: "[@person]",
			Examples: []string{"join", "join @bo"}, Args: []Arg{anyone},
			Run: func(ctx context.Context, c *Call) (Answer, error) { return c.join(ctx) },
		},
		{
			Name: "leave", Group: GroupPeople, Subject: Needed, Summary: "Takes you, or somebody else, out of it, and their roles with them", Usage: "[@person]",
			Examples: []string{"leave"}, Args: []Arg{anyone},
			Run: func(ctx context.Context, c *Call) (Answer, error) { return c.leave(ctx) },
		},
		{
			Name: "handoff", Group: GroupPeople, Subject: Needed, Summary: "Hands the lead over, with a summary for who takes it", Usage: "@person",
			Examples: []string{"handoff @bo"}, Args: []Arg{personArg},
			Run: func(ctx context.Context, c *Call) (Answer, error) { return c.handoff(ctx) },
		},
		{
			Name: "who", Synonyms: []string{"oncall"}, Group: GroupPeople, Subject: IfAny, Summary: "Tells who is on call for a service, and who does what", Usage: "[service]",
			Examples: []string{"who", "who checkout"}, Private: asker,
			Args: []Arg{{Name: "service", Kind: ServiceName, Label: "Which service?", Hint: "A service of the catalog; the incident's own when not given"}},
			Run:  func(_ context.Context, c *Call) (Answer, error) { return c.who() },
		},
	}
}

func (c *Call) assign(ctx context.Context, role incident.Role) (Answer, error) {
	before, p := c.State, c.Args.person("person")
	if err := c.do(ctx, incident.AssignRole{Role: role, Person: p}); err != nil {
		return Answer{}, err
	}
	text := fmt.Sprintf("%s is %s of %s", name(p), role, title(c.State))
	if role == incident.Lead {
		text = fmt.Sprintf("%s leads %s", name(p), title(c.State))
	}
	if from := before.Roles[role]; !from.Zero() {
		text += ", after " + esc(from.Shown())
	}
	a := say("%s.", text)
	c.notify(&a.Message, p)
	return a, nil
}

// whom is the person who was named, else the one who asks.
func (c *Call) whom() incident.Person {
	if c.Args.Has("person") {
		return c.Args.person("person")
	}
	return c.Actor
}

func (c *Call) join(ctx context.Context) (Answer, error) {
	p := c.whom()
	if err := c.do(ctx, incident.Join{Person: p}); err != nil {
		return Answer{}, err
	}
	text := fmt.Sprintf("%s takes part in %s. `%s catchup` tells what has happened so far.", name(p), title(c.State), c.router.deps.Root)
	if room := c.room(); room != "" {
		text += " The room is " + room + "."
	}
	a := say("%s", text)
	c.notify(&a.Message, p)
	return a, nil
}

func (c *Call) leave(ctx context.Context) (Answer, error) {
	p, led := c.whom(), c.State.Lead().ID
	if err := c.do(ctx, incident.Leave{Person: p}); err != nil {
		return Answer{}, err
	}
	text := fmt.Sprintf("%s no longer takes part in %s.", name(p), title(c.State))
	if led == p.ID && c.State.Open() {
		text += fmt.Sprintf(" Nobody leads now: `%s lead me` takes it.", c.router.deps.Root)
	}
	return say("%s", text), nil
}

func (c *Call) handoff(ctx context.Context) (Answer, error) {
	a, err := c.assign(ctx, incident.Lead)
	if err != nil {
		return Answer{}, err
	}
	a.Message.Blocks = append(a.Message.Blocks, c.summary()...)
	return a, nil
}

func (c *Call) who() (Answer, error) {
	var told []string
	services := c.router.deps.Catalog().Services
	switch s, known := c.service(); {
	case known:
		told = append(told, c.router.onCallLine(s))
	case c.State.Declared():
	case len(services) == 0:
		return Answer{}, improper("The catalog names no services, so sitrep does not know who is on call. Add them under `services` in the configuration.")
	default:
		for _, s := range services[:min(len(services), 20)] {
			told = append(told, "- "+c.router.onCallLine(s))
		}
	}
	if roles := c.roles(); roles != "" {
		told = append(told, roles)
	}
	if len(told) == 0 {
		told = append(told, fmt.Sprintf("Nobody takes part in %s yet, and it names no service.", title(c.State)))
	}
	return lines(told), nil
}

// service is the service that was named, else the incident's own.
func (c *Call) service() (ops.Service, bool) {
	if c.Args.Has("service") {
		return c.Args.service("service"), true
	}
	if c.State.Service == "" {
		return ops.Service{}, false
	}
	s, ok := c.router.deps.Catalog().Service(c.State.Service)
	if !ok {
		s.Name = c.State.Service
	}
	return s, true
}

func (r *Router) onCallLine(s ops.Service) string {
	team := ""
	if s.Team != "" {
		team = " (team " + esc(s.Team) + ")"
	}
	if len(s.OnCall) == 0 {
		return fmt.Sprintf("Nobody is named as on call for **%s**%s.", esc(s.Name), team)
	}
	var names []string
	for _, n := range s.OnCall {
		shown := n
		if p, ok := r.deps.Catalog().Person(n); ok {
			shown = p.Display()
		}
		names = append(names, esc(shown))
	}
	return fmt.Sprintf("On call for **%s**%s: %s.", esc(s.Name), team, strings.Join(names, ", then "))
}

// roles is who does what in the incident.
func (c *Call) roles() string {
	if !c.State.Declared() {
		return ""
	}
	var parts []string
	for _, role := range []incident.Role{incident.Lead, incident.Comms, incident.Scribe} {
		if p := c.State.Roles[role]; !p.Zero() {
			parts = append(parts, string(role)+" "+esc(p.Shown()))
		}
	}
	if len(c.State.Experts) > 0 {
		parts = append(parts, "experts "+people(c.State.Experts))
	}
	if len(c.State.Members) > 0 {
		parts = append(parts, "taking part "+people(c.State.Members))
	}
	if len(parts) == 0 {
		return ""
	}
	return title(c.State) + ": " + strings.Join(parts, " · ") + "."
}

// summary is the blocks that bring a person up to date.
func (c *Call) summary() []chat.Block {
	s := c.State
	blocks := []chat.Block{{Text: c.standingNow()}}
	if fields := c.known(); len(fields) > 0 {
		blocks = append(blocks, chat.Block{Fields: fields})
	}
	var lines []string
	for _, ch := range s.Changes[max(0, len(s.Changes)-6):] {
		lines = append(lines, fmt.Sprintf("- %s %s", c.at(ch.At), esc(chat.Cut(ch.Text, 200))))
	}
	if len(lines) > 0 {
		blocks = append(blocks, chat.Block{Text: "**What has changed**\n" + strings.Join(lines, "\n")})
	}
	lines = nil
	for _, f := range s.Followups {
		if f.Now && !f.Done {
			lines = append(lines, "- "+followupLine(f))
		}
	}
	if len(lines) > 0 {
		blocks = append(blocks, chat.Block{Text: "**Being done now**\n" + strings.Join(lines, "\n")})
	}
	if roles := c.roles(); roles != "" {
		blocks = append(blocks, chat.Block{Context: roles})
	}
	return blocks
}
