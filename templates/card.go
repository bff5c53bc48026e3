package templates

import (
	"maps"
	"slices"
	"strings"
	"time"

	"sitrep/bot/chat"
	"sitrep/bot/incident"
)

// card is what card.tmpl and announcement.tmpl are made from.
type card struct {
	Number                     string
	Title                      Words
	Severity, Status, Reason   string // Reason is empty while it is open
	Drill, Private             bool
	Triage, Open, Mitigated    bool
	Lead, Comms, Service, Team Words // Lead is empty for nobody
	Experts                    []string

	Started, Declared, Acked, MitigatedAt, Closed string // moments, empty when not known
	Lasted                                        string // from the start, else the detection, to now or to the end
	Alerts, Firing, Cleared                       int
	Repeats                                       int64 // how often alerts came again that were known
	Impact, LastWord, NextStep                    Words
	Audiences                                     []audience
	Failing                                       []failing
	Links, Rooms                                  []string
	Merged                                        string // number of the incident that it was merged into
	Tasks                                         int    // to be done now, not done yet
}

// audience is when one audience is told next.
type audience struct {
	Name     Words
	Next     string // moment; empty: when something changes
	Paused   bool
	Why      Words // it is paused or put off
	Never    bool
	Sent     int
	LastSent string
}

type failing struct{ What, Msg Words }

// Card is the incident's card in its room.
func (s *Set) Card(v View) chat.Message {
	m := s.message("card.tmpl", v.card(), buttons(v.State))
	m.Tone = tone(v.State)
	return m
}

// Announcement is the short card for a channel that everyone may read. Of a private incident nothing is announced: it then returns
// false, and a message that says nothing of it, into which an announcement that was made before is to be edited.
func (s *Set) Announcement(v View) (chat.Message, bool) {
	if v.State.Private {
		return s.message("withdrawn.tmpl", struct{}{}, nil), false
	}
	var bs []chat.Button
	if v.State.Status == incident.Triage && v.State.Open() {
		bs = buttons(v.State)
	}
	v.Platform = "" // it stands outside the rooms, and links them all
	m := s.message("announcement.tmpl", v.card(), bs)
	m.Tone = tone(v.State)
	return m, true
}

func (v View) card() card {
	st := v.State
	c := card{
		Number: st.Number.String(), Title: Words(st.Title), Severity: st.Severity.String(), Status: string(st.Status), Reason: string(st.Reason),
		Drill: st.Drill, Private: st.Private, Open: st.Open(), Triage: st.Open() && st.Status == incident.Triage, Mitigated: st.Mitigated(),
		Service: Words(st.Service), Team: Words(st.Team), Lead: shown(st.Lead()), Comms: shown(st.Roles[incident.Comms]),
		Started: v.moment(st.Milestones[incident.Started]), Declared: v.moment(st.Milestones[incident.Declared]),
		Acked: v.moment(st.Milestones[incident.Acknowledged]), MitigatedAt: v.moment(st.Milestones[incident.Mitigated]), Closed: v.moment(st.ClosedAt),
		Alerts: len(st.Alerts), Firing: st.Firing(), Cleared: len(st.Alerts) - st.Firing(),
		Repeats: max(0, v.Counts["alerts"]-int64(len(st.Alerts))),
		Impact:  Words(st.Impact), LastWord: Words(st.LastWord), NextStep: Words(st.NextStep),
		Lasted: v.lasted(), Links: v.links(), Rooms: v.rooms(),
	}
	if st.MergedNum != 0 {
		c.Merged = st.MergedNum.String()
	}
	for _, p := range st.Experts {
		c.Experts = append(c.Experts, shown(p).String())
	}
	for _, f := range st.Followups {
		if f.Now && !f.Done {
			c.Tasks++
		}
	}
	c.Audiences, c.Failing = v.audiences(), fails(st.Failing)
	return c
}

// shown is a person's name, and empty for nobody.
func shown(p incident.Person) Words {
	if p.Zero() {
		return ""
	}
	return Words(p.Shown())
}

// began is when it all began, as far as that is known.
func began(st incident.State) time.Time {
	for _, m := range []incident.Milestone{incident.Started, incident.Detected, incident.Declared} {
		if t := st.Milestones[m]; !t.IsZero() {
			return t
		}
	}
	return time.Time{}
}

