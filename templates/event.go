package templates

import (
	"strings"

	"sitrep/bot/chat"
	"sitrep/bot/incident"
)

// happening is what event.tmpl is made from: one event, told in its own words. What an event does not have is empty.
type happening struct {
	Number                string
	Drill                 bool
	By                    Words // who did it; empty for sitrep itself
	Link                  string
	From, To              string // status, severity
	Title, OldTitle       Words
	Text, Impact, Next    Words
	Person, Before        Words
	Role, Why             Words
	What, Target, Where   Words
	Room                  string // a link
	When                  string // a moment
	Count, Left           int
	Private, Again, Final bool
	Merged                string
	Span                  string
}

// Event is what is said of an event in the incident's rooms, and false for one that only changes the card: event.tmpl has no part for it.
// Where the event was said by a verb the verb's own answer shows it already, and the caller leaves that room out.
func (s *Set) Event(v View, r incident.Recorded) (chat.Message, bool) {
	kind, _, _ := strings.Cut(incident.KindOf(r.Event), ".")
	text := s.render("event.tmpl", kind, v.happening(r))
	if text == "" {
		return chat.Message{}, false
	}
	m := chat.Text(text)
	if bs := eventButtons(v.State, r.Event); len(bs) > 0 {
		m.Blocks = append(m.Blocks, chat.Block{Buttons: bs})
	}
	m.Tone = eventTone(r.Event)
	return m, true
}

func eventButtons(st incident.State, e incident.Event) []chat.Button {
	switch e := e.(type) {
	case incident.LeadMissing:
		if st.Open() && st.Lead().Zero() {
			return []chat.Button{leadButton(st.Number.String())}
		}
	case incident.RoleCleared:
		if e.Role == incident.Lead && st.Open() && st.Lead().Zero() {
			return []chat.Button{leadButton(st.Number.String())}
		}
	case incident.PostmortemReminded:
		return []chat.Button{{Label: "Draft it", Verb: "postmortem " + st.Number.String(), Primary: true}}
	}
	return nil
}

func eventTone(e incident.Event) chat.Tone {
	switch e := e.(type) {
	case incident.LeadMissing, incident.EffectFailed, incident.RoomLost, incident.ReopenedEvent:
		return chat.Warning
	case incident.MitigatedEvent, incident.ClosedEvent, incident.EffectRecovered:
		return chat.Good
	case incident.AlertCleared:
		if e.Left == 0 {
			return chat.Good
		}
	}
	return chat.Neutral
}

func (v View) happening(r incident.Recorded) happening {
	h := happening{Number: v.State.Number.String(), Drill: v.State.Drill, By: shown(r.Actor)}
	h.Link = linked("link", r.Permalink)
	for _, fill := range []func(*happening, incident.Event){v.fillCourse, v.fillPeople, v.fillRecord, v.fillRooms} {
		fill(&h, r.Event)
	}
	return h
}

func (v View) fillCourse(h *happening, e incident.Event) {
	switch e := e.(type) {
	case incident.DeclaredEvent:
		h.Title, h.To = Words(e.Title), e.Severity.String()
	case incident.AlertAttached:
		h.Title, h.Again, h.When, h.What = Words(e.Alert.Title), e.Again, v.moment(e.Alert.StartsAt), Words(e.Alert.Source)
		if l := linked("alert", e.Alert.URL); l != "" {
			h.Link = l
		}
	case incident.AlertCleared:
		h.Title, h.Left, h.When = Words(e.Title), e.Left, v.moment(e.EndsAt)
	case incident.StatusChanged:
		h.Text, h.Impact, h.Next = Words(e.Text), Words(e.Impact), Words(e.NextStep)
		h.To = string(e.To)
		if e.From != e.To {
			h.From = string(e.From)
		}
	case incident.SeverityChanged:
		h.From, h.To = e.From.String(), e.To.String()
	case incident.Renamed:
		h.OldTitle, h.Title = Words(e.From), Words(e.To)
	case incident.VisibilityChanged:
		h.Private = e.Private
	case incident.MitigatedEvent:
		h.Text = Words(e.Text)
	case incident.MilestoneSet:
		h.What, h.When, h.Why = Words(e.Milestone), v.moment(e.When), Words(e.Basis)
	case incident.ClosedEvent:
		h.To, h.Text, h.Span = string(e.Reason), Words(e.Text), v.lasted()
		if e.IntoNumber != 0 {
			h.Merged = e.IntoNumber.String()
		}
	case incident.ReopenedEvent:
		h.Text = Words(e.Text)
	case incident.Absorbed:
		h.Merged, h.Title = e.FromNumber.String(), Words(e.Title)
	}
}

