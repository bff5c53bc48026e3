package handlers

import (
	"context"
	"fmt"
	"strings"

	"sitrep/bot/chat"
	"sitrep/bot/incident"
)

var (
	statusArg = Arg{
		Name: "status", Kind: Choice, Choices: []string{"investigating", "identified", "monitoring", "resolved"}, Also: []string{"triage"},
		Label: "How does it stand?", Hint: "investigating, identified (the cause is known), monitoring (a fix is in) or resolved",
	}
	statusTextArg = Arg{Name: "text", Kind: Text, Rest: true, Long: true, Label: "What is known?", Hint: "Plain words; it goes to everyone who is told"}
	impactArg     = Arg{Name: "impact", Kind: Text, Flag: true, Long: true, Label: "Who is hurt, and how?", Hint: "Who is hurt, and how", Max: 1000}
	nextArg       = Arg{Name: "next", Kind: Text, Flag: true, Long: true, Label: "What is done next?", Hint: "What is done next", Max: 1000}
)

func runVerbs() []*Verb {
	return []*Verb{
		{
			Name: "status", Title: "Update on", Submit: "Post", Synonyms: []string{"update"}, Group: GroupRun, Subject: Needed,
			Summary: "Tells how it stands, or shows it when nothing is given", Usage: `["text"] [investigating|identified|monitoring] [--impact "…"] [--next "…"]`,
			Examples: []string{`status "The cache was cold" identified`, `status --impact "1 in 5 payments fails"`, "status"},
			Args:     []Arg{statusArg, statusTextArg, impactArg, nextArg},
			Private:  Args.empty, Settle: (*Call).settleStatus, Ask: (*Call).askStatus, Fill: (*Call).fillStatus,
			Run: func(ctx context.Context, c *Call) (Answer, error) { return c.status(ctx) },
		},
		{
			Name: "sev", Title: "Severity of", Synonyms: []string{"severity"}, Group: GroupRun, Subject: Needed, Summary: "Raises or lowers the severity", Usage: "sev1",
			Examples: []string{"sev sev1", "sev P2"},
			Args:     []Arg{{Name: "sev", Kind: SeverityName, Required: true, Label: "How bad is it?", Hint: "sev1 is critical for all users, sev4 is minor"}},
			Run:      func(ctx context.Context, c *Call) (Answer, error) { return c.sev(ctx) },
		},
		{
			Name: "ack", Group: GroupRun, Subject: Needed, Summary: "Says that you have seen it and are on it", Usage: "", Examples: []string{"ack", "ack #42"},
			Run: func(ctx context.Context, c *Call) (Answer, error) { return c.ack(ctx) },
		},
		{
			Name: "mitigate", Group: GroupRun, Subject: Needed, Summary: "Says that people are hurt no longer, though the cause may stand", Usage: `["how"]`,
			Examples: []string{`mitigate "rolled back to v41"`}, Danger: true,
			Args: []Arg{{Name: "text", Kind: Text, Rest: true, Long: true, Label: "What was done?"}},
			Run:  func(ctx context.Context, c *Call) (Answer, error) { return c.mitigate(ctx) },
		},
		{
			Name: "resolve", Synonyms: []string{"close", "end"}, Group: GroupRun, Subject: Needed, Summary: "Ends the incident and tells everyone", Usage: `["text"] [--no-form]`,
			Examples: []string{`resolve "Rolled back; the cache is sized right"`}, Danger: true,
			Args: []Arg{{Name: "text", Kind: Text, Rest: true, Long: true, Label: "What ended it?", Hint: "Goes out with the last update; may stay empty"}},
			Ask:  askIfEmpty,
			Run:  func(ctx context.Context, c *Call) (Answer, error) { return c.resolve(ctx) },
		},
		{
			Name: "cancel", Group: GroupRun, Subject: Needed, Summary: "Closes what was no incident of ours, with a reason", Usage: `[false-positive|superseded|external|cancelled] ["why"]`,
			Examples: []string{`cancel false-positive "the probe was broken"`}, Danger: true,
			Args: []Arg{
				{Name: "reason", Kind: Choice, Choices: []string{"cancelled", "false-positive", "superseded", "external"}, Label: "Reason"},
				{Name: "text", Kind: Text, Rest: true, Long: true, Label: "Why?"},
			},
			Ask: askIfEmpty,
			Run: func(ctx context.Context, c *Call) (Answer, error) { return c.cancel(ctx) },
		},
		{
			Name: "rename", Group: GroupRun, Subject: Needed, Summary: "Gives the incident a new title", Usage: `"title"`, Examples: []string{`rename "Payments fail in the EU"`},
			Args: []Arg{{Name: "title", Kind: Title, Rest: true, Required: true, Max: longestTitle, Label: "New title"}},
			Run:  func(ctx context.Context, c *Call) (Answer, error) { return c.rename(ctx) },
		},
		{
			Name: "private", Group: GroupRun, Subject: Needed, Summary: "Hides the incident from all but those who take part", Examples: []string{"private"},
			Run: func(ctx context.Context, c *Call) (Answer, error) { return c.visibility(ctx, true) },
		},
		{
			Name: "public", Group: GroupRun, Subject: Needed, Summary: "Shows a private incident to everyone", Examples: []string{"public"}, Danger: true,
			Run: func(ctx context.Context, c *Call) (Answer, error) { return c.visibility(ctx, false) },
		},
		{
			Name: "archive", Group: GroupRun, Subject: ClosedToo, Summary: "Closes the rooms of a closed incident for writing", Examples: []string{"archive #42"},
			Run: func(ctx context.Context, c *Call) (Answer, error) { return c.archive(ctx) },
		},
	}
}

