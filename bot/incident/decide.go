package incident

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// Decide returns the events that follow from a command to an incident in state s, and the state after them. Their Versions count on from
// s.Version; RecordedAt is zero, for the committer to set. Its error is a *Refused, and the state is then s.
func Decide(s State, c Command) ([]Recorded, State, error) {
	d := &decision{s: s.clone(), c: c}
	if _, ok := c.Intent.(Declare); !ok && !s.Declared() {
		return nil, s, refuse(Improper, "There is no such incident.")
	}
	if err := c.Intent.decide(d); err != nil {
		return nil, s, err
	}
	return d.events, d.s, nil
}

// decision is a command on its way to events. s is the state with the events so far.
type decision struct {
	s      State
	c      Command
	events []Recorded
}

func (d *decision) emit(e Event) {
	r := Recorded{Meta: d.c.Meta, Version: d.s.Version + 1, Event: e}
	d.s.apply(r)
	d.events = append(d.events, r)
}

// open refuses what only an open incident takes.
func (d *decision) open() error {
	if d.s.Open() {
		return nil
	}
	return refuse(Closed, "%s is closed (%s). Type `reopen` to open it again.", d.s.Number, d.s.Reason)
}

func (in Declare) decide(d *decision) error {
	if d.s.Declared() {
		return refuse(Already, "%s is declared already.", d.s.Number)
	}
	if strings.TrimSpace(in.Title) == "" {
		return refuse(Improper, "An incident needs a title: say in a few words what is wrong.")
	}
	if in.Severity == NoSeverity {
		in.Severity = Sev3
	}
	d.emit(in.DeclaredEvent)
	if in.Alert != nil {
		d.emit(AlertAttached{Alert: d.begun(*in.Alert), Why: in.Why})
	}
	if !in.Triage {
		d.wantRooms(in.Platforms)
	}
	if !d.c.Actor.Zero() {
		d.emit(Joined{Person: d.c.Actor})
	}
	return nil
}

func (d *decision) wantRooms(platforms []string) {
	for _, p := range platforms {
		if _, ok := d.s.Rooms[p]; !ok {
			d.emit(RoomWanted{Platform: p, Generation: 1})
		}
	}
}

// begun returns the alert with a start in the future put back to now.
func (d *decision) begun(a Alert) Alert {
	if a.StartsAt.After(d.c.At) {
		a.StartsAt = d.c.At
	}
	return a
}

// roomsAgain asks for rooms when an incident is opened again: where none was ever wanted, and anew where none is left.
func (d *decision) roomsAgain() {
	d.wantRooms(d.s.Platforms)
	if d.elsewhere("") {
		return
	}
	for _, p := range slices.Sorted(maps.Keys(d.s.Rooms)) {
		if room := d.s.Rooms[p]; room.Lost != "" {
			d.emit(RoomWanted{Platform: p, Generation: room.Generation + 1})
		}
	}
}

func (in AttachAlert) decide(d *decision) error {
	known, ok := d.s.Alert(in.Alert.Source, in.Alert.Fingerprint)
	if d.s.Open() {
		if ok && known.Firing() {
			return refuse(Already, "That alert is firing already.")
		}
		if !ok && d.s.Policy.GroupWindow > 0 && d.c.At.Sub(d.lastActivity()) > d.s.Policy.GroupWindow {
			return refuse(Stale, "The last alert of %s is too long ago.", d.s.Number)
		}
		d.emit(AlertAttached{Alert: d.begun(in.Alert), Again: ok, Why: in.Why})
		return nil
	}
	if d.s.Reason != ByResolution || d.c.At.Sub(d.s.ClosedAt) > d.s.Policy.ReopenWindow {
		return refuse(Closed, "%s is closed.", d.s.Number)
	}
	d.emit(ReopenedEvent{Text: "alert fires again: " + in.Alert.Title})
	d.emit(AlertAttached{Alert: d.begun(in.Alert), Again: ok, Why: in.Why})
	d.roomsAgain()
	d.compose("", everyAudience)
	return nil
}

