package handlers

import (
	"context"
	"fmt"
	"strings"
	"time"

	"sitrep/bot/chat"
	"sitrep/bot/incident"
)

var updateActs = []string{"every", "pause", "resume", "now", "edit", "snooze", "reset"}

func tellVerbs() []*Verb {
	return []*Verb{
		{
			Name: "updates", Group: GroupTell, Subject: Needed, Summary: "Shows and steers the timed updates",
			Usage:    `[every 30m|pause 20m "why"|resume|now ["text"]|edit "text"|snooze 10m "why"|reset] [--to audience]`,
			Examples: []string{"updates", "updates every 30m", `updates pause 20m "waiting for the provider"`, `updates now "Payments work again" --to stakeholders`},
			Args: []Arg{
				{Name: "do", Kind: Choice, Choices: updateActs, Label: "What?", Hint: "Nothing: shows the plan"},
				{Name: "for", Kind: Span, Label: "For how long, or how often?", Hint: "30m, 2h"},
				{Name: "text", Kind: Text, Rest: true, Long: true, Label: "Words", Hint: "The update's words, or why it is put off"},
				{Name: "to", Kind: Text, Flag: true, Max: 80, Label: "Which audience?", Hint: "All of them when not given"},
			},
			Private: func(a Args) bool { return !a.Has("do") }, Settle: (*Call).settleUpdates, Ask: (*Call).askUpdates, Fill: (*Call).fillUpdates,
			Run: func(ctx context.Context, c *Call) (Answer, error) { return c.updates(ctx) },
		},
		{
			Name: "subscribe", Group: GroupTell, Subject: Needed, Summary: "Sends you each update of the incident directly", Examples: []string{"subscribe #42"}, Private: asker,
			Run: func(ctx context.Context, c *Call) (Answer, error) { return c.subscribe(ctx, true) },
		},
		{
			Name: "unsubscribe", Group: GroupTell, Subject: ClosedToo, Summary: "Ends what subscribe began", Examples: []string{"unsubscribe #42"}, Private: asker,
			Run: func(ctx context.Context, c *Call) (Answer, error) { return c.subscribe(ctx, false) },
		},
		{
			Name: "catchup", Synonyms: []string{"summary", "recap"}, Group: GroupTell, Subject: ClosedToo, Private: asker,
			Summary: "Tells who comes late what is known, what changed and who does what", Examples: []string{"catchup", "recap #42"},
			Run: func(_ context.Context, c *Call) (Answer, error) {
				return Answer{Message: chat.Message{Blocks: c.summary()}}, nil
			},
		},
	}
}

// settleUpdates takes a text that is an audience's name, as the buttons of a draft give it, for the audience.
func (c *Call) settleUpdates() error {
	if !c.Args.Has("do") && c.Args.Has("text") {
		return improper("`updates` cannot do %q. It can: %s.", chat.Cut(c.Args.Text("text"), 60), strings.Join(updateActs, ", "))
	}
	if do := c.Args.Text("do"); (do == "now" || do == "edit") && c.Args.Has("for") {
		c.Args.set("text", value{text: strings.TrimSpace(c.Args.Text("for") + " " + c.Args.Text("text"))})
		c.Args.drop("for")
	}
	for _, p := range c.State.Plans {
		if !c.Args.Has("to") && strings.EqualFold(c.Args.Text("text"), p.Audience) {
			c.Args.set("to", value{text: p.Audience})
			c.Args.drop("text")
		}
	}
	return nil
}

// askUpdates asks for what each of the things to do needs.
func (c *Call) askUpdates() []Arg {
	span, _ := c.Verb.arg("for")
	text, _ := c.Verb.arg("text")
	text.Required, text.Max = true, 1000
	needs := map[string][]Arg{"every": {span}, "pause": {span, text}, "snooze": {span, text}, "edit": {text}}[c.Args.Text("do")]
	lacks := false
	for i := range needs {
		switch c.Args.Text("do") {
		case "every":
			needs[i].Label, needs[i].Required = "How often?", true
		case "edit":
			needs[i].Label, needs[i].Hint = "Words of the next update", "Plain words, without jargon"
		default:
			needs[i].Required = true
			if needs[i].Name == "text" {
				needs[i].Label, needs[i].Hint = "Why?", "People are waiting for it"
			} else {
				needs[i].Label = "For how long?"
			}
		}
		lacks = lacks || !c.Args.Has(needs[i].Name)
	}
	if !lacks {
		return nil
	}
	return needs
}

func (c *Call) fillUpdates() map[string]string {
	fill := map[string]string{}
	switch c.Args.Text("do") {
	case "snooze":
		fill["for"] = "10m"
	case "edit":
		for _, p := range c.State.Plans {
			if c.Args.Has("to") && !strings.EqualFold(p.Audience, c.Args.Text("to")) {
				continue
			}
			if fill["text"] = p.Draft; p.Draft == "" {
				fill["text"] = c.State.LastWord
			}
			break
		}
	}
	return fill
}

