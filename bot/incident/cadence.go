package incident

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// StakeholderCadence is how often stakeholders are told, unless the configuration says otherwise.
func StakeholderCadence() map[Severity]Cadence {
	return map[Severity]Cadence{
		Sev1: {First: 10 * time.Minute, Then: 30 * time.Minute, Hot: 20 * time.Minute},
		Sev2: {First: 20 * time.Minute, Then: time.Hour},
		Sev3: {First: time.Hour, Then: 4 * time.Hour},
		Sev4: {Then: 24 * time.Hour},
	}
}

// ExecutiveCadence is how often executives are told, unless the configuration says otherwise.
func ExecutiveCadence() map[Severity]Cadence {
	return map[Severity]Cadence{
		Sev1: {First: time.Hour, Then: time.Hour},
		Sev2: {First: 2 * time.Hour, Then: 2 * time.Hour},
		Sev3: {},
		Sev4: {Never: true},
	}
}

// interval returns the distance to the next update; 0 means that it comes when something changes.
func (p Plan) interval(s State) time.Duration {
	c := p.Cadence[s.Severity]
	switch {
	case c.Never && p.Every == 0:
		return 0
	case p.Every > 0:
		return p.Every
	case p.Seq == 0:
		return c.First
	case c.Hot > 0 && !s.Mitigated():
		return c.Hot
	}
	return c.Then
}

// due returns when the update after one sent at that moment is due; zero: when something changes.
func (p Plan) due(s State, from time.Time) time.Time {
	if s.Status == Triage || !s.Open() && s.Declared() && s.Reason != "" {
		return time.Time{}
	}
	if d := p.interval(s); d > 0 {
		return from.Add(d)
	}
	return time.Time{}
}

// never reports whether the audience is not told of incidents of this severity at all.
func (p Plan) never(s State) bool { return p.Cadence[s.Severity].Never && p.Every == 0 }

// onChange reports whether the audience is told as soon as something major changes.
func (p Plan) onChange(s State) bool { return !p.never(s) && (!p.Executive || p.interval(s) == 0) }

// Timer is a moment at which an incident must be looked at.
type Timer struct {
	Name string
	Due  time.Time
}

// Timers returns every timer that an incident in this state needs, sorted by name. It is all there is to know of timers: those
// that the next state does not name are cleared.
func Timers(s State) []Timer {
	var ts []Timer
	for _, p := range s.Plans {
		ts = append(ts, updateTimers(s, p)...)
	}
	if !s.LeaderlessSince.IsZero() && s.Nags < 3 && s.Open() && s.Policy.LeadNag > 0 {
		ts = append(ts, Timer{"lead/" + strconv.Itoa(s.Nags+1), s.LeaderlessSince.Add(time.Duration(s.Nags+1) * s.Policy.LeadNag)})
	}
	if due, ok := postmortemReminder(s); ok {
		ts = append(ts, Timer{"postmortem/" + strconv.Itoa(s.PostmortemNags+1), due})
	}
	slices.SortFunc(ts, func(a, b Timer) int { return strings.Compare(a.Name, b.Name) })
	return ts
}

func updateTimers(s State, p Plan) []Timer {
	if !s.Open() || p.Next.IsZero() {
		return nil
	}
	ts := []Timer{{fmt.Sprintf("update/%s/%d", p.Audience, p.Seq+1), p.Next}}
	lead := s.Policy.DraftLead
	if lead > 0 && p.Drafted <= p.Seq && p.Paused.IsZero() && p.roomForDraft(s, lead) {
		ts = append(ts, Timer{fmt.Sprintf("draft/%s/%d", p.Audience, p.Seq+1), p.Next.Add(-lead)})
	}
	return ts
}

// roomForDraft reports whether the update is far enough off for a draft to be of use.
func (p Plan) roomForDraft(s State, lead time.Duration) bool {
	from := p.LastSent
	if from.IsZero() {
		from = s.Milestones[Declared]
	}
	return p.Next.Sub(from) > lead
}

// postmortemReminder returns when people are next reminded of the postmortem that is owed: 24 and 72 hours after the end.
func postmortemReminder(s State) (time.Time, bool) {
	if !postmortemOwed(s) || s.PostmortemUpto > 0 {
		return time.Time{}, false
	}
	switch s.PostmortemNags {
	case 0:
		return s.ClosedAt.Add(24 * time.Hour), true
	case 1:
		return s.ClosedAt.Add(72 * time.Hour), true
	}
	return time.Time{}, false
}

// postmortemOwed reports whether a closed incident is owed a postmortem.
func postmortemOwed(s State) bool {
	return s.Reason == ByResolution && !s.Drill && s.Severity != NoSeverity && s.Severity <= s.Policy.PostmortemFor
}

// PostmortemDue returns by when the postmortem of a closed incident is owed, in that zone; zero when none is.
func PostmortemDue(s State, zone *time.Location) time.Time {
	if !postmortemOwed(s) {
		return time.Time{}
	}
	t := s.ClosedAt.In(zone)
	for left := s.Policy.PostmortemDays; left > 0; {
		t = t.AddDate(0, 0, 1)
		if d := t.Weekday(); d != time.Saturday && d != time.Sunday {
			left--
		}
	}
	return t
}

// compose makes the update that an audience would get now. events that happened in the same step as the update are in s already.
func (p Plan) compose(s State, m Meta, words string) Update {
	u := Update{
		Audience: p.Audience, Executive: p.Executive, Seq: p.Seq + 1, At: m.At, Due: p.Next,
		Status: s.Status, Severity: s.Severity, Title: s.Title, Mitigated: s.Mitigated(), Impact: s.Impact, NextStep: s.NextStep,
		Text: words, Final: !s.Open(), Private: s.Private, Drill: s.Drill, Service: s.Service,
	}
	if words != "" {
		u.By = m.Actor
	}
	for _, c := range s.Changes {
		if c.Version > p.Told && (c.Major || !p.Executive) {
			u.Changes = append(u.Changes, c)
		}
	}
	if len(u.Changes) == 0 {
		u.LastWord = s.LastWord
	}
	if !u.Due.IsZero() && u.At.Sub(u.Due) > time.Minute {
		u.Late = u.At.Sub(u.Due)
	}
	next := p
	next.Seq++
	u.Next = next.due(s, m.At)
	return u
}
