package handlers

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"sitrep/bot/chat"
	"sitrep/bot/incident"
)

// mostEntries is how many timeline entries an answer shows, the newest.
const mostEntries = 25

func recordVerbs() []*Verb {
	owner := personArg
	owner.Required, owner.Label, owner.Hint = false, "Who does it?", "@mention, a name from the directory, or me"
	done := Arg{Name: "done", Kind: Text, Flag: true, Max: 5, Label: "Done", Hint: "The number of one that is done"}
	return []*Verb{
		{
			Name: "note", Group: GroupRecord, Subject: ClosedToo, Summary: "Puts a line on the timeline", Usage: `"text" [--at 14:05]`,
			Examples: []string{`note "the cache was flushed by hand" --at 14:05`},
			Args: []Arg{
				{Name: "text", Kind: Text, Rest: true, Required: true, Long: true, Label: "What happened?"},
				{Name: "at", Kind: Past, Flag: true, Label: "When?", Hint: "14:05, 30m ago, yesterday 14:05; now when not given"},
			},
			Run: func(ctx context.Context, c *Call) (Answer, error) { return c.addNote(ctx) },
		},
		{
			Name: "timeline", Group: GroupRecord, Subject: ClosedToo, Summary: "Shows what has happened, the newest last", Usage: "[--since 1h]",
			Examples: []string{"timeline", "timeline --since 14:05"}, Private: asker,
			Args: []Arg{{Name: "since", Kind: Past, Flag: true, Label: "Since when?", Hint: "30m, 14:05, yesterday 14:05"}},
			Run:  func(ctx context.Context, c *Call) (Answer, error) { return c.timeline(ctx) },
		},
		{
			Name: "task", Synonyms: []string{"action", "todo"}, Group: GroupRecord, Subject: Needed, Summary: "Notes what is to be done during the incident",
			Usage: `"text" [@person] | --done 2`, Examples: []string{`task "scale the cache" @bo`, "task --done 2"},
			Args: []Arg{
				{Name: "text", Kind: Text, Rest: true, Long: true, Max: 500, Label: "What is to be done?"}, owner, done,
			},
			Ask: (*Call).askFollowup,
			Run: func(ctx context.Context, c *Call) (Answer, error) { return c.followup(ctx, true) },
		},
		{
			Name: "followup", Group: GroupRecord, Subject: ClosedToo, Summary: "Notes what is to be done after it, by whom and until when",
			Usage: `"text" [@person] [due:fri] | --done 2`, Examples: []string{`followup "alert on cache hit rate" @bo due:fri`},
			Args: []Arg{
				{Name: "text", Kind: Text, Rest: true, Long: true, Max: 500, Label: "What is to be done?"},
				owner,
				{Name: "due", Kind: Day, Flag: true, Label: "Until when?", Hint: "fri, tomorrow, 2w or 2026-11-30"},
				done,
			},
			Ask: (*Call).askFollowup,
			Run: func(ctx context.Context, c *Call) (Answer, error) { return c.followup(ctx, false) },
		},
		{
			Name: "postmortem", Synonyms: []string{"pm", "retro"}, Group: GroupRecord, Subject: ClosedToo, Summary: "Drafts the postmortem from the record",
			Examples: []string{"postmortem #42"},
			Run:      func(ctx context.Context, c *Call) (Answer, error) { return c.postmortem(ctx) },
		},
	}
}

func (c *Call) addNote(ctx context.Context) (Answer, error) {
	if err := c.do(ctx, incident.AddNote{Text: c.Args.Text("text"), When: c.Args.at("at")}); err != nil {
		return Answer{}, err
	}
	when := ""
	if c.Args.Has("at") {
		when = " at " + c.at(c.Args.at("at"))
	}
	return say("Noted for **%s**%s:%s", c.State.Number, when, quoted(c.Args.Text("text"))), nil
}

