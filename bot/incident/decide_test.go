package incident_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitrep/bot/incident"
)

// The states in which commands are refused.
func undeclared(t *testing.T) *story {
	return &story{t: t, now: noon, state: incident.State{ID: "s07-x"}}
}
func inTriage(t *testing.T) *story { return begin(t, triage(incident.Sev2)) }
func open(t *testing.T) *story     { return begin(t, declaration(incident.Sev2)).roomOpens() }
func closed(t *testing.T) *story {
	s := open(t)
	s.does(ana, incident.Close{Reason: incident.ByResolution})
	return s
}

func firing(t *testing.T) *story {
	s := open(t)
	s.does(nobody, incident.AttachAlert{Alert: alert("a")})
	return s
}

func TestRefusals(t *testing.T) {
	type refusal struct {
		state  func(*testing.T) *story
		who    incident.Person
		intent incident.Intent
		code   incident.RefusalCode
		msg    string
	}
	lost := incident.RoomIsLost{Platform: "slack", Room: "C7", Reason: "archived"}
	tests := map[string]refusal{
		"declare twice":                    {open, ana, declaration(incident.Sev1), incident.Already, "#42 is declared already."},
		"declare without a title":          {undeclared, ana, incident.Declare{DeclaredEvent: incident.DeclaredEvent{Title: " "}}, incident.Improper, "An incident needs a title: say in a few words what is wrong."},
		"anything before the declaration":  {undeclared, ana, incident.Ack{}, incident.Improper, "There is no such incident."},
		"an alert that fires already":      {firing, nobody, incident.AttachAlert{Alert: alert("a")}, incident.Already, "That alert is firing already."},
		"an alert of a closed incident":    {func(t *testing.T) *story { return closed(t).after(31 * time.Minute) }, nobody, incident.AttachAlert{Alert: alert("a")}, incident.Closed, "#42 is closed."},
		"an alert long after the last":     {func(t *testing.T) *story { return firing(t).after(121 * time.Minute) }, nobody, incident.AttachAlert{Alert: alert("b")}, incident.Stale, "The last alert of #42 is too long ago."},
		"an alert after a false positive":  {func(t *testing.T) *story { return closedAs(t, incident.FalsePositive) }, nobody, incident.AttachAlert{Alert: alert("a")}, incident.Closed, "#42 is closed."},
		"clear an alert that is not there": {open, nobody, incident.ClearAlert{Fingerprint: "a"}, incident.Already, "That alert is not firing."},
		"clear an alert of another source": {firing, nobody, elsewhere{incident.ClearAlert{Fingerprint: "a"}}, incident.Already, "That alert is not firing."},
		"accept twice":                     {open, ana, incident.Accept{}, incident.Already, "#42 was accepted already; it is investigating."},
		"accept what was declined": {func(t *testing.T) *story {
			s := inTriage(t)
			s.does(ana, incident.Close{Reason: incident.Cancelled})
			return s
		}, ana, incident.Accept{}, incident.Closed, "#42 is closed (cancelled). Type `reopen` to open it again."},
		"a status of a closed incident":     {closed, ana, incident.SetStatus{To: incident.Monitoring}, incident.Closed, "#42 is closed (resolved). Type `reopen` to open it again."},
		"the same status without words":     {open, ana, incident.SetStatus{To: incident.Investigating}, incident.Already, "#42 is investigating already. Add some words to tell people more."},
		"no status and no words":            {open, ana, incident.SetStatus{}, incident.Already, "#42 is investigating already. Add some words to tell people more."},
		"back to triage":                    {open, ana, incident.SetStatus{To: incident.Triage}, incident.Improper, "#42 cannot go back to triage. Use `cancel` if it was no incident."},
		"the same severity":                 {open, ana, incident.SetSeverity{To: incident.Sev2}, incident.Already, "#42 is sev2 already."},
		"no severity":                       {open, ana, incident.SetSeverity{}, incident.Improper, "A severity is one of sev1 to sev4."},
		"the severity of a closed incident": {closed, ana, incident.SetSeverity{To: incident.Sev1}, incident.Closed, "#42 is closed (resolved). Type `reopen` to open it again."},
		"no title":                          {open, ana, incident.Rename{To: "\n"}, incident.Improper, "A title cannot be empty."},
		"the same title":                    {open, ana, incident.Rename{To: " Checkout is slow "}, incident.Already, "#42 is called that already."},
		"public already":                    {open, ana, incident.SetPrivate{}, incident.Already, "#42 is public already."},
		"acknowledge twice":                 {func(t *testing.T) *story { s := open(t); s.does(ana, incident.Ack{}); return s }, bo, incident.Ack{}, incident.Already, "#42 was acknowledged already."},
		"acknowledge a closed incident":     {closed, ana, incident.Ack{}, incident.Closed, "#42 is closed (resolved). Type `reopen` to open it again."},
		"mitigate twice":                    {func(t *testing.T) *story { s := open(t); s.does(ana, incident.Mitigate{}); return s }, ana, incident.Mitigate{}, incident.Already, "#42 was mitigated already."},
		"mitigate a closed incident":        {closed, ana, incident.Mitigate{}, incident.Closed, "#42 is closed (resolved). Type `reopen` to open it again."},
		"a computed time against a person's": {func(t *testing.T) *story {
			s := open(t)
			s.does(ana, incident.SetMilestone{Milestone: incident.Started, When: noon})
			return s
		}, nobody, incident.SetMilestone{Milestone: incident.Started, When: noon, Computed: true}, incident.Stale, "A person has said already when it was."},
		"a milestone without a time": {open, ana, incident.SetMilestone{Milestone: incident.Started}, incident.Improper, "Say when the incident started."},
		"resolve twice":              {closed, ana, incident.Close{Reason: incident.ByResolution}, incident.Already, "#42 is closed already (resolved)."},
		"reopen what is open":        {open, ana, incident.Reopen{}, incident.Already, "#42 is open."},
		"a role for nobody":          {open, ana, incident.AssignRole{Role: incident.Lead}, incident.Improper, "Say who is to be lead."},
		"the same lead": {func(t *testing.T) *story {
			s := open(t)
			s.does(ana, incident.AssignRole{Role: incident.Lead, Person: cy})
			return s
		}, ana, incident.AssignRole{Role: incident.Lead, Person: cy}, incident.Already, "cy (unverified) is lead already."},
		"a role in a closed incident":        {closed, ana, incident.AssignRole{Role: incident.Lead, Person: ana}, incident.Closed, "#42 is closed (resolved). Type `reopen` to open it again."},
		"join twice":                         {func(t *testing.T) *story { s := open(t); s.does(ana, incident.Join{Person: ana}); return s }, ana, incident.Join{Person: ana}, incident.Already, "Ana takes part already."},
		"nobody joins":                       {open, nobody, incident.Join{}, incident.Improper, "Say who joins."},
		"leave without having joined":        {open, ana, incident.Leave{Person: ana}, incident.Already, "Ana does not take part."},
		"subscribe twice":                    {func(t *testing.T) *story { s := open(t); s.does(ana, incident.Subscribe{Person: ana}); return s }, ana, incident.Subscribe{Person: ana}, incident.Already, "Ana gets each update of #42 already."},
		"subscribe to a closed incident":     {closed, ana, incident.Subscribe{Person: ana}, incident.Closed, "#42 is closed (resolved). Type `reopen` to open it again."},
		"nobody subscribes":                  {open, nobody, incident.Subscribe{}, incident.Improper, "Say who is to get the updates."},
		"unsubscribe without a subscription": {open, ana, incident.Unsubscribe{Person: ana}, incident.Already, "Ana does not get the updates of #42 directly."},
		"a note without words":               {open, ana, incident.AddNote{Text: " "}, incident.Improper, "A note needs words."},
		"pin twice":                          {func(t *testing.T) *story { s := open(t); s.does(ana, incident.Pin{Message: "1"}); return s }, bo, incident.Pin{Message: "1"}, incident.Already, "That message is on the timeline already."},
		"an edit that changes nothing":       {func(t *testing.T) *story { s := open(t); s.does(ana, incident.Pin{Message: "1", Text: "x"}); return s }, ana, incident.EditPin{Message: "1", Text: "x"}, incident.Stale, "That message is not on the timeline."},
		"an edit of what is not pinned":      {open, ana, incident.EditPin{Message: "1"}, incident.Stale, "That message is not on the timeline."},
		"delete what is not pinned":          {open, ana, incident.DeletePin{Message: "1"}, incident.Stale, "That message is not on the timeline."},
		"a follow-up without words":          {open, ana, incident.AddFollowup{}, incident.Improper, "Say what is to be done."},
		"a follow-up that is not there":      {open, ana, incident.ChangeFollowup{Followup: incident.Followup{ID: 3}}, incident.Improper, "There is no follow-up 3 in #42."},
		"archive an open incident":           {open, ana, incident.ArchiveRooms{}, incident.Improper, "#42 is still open. Resolve it first."},
		"archive twice":                      {func(t *testing.T) *story { s := closed(t); s.does(ana, incident.ArchiveRooms{}); return s }, ana, incident.ArchiveRooms{}, incident.Already, "The room of #42 is archived already."},
		"an unknown audience":                {open, ana, incident.SendUpdate{Audience: "press"}, incident.Improper, `There is no audience called "press" here. There is: stakeholders, executives.`},
		"no audience at all":                 {func(t *testing.T) *story { d := declaration(incident.Sev2); d.Plans = nil; return begin(t, d) }, ana, incident.SendUpdate{}, incident.Improper, "There is no audience called \"\" here. This incident has none; name channels under `audiences` in the configuration."},
		"an update of a closed incident":     {closed, ana, incident.SendUpdate{Text: "x"}, incident.Closed, "#42 is closed (resolved). Type `reopen` to open it again."},
		"updates too often":                  {open, ana, incident.PlanUpdates{Every: time.Second}, incident.Improper, "Updates can come every minute at the most often, not every 1s."},
		"a pause without an end":             {open, ana, incident.PauseUpdates{Why: "x"}, incident.Improper, "Say for how long: `updates pause 20m \"why\"`."},
		"a pause without a reason":           {open, ana, incident.PauseUpdates{For: time.Hour}, incident.Improper, "Say why: people are waiting for the update that you put off."},
		"resume what is not paused":          {open, ana, incident.ResumeUpdates{Audience: "Stakeholders"}, incident.Already, "Updates to stakeholders are not paused."},
		"a snooze without a reason":          {open, ana, incident.SnoozeUpdate{}, incident.Improper, "Say why: people are waiting for the update that you put off."},
		"snooze what is not due":             {func(t *testing.T) *story { return begin(t, declaration(incident.Sev4)) }, ana, incident.SnoozeUpdate{Why: "x"}, incident.Improper, "No update to executives is due."},
		"a draft without words":              {open, ana, incident.EditDraft{}, incident.Improper, "The update needs words."},
		"a timer that is not due yet":        {open, nobody, incident.Fire{Name: "update/stakeholders/1"}, incident.Stale, "The timer update/stakeholders/1 was overtaken."},
		"a timer that nobody knows":          {open, nobody, incident.Fire{Name: "boom/1"}, incident.Stale, "The timer boom/1 was overtaken."},
		"a room that is there":               {open, nobody, incident.RoomIsOpen{RoomOpened: incident.RoomOpened{Platform: "slack", Generation: 1, Room: "C8"}}, incident.Stale, "That room is not wanted any more."},
		"a room of an earlier generation":    {func(t *testing.T) *story { s := open(t); s.does(nobody, lost); return s }, nobody, incident.RoomIsOpen{RoomOpened: incident.RoomOpened{Platform: "slack", Generation: 1, Room: "C8"}}, incident.Stale, "That room is not wanted any more."},
		"a room that nobody wanted":          {open, nobody, incident.RoomIsOpen{RoomOpened: incident.RoomOpened{Platform: "discord", Generation: 1}}, incident.Stale, "That room is not wanted any more."},
		"the same card":                      {func(t *testing.T) *story { s := open(t); s.does(nobody, incident.CardIsPosted{}); return s }, nobody, incident.CardIsPosted{}, incident.Already, "The card is known."},
		"a room lost twice":                  {func(t *testing.T) *story { s := open(t); s.does(nobody, lost); return s }, nobody, lost, incident.Stale, "That room is not in use."},
		"a room archived on request":         {func(t *testing.T) *story { s := closed(t); s.does(ana, incident.ArchiveRooms{}); return s }, nobody, lost, incident.Stale, "The room was archived on request."},
		"a failure that is known": {func(t *testing.T) *story {
			s := open(t)
			s.does(nobody, incident.EffectHasFailed{EffectFailed: incident.EffectFailed{What: "pin", Target: "slack", Msg: "no"}})
			return s
		}, nobody, incident.EffectHasFailed{EffectFailed: incident.EffectFailed{What: "pin", Target: "slack", Msg: "no"}}, incident.Already, "That is known."},
		"a recovery of what worked": {open, nobody, incident.EffectWorks{What: "pin", Target: "slack"}, incident.Stale, "It had not failed."},
		"a restart after the end":   {closed, nobody, incident.HasRestarted{}, incident.Closed, "#42 is closed (resolved). Type `reopen` to open it again."},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := tt.state(t)
			cmd := s.command(tt.who, tt.intent)
			if e, ok := tt.intent.(elsewhere); ok {
				cmd.Intent, cmd.Source = e.ClearAlert, "another"
			}
			events, state, err := incident.Decide(s.state, cmd)
			if err == nil || code(err) != tt.code || err.Error() != tt.msg {
				t.Errorf("got %v (%s)\nwant %s (%s)", err, code(err), tt.msg, tt.code)
			}
			if diff := cmp.Diff(s.state, state); diff != "" || events != nil {
				t.Errorf("a refusal left %d events and a changed state (-want +got):\n%s", len(events), diff)
			}
		})
	}
}