func (d *decision) lastActivity() time.Time {
	if d.s.LastAlert.IsZero() {
		return d.s.Milestones[Detected]
	}
	return d.s.LastAlert
}

func (in ClearAlert) decide(d *decision) error {
	a, ok := d.s.Alert(d.c.Source, in.Fingerprint)
	if !ok || !a.Firing() {
		return refuse(Already, "That alert is not firing.")
	}
	ends := in.EndsAt
	if ends.IsZero() || ends.After(d.c.At) {
		ends = d.c.At
	}
	d.emit(AlertCleared{Fingerprint: in.Fingerprint, Title: a.Title, EndsAt: ends, Left: d.s.Firing() - 1})
	return nil
}

func (in Accept) decide(d *decision) error {
	if err := d.open(); err != nil {
		return err
	}
	if d.s.Status != Triage {
		return refuse(Already, "%s was accepted already; it is %s.", d.s.Number, d.s.Status)
	}
	d.accept(in.Platforms)
	if !d.c.Actor.Zero() && !d.s.Member(d.c.Actor.ID) {
		d.emit(Joined{Person: d.c.Actor})
	}
	return nil
}

func (d *decision) accept(platforms []string) {
	if len(platforms) == 0 {
		platforms = d.s.Platforms
	}
	d.emit(Accepted{})
	d.wantRooms(platforms)
}

func (in SetStatus) decide(d *decision) error {
	if err := d.open(); err != nil {
		return err
	}
	to := in.To
	switch {
	case to == "":
		to = d.s.Status
	case to == Resolved:
		return Close{Reason: ByResolution, Text: in.Text}.decide(d)
	case to == Triage && d.s.Status != Triage:
		return refuse(Improper, "%s cannot go back to triage. Use `cancel` if it was no incident.", d.s.Number)
	}
	if d.s.Status == Triage && to != Triage {
		d.accept(nil)
	}
	if to == d.s.Status && in.Text == "" && in.Impact == "" && in.NextStep == "" {
		return refuse(Already, "%s is %s already. Add some words to tell people more.", d.s.Number, to)
	}
	d.emit(StatusChanged{From: d.s.Status, To: to, Text: in.Text, Impact: in.Impact, NextStep: in.NextStep})
	d.compose(in.Text, tellStakeholders)
	return nil
}

func (in SetSeverity) decide(d *decision) error {
	if err := d.open(); err != nil {
		return err
	}
	if in.To == NoSeverity || in.To > Sev4 {
		return refuse(Improper, "A severity is one of sev1 to sev4.")
	}
	if in.To == d.s.Severity {
		return refuse(Already, "%s is %s already.", d.s.Number, in.To)
	}
	d.emit(SeverityChanged{From: d.s.Severity, To: in.To})
	d.compose("", tellStakeholders)
	return nil
}

func (in Rename) decide(d *decision) error {
	title := strings.TrimSpace(in.To)
	if title == "" {
		return refuse(Improper, "A title cannot be empty.")
	}
	if title == d.s.Title {
		return refuse(Already, "%s is called that already.", d.s.Number)
	}
	d.emit(Renamed{From: d.s.Title, To: title})
	return nil
}

func (in SetPrivate) decide(d *decision) error {
	if in.Private == d.s.Private {
		return refuse(Already, "%s is %s already.", d.s.Number, visibility(in.Private))
	}
	d.emit(VisibilityChanged(in))
	return nil
}

func visibility(private bool) string {
	if private {
		return "private"
	}
	return "public"
}

func (Ack) decide(d *decision) error {
	if err := d.open(); err != nil {
		return err
	}
	if !d.s.Milestones[Acknowledged].IsZero() {
		return refuse(Already, "%s was acknowledged already.", d.s.Number)
	}
	d.emit(Acked{Person: d.c.Actor})
	if !d.c.Actor.Zero() && !d.s.Member(d.c.Actor.ID) {
		d.emit(Joined{Person: d.c.Actor})
	}
	return nil
}