// askIfEmpty asks for everything when nothing was given.
func askIfEmpty(c *Call) []Arg {
	if !c.Args.empty() {
		return nil
	}
	return c.Verb.asked()
}

// settleStatus does not end an incident because a sentence begins with the word.
func (c *Call) settleStatus() error {
	if c.Args.Text("status") != string(incident.Resolved) || !c.Args.Has("text") || c.quoted || c.In.Values["status"] != "" {
		return nil
	}
	return improper("Is it over? Then type `%s resolve %s`. If not, put the words in quotes.", c.router.deps.Root, Quote(c.Args.Text("text")))
}

// askStatus opens the form for `update`, since `status` alone shows how it stands.
func (c *Call) askStatus() []Arg {
	if !c.Args.empty() || c.Typed != "update" {
		return nil
	}
	text := statusTextArg
	text.Required = true
	return []Arg{statusArg, text, impactArg, nextArg}
}

func (c *Call) fillStatus() map[string]string {
	return map[string]string{"status": string(c.State.Status), "impact": c.State.Impact, "next": c.State.NextStep}
}

func (c *Call) status(ctx context.Context) (Answer, error) {
	if c.Args.empty() {
		return c.showStatus(), nil
	}
	before := c.State
	to, _ := incident.ParseStatus(c.Args.Text("status"))
	if before.Status == incident.Triage && to != "" && to != incident.Resolved {
		if err := c.do(ctx, incident.Accept{Platforms: c.router.deps.Platforms}, "accept"); err != nil {
			return Answer{}, err
		}
	}
	in := incident.SetStatus{To: to, Text: c.Args.Text("text"), Impact: c.Args.Text("impact"), NextStep: c.Args.Text("next")}
	if in.Impact == before.Impact {
		in.Impact = ""
	}
	if in.NextStep == before.NextStep {
		in.NextStep = ""
	}
	if err := c.do(ctx, in); err != nil {
		return Answer{}, err
	}
	return c.statusSaid(before), nil
}

func (c *Call) statusSaid(before incident.State) Answer {
	s := c.State
	text := fmt.Sprintf("%s is still %s.", title(s), s.Status)
	if s.Status != before.Status {
		text = fmt.Sprintf("%s is now **%s** (was %s).", title(s), s.Status, before.Status)
	}
	return say("%s%s", text+quoted(c.Args.Text("text")), c.told(before))
}

// quoted is a person's words within an answer.
func quoted(words string) string {
	if words == "" {
		return ""
	}
	return " “" + esc(chat.Cut(words, 300)) + "”"
}

// showStatus is how it stands, for the one who asks.
func (c *Call) showStatus() Answer {
	m := chat.Message{Blocks: []chat.Block{{Text: c.standingNow()}}}
	if fields := c.known(); len(fields) > 0 {
		m.Blocks = append(m.Blocks, chat.Block{Fields: fields})
	}
	if c.State.Open() {
		m.Blocks = append(m.Blocks, chat.Block{Buttons: []chat.Button{{Label: "Update", Verb: "update " + c.State.Number.String(), Primary: true}}})
	}
	return Answer{Message: m}
}

// standingNow is how it stands, in one line.
func (c *Call) standingNow() string {
	s := c.State
	if !s.Open() {
		return fmt.Sprintf("%s: %s, %s, over after %s.", title(s), s.Severity, standing(s), c.since(s))
	}
	lead := "nobody leads"
	if !s.Lead().Zero() {
		lead = name(s.Lead()) + " leads"
	}
	return fmt.Sprintf("%s: %s, **%s** for %s; %s.", title(s), s.Severity, standing(s), c.since(s), lead)
}