func (c *Call) updates(ctx context.Context) (Answer, error) {
	to, text, span := c.Args.Text("to"), c.Args.Text("text"), c.Args.span("for")
	var intent incident.Intent
	switch c.Args.Text("do") {
	case "":
		return c.plan()
	case "every":
		if span == 0 {
			return Answer{}, improper("Say how often: `updates every 30m`. `updates reset` goes back to what the severity asks for.")
		}
		intent = incident.PlanUpdates{Audience: to, Every: span}
	case "reset":
		intent = incident.PlanUpdates{Audience: to}
	case "pause":
		intent = incident.PauseUpdates{Audience: to, For: span, Why: text}
	case "resume":
		intent = incident.ResumeUpdates{Audience: to}
	case "now":
		intent = incident.SendUpdate{Audience: to, Text: text}
	case "edit":
		intent = incident.EditDraft{Audience: to, Text: text}
	case "snooze":
		intent = incident.SnoozeUpdate{Audience: to, For: span, Why: text}
	}
	before := c.State
	if err := c.do(ctx, intent); err != nil {
		return Answer{}, err
	}
	return say("%s%s", c.updatesDone(), c.told(before)), nil
}

// updatesDone is the conclusion of a change of the updates.
func (c *Call) updatesDone() string {
	whom := "everyone who is told"
	if c.Args.Has("to") {
		whom = esc(c.Args.Text("to"))
	}
	n := c.State.Number
	switch c.Args.Text("do") {
	case "every":
		return fmt.Sprintf("Updates of **%s** to %s come every %s.", n, whom, incident.Span(c.Args.span("for")))
	case "reset":
		return fmt.Sprintf("Updates of **%s** to %s follow the severity again.", n, whom)
	case "pause":
		return fmt.Sprintf("Updates of **%s** to %s are paused: %s.", n, whom, esc(c.Args.Text("text")))
	case "resume":
		return fmt.Sprintf("Updates of **%s** to %s go on.", n, whom)
	case "now":
		return fmt.Sprintf("An update of **%s** to %s is on its way.", n, whom)
	case "edit":
		return fmt.Sprintf("The next update of **%s** to %s will say:%s", n, whom, quoted(c.Args.Text("text")))
	}
	return fmt.Sprintf("The next update of **%s** to %s is put off: %s.", n, whom, esc(c.Args.Text("text")))
}

// plan shows who is told, and when next.
func (c *Call) plan() (Answer, error) {
	if len(c.State.Plans) == 0 {
		return say("%s has no audience: nobody is told by itself. Name channels under `audiences` in the configuration.", title(c.State)), nil
	}
	lines := []string{"Updates of " + title(c.State) + ":"}
	for _, p := range c.State.Plans {
		lines = append(lines, "- "+c.planLine(p))
	}
	if c.State.Subscriber(c.Actor.ID) {
		lines = append(lines, "- You get each of them directly.")
	}
	return say("%s", strings.Join(lines, "\n")), nil
}

func (c *Call) planLine(p incident.Plan) string {
	line := "**" + esc(p.Audience) + "**: "
	switch {
	case !c.State.Open():
		line += "no more, it is closed"
	case !p.Paused.IsZero():
		line += "paused until " + c.at(p.Next)
	case p.Cadence[c.State.Severity].Never && p.Every == 0:
		line += "not told of " + c.State.Severity.String()
	case p.Next.IsZero():
		line += "when something changes"
	default:
		line += "next at " + c.at(p.Next)
		if left := p.Next.Sub(c.clock.now); left > 0 {
			line += ", in " + incident.Span(left.Round(time.Second))
		}
	}
	if p.Every > 0 {
		line += ", every " + incident.Span(p.Every)
	}
	if p.Why != "" {
		line += " (" + esc(p.Why) + ")"
	}
	if p.Draft != "" {
		line += ". Draft by " + esc(p.DraftBy.Shown())
	}
	return line + fmt.Sprintf(" · %d sent", p.Seq)
}

func (c *Call) subscribe(ctx context.Context, on bool) (Answer, error) {
	var intent incident.Intent = incident.Unsubscribe{Person: c.Actor}
	if on {
		intent = incident.Subscribe{Person: c.Actor}
	}
	if err := c.do(ctx, intent); err != nil {
		return Answer{}, err
	}
	if on {
		return say("You get each update of %s directly. `%s unsubscribe %s` ends it.", title(c.State), c.router.deps.Root, c.State.Number), nil
	}
	return say("You get the updates of %s directly no longer.", title(c.State)), nil
}