func (v View) fillPeople(h *happening, e incident.Event) {
	switch e := e.(type) {
	case incident.RoleAssigned:
		h.Role, h.Person, h.Before = Words(e.Role), shown(e.Person), shown(e.From)
	case incident.RoleCleared:
		h.Role, h.Person, h.Why = Words(e.Role), shown(e.Person), Words(e.Why)
	case incident.Joined:
		h.Person = shown(e.Person)
	case incident.Left:
		h.Person, h.Final = shown(e.Person), e.Gone
	case incident.Acked:
		h.Person = shown(e.Person)
	case incident.LeadMissing:
		h.Count = e.Count
	case incident.FollowupAdded:
		h.followup(v, e.Followup)
	case incident.FollowupChanged:
		h.followup(v, e.Followup)
	}
}

func (h *happening) followup(v View, f incident.Followup) {
	h.Count, h.Text, h.Person, h.Final, h.Again = f.ID, Words(f.Text), shown(f.Owner), f.Done, f.Now
	if !f.Due.IsZero() {
		h.When = Words(f.Due.In(v.zone()).Format("Mon 2 Jan 2006")).String()
	}
}

func (v View) fillRecord(h *happening, e incident.Event) {
	switch e := e.(type) {
	case incident.NoteAdded:
		h.Text, h.When = Words(e.Text), v.moment(e.When)
	case incident.Pinned:
		h.Text, h.Person, h.When = Words(e.Text), shown(e.Author), v.moment(e.When)
	case incident.PinEdited:
		h.Text = Words(e.Text)
	case incident.EvidenceRecorded:
		h.What, h.Where, h.Text = Words(e.Look), Words(e.Source), Words(e.Finding)
		if l := linked("source", e.Link); l != "" {
			h.Link = l
		}
	case incident.UpdatesPlanned:
		h.Target, h.When = Words(e.Audience), v.moment(e.Next)
		if e.Every > 0 {
			h.Span = incident.Span(e.Every)
		}
	case incident.UpdatesPaused:
		h.Target, h.When, h.Why = Words(e.Audience), v.moment(e.Until), Words(e.Why)
	case incident.UpdatesResumed:
		h.Target, h.When = Words(e.Audience), v.moment(e.Next)
	case incident.UpdateSnoozed:
		h.Target, h.When, h.Why = Words(e.Audience), v.moment(e.Until), Words(e.Why)
	case incident.UpdateComposed:
		h.Target, h.Count, h.When, h.Final = Words(e.Update.Audience), e.Update.Seq, v.moment(e.Update.Next), e.Update.Final
	case incident.PostmortemReminded:
		h.Count, h.When = e.Count, Words(e.Due.In(v.zone()).Format("Mon 2 Jan 2006")).String()
	}
}

func (v View) fillRooms(h *happening, e incident.Event) {
	switch e := e.(type) {
	case incident.RoomWanted:
		h.Where, h.Count = Words(e.Platform), e.Generation
	case incident.RoomOpened:
		h.Where, h.Room, h.Count = Words(e.Platform), link(e.Name, e.URL), e.Generation
	case incident.RoomLost:
		h.Where, h.Room, h.Why = Words(e.Platform), Words(e.Name).String(), Words(e.Reason)
	case incident.EffectFailed:
		h.What, h.Target, h.Text = Words(e.What), Words(e.Target), Words(e.Msg)
	case incident.EffectRecovered:
		h.What, h.Target = Words(e.What), Words(e.Target)
	case incident.Restarted:
		h.Span = incident.Span(e.Away)
	}
}