// known is what is known of an incident, as far as people have said it.
func (c *Call) known() []chat.Field {
	var fields []chat.Field
	add := func(name, value string) {
		if value != "" {
			fields = append(fields, chat.Field{Name: name, Value: value})
		}
	}
	s := c.State
	add("Impact", esc(chat.Cut(s.Impact, 400)))
	add("Last word", esc(chat.Cut(s.LastWord, 400)))
	add("Next step", esc(chat.Cut(s.NextStep, 400)))
	var next []string
	for _, p := range s.Plans {
		if !p.Next.IsZero() {
			next = append(next, esc(p.Audience)+" at "+c.at(p.Next))
		}
	}
	add("Next update", strings.Join(next, ", "))
	if n := len(s.Alerts); n > 0 {
		add("Alerts", fmt.Sprintf("%d of %d firing", s.Firing(), n))
	}
	return fields
}

func (c *Call) sev(ctx context.Context) (Answer, error) {
	before := c.State
	if err := c.do(ctx, incident.SetSeverity{To: c.Args.severity("sev")}); err != nil {
		return Answer{}, err
	}
	return say("%s is now **%s** (was %s).%s", title(c.State), c.State.Severity, before.Severity, c.told(before)), nil
}

func (c *Call) ack(ctx context.Context) (Answer, error) {
	if err := c.do(ctx, incident.Ack{}); err != nil {
		return Answer{}, err
	}
	took := ""
	if d, ok := c.State.Duration(incident.Detected, incident.Acknowledged); ok {
		took = ", " + incident.Span(d) + " after it was detected"
	}
	return say("%s is on %s%s.", name(c.Actor), title(c.State), took), nil
}

func (c *Call) mitigate(ctx context.Context) (Answer, error) {
	before := c.State
	if err := c.do(ctx, incident.Mitigate{Text: c.Args.Text("text")}); err != nil {
		return Answer{}, err
	}
	return say("%s is mitigated after %s: people are hurt no longer.%s", title(c.State), c.since(c.State), c.told(before)), nil
}

func (c *Call) resolve(ctx context.Context) (Answer, error) {
	before := c.State
	if err := c.do(ctx, incident.Close{Reason: incident.ByResolution, Text: c.Args.Text("text")}); err != nil {
		return Answer{}, err
	}
	a := say("%s is resolved after %s.%s%s", title(c.State), c.since(c.State), c.told(before), c.owed())
	a.Message.Tone = chat.Good
	return a, nil
}

// owed says by when a postmortem is wanted.
func (c *Call) owed() string {
	due := incident.PostmortemDue(c.State, c.clock.zone)
	if due.IsZero() || c.State.Drill {
		return ""
	}
	return fmt.Sprintf(" A postmortem is owed by %s: `%s postmortem %s` drafts it.", esc(due.Format("Mon 2 Jan")), c.router.deps.Root, c.State.Number)
}

func (c *Call) cancel(ctx context.Context) (Answer, error) {
	before, text := c.State, c.Args.Text("text")
	reason, ok := incident.ParseCloseReason(c.Args.Text("reason"))
	if !ok {
		reason = incident.Cancelled
		if said, ok := incident.ParseCloseReason(text); ok && said != incident.ByResolution && said != incident.Duplicate {
			reason, text = said, ""
		}
	}
	if err := c.do(ctx, incident.Close{Reason: reason, Text: text}); err != nil {
		return Answer{}, err
	}
	return say("%s is closed as %s.%s", title(c.State), reason, c.told(before)), nil
}

func (c *Call) rename(ctx context.Context) (Answer, error) {
	before, wanted := c.State, c.Args.Text("title")
	if short := chat.Cut(wanted, longestTitle); short != wanted {
		c.note("The title was cut to %d characters.", longestTitle)
		wanted = short
	}
	if err := c.do(ctx, incident.Rename{To: wanted}); err != nil {
		return Answer{}, err
	}
	return say("Renamed: %s (was “%s”).", title(c.State), esc(before.Title)), nil
}

func (c *Call) visibility(ctx context.Context, private bool) (Answer, error) {
	if err := c.do(ctx, incident.SetPrivate{Private: private}); err != nil {
		return Answer{}, err
	}
	if private {
		return say("%s is private now: only those who take part or were invited can see it.", title(c.State)), nil
	}
	return say("%s is public now: everyone can see it, and what stands in its record.", title(c.State)), nil
}

func (c *Call) archive(ctx context.Context) (Answer, error) {
	if err := c.do(ctx, incident.ArchiveRooms{}); err != nil {
		return Answer{}, err
	}
	return say("The room of %s is being archived. Its record stays.", title(c.State)), nil
}
