package templates

import (
	"fmt"
	"strings"
	"time"

	"sitrep/bot/incident"
)

// title is the last title, with the entries that gave the number and the title.
func (d *draft) title() fact {
	f := fact{}
	for _, r := range d.events {
		switch e := r.Event.(type) {
		case incident.DeclaredEvent:
			f = cite(Words(e.Title).String(), r.Version)
		case incident.Renamed:
			f = cite(Words(e.To).String(), append(f.From[:min(1, len(f.From))], r.Version)...)
		}
	}
	return f
}

func (d *draft) service() fact {
	for _, r := range d.events {
		if e, ok := r.Event.(incident.DeclaredEvent); ok && e.Service != "" {
			return cite(Words(e.Service).String(), r.Version)
		}
	}
	return fact{}
}

// severity tells how the severity went.
func (d *draft) severity() fact {
	f := fact{}
	for _, r := range d.events {
		switch e := r.Event.(type) {
		case incident.DeclaredEvent:
			f = cite(e.Severity.String(), r.Version)
		case incident.SeverityChanged:
			f.Value += " → " + e.To.String()
			f.From = append(f.From, r.Version)
		}
	}
	return f
}

// lead tells who led, from when.
func (d *draft) lead() fact {
	f := fact{}
	for _, r := range d.events {
		if e, ok := r.Event.(incident.RoleAssigned); ok && e.Role == incident.Lead {
			if f.Value != "" {
				f.Value += ", then "
			}
			f.Value += Words(e.Person.Shown()).String() + " from " + d.stamp(r.At)
			f.From = append(f.From, r.Version)
		}
	}
	return f
}

func (d *draft) milestone(m incident.Milestone) fact {
	t := d.State.Milestones[m]
	if t.IsZero() {
		return fact{}
	}
	value := d.stamp(t)
	if d.State.Computed[m] {
		value += ", computed"
	}
	return cite(value, d.milestones[m])
}

func (d *draft) allMilestones() []milestone {
	var ms []milestone
	for _, m := range incident.Milestones() {
		ms = append(ms, milestone{Name: capital(string(m)), When: d.milestone(m)})
	}
	return ms
}

// origin is the milestone from which the whole is reckoned: the start, or the detection when nobody knows the start.
func (d *draft) origin() incident.Milestone {
	if d.State.Milestones[incident.Started].IsZero() {
		return incident.Detected
	}
	return incident.Started
}

// span is the time between two milestones; the entry of the later one tells it too.
func (d *draft) span(name string, from, to incident.Milestone) fact {
	length, ok := d.State.Duration(from, to)
	if !ok {
		return fact{}
	}
	d.extra(d.milestones[to], name+" "+incident.Span(length))
	f := cite(fmt.Sprintf("%s (%s to %s)", incident.Span(length), from, to), d.milestones[from])
	if d.milestones[to] != d.milestones[from] {
		f.From = append(f.From, d.milestones[to])
	}
	return f
}

// ended tells why and when it was closed.
func (d *draft) ended() fact {
	f := fact{}
	for _, r := range d.events {
		switch r.Event.(type) {
		case incident.ClosedEvent:
			f = cite(d.line(d.entries[r.Version], longest), r.Version)
		case incident.ReopenedEvent:
			f = fact{}
		}
	}
	return f
}

func (d *draft) impact() []fact {
	var fs []fact
	for _, r := range d.events {
		if e, ok := r.Event.(incident.StatusChanged); ok && e.Impact != "" {
			fs = append(fs, cite(fmt.Sprintf("%s %s — %s", d.stamp(r.At), Words(e.Impact), Words(r.Actor.Shown())), r.Version))
		}
	}
	return fs
}

// done is what people did and said about how it stood.
func (d *draft) done() []fact {
	return d.told(func(e incident.Event) bool {
		switch e := e.(type) {
		case incident.StatusChanged, incident.SeverityChanged, incident.MitigatedEvent, incident.ClosedEvent, incident.ReopenedEvent,
			incident.Absorbed, incident.Accepted:
			return true
		case incident.FollowupChanged:
			return e.Followup.Now && e.Followup.Done
		}
		return false
	})
}

// notes are what people put on the record by hand.
func (d *draft) notes() []fact {
	return d.told(func(e incident.Event) bool {
		switch e.(type) {
		case incident.NoteAdded, incident.Pinned, incident.PinEdited, incident.PinDeleted:
			return true
		}
		return false
	})
}

// suspected is what was found when people looked at changes.
func (d *draft) suspected() []fact {
	return d.told(func(e incident.Event) bool {
		ev, ok := e.(incident.EvidenceRecorded)
		return ok && (ev.Look == "deploys" || ev.Look == "suspects")
	})
}

func (d *draft) evidence() []fact {
	return d.told(func(e incident.Event) bool {
		_, ok := e.(incident.EvidenceRecorded)
		return ok
	})
}

// firstAlert tells which alert came first, if one did.
func (d *draft) firstAlert() fact {
	for _, r := range d.events {
		if e, ok := r.Event.(incident.AlertAttached); ok {
			return cite(fmt.Sprintf("%s %s, from %s", d.stamp(r.At), Words(e.Alert.Title), Words(e.Alert.Source)), r.Version)
		}
	}
	return fact{}
}

