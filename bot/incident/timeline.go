package incident

import (
	"fmt"
	"strings"
	"time"
)

// EntryKind is what sort of thing a timeline entry tells.
type EntryKind string

// The kinds of timeline entry.
const (
	KindDeclared    EntryKind = "declared"
	KindAlert       EntryKind = "alert"
	KindStatus      EntryKind = "status"
	KindSeverity    EntryKind = "severity"
	KindTitle       EntryKind = "title"
	KindRole        EntryKind = "role"
	KindPeople      EntryKind = "people"
	KindAcked       EntryKind = "acknowledged"
	KindEvidence    EntryKind = "evidence"
	KindUpdate      EntryKind = "update"
	KindNote        EntryKind = "note"
	KindPinned      EntryKind = "pinned"
	KindFollowup    EntryKind = "follow-up"
	KindVisibility  EntryKind = "visibility"
	KindRoom        EntryKind = "room"
	KindMerged      EntryKind = "merged"
	KindMilestone   EntryKind = "milestone"
	KindIntegration EntryKind = "integration"
	KindRestart     EntryKind = "restart"
	KindPostmortem  EntryKind = "postmortem"
)

// Entry is one line of the timeline.
type Entry struct {
	Version    Version   // of the event that it tells; a citation names this
	Kind       EntryKind //
	At         time.Time // when it happened
	RecordedAt time.Time // when it was recorded
	Source     string    // where it was said: a platform, an integration, a timer
	Actor      Person    // zero: sitrep
	Text       string    // plain text
	Link       string    // to the message, the query, the room; or empty
}

// Timeline tells the events that a person wants to read, in the order in which they happened.
func Timeline(events []Recorded) []Entry {
	var entries []Entry
	for _, r := range events {
		if e, ok := entry(r); ok {
			entries = append(entries, e)
		}
	}
	sortEntries(entries)
	return entries
}

// sortEntries puts entries in the order of what happened; what happened at the same time stays in the order of the record.
func sortEntries(entries []Entry) {
	// An insertion sort: a record is almost sorted, since only notes and pins tell of earlier times.
	for i := 1; i < len(entries); i++ {
		for j := i; j > 0 && entries[j].At.Before(entries[j-1].At); j-- {
			entries[j], entries[j-1] = entries[j-1], entries[j]
		}
	}
}

func entry(r Recorded) (Entry, bool) {
	e := Entry{Version: r.Version, At: r.At, RecordedAt: r.RecordedAt, Source: r.Source, Actor: r.Actor, Link: r.Permalink}
	for _, tell := range []func(*Entry, Event) bool{tellCourse, tellPeople, tellWords, tellUpdates, tellRooms} {
		if tell(&e, r.Event) {
			return e, e.Text != ""
		}
	}
	return Entry{}, false
}

func (e *Entry) say(kind EntryKind, format string, args ...any) bool {
	e.Kind, e.Text = kind, fmt.Sprintf(format, args...)
	return true
}

func tellCourse(e *Entry, ev Event) bool {
	switch ev := ev.(type) {
	case DeclaredEvent:
		how := "Declared"
		if ev.Triage {
			how = "Reported, to be looked at"
		}
		if ev.Drill {
			how = "Drill: " + how
		}
		return e.say(KindDeclared, "%s as %s: %s", how, ev.Severity, ev.Title)
	case AlertAttached:
		if e.Link == "" {
			e.Link = ev.Alert.URL
		}
		if ev.Again {
			return e.say(KindAlert, "Alert fires again: %s", ev.Alert.Title)
		}
		return e.say(KindAlert, "Alert attached: %s", ev.Alert.Title)
	case AlertCleared:
		if ev.Left == 0 {
			return e.say(KindAlert, "Alert cleared: %s. No alert fires any more", ev.Title)
		}
		return e.say(KindAlert, "Alert cleared: %s. %d still firing", ev.Title, ev.Left)
	case Accepted:
		return e.say(KindDeclared, "Accepted as an incident")
	case StatusChanged:
		return tellStatus(e, ev)
	case SeverityChanged:
		return e.say(KindSeverity, "Severity changed from %s to %s", ev.From, ev.To)
	case Renamed:
		return e.say(KindTitle, "Renamed from %q to %q", ev.From, ev.To)
	case VisibilityChanged:
		return e.say(KindVisibility, "Made %s", visibility(ev.Private))
	case MitigatedEvent:
		return e.say(KindMilestone, "%s", sentence("Mitigated", ev.Text))
	case MilestoneSet:
		e.At = ev.When
		how := "said by a person"
		if ev.Computed {
			how = "computed"
			if ev.Basis != "" {
				how += " from " + ev.Basis
			}
		}
		return e.say(KindMilestone, "The incident %s (%s)", ev.Milestone, how)
	case ClosedEvent:
		return tellClosed(e, ev)
	case ReopenedEvent:
		return e.say(KindStatus, "%s", sentence("Reopened", ev.Text))
	case Absorbed:
		return e.say(KindMerged, "%s (%s) was merged into this", ev.FromNumber, ev.Title)
	}
	return false
}