func (in Mitigate) decide(d *decision) error {
	if err := d.open(); err != nil {
		return err
	}
	if d.s.Mitigated() {
		return refuse(Already, "%s was mitigated already.", d.s.Number)
	}
	d.emit(MitigatedEvent(in))
	d.compose(in.Text, everyAudience)
	return nil
}

func (in SetMilestone) decide(d *decision) error {
	if in.When.IsZero() {
		return refuse(Improper, "Say when the incident %s.", in.Milestone)
	}
	if in.Computed && !d.s.Milestones[in.Milestone].IsZero() && !d.s.Computed[in.Milestone] {
		return refuse(Stale, "A person has said already when it was.")
	}
	when := in.When
	if when.After(d.c.At) {
		when = d.c.At
	}
	d.emit(MilestoneSet{Milestone: in.Milestone, When: when, Computed: in.Computed, Basis: in.Basis})
	return nil
}

func (in Close) decide(d *decision) error {
	if !d.s.Open() {
		return refuse(Already, "%s is closed already (%s).", d.s.Number, d.s.Reason)
	}
	triage := d.s.Status == Triage
	d.emit(ClosedEvent(in))
	if !triage {
		d.compose(in.Text, everyAudience)
	}
	return nil
}

func (in Absorb) decide(d *decision) error {
	d.emit(Absorbed{From: in.From, FromNumber: in.Number, Title: in.Title})
	return nil
}

func (in Reopen) decide(d *decision) error {
	if d.s.Open() {
		return refuse(Already, "%s is open.", d.s.Number)
	}
	d.emit(ReopenedEvent(in))
	d.roomsAgain()
	d.compose(in.Text, everyAudience)
	return nil
}

func (in AddNote) decide(d *decision) error {
	if strings.TrimSpace(in.Text) == "" {
		return refuse(Improper, "A note needs words.")
	}
	when := in.When
	if when.IsZero() || when.After(d.c.At) {
		when = d.c.At
	}
	d.emit(NoteAdded{Text: in.Text, When: when})
	return nil
}

func (in Pin) decide(d *decision) error {
	if _, ok := d.s.Pins[in.Message]; ok {
		return refuse(Already, "That message is on the timeline already.")
	}
	d.emit(Pinned(in))
	return nil
}

func (in EditPin) decide(d *decision) error {
	old, ok := d.s.Pins[in.Message]
	if !ok || old == in.Text {
		return refuse(Stale, "That message is not on the timeline.")
	}
	d.emit(PinEdited(in))
	return nil
}

func (in DeletePin) decide(d *decision) error {
	if _, ok := d.s.Pins[in.Message]; !ok {
		return refuse(Stale, "That message is not on the timeline.")
	}
	d.emit(PinDeleted(in))
	return nil
}

func (in RecordEvidence) decide(d *decision) error {
	d.emit(in.EvidenceRecorded)
	return nil
}

func (in AddFollowup) decide(d *decision) error {
	if strings.TrimSpace(in.Text) == "" {
		return refuse(Improper, "Say what is to be done.")
	}
	f := in.Followup
	f.ID = len(d.s.Followups) + 1
	d.emit(FollowupAdded{Followup: f})
	return nil
}

func (in ChangeFollowup) decide(d *decision) error {
	i := slices.IndexFunc(d.s.Followups, func(f Followup) bool { return f.ID == in.ID })
	if i < 0 {
		return refuse(Improper, "There is no follow-up %d in %s.", in.ID, d.s.Number)
	}
	d.emit(FollowupChanged{Followup: in.Followup})
	return nil
}

func (DraftPostmortem) decide(d *decision) error {
	d.emit(PostmortemDrafted{Upto: d.s.Version})
	return nil
}

func (ArchiveRooms) decide(d *decision) error {
	if d.s.Open() {
		return refuse(Improper, "%s is still open. Resolve it first.", d.s.Number)
	}
	if d.s.Archived {
		return refuse(Already, "The room of %s is archived already.", d.s.Number)
	}
	d.emit(RoomArchived{})
	return nil
}