func (c *Call) timeline(ctx context.Context) (Answer, error) {
	events, err := c.router.deps.Engine.Events(ctx, c.State.ID)
	if err != nil {
		return Answer{}, err
	}
	entries := incident.Timeline(events)
	from := ""
	if c.Args.Has("since") {
		since := c.Args.at("since")
		entries = slices.DeleteFunc(entries, func(e incident.Entry) bool { return e.At.Before(since) })
		from = " since " + c.at(since)
	}
	left := max(0, len(entries)-mostEntries)
	head := fmt.Sprintf("%s: %s%s.", title(c.State), count(len(entries), "entry", "entries"), from)
	if left > 0 {
		head = fmt.Sprintf("%s: the last %d of %s%s. `--since` reaches further back: it began at %s.",
			title(c.State), mostEntries, count(len(entries), "entry", "entries"), from, c.at(entries[0].At))
	}
	told := []string{head}
	for _, e := range entries[left:] {
		told = append(told, c.entryLine(e))
	}
	return lines(told), nil
}

func (c *Call) entryLine(e incident.Entry) string {
	line := "- " + c.at(e.At) + " " + esc(chat.Cut(e.Text, 240))
	if !e.Actor.Zero() && !strings.Contains(e.Text, e.Actor.Shown()) {
		line += " (" + esc(e.Actor.Shown()) + ")"
	}
	if e.Link != "" {
		line += " " + link("link", e.Link)
	}
	return line
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}

// askFollowup asks what is to be done, unless one is told as done.
func (c *Call) askFollowup() []Arg {
	if c.Args.Has("text") || c.Args.Has("done") {
		return nil
	}
	var ask []Arg
	for _, a := range c.Verb.Args {
		if a.Name != "done" {
			a.Required = a.Name == "text"
			ask = append(ask, a)
		}
	}
	return ask
}

func (c *Call) followup(ctx context.Context, now bool) (Answer, error) {
	if c.Args.Has("done") {
		return c.followupDone(ctx)
	}
	f := incident.Followup{Text: c.Args.Text("text"), Owner: c.Args.person("person"), Due: c.Args.at("due"), Now: now}
	if err := c.do(ctx, incident.AddFollowup{Followup: f}); err != nil {
		return Answer{}, err
	}
	added := c.State.Followups[len(c.State.Followups)-1]
	what := "Follow-up"
	if now {
		what = "Task"
	}
	a := say("%s %d of **%s**: %s", what, added.ID, c.State.Number, followupLine(added))
	c.notify(&a.Message, added.Owner)
	return a, nil
}

func (c *Call) followupDone(ctx context.Context) (Answer, error) {
	id, err := strconv.Atoi(strings.TrimPrefix(c.Args.Text("done"), "#"))
	i := slices.IndexFunc(c.State.Followups, func(f incident.Followup) bool { return f.ID == id })
	if err != nil || i < 0 {
		return Answer{}, improper("There is no task or follow-up %q in %s. %s", c.Args.Text("done"), c.State.Number, c.openFollowups())
	}
	f := c.State.Followups[i]
	if f.Done {
		return Answer{}, improper("%d is done already: %s", f.ID, followupLine(f))
	}
	f.Done = true
	if err := c.do(ctx, incident.ChangeFollowup{Followup: f}); err != nil {
		return Answer{}, err
	}
	return say("Done: %s", followupLine(f)), nil
}

func (c *Call) openFollowups() string {
	var open []string
	for _, f := range c.State.Followups {
		if !f.Done {
			open = append(open, fmt.Sprintf("%d %s", f.ID, esc(chat.Cut(f.Text, 60))))
		}
	}
	if len(open) == 0 {
		return "None is open."
	}
	return "Open: " + strings.Join(open, ", ") + "."
}

// followupLine is a task or follow-up in one line of CommonMark.
func followupLine(f incident.Followup) string {
	line := esc(f.Text)
	if !f.Owner.Zero() {
		line += " · " + esc(f.Owner.Shown())
	}
	if !f.Due.IsZero() {
		line += " · due " + esc(f.Due.Format("Mon 2 Jan 2006"))
	}
	return line
}

func (c *Call) postmortem(ctx context.Context) (Answer, error) {
	upto := c.State.Version
	if err := c.do(ctx, incident.DraftPostmortem{}); err != nil {
		return Answer{}, err
	}
	text := fmt.Sprintf("The postmortem of %s is drafted from %s of the record, and is being posted to its room as a file.",
		title(c.State), count(int(upto), "entry", "entries"))
	if c.State.Open() {
		text += " The incident is still open, so it is not the last word: ask again when it is over."
	}
	return say("%s", text), nil
}
