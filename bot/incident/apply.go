package incident

import (
	"fmt"
	"slices"
	"time"
)

// Apply returns the state after one more event. It never fails: an event in the record is a fact.
func Apply(s State, r Recorded) State {
	s = s.clone()
	s.apply(r)
	return s
}

// Fold returns the state of the incident with that id after events, which must be all its events in order.
func Fold(id ID, events []Recorded) State {
	s := State{ID: id}
	for _, r := range events {
		s.apply(r)
	}
	return s
}

func (s *State) apply(r Recorded) {
	s.Version = r.Version
	switch e := r.Event.(type) {
	case DeclaredEvent:
		s.declared(r, e)
	case AlertAttached:
		s.attached(r, e)
	case AlertCleared:
		s.cleared(r, e)
	case Accepted:
		s.Status = Investigating
		s.milestone(Declared, r.At)
		if s.Lead().Zero() {
			s.LeaderlessSince = r.At
		}
		s.reschedule(r.At)
		s.change(r, "Accepted as an incident", true)
	case StatusChanged:
		s.statusChanged(r, e)
	case SeverityChanged:
		s.Severity = e.To
		s.reschedule(r.At)
		s.change(r, fmt.Sprintf("Severity changed from %s to %s", e.From, e.To), true)
	case Renamed:
		s.Title = e.To
	case VisibilityChanged:
		s.Private = e.Private
	case MitigatedEvent:
		s.milestone(Mitigated, r.At)
		s.change(r, sentence("The impact is mitigated", e.Text), true)
	case MilestoneSet:
		s.setMilestone(e)
	case ClosedEvent:
		s.closed(r, e)
	case ReopenedEvent:
		s.reopened(r, e)
	case Absorbed:
		s.change(r, fmt.Sprintf("%s was found to be the same incident", e.FromNumber), false)
	case Pinned:
		s.pin(e.Message, e.Text)
	case PinEdited:
		s.pin(e.Message, e.Text)
	case PinDeleted:
		delete(s.Pins, e.Message)
	case PostmortemDrafted:
		s.PostmortemUpto = e.Upto
	case PostmortemReminded:
		s.PostmortemNags = e.Count
	case Restarted, NoteAdded, EvidenceRecorded:
		// These stand on the timeline, and change nothing else.
	default:
		s.applyPeople(r)
		s.applyRooms(r)
		s.applyUpdates(r)
	}
}

func (s *State) declared(r Recorded, e DeclaredEvent) {
	s.Number, s.Title, s.Severity, s.Service, s.Team = e.Number, e.Title, e.Severity, e.Service, e.Team
	s.Private, s.Drill, s.Policy, s.GroupKey = e.Private, e.Drill, e.Policy, e.GroupKey
	s.Status = Investigating
	s.Platforms = slices.Clone(e.Platforms)
	s.Plans = slices.Clone(e.Plans)
	s.Invited = slices.Clone(e.Invite)
	s.milestone(Detected, r.At)
	if e.Triage {
		s.Status = Triage
	} else {
		s.milestone(Declared, r.At)
		s.LeaderlessSince = r.At
	}
	for i := range s.Plans {
		s.Plans[i].Next = s.Plans[i].due(*s, r.At)
	}
}

func (s *State) attached(r Recorded, e AlertAttached) {
	s.LastAlert = r.At
	if r.At.Before(s.Milestones[Detected]) {
		s.milestone(Detected, r.At)
	}
	t, known := s.Milestones[Started]
	if starts := e.Alert.StartsAt; !starts.IsZero() && (!known || s.Computed[Started] && starts.Before(t)) {
		s.setMilestone(MilestoneSet{Milestone: Started, When: starts, Computed: true})
	}
	delete(s.Milestones, Recovered)
	for i, a := range s.Alerts {
		if a.Fingerprint == e.Alert.Fingerprint && a.Source == e.Alert.Source {
			s.Alerts[i] = e.Alert
			return
		}
	}
	s.Alerts = append(s.Alerts, e.Alert)
}

func (s *State) cleared(r Recorded, e AlertCleared) {
	s.LastAlert = r.At
	for i := range s.Alerts {
		if s.Alerts[i].Fingerprint == e.Fingerprint && s.Alerts[i].Source == r.Source {
			s.Alerts[i].EndsAt = e.EndsAt
		}
	}
	if s.Firing() == 0 {
		s.milestone(Recovered, e.EndsAt)
		s.change(r, "Monitoring sees the problem no longer", false)
	}
}

