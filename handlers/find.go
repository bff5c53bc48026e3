package handlers

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"sitrep/bot/chat"
	"sitrep/bot/incident"
)

// find settles which incident a call is about: the one that was named, else the room's, else the only open one.
func (c *Call) find(ctx context.Context, n incident.Number) error {
	engine := c.router.deps.Engine
	if n != 0 {
		id, err := engine.Numbered(ctx, n)
		if err != nil {
			return err
		}
		return c.take(ctx, id, n)
	}
	if c.In.Room != "" {
		id, err := engine.InRoom(ctx, c.In.Platform, c.In.Room)
		if err != nil {
			return err
		}
		if id != "" {
			return c.load(ctx, id)
		}
	}
	if c.Verb.Subject == IfAny && c.Args.Has("service") {
		return nil
	}
	return c.onlyOpen(ctx)
}

// take loads the incident with a number. One that the person may not see is not there for them.
func (c *Call) take(ctx context.Context, id incident.ID, n incident.Number) error {
	if id != "" {
		if err := c.load(ctx, id); err != nil {
			return err
		}
		if c.sees(c.State) {
			return nil
		}
		c.State = incident.State{}
	}
	return improper("There is no incident %s. Type `%s list` to see those that there are.", n, c.router.deps.Root)
}

func (c *Call) load(ctx context.Context, id incident.ID) error {
	var err error
	c.State, c.Counts, err = c.router.deps.Engine.Load(ctx, id)
	return err
}

func (c *Call) onlyOpen(ctx context.Context) error {
	open, err := c.visible(ctx, c.router.deps.Engine.Open)
	if err != nil {
		return err
	}
	switch {
	case len(open) == 1:
		c.Guessed = true
		return c.load(ctx, open[0].ID)
	case c.Verb.Subject == IfAny:
		return nil
	case len(open) > 1:
		return &question{message: c.whichOne(open)}
	case c.Verb.Subject == ClosedToo:
		return c.lastOne(ctx)
	}
	return improper("No incident is open. Type `%s new \"what is wrong\"` to declare one, or name a closed one by its number, as in `%s %s #41`.",
		c.router.deps.Root, c.router.deps.Root, c.Verb.Name)
}

func (c *Call) lastOne(ctx context.Context) error {
	recent, err := c.visible(ctx, func(ctx context.Context) ([]incident.State, error) { return c.router.deps.Engine.Recent(ctx, 20) })
	if err != nil {
		return err
	}
	if len(recent) == 0 {
		return improper("There has been no incident yet. Type `%s new \"what is wrong\"` to declare one.", c.router.deps.Root)
	}
	c.Guessed = true
	return c.load(ctx, recent[0].ID)
}

// visible lists incidents without those that the person may not see.
func (c *Call) visible(ctx context.Context, list func(context.Context) ([]incident.State, error)) ([]incident.State, error) {
	states, err := list(ctx)
	return slices.DeleteFunc(states, func(s incident.State) bool { return !c.sees(s) }), err
}

// sees reports whether the person may know of an incident: a private one is known to those in its room, to those who take part or were invited, and to admins.
func (c *Call) sees(s incident.State) bool {
	return !s.Private || inRoom(s, c.In) || takesPart(s, c.Actor.ID) || c.router.deps.Access.admin(c.Actor)
}

func takesPart(s incident.State, id incident.PersonID) bool {
	is := func(p incident.Person) bool { return p.ID == id }
	for _, p := range s.Roles {
		if is(p) {
			return true
		}
	}
	return slices.ContainsFunc(slices.Concat(s.Members, s.Invited, s.Experts), is)
}

func (c *Call) inItsRoom() bool { return inRoom(c.State, c.In) }

func inRoom(s incident.State, in chat.Inbound) bool {
	room := s.Rooms[in.Platform]
	return room.ID != "" && room.ID == string(in.Room)
}

// whichOne asks which of the open incidents was meant, and says what to type.
func (c *Call) whichOne(open []incident.State) chat.Message {
	m := chat.Message{Summary: "Which incident?"}
	text := fmt.Sprintf("Which incident? %d are open:\n", len(open))
	open = slices.DeleteFunc(open, func(s incident.State) bool { return s.Number == c.other })
	for _, s := range open[:min(len(open), 10)] {
		text += fmt.Sprintf("\n- %s: `%s %s`", c.headline(s), c.router.deps.Root, c.again(s.Number))
	}
	m.Blocks = append(m.Blocks, chat.Block{Text: text})
	var buttons []chat.Button
	for _, s := range open {
		verb := fmt.Sprintf("%s %s", s.Number, c.In.Text)
		if len(verb) <= 100 && len(buttons) < 5 && len(c.In.Values) == 0 {
			buttons = append(buttons, chat.Button{Label: chat.Cut(s.Number.String()+" "+s.Title, 30), Verb: verb, Danger: c.Verb.Danger})
		}
	}
	if len(open) <= 5 && len(buttons) == len(open) {
		m.Blocks = append(m.Blocks, chat.Block{Buttons: buttons})
	}
	return m
}

// again is what was typed, with the incident named.
func (c *Call) again(n incident.Number) string {
	text := strings.TrimSpace(c.In.Text)
	if text == c.Typed || len(text) > 60 || strings.ContainsAny(text, "`\n") {
		return fmt.Sprintf("%s %s", c.Typed, n)
	}
	return fmt.Sprintf("%s %s", n, text)
}

// headline is an incident in one line of CommonMark.
func (c *Call) headline(s incident.State) string {
	line := fmt.Sprintf("%s (%s, %s)", title(s), s.Severity, standing(s))
	if s.Private {
		line += " · private"
	}
	return line
}

// standing is how an incident stands, in a word or two.
func standing(s incident.State) string {
	switch {
	case s.MergedNum != 0:
		return "merged into " + s.MergedNum.String()
	case !s.Open():
		return string(s.Reason)
	case s.Mitigated():
		return string(s.Status) + ", mitigated"
	}
	return string(s.Status)
}