// elsewhere is a command from another alert source than that of the stories.
type elsewhere struct{ incident.ClearAlert }

func closedAs(t *testing.T, why incident.CloseReason) *story {
	s := firing(t)
	s.does(ana, incident.Close{Reason: why})
	return s
}

func TestWhatFollowsFromACommand(t *testing.T) {
	a := alert("a")
	withAlert := declaration(incident.Sev2)
	withAlert.Alert = &a
	tests := map[string]struct {
		state  func(*testing.T) *story
		who    incident.Person
		intent incident.Intent
		want   []string
	}{
		"declared by a person":          {undeclared, ana, declaration(incident.Sev2), []string{"declared.v1", "room_wanted.v1", "joined.v1"}},
		"declared for an alert":         {undeclared, nobody, withAlert, []string{"declared.v1", "alert_attached.v1", "room_wanted.v1"}},
		"a triage has no room yet":      {undeclared, nobody, triage(incident.Sev2), []string{"declared.v1"}},
		"accepted, where it was wanted": {inTriage, ana, incident.Accept{}, []string{"accepted.v1", "room_wanted.v1", "joined.v1"}},
		"accepted, somewhere else":      {inTriage, nobody, incident.Accept{Platforms: []string{"discord", "console"}}, []string{"accepted.v1", "room_wanted.v1", "room_wanted.v1"}},
		"a status accepts a triage":     {inTriage, ana, incident.SetStatus{To: incident.Investigating, Text: "looking"}, []string{"accepted.v1", "room_wanted.v1", "status_changed.v1", "update_composed.v1"}},
		"words leave a triage one":      {inTriage, ana, incident.SetStatus{Text: "hm"}, []string{"status_changed.v1"}},
		"declined without a word":       {inTriage, ana, incident.Close{Reason: incident.FalsePositive}, []string{"closed.v1"}},
		"a declined one gets its room":  {declined, ana, incident.Reopen{}, []string{"reopened.v1", "room_wanted.v1", "update_composed.v1", "update_composed.v1"}},
		"a status tells stakeholders":   {open, ana, incident.SetStatus{To: incident.Identified}, []string{"status_changed.v1", "update_composed.v1"}},
		"resolved is an end":            {open, ana, incident.SetStatus{To: incident.Resolved}, []string{"closed.v1", "update_composed.v1", "update_composed.v1"}},
		"mitigation tells everyone":     {open, ana, incident.Mitigate{}, []string{"mitigated.v1", "update_composed.v1", "update_composed.v1"}},
		"an ack joins":                  {open, ana, incident.Ack{}, []string{"acked.v1", "joined.v1"}},
		"an ack of a machine does not":  {open, nobody, incident.Ack{}, []string{"acked.v1"}},
		"a second alert":                {firing, nobody, incident.AttachAlert{Alert: alert("b")}, []string{"alert_attached.v1"}},
		"an alert after the end":        {closed, nobody, incident.AttachAlert{Alert: a}, []string{"reopened.v1", "alert_attached.v1", "update_composed.v1", "update_composed.v1"}},
		"leaving gives up roles":        {led, ana, incident.Leave{Person: ana, Gone: true}, []string{"role_cleared.v1", "role_cleared.v1", "left.v1"}},
		"a lost room is replaced":       {open, nobody, incident.RoomIsLost{Platform: "slack", Room: "C7", Reason: "deleted"}, []string{"room_lost.v1", "room_wanted.v1"}},
		"a lost room with a mirror":     {mirrored, nobody, incident.RoomIsLost{Platform: "slack", Room: "C7", Reason: "deleted"}, []string{"room_lost.v1"}},
		"a lost room of a closed one":   {closed, nobody, incident.RoomIsLost{Platform: "slack", Room: "C7", Reason: "deleted"}, []string{"room_lost.v1"}},
		"a room lost a second time":     {lostOnce, nobody, incident.RoomIsLost{Platform: "slack", Room: "C8", Reason: "deleted"}, []string{"room_lost.v1"}},
		"reopened with no room left":    {roomless, ana, incident.Reopen{}, []string{"reopened.v1", "room_wanted.v1", "update_composed.v1", "update_composed.v1"}},
		"reopened with a mirror left":   {mirrorClosed, ana, incident.Reopen{}, []string{"reopened.v1", "update_composed.v1", "update_composed.v1"}},
		"send to all that are told":     {func(t *testing.T) *story { return begin(t, declaration(incident.Sev4)) }, ana, incident.SendUpdate{Text: "x"}, []string{"update_composed.v1"}},
		"send to who is never told":     {func(t *testing.T) *story { return begin(t, declaration(incident.Sev4)) }, ana, incident.SendUpdate{Audience: "executives", Text: "x"}, []string{"update_composed.v1"}},
		"resume the one that is paused": {onePaused, ana, incident.ResumeUpdates{}, []string{"updates_resumed.v1"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := tt.state(t)
			if diff := cmp.Diff(tt.want, kinds(s.does(tt.who, tt.intent))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func declined(t *testing.T) *story {
	s := inTriage(t)
	s.does(ana, incident.Close{Reason: incident.Cancelled})
	return s
}

func led(t *testing.T) *story {
	s := open(t)
	s.does(ana, incident.AssignRole{Role: incident.Lead, Person: ana})
	s.does(ana, incident.AssignRole{Role: incident.Scribe, Person: ana})
	return s
}

func mirrored(t *testing.T) *story {
	d := declaration(incident.Sev2)
	d.Platforms = []string{"slack", "discord"}
	s := begin(t, d).roomOpens()
	s.does(nobody, incident.RoomIsOpen{RoomOpened: incident.RoomOpened{Platform: "discord", Generation: 1, Room: "9"}})
	return s
}

func lostOnce(t *testing.T) *story {
	s := open(t)
	s.does(nobody, incident.RoomIsLost{Platform: "slack", Room: "C7", Reason: "deleted"})
	s.does(nobody, incident.RoomIsOpen{RoomOpened: incident.RoomOpened{Platform: "slack", Generation: 2, Room: "C8"}})
	return s
}

func mirrorClosed(t *testing.T) *story {
	s := mirrored(t)
	s.does(ana, incident.Close{Reason: incident.ByResolution})
	s.does(nobody, incident.RoomIsLost{Platform: "slack", Room: "C7", Reason: "deleted"})
	return s
}

func roomless(t *testing.T) *story {
	s := closed(t)
	s.does(nobody, incident.RoomIsLost{Platform: "slack", Room: "C7", Reason: "deleted"})
	return s
}

func onePaused(t *testing.T) *story {
	s := open(t)
	s.does(ana, incident.PauseUpdates{Audience: "executives", For: time.Hour, Why: "asleep"})
	return s
}

func TestMilestones(t *testing.T) {
	at := func(d time.Duration) time.Time { return noon.Add(d) }
	tests := map[string]struct {
		play func(*story)
		want map[incident.Milestone]time.Time
	}{
		"a triage is detected once": {func(s *story) {
			s.after(5*time.Minute).does(nobody, incident.AttachAlert{Alert: alert("a")})
		}, map[incident.Milestone]time.Time{incident.Detected: noon, incident.Started: at(-2 * time.Minute)}},
		"declared when accepted": {func(s *story) {
			s.after(5*time.Minute).does(ana, incident.Accept{})
		}, map[incident.Milestone]time.Time{incident.Detected: noon, incident.Declared: at(5 * time.Minute)}},
		"the earliest alert counts": {func(s *story) {
			later := alert("b")
			later.StartsAt = noon
			s.does(nobody, incident.AttachAlert{Alert: later})
			s.does(nobody, incident.AttachAlert{Alert: alert("a")})
		}, map[incident.Milestone]time.Time{incident.Detected: noon, incident.Started: at(-2 * time.Minute)}},
		"an alert without a start says nothing": {func(s *story) {
			a := alert("a")
			a.StartsAt = time.Time{}
			s.does(nobody, incident.AttachAlert{Alert: a})
		}, map[incident.Milestone]time.Time{incident.Detected: noon}},
		"a start in the future is now": {func(s *story) {
			a := alert("a")
			a.StartsAt = at(time.Hour)
			s.does(nobody, incident.AttachAlert{Alert: a})
		}, map[incident.Milestone]time.Time{incident.Detected: noon, incident.Started: noon}},
		"recovered when the last alert cleared, until the next": {func(s *story) {
			s.does(nobody, incident.AttachAlert{Alert: alert("a")})
			s.does(nobody, incident.AttachAlert{Alert: alert("b")})
			s.after(time.Minute).does(nobody, incident.ClearAlert{Fingerprint: "a"})
			s.does(nobody, incident.ClearAlert{Fingerprint: "b", EndsAt: at(30 * time.Second)})
		}, map[incident.Milestone]time.Time{incident.Detected: noon, incident.Started: at(-2 * time.Minute), incident.Recovered: at(30 * time.Second)}},
		"an alert after the recovery voids it": {func(s *story) {
			s.does(nobody, incident.AttachAlert{Alert: alert("a")})
			s.after(time.Minute).does(nobody, incident.ClearAlert{Fingerprint: "a"})
			s.after(time.Minute).does(nobody, incident.AttachAlert{Alert: alert("a")})
		}, map[incident.Milestone]time.Time{incident.Detected: noon, incident.Started: at(-2 * time.Minute)}},
		"a person's word stays": {func(s *story) {
			s.does(ana, incident.SetMilestone{Milestone: incident.Started, When: at(-time.Hour)})
			s.does(nobody, incident.AttachAlert{Alert: alert("a")})
		}, map[incident.Milestone]time.Time{incident.Detected: noon, incident.Started: at(-time.Hour)}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := inTriage(t)
			tt.play(s)
			if diff := cmp.Diff(tt.want, s.state.Milestones); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestOriginsOfMilestones(t *testing.T) {
	s := long(t)
	want := map[incident.Milestone]string{
		incident.Started: "milestone_set.v1", incident.Detected: "declared.v1", incident.Declared: "declared.v1", incident.Acknowledged: "acked.v1",
		incident.Recovered: "alert_cleared.v1", // mitigation and end are void since it was opened again
	}
	got := make(map[incident.Milestone]string)
	for m, v := range incident.Origins(s.events) {
		got[m] = incident.KindOf(s.events[v-1].Event)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestReopeningUndoesTheEnd(t *testing.T) {
	s := closed(t)
	s.does(ana, incident.ArchiveRooms{})
	s.after(time.Minute).does(ana, incident.Reopen{})
	if got := s.state; got.Archived || !got.ClosedAt.IsZero() || got.Reason != "" || got.Status != incident.Investigating || !got.Milestones[incident.ResolvedAt].IsZero() {
		t.Errorf("got %+v", got)
	}
}