func tellStatus(e *Entry, ev StatusChanged) bool {
	var parts []string
	if ev.From != ev.To {
		parts = append(parts, fmt.Sprintf("Status changed from %s to %s", ev.From, ev.To))
	}
	if ev.Text != "" {
		parts = append(parts, ev.Text)
	}
	if ev.Impact != "" {
		parts = append(parts, "Impact: "+ev.Impact)
	}
	if ev.NextStep != "" {
		parts = append(parts, "Next step: "+ev.NextStep)
	}
	for i := range parts[:max(0, len(parts)-1)] {
		parts[i] = strings.TrimRight(parts[i], ".")
	}
	return e.say(KindStatus, "%s", strings.Join(parts, ". "))
}

func tellClosed(e *Entry, ev ClosedEvent) bool {
	switch {
	case ev.IntoNumber != 0:
		return e.say(KindMerged, "%s", sentence("Merged into "+ev.IntoNumber.String(), ev.Text))
	case ev.Reason == ByResolution:
		return e.say(KindStatus, "%s", sentence("Resolved", ev.Text))
	}
	return e.say(KindStatus, "%s", sentence("Closed as "+string(ev.Reason), ev.Text))
}

func tellPeople(e *Entry, ev Event) bool {
	switch ev := ev.(type) {
	case RoleAssigned:
		if ev.From.Zero() {
			return e.say(KindRole, "%s is %s", ev.Person.Shown(), ev.Role)
		}
		return e.say(KindRole, "%s is %s, after %s", ev.Person.Shown(), ev.Role, ev.From.Shown())
	case RoleCleared:
		return e.say(KindRole, "%s is no longer %s: %s", ev.Person.Shown(), ev.Role, ev.Why)
	case Joined:
		return e.say(KindPeople, "%s joined", ev.Person.Shown())
	case Left:
		if ev.Gone {
			return e.say(KindPeople, "%s left the organisation", ev.Person.Shown())
		}
		return e.say(KindPeople, "%s left", ev.Person.Shown())
	case Subscribed:
		return e.say(KindPeople, "%s gets each update directly", ev.Person.Shown())
	case Unsubscribed:
		return e.say(KindPeople, "%s gets updates directly no longer", ev.Person.Shown())
	case Acked:
		return e.say(KindAcked, "%s is on it", ev.Person.Shown())
	case LeadMissing:
		return e.say(KindRole, "Nobody leads yet; people were reminded (%d)", ev.Count)
	case FollowupAdded:
		return e.say(KindFollowup, "To do: %s", describe(ev.Followup))
	case FollowupChanged:
		if ev.Followup.Done {
			return e.say(KindFollowup, "Done: %s", ev.Followup.Text)
		}
		return e.say(KindFollowup, "Changed: %s", describe(ev.Followup))
	}
	return false
}

func describe(f Followup) string {
	s := f.Text
	if !f.Owner.Zero() {
		s += ", " + f.Owner.Shown()
	}
	if !f.Due.IsZero() {
		s += ", due " + f.Due.Format("2 Jan 2006")
	}
	return s
}

func tellWords(e *Entry, ev Event) bool {
	switch ev := ev.(type) {
	case NoteAdded:
		e.At = ev.When
		return e.say(KindNote, "%s", ev.Text)
	case Pinned:
		if !ev.When.IsZero() {
			e.At = ev.When
		}
		if !ev.Author.Zero() {
			return e.say(KindPinned, "%s wrote: %s", ev.Author.Shown(), ev.Text)
		}
		return e.say(KindPinned, "%s", ev.Text)
	case PinEdited:
		return e.say(KindPinned, "A pinned message now reads: %s", ev.Text)
	case PinDeleted:
		return e.say(KindPinned, "A pinned message was deleted in the chat")
	case EvidenceRecorded:
		if e.Link == "" {
			e.Link = ev.Link
		}
		return e.say(KindEvidence, "%s (%s): %s. Asked %s, %s to %s", ev.Look, ev.Source, ev.Finding, ev.Query,
			ev.From.UTC().Format("15:04:05"), ev.To.UTC().Format("15:04:05 MST"))
	case PostmortemDrafted:
		return e.say(KindPostmortem, "Postmortem drafted")
	case PostmortemReminded:
		return e.say(KindPostmortem, "Reminded that the postmortem is owed by %s", ev.Due.Format("2 Jan 2006"))
	}
	return false
}