func (s *State) statusChanged(r Recorded, e StatusChanged) {
	s.Status = e.To
	if e.Text != "" {
		s.LastWord = e.Text
	}
	if e.Impact != "" {
		s.Impact = e.Impact
	}
	if e.NextStep != "" {
		s.NextStep = e.NextStep
	}
	switch {
	case e.From != e.To:
		s.change(r, sentence(fmt.Sprintf("Status changed from %s to %s", e.From, e.To), e.Text), true)
	case e.Text != "":
		s.change(r, e.Text, false)
	case e.Impact != "":
		s.change(r, "Impact: "+e.Impact, false)
	}
}

func (s *State) closed(r Recorded, e ClosedEvent) {
	s.Reason, s.MergedInto, s.MergedNum = e.Reason, e.Into, e.IntoNumber
	s.Status = Resolved
	s.ClosedAt = r.At
	s.LeaderlessSince = time.Time{}
	if e.Reason == ByResolution {
		s.milestone(ResolvedAt, r.At)
		s.change(r, sentence("The incident is resolved", e.Text), true)
	} else {
		s.change(r, sentence("The incident is closed as "+string(e.Reason), e.Text), true)
	}
	for i := range s.Plans {
		s.Plans[i].Next = time.Time{}
	}
}

func (s *State) reopened(r Recorded, e ReopenedEvent) {
	s.Reason, s.MergedInto, s.MergedNum = "", "", 0
	s.Status = Investigating
	s.ClosedAt = time.Time{}
	s.Archived = false
	s.PostmortemNags = 0
	if s.Milestones[Declared].IsZero() {
		s.milestone(Declared, r.At)
	}
	delete(s.Milestones, ResolvedAt)
	delete(s.Milestones, Mitigated)
	if s.Lead().Zero() {
		s.LeaderlessSince = r.At
		s.Nags = 0
	}
	if r.Actor.Zero() {
		s.change(r, "The problem has come back, and the incident is open again", true)
	} else {
		s.change(r, sentence("The incident is open again", e.Text), true)
	}
	for i := range s.Plans {
		s.Plans[i].Next, s.Plans[i].Paused, s.Plans[i].Why = s.Plans[i].due(*s, r.At), time.Time{}, ""
	}
}

func (s *State) applyPeople(r Recorded) {
	switch e := r.Event.(type) {
	case RoleAssigned:
		s.assign(e)
	case RoleCleared:
		s.unassign(e.Role, e.Person.ID, r.At)
	case Joined:
		if !s.Member(e.Person.ID) {
			s.Members = append(s.Members, e.Person)
		}
	case Left:
		s.Members = without(s.Members, e.Person.ID)
		s.Invited = without(s.Invited, e.Person.ID)
		if e.Gone {
			s.Subscribers = without(s.Subscribers, e.Person.ID)
		}
	case Subscribed:
		s.Subscribers = append(without(s.Subscribers, e.Person.ID), e.Person)
	case Unsubscribed:
		s.Subscribers = without(s.Subscribers, e.Person.ID)
	case Acked:
		if s.Milestones[Acknowledged].IsZero() {
			s.milestone(Acknowledged, r.At)
		}
	case FollowupAdded:
		s.Followups = append(s.Followups, e.Followup)
	case FollowupChanged:
		for i := range s.Followups {
			if s.Followups[i].ID == e.Followup.ID {
				s.Followups[i] = e.Followup
			}
		}
	case LeadMissing:
		s.Nags = e.Count
	}
}

func (s *State) assign(e RoleAssigned) {
	if e.Role == Expert {
		s.Experts = append(without(s.Experts, e.Person.ID), e.Person)
	} else {
		if s.Roles == nil {
			s.Roles = make(map[Role]Person)
		}
		s.Roles[e.Role] = e.Person
	}
	if e.Role == Lead {
		s.LeaderlessSince = time.Time{}
		s.Nags = 0
	}
	if !s.Member(e.Person.ID) {
		s.Members = append(s.Members, e.Person)
	}
}

func (s *State) unassign(role Role, id PersonID, at time.Time) {
	if role == Expert {
		s.Experts = without(s.Experts, id)
		return
	}
	delete(s.Roles, role)
	if role == Lead && s.Open() && s.Status != Triage {
		s.LeaderlessSince = at
		s.Nags = 0
	}
}