// alerts counts the alerts; each one counted is cited.
func (d *draft) alerts() fact {
	f := fact{}
	for _, r := range d.events {
		if e, ok := r.Event.(incident.AlertAttached); ok && !e.Again {
			f.From = append(f.From, r.Version)
		}
	}
	if n := len(f.From); n > 0 {
		f.Value = fmt.Sprint(n)
	}
	return f
}

func (d *draft) followups() []fact {
	from := make(map[int][]incident.Version)
	for _, r := range d.events {
		switch e := r.Event.(type) {
		case incident.FollowupAdded:
			from[e.Followup.ID] = append(from[e.Followup.ID], r.Version)
		case incident.FollowupChanged:
			from[e.Followup.ID] = append(from[e.Followup.ID], r.Version)
		}
	}
	var fs []fact
	for _, f := range d.State.Followups {
		fs = append(fs, fact{Value: followupLine(f), From: from[f.ID]})
	}
	return fs
}

func followupLine(f incident.Followup) string {
	box, owner, due := "[ ]", "nobody yet", "unknown"
	if f.Done {
		box = "[x]"
	}
	if !f.Owner.Zero() {
		owner = Words(f.Owner.Shown()).String()
	}
	if !f.Due.IsZero() {
		due = f.Due.Format("2 Jan 2006")
	}
	return fmt.Sprintf("%s %s (owner: %s; due: %s)", box, Words(f.Text), owner, due)
}

// sent is one update on its way from the promise to the channel.
type sent struct {
	incident.Update
	composed  incident.Version
	promised  time.Time // zero: nothing was promised
	promise   incident.Version
	delivered time.Time // of the last channel; zero: not known
	on        []string
	from      []incident.Version
}

// late is how long after the promise it came.
func (s sent) late() time.Duration {
	if s.promised.IsZero() || s.delivered.IsZero() || !s.delivered.After(s.promised) {
		return 0
	}
	return s.delivered.Sub(s.promised)
}

// kept is how late an update may come and still count as in time.
const kept = time.Minute

// communication compares what was promised with what was done.
func (d *draft) communication() (lines []fact, onTime, late fact) {
	var worst time.Duration
	for _, s := range d.sent() {
		lines = append(lines, d.sentLine(s))
		switch by := s.late(); {
		case s.promised.IsZero() || s.delivered.IsZero():
		case by <= kept:
			onTime.From = append(onTime.From, s.composed)
		default:
			late.From = append(late.From, s.from[len(s.from)-1])
			worst = max(worst, by)
		}
	}
	if n := len(onTime.From); n > 0 {
		onTime.Value = fmt.Sprint(n)
	}
	if n := len(late.From); n > 0 {
		late.Value = fmt.Sprintf("%d, at most by %s", n, incident.Span(worst))
	}
	return lines, onTime, late
}

// sent pairs each update with the promise before it and with its deliveries.
func (d *draft) sent() []sent {
	var all []sent
	last := make(map[string]int) // audience → index of its last update
	for _, r := range d.events {
		switch e := r.Event.(type) {
		case incident.UpdateComposed:
			s := sent{Update: e.Update, composed: r.Version, promised: e.Update.Due, from: []incident.Version{r.Version}}
			if i, ok := last[e.Update.Audience]; ok && !all[i].Next.IsZero() {
				s.promised, s.promise = all[i].Next, all[i].composed
			}
			last[e.Update.Audience] = len(all)
			all = append(all, s)
		case incident.UpdateDelivered:
			for i := range all {
				if all[i].Audience == e.Audience && all[i].Seq == e.Seq {
					all[i].delivered = r.At
					all[i].on = append(all[i].on, e.Platform)
					all[i].from = append(all[i].from, r.Version)
				}
			}
		}
	}
	return all
}

func (d *draft) sentLine(s sent) fact {
	var b strings.Builder
	fmt.Fprintf(&b, "Update %d to %s: ", s.Seq, Words(s.Audience))
	if !s.Next.IsZero() {
		d.extra(s.composed, "promises the next by "+d.stamp(s.Next))
	}
	if s.promised.IsZero() {
		b.WriteString("sent when something changed")
	} else {
		b.WriteString("promised by " + d.stamp(s.promised))
		if s.promise == 0 {
			d.extra(s.composed, "due "+d.stamp(s.promised))
		}
	}
	from := s.from
	if s.promise != 0 {
		from = append([]incident.Version{s.promise}, from...)
	}
	if s.delivered.IsZero() {
		b.WriteString(", posted: unknown")
		return fact{Value: b.String(), From: from}
	}
	fmt.Fprintf(&b, ", posted %s on %s", d.stamp(s.delivered), Words(strings.Join(s.on, ", ")))
	if by := s.late(); by > kept {
		fmt.Fprintf(&b, ", %s late", incident.Span(by))
		d.extra(s.from[len(s.from)-1], incident.Span(by)+" after the promise")
	} else if !s.promised.IsZero() {
		b.WriteString(", on time")
	}
	return fact{Value: b.String(), From: from}
}
