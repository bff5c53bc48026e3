package templates

import (
	"strconv"
	"strings"

	"sitrep/bot/chat"
	"sitrep/bot/incident"
)

// update is what update.tmpl, executive.tmpl and draft.tmpl are made from.
type update struct {
	Number, Severity, Status string
	Title, Service           Words
	Seq                      int
	Drill, Private           bool
	Mitigated, Final         bool
	Reason                   string // why it is closed, with Final
	Merged                   string // the incident in which it goes on, with Final
	Impact, NextStep, Text   Words
	By                       Words // whose words Text is; empty when sitrep composed it
	Changes                  []change
	More                     int   // changes that are left out
	LastWord                 Words // with no Changes
	Next                     string
	Late, Due                string // Late is a duration, empty when in time
	Lasted                   string // with Final

	// for a draft
	Audience Words
	Body     string // the update as it will be, in CommonMark
	Edited   bool   // a person has written it
}

type change struct {
	At   string
	Text Words
}

// most is how many changes an update tells at most, the newest.
const most = 6

// Update is what an audience is told.
func (s *Set) Update(v View, u incident.Update) chat.Message {
	m := s.message(updateFile(u), v.update(u), nil)
	m.Tone = updateTone(u)
	return m
}

func updateFile(u incident.Update) string {
	if u.Executive {
		return "executive.tmpl"
	}
	return "update.tmpl"
}

// Draft shows the lead or comms what will be posted to an audience, and when; u is what incident.Preview makes
// for the moment at which the update is due.
func (s *Set) Draft(v View, u incident.Update) chat.Message {
	d := v.update(u)
	d.Body = quoted(s.message(updateFile(u), d, nil))
	d.Edited = u.Text != ""
	d.Late = ""
	n := v.State.Number.String()
	buttons := []chat.Button{
		{Label: "Edit", Verb: audienceVerb("updates edit "+n, u.Audience), Primary: true},
		{Label: "Send now", Verb: audienceVerb("updates now "+n, u.Audience)},
		{Label: "Snooze", Verb: audienceVerb("updates snooze "+n, u.Audience)},
	}
	return s.message("draft.tmpl", d, buttons)
}

// audienceVerb adds the audience to a verb, unless the button would then hold more than it can.
func audienceVerb(verb, audience string) string {
	if strings.ContainsAny(audience, " \t") {
		audience = strconv.Quote(audience)
	}
	if full := verb + " " + audience; len(full) <= 100 {
		return full
	}
	return verb
}

// quoted is a message as a quotation in CommonMark.
func quoted(m chat.Message) string {
	var b strings.Builder
	for _, block := range m.Blocks {
		text := block.Text + block.Context
		if block.Header != "" {
			text = "**" + chat.Escape(block.Header) + "**"
		}
		for line := range strings.Lines(text + "\n") {
			b.WriteString("> " + strings.TrimRight(line, "\n") + "\n")
		}
	}
	return b.String()
}

func (v View) update(u incident.Update) update {
	d := update{
		Number: v.State.Number.String(), Severity: u.Severity.String(), Status: string(u.Status), Title: Words(u.Title), Service: Words(u.Service),
		Seq: u.Seq, Drill: u.Drill, Private: u.Private, Mitigated: u.Mitigated, Final: u.Final,
		Impact: Words(u.Impact), NextStep: Words(u.NextStep), Text: Words(u.Text), LastWord: Words(u.LastWord),
		Next: v.moment(u.Next), Due: v.moment(u.Due), Audience: Words(u.Audience),
	}
	if u.Text != "" {
		d.By = shown(u.By)
	}
	if u.Late > 0 {
		d.Late = incident.Span(u.Late)
	}
	if u.Final {
		d.Reason, d.Lasted = string(v.State.Reason), lasted(v.State, u.At)
		if d.Reason == "" { // it was opened again before this was posted
			d.Reason = string(incident.ByResolution)
		}
		if v.State.MergedNum != 0 {
			d.Merged = v.State.MergedNum.String()
		}
	}
	d.Changes, d.More = v.changes(u)
	return d
}

// changes are what an update tells as changed, without what its own words say already.
func (v View) changes(u incident.Update) (told []change, more int) {
	list := u.Changes
	if more = len(list) - most; more > 0 {
		list = list[more:]
	} else {
		more = 0
	}
	for _, c := range list {
		if u.Text != "" && (c.Text == u.Text || strings.HasSuffix(c.Text, ": "+u.Text)) {
			continue
		}
		told = append(told, change{At: v.moment(c.At), Text: Words(c.Text)})
	}
	return told, more
}

func updateTone(u incident.Update) chat.Tone {
	switch {
	case u.Final:
		return chat.Good
	case u.Mitigated:
		return chat.Warning
	case u.Severity == incident.Sev1:
		return chat.Bad
	}
	return chat.Neutral
}