func (v View) lasted() string {
	if v.State.ClosedAt.IsZero() {
		return lasted(v.State, v.Now)
	}
	return lasted(v.State, v.State.ClosedAt)
}

// lasted is how long it had gone on at that moment.
func lasted(st incident.State, until time.Time) string {
	from := began(st)
	if from.IsZero() || until.Before(from) {
		return ""
	}
	return incident.Span(until.Sub(from))
}

func (v View) audiences() []audience {
	if !v.State.Open() || v.State.Status == incident.Triage {
		return nil
	}
	var as []audience
	for _, p := range v.State.Plans {
		as = append(as, audience{
			Name: Words(p.Audience), Next: v.moment(p.Next), Paused: !p.Paused.IsZero(), Why: Words(p.Why),
			Never: p.Next.IsZero() && p.Every == 0 && p.Cadence[v.State.Severity].Never, Sent: p.Seq, LastSent: v.moment(p.LastSent),
		})
	}
	return as
}

func fails(m map[string]string) []failing {
	var fs []failing
	for _, key := range slices.Sorted(maps.Keys(m)) {
		what, target := key, ""
		if i := strings.LastIndexByte(key, ' '); i >= 0 {
			what, target = key[:i], " on "+key[i+1:]
		}
		fs = append(fs, failing{What: Words(what + target), Msg: Words(m[key])})
	}
	return fs
}

// links are what the catalog has on the incident's service.
func (v View) links() []string {
	svc, ok := v.Catalog.Service(v.State.Service)
	if !ok || v.State.Service == "" {
		return nil
	}
	var ls []string
	for _, l := range []string{linked("dashboard", svc.Dashboard), linked("runbook", svc.Runbook)} {
		if l != "" {
			ls = append(ls, l)
		}
	}
	return ls
}

// rooms are the incident's rooms that can be used, without the one in which the message will stand.
func (v View) rooms() []string {
	var rs []string
	for _, p := range slices.Sorted(maps.Keys(v.State.Rooms)) {
		room := v.State.Rooms[p]
		if p == v.Platform || !room.Usable() {
			continue
		}
		name := room.Name
		if name == "" {
			name = room.ID
		}
		rs = append(rs, link(name, room.URL)+" on "+Words(p).String())
	}
	return rs
}

// buttons are the few things that people most want to do next.
func buttons(st incident.State) []chat.Button {
	n := st.Number.String()
	switch {
	case st.Open() && st.Status == incident.Triage:
		return []chat.Button{
			{Label: "Accept", Verb: "accept " + n, Primary: true},
			{Label: "Decline", Verb: "decline " + n},
		}
	case st.Reason == incident.ByResolution:
		return []chat.Button{{Label: "Postmortem", Verb: "postmortem " + n}, {Label: "Reopen", Verb: "reopen " + n}}
	case !st.Open():
		return []chat.Button{{Label: "Reopen", Verb: "reopen " + n}}
	}
	var bs []chat.Button
	if st.Lead().Zero() {
		bs = append(bs, leadButton(n))
	}
	if st.Milestones[incident.Acknowledged].IsZero() {
		bs = append(bs, chat.Button{Label: "Ack", Verb: "ack " + n})
	}
	bs = append(bs, chat.Button{Label: "Update", Verb: "update " + n})
	if !st.Mitigated() {
		bs = append(bs, chat.Button{Label: "Mitigated", Verb: "mitigate " + n})
	}
	return append(bs, chat.Button{Label: "Resolve", Verb: "resolve " + n, Confirm: "Resolve " + n + " and tell everyone that it is over?"})
}

func leadButton(number string) chat.Button {
	return chat.Button{Label: "I lead", Verb: "lead me " + number, Primary: true}
}

func tone(st incident.State) chat.Tone {
	switch {
	case !st.Open():
		return chat.Good
	case st.Status == incident.Triage, st.Mitigated(), st.Severity == incident.Sev3:
		return chat.Warning
	case st.Severity == incident.Sev1, st.Severity == incident.Sev2:
		return chat.Bad
	}
	return chat.Neutral
}
