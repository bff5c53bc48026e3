package handlers

import (
	"context"
	"fmt"

	"sitrep/bot/chat"
	"sitrep/bot/incident"
	"sitrep/templates"
)

func careVerbs() []*Verb {
	return []*Verb{
		{
			Name: "list", Group: GroupCare, Summary: "Lists the open incidents, or the last ones", Usage: "[recent]", Examples: []string{"list", "list recent"}, Private: asker,
			Args: []Arg{{Name: "which", Kind: Choice, Choices: []string{"open", "recent"}, Label: "Which?", Hint: "open, or recent: closed ones too"}},
			Run:  func(ctx context.Context, c *Call) (Answer, error) { return c.list(ctx) },
		},
		{
			Name: "info", Group: GroupCare, Subject: ClosedToo, Summary: "Shows the incident's card", Usage: "[#42]", Examples: []string{"info #42"}, Private: asker,
			Run: func(_ context.Context, c *Call) (Answer, error) {
				return Answer{Message: c.router.deps.Templates.Card(c.view())}, nil
			},
		},
	}
}

func (c *Call) view() templates.View {
	return templates.View{State: c.State, Counts: c.Counts, Now: c.clock.now, Zone: c.clock.zone, Catalog: c.router.deps.Catalog()}
}

func (c *Call) list(ctx context.Context) (Answer, error) {
	if c.Args.Text("which") == "recent" {
		recent, err := c.visible(ctx, func(ctx context.Context) ([]incident.State, error) { return c.router.deps.Engine.Recent(ctx, 20) })
		if err != nil {
			return Answer{}, err
		}
		return Answer{Message: c.listed("The last incidents:", "There has been no incident yet.", recent)}, nil
	}
	open, err := c.visible(ctx, c.router.deps.Engine.Open)
	if err != nil {
		return Answer{}, err
	}
	return Answer{Message: c.listed(openCount(len(open)), "No incident is open.", open)}, nil
}

func openCount(n int) string {
	if n == 1 {
		return "1 incident is open:"
	}
	return fmt.Sprintf("%d incidents are open:", n)
}

func (c *Call) listed(head, none string, states []incident.State) chat.Message {
	if len(states) == 0 {
		return chat.Text(none)
	}
	told := []string{head}
	for _, s := range states[:min(len(states), 20)] {
		line := "- " + c.headline(s) + ", " + c.since(s)
		if !s.Lead().Zero() {
			line += ", led by " + esc(s.Lead().Shown())
		} else if s.Open() && s.Status != incident.Triage {
			line += ", nobody leads"
		}
		if r := s.Rooms[c.In.Platform]; r.Usable() {
			line += " " + link(r.Name, r.URL)
		}
		told = append(told, line)
	}
	if more := len(states) - 20; more > 0 {
		told = append(told, fmt.Sprintf("- and %d more", more))
	}
	return lines(told).Message
}

// Home is a person's home page of the bot: the open incidents that they may see, those in which they take part first.
func (r *Router) Home(ctx context.Context, in chat.Inbound) chat.Message {
	c := &Call{Verb: &Verb{}, In: in, Actor: r.Person(in.Platform, in.User), router: r, clock: r.clockOf(in)}
	open, err := c.visible(ctx, r.deps.Engine.Open)
	if err != nil {
		return r.refusal(in, err).Message
	}
	var mine, others []incident.State
	for _, s := range open {
		if takesPart(s, c.Actor.ID) {
			mine = append(mine, s)
		} else {
			others = append(others, s)
		}
	}
	m := chat.Message{Summary: "Open incidents", Blocks: []chat.Block{{Header: "Incidents"}}}
	if len(mine) > 0 {
		m.Blocks = append(m.Blocks, c.listed("**Yours**", "", mine).Blocks...)
	}
	if len(others) > 0 || len(mine) == 0 {
		m.Blocks = append(m.Blocks, c.listed("**Open**", "No incident is open.", others).Blocks...)
	}
	return chat.Message{Summary: m.Summary, Blocks: append(m.Blocks,
		chat.Block{Buttons: []chat.Button{{Label: "Declare an incident", Verb: "new", Primary: true}}},
		chat.Block{Context: fmt.Sprintf("Type `%s help` anywhere to see what sitrep can do.", r.deps.Root)},
	)}
}
