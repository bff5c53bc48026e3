package templates

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"sitrep/bot/chat"
	"sitrep/bot/incident"
)

// fact is something known, in CommonMark, with the entries that it comes from. It prints itself with its citations, or as "unknown".
type fact struct {
	Value string
	From  []incident.Version
}

func (f fact) String() string {
	if f.Value == "" {
		return "unknown"
	}
	var b strings.Builder
	b.WriteString(f.Value)
	for _, v := range f.From {
		fmt.Fprintf(&b, " [T%d]", v)
	}
	return b.String()
}

// postmortem is what postmortem.tmpl is made from.
type postmortem struct {
	Number                          string
	Drill, Private                  bool
	Drafted, Zone                   string
	Upto                            incident.Version
	Due                             string // by when people owe the rest; empty when it is not owed
	Title, Service, Severity, Lead  fact
	Declared, Ended                 fact
	Milestones                      []milestone
	TTD, TTA, TTM, TTR              fact
	Impact, Done, Suspected         []fact
	FirstAlert, Alerts              fact
	Communication, Followups, Other []fact
	Kept, Late                      fact
	Evidence, Timeline              []fact
	Entries                         []incident.Version // those of the timeline
}

type milestone struct {
	Name string
	When fact
}

// Postmortem is the draft of the postmortem in Markdown, made from the whole record of the incident. Each generated line ends with citations
// such as [T12], which name entries of its timeline; what the record does not say is "unknown".
func (s *Set) Postmortem(v View, events []incident.Recorded) string {
	p := newDraft(v, events).postmortem()
	return s.render("postmortem.tmpl", "postmortem.tmpl", p) + "\n"
}

// draft gathers what the record says, and where it says it.
type draft struct {
	View
	events     []incident.Recorded
	entries    map[incident.Version]incident.Entry
	order      []incident.Entry
	milestones map[incident.Milestone]incident.Version // which event it comes from
	extras     map[incident.Version][]string           // figures that an entry tells beside its words
}

func newDraft(v View, events []incident.Recorded) *draft {
	d := &draft{
		View: v, events: events, order: incident.Timeline(events), entries: make(map[incident.Version]incident.Entry),
		milestones: incident.Origins(events), extras: make(map[incident.Version][]string),
	}
	for _, e := range d.order {
		d.entries[e.Version] = e
	}
	d.State = incident.Fold(d.State.ID, events)
	return d
}

func (d *draft) postmortem() postmortem {
	st := d.State
	p := postmortem{
		Number: st.Number.String(), Drill: st.Drill, Private: st.Private, Drafted: d.stamp(d.Now), Zone: d.Now.In(d.zone()).Format("MST"), Upto: st.Version,
		Title: d.title(), Service: d.service(), Severity: d.severity(), Lead: d.lead(),
		Declared: d.milestone(incident.Declared), Ended: d.ended(), Milestones: d.allMilestones(),
		TTD: d.span("TTD", incident.Started, incident.Detected), TTA: d.span("TTA", incident.Detected, incident.Acknowledged),
		TTM: d.span("TTM", d.origin(), incident.Mitigated), TTR: d.span("TTR", d.origin(), incident.ResolvedAt),
		Impact: d.impact(), Done: d.done(), Suspected: d.suspected(), FirstAlert: d.firstAlert(), Alerts: d.alerts(),
		Followups: d.followups(), Other: d.notes(), Evidence: d.evidence(),
	}
	if due := incident.PostmortemDue(st, d.zone()); !due.IsZero() {
		p.Due = due.In(d.zone()).Format("2 Jan 2006")
	}
	p.Communication, p.Kept, p.Late = d.communication()
	p.Timeline = d.timeline()
	for _, e := range d.order {
		p.Entries = append(p.Entries, e.Version)
	}
	slices.Sort(p.Entries)
	return p
}

// stamp writes an instant the same way everywhere in the document, so that lines and entries can be compared.
func (v View) stamp(t time.Time) string { return t.In(v.zone()).Format("2006-01-02 15:04:05") }

// cite makes a fact of one event.
func cite(value string, from ...incident.Version) fact { return fact{Value: value, From: from} }

// told makes a fact of each entry whose event is chosen, in the order of the timeline.
func (d *draft) told(chosen func(incident.Event) bool) []fact {
	want := make(map[incident.Version]bool)
	for _, r := range d.events {
		if chosen(r.Event) {
			want[r.Version] = true
		}
	}
	var fs []fact
	for _, e := range d.order {
		if want[e.Version] {
			fs = append(fs, cite(d.line(e, longest), e.Version))
		}
	}
	return fs
}

// line tells an entry: when, what, who, and where to read more.
func (d *draft) line(e incident.Entry, limit int) string {
	s := d.stamp(e.At) + " " + chat.Escape(chat.Cut(oneLine(e.Text), limit))
	if !e.Actor.Zero() && !strings.HasPrefix(e.Text, e.Actor.Shown()+" ") {
		s += " — " + Words(e.Actor.Shown()).String()
	}
	if l := linked("link", e.Link); l != "" {
		s += " " + l
	}
	return s
}

// timelineWords is how many characters of a person's words stand in an entry of the timeline.
const timelineWords = 2000

// timeline tells every entry, and the figures that other lines take from it.
func (d *draft) timeline() []fact {
	d.extraTimes()
	origin := d.State.Milestones[d.origin()]
	var fs []fact
	for _, e := range d.order {
		s := fmt.Sprintf(`<a id="t%d"></a>`, e.Version) + d.line(e, timelineWords)
		extras := d.extras[e.Version]
		if !origin.IsZero() && e.At.After(origin) {
			extras = append([]string{"+" + incident.Span(e.At.Sub(origin))}, extras...)
		}
		if len(extras) > 0 {
			s += " (" + strings.Join(extras, "; ") + ")"
		}
		fs = append(fs, cite(s, e.Version))
	}
	return fs
}

// extraTimes notes the times that an event tells beside its own.
func (d *draft) extraTimes() {
	for _, r := range d.events {
		switch e := r.Event.(type) {
		case incident.AlertAttached:
			d.extra(r.Version, "firing since "+d.stamp(e.Alert.StartsAt)+", from "+Words(e.Alert.Source).String())
		case incident.AlertCleared:
			d.extra(r.Version, "ended "+d.stamp(e.EndsAt))
		case incident.UpdatesPaused:
			d.extra(r.Version, "until "+d.stamp(e.Until))
		case incident.UpdateSnoozed:
			d.extra(r.Version, "until "+d.stamp(e.Until))
		case incident.DeclaredEvent:
			d.extra(r.Version, e.Number.String())
			if e.Service != "" {
				d.extra(r.Version, "service "+Words(e.Service).String())
			}
		}
	}
}

func (d *draft) extra(v incident.Version, text string) {
	if !slices.Contains(d.extras[v], text) {
		d.extras[v] = append(d.extras[v], text)
	}
}