func tellUpdates(e *Entry, ev Event) bool {
	switch ev := ev.(type) {
	case UpdatesPlanned:
		if ev.Every == 0 {
			return e.say(KindUpdate, "Updates to %s follow the severity again", ev.Audience)
		}
		return e.say(KindUpdate, "Updates to %s every %s", ev.Audience, Span(ev.Every))
	case UpdatesPaused:
		return e.say(KindUpdate, "Updates to %s paused: %s", ev.Audience, ev.Why)
	case UpdatesResumed:
		return e.say(KindUpdate, "Updates to %s go on", ev.Audience)
	case UpdateDrafted:
		if ev.To.Zero() {
			return e.say(KindUpdate, "Update %d to %s is due soon; nobody to show the draft to", ev.Seq, ev.Audience)
		}
		return e.say(KindUpdate, "Draft of update %d to %s sent to %s", ev.Seq, ev.Audience, ev.To.Shown())
	case DraftEdited:
		return e.say(KindUpdate, "Draft of update %d to %s edited", ev.Seq, ev.Audience)
	case UpdateSnoozed:
		return e.say(KindUpdate, "Update %d to %s snoozed: %s", ev.Seq, ev.Audience, ev.Why)
	case UpdateComposed:
		return tellComposed(e, ev.Update)
	case UpdateDelivered:
		if e.Link == "" {
			e.Link = ev.URL
		}
		if ev.Late >= time.Second {
			return e.say(KindUpdate, "Update %d to %s posted on %s, %s after it was due", ev.Seq, ev.Audience, ev.Platform, Span(ev.Late))
		}
		return e.say(KindUpdate, "Update %d to %s posted on %s, on time", ev.Seq, ev.Audience, ev.Platform)
	}
	return false
}

func tellComposed(e *Entry, u Update) bool {
	s := fmt.Sprintf("Update %d to %s", u.Seq, u.Audience)
	if u.Final {
		s = fmt.Sprintf("Last update (%d) to %s", u.Seq, u.Audience)
	}
	switch {
	case u.Text != "":
		s += ": " + u.Text
	case u.By.Zero():
		s += ", composed by sitrep"
	}
	if u.Late > 0 {
		s += fmt.Sprintf(". It was %s late", Span(u.Late))
	}
	return e.say(KindUpdate, "%s", s)
}

func tellRooms(e *Entry, ev Event) bool {
	switch ev := ev.(type) {
	case RoomWanted:
		if ev.Generation > 1 {
			return e.say(KindRoom, "A new room on %s is being opened", ev.Platform)
		}
		e.Text = ""
		return true
	case RoomOpened:
		e.Link = ev.URL
		return e.say(KindRoom, "Room %s opened on %s", ev.Name, ev.Platform)
	case RoomLost:
		if ev.Reason == NotOpened {
			return e.say(KindRoom, "No room could be opened on %s", ev.Platform)
		}
		return e.say(KindRoom, "Room %s on %s was %s", ev.Name, ev.Platform, lostHow(ev.Reason))
	case RoomArchived:
		return e.say(KindRoom, "Rooms archived")
	case EffectFailed:
		return e.say(KindIntegration, "%s on %s: %s", ev.What, ev.Target, ev.Msg)
	case EffectRecovered:
		return e.say(KindIntegration, "%s on %s works again", ev.What, ev.Target)
	case Restarted:
		return e.say(KindRestart, "sitrep was away for %s", Span(ev.Away))
	}
	return false
}

func lostHow(reason string) string {
	if reason == "removed" {
		return "closed to sitrep: the bot was removed from it"
	}
	return reason + " by hand"
}

// Span writes a duration as people say it: "45s", "12m", "3h 5m", "2d 4h". It names at most two units.
func Span(d time.Duration) string {
	d = d.Round(time.Second)
	if d < 0 {
		return "-" + Span(-d)
	}
	if d < time.Minute {
		return fmt.Sprintf("%ds", int(d.Seconds()))
	}
	days, h, m, s := int(d.Hours())/24, int(d.Hours())%24, int(d.Minutes())%60, int(d.Seconds())%60
	switch {
	case days > 0:
		return units(days, "d", h, "h")
	case h > 0:
		return units(h, "h", m, "m")
	case m >= 10:
		return units(m, "m", 0, "s")
	}
	return units(m, "m", s, "s")
}

func units(a int, au string, b int, bu string) string {
	if b == 0 {
		return fmt.Sprintf("%d%s", a, au)
	}
	return fmt.Sprintf("%d%s %d%s", a, au, b, bu)
}