func (s *State) applyRooms(r Recorded) {
	if s.Rooms == nil {
		s.Rooms = make(map[string]Room)
	}
	switch e := r.Event.(type) {
	case RoomWanted:
		s.Rooms[e.Platform] = Room{Generation: e.Generation}
	case RoomOpened:
		s.Rooms[e.Platform] = Room{Generation: e.Generation, ID: e.Room, Name: e.Name, URL: e.URL}
	case CardPosted:
		s.Cards = append(s.Cards, Card(e))
	case RoomLost:
		room := s.Rooms[e.Platform]
		if room.ID == e.Room {
			room.Lost = e.Reason
			s.Rooms[e.Platform] = room
		}
		s.Cards = slices.DeleteFunc(s.Cards, func(c Card) bool { return c.Platform == e.Platform && c.Room == e.Room })
	case RoomArchived:
		s.Archived = true
	case EffectFailed:
		if s.Failing == nil {
			s.Failing = make(map[string]string)
		}
		s.Failing[e.What+" "+e.Target] = e.Msg
	case EffectRecovered:
		delete(s.Failing, e.What+" "+e.Target)
	}
}

func (s *State) applyUpdates(r Recorded) {
	switch e := r.Event.(type) {
	case UpdatesPlanned:
		s.plan(e.Audience, func(p *Plan) { p.Every, p.Next, p.Paused, p.Why = e.Every, e.Next, time.Time{}, "" })
	case UpdatesPaused:
		s.plan(e.Audience, func(p *Plan) { p.Paused, p.Next, p.Why = e.Until, e.Until, e.Why })
	case UpdatesResumed:
		s.plan(e.Audience, func(p *Plan) { p.Paused, p.Next, p.Why = time.Time{}, e.Next, "" })
	case UpdateDrafted:
		s.plan(e.Audience, func(p *Plan) { p.Drafted = e.Seq })
	case DraftEdited:
		s.plan(e.Audience, func(p *Plan) { p.Draft, p.DraftBy = e.Text, r.Actor })
	case UpdateSnoozed:
		s.plan(e.Audience, func(p *Plan) { p.Next, p.Why, p.Drafted = e.Until, e.Why, e.Seq-1 })
	case UpdateComposed:
		s.Updates = append(s.Updates, e.Update)
		s.plan(e.Update.Audience, func(p *Plan) {
			p.Seq, p.Told, p.Next, p.Promised = e.Update.Seq, r.Version, e.Update.Next, e.Update.Next
			p.LastSent, p.Draft, p.DraftBy, p.Why, p.Paused = r.At, "", Person{}, "", time.Time{}
		})
	}
}

// reschedule reckons anew when each update is due. What was promised already is kept when it is earlier.
func (s *State) reschedule(now time.Time) {
	for i := range s.Plans {
		p := &s.Plans[i]
		if !p.Paused.IsZero() {
			continue
		}
		from := p.LastSent
		if from.IsZero() {
			from = s.Milestones[Declared]
		}
		next := p.due(*s, from)
		if !next.IsZero() && next.Before(now) {
			next = now
		}
		if !p.Promised.IsZero() && (next.IsZero() || p.Promised.Before(next)) {
			next = p.Promised
		}
		p.Next = next
	}
}

func (s *State) plan(audience string, f func(*Plan)) {
	for i := range s.Plans {
		if s.Plans[i].Audience == audience {
			f(&s.Plans[i])
		}
	}
}

func (s *State) milestone(m Milestone, at time.Time) {
	if s.Milestones == nil {
		s.Milestones = make(map[Milestone]time.Time)
	}
	s.Milestones[m] = at
}

func (s *State) setMilestone(e MilestoneSet) {
	s.milestone(e.Milestone, e.When)
	if s.Computed == nil {
		s.Computed = make(map[Milestone]bool)
	}
	s.Computed[e.Milestone] = e.Computed
}

func (s *State) change(r Recorded, text string, major bool) {
	s.Changes = append(s.Changes, Change{Version: r.Version, At: r.At, Text: text, Major: major})
}

func (s *State) pin(message, text string) {
	if s.Pins == nil {
		s.Pins = make(map[string]string)
	}
	s.Pins[message] = text
}

// without returns people less the one with that id.
func without(people []Person, id PersonID) []Person {
	return slices.DeleteFunc(people, func(p Person) bool { return p.ID == id })
}

// sentence joins what happened with a person's words on it.
func sentence(what, words string) string {
	if words == "" {
		return what
	}
	return what + ": " + words
}
