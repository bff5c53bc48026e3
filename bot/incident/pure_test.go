package incident_test

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"sitrep/bot/incident"
)

// frozen is a deep copy of a state, to see whether the state is changed behind its back.
func frozen(t testing.TB, s incident.State) string {
	t.Helper()
	data, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestApplyLeavesTheOldStateAlone(t *testing.T) {
	state := incident.State{ID: "s07-x"}
	var states []incident.State
	var copies []string
	for _, r := range long(t).events {
		states, copies = append(states, state), append(copies, frozen(t, state))
		state = incident.Apply(state, r)
	}
	for i := range states {
		if diff := cmp.Diff(copies[i], frozen(t, states[i])); diff != "" {
			t.Fatalf("version %d was changed by what came later (-want +got):\n%s", i, diff)
		}
	}
}

func TestDecideLeavesTheOldStateAlone(t *testing.T) {
	s := long(t)
	before := frozen(t, s.state)
	for _, in := range []incident.Intent{
		incident.Leave{Person: cy},
		incident.SetStatus{To: incident.Identified, Text: "x"},
		incident.SetSeverity{To: incident.Sev3},
		incident.Close{Reason: incident.ByResolution},
		incident.PlanUpdates{Every: time.Hour},
		incident.AttachAlert{Alert: alert("checkout-p99")},
	} {
		if _, _, err := incident.Decide(s.state, s.command(ana, in)); err != nil {
			t.Fatalf("%T: %v", in, err)
		}
		if diff := cmp.Diff(before, frozen(t, s.state)); diff != "" {
			t.Fatalf("%T changed the state (-want +got):\n%s", in, diff)
		}
	}
}

func TestFoldIsApplyStepByStepIsWhatDecideSaid(t *testing.T) {
	s := long(t)
	folded := incident.Fold(s.state.ID, s.events)
	stepwise := incident.State{ID: s.state.ID}
	for _, r := range s.events {
		stepwise = incident.Apply(stepwise, r)
	}
	if diff := cmp.Diff(folded, stepwise, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("fold and apply differ (-fold +apply):\n%s", diff)
	}
	if diff := cmp.Diff(s.state, folded, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("decide and fold differ (-decide +fold):\n%s", diff)
	}
}

func TestARecordThatWasStoredFoldsToTheSame(t *testing.T) {
	s := long(t)
	var read []incident.Recorded
	for _, r := range s.events {
		data, err := incident.Encode(r)
		if err != nil {
			t.Fatal(err)
		}
		back, err := incident.Decode(data)
		if err != nil {
			t.Fatal(err)
		}
		read = append(read, back)
	}
	if diff := cmp.Diff(s.state, incident.Fold(s.state.ID, read), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAStateThatWasStoredIsTheSame(t *testing.T) {
	s := long(t)
	var back incident.State
	if err := json.Unmarshal([]byte(frozen(t, s.state)), &back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(s.state, back, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestWhateverPeopleDo(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 1))
		s := &story{t: t, now: noon, state: incident.State{ID: "s07-x"}}
		for range 80 {
			s.after(time.Duration(r.IntN(40)) * time.Minute)
			before := s.state
			events, err := s.try(anyone(r), anything(r, s.state))
			if err != nil && code(err) == "" {
				t.Fatalf("seed %d: an error that is no refusal: %v", seed, err)
			}
			holds(t, seed, before, s.state, events)
		}
		if diff := cmp.Diff(s.state, incident.Fold(s.state.ID, s.events), cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("seed %d: decide and fold differ (-decide +fold):\n%s", seed, diff)
		}
	}
}

// holds checks what is true of every incident at any time.
func holds(t *testing.T, seed uint64, before, s incident.State, events []incident.Recorded) {
	t.Helper()
	for i, r := range events {
		if want := before.Version + incident.Version(i) + 1; r.Version != want {
			t.Fatalf("seed %d: version %d follows, want %d", seed, r.Version, want)
		}
	}
	if want := before.Version + incident.Version(len(events)); s.Version != want {
		t.Fatalf("seed %d: the state is at %d, want %d", seed, s.Version, want)
	}
	names := make(map[string]bool)
	for _, timer := range incident.Timers(s) {
		if names[timer.Name] || timer.Due.IsZero() {
			t.Fatalf("seed %d: timer %+v is there twice or never due", seed, timer)
		}
		names[timer.Name] = true
		what, _, _ := strings.Cut(timer.Name, "/")
		if !s.Open() && what != "postmortem" {
			t.Fatalf("seed %d: a closed incident has a timer %s", seed, timer.Name)
		}
	}
	if (s.Status == incident.Resolved) == s.Open() && s.Declared() {
		t.Fatalf("seed %d: %s, and open is %t", seed, s.Status, s.Open())
	}
	if lead := s.Lead(); !lead.Zero() && !s.LeaderlessSince.IsZero() {
		t.Fatalf("seed %d: %s leads, and people are reminded of a missing lead", seed, lead.Name)
	}
	if slices.ContainsFunc(s.Members, incident.Person.Zero) {
		t.Fatalf("seed %d: nobody takes part", seed)
	}
	onlyOneLead(t, seed, before, events)
}

// onlyOneLead checks that a lead is replaced by name, so that never two people think that they lead.
func onlyOneLead(t *testing.T, seed uint64, before incident.State, events []incident.Recorded) {
	t.Helper()
	for _, r := range events {
		if e, ok := r.Event.(incident.RoleAssigned); ok && e.Role == incident.Lead && e.From.ID != before.Lead().ID {
			t.Fatalf("seed %d: %s takes over from %q, but %q led", seed, e.Person.Name, e.From.ID, before.Lead().ID)
		}
	}
}

func anyone(r *rand.Rand) incident.Person {
	return []incident.Person{nobody, ana, bo, cy}[r.IntN(4)]
}

func pick[T any](r *rand.Rand, list ...T) T { return list[r.IntN(len(list))] }

// anything is a command that may or may not fit the state.
func anything(r *rand.Rand, s incident.State) incident.Intent {
	severity := incident.Severity(r.IntN(5))
	audience := pick(r, "", "stakeholders", "executives", "press")
	words := pick(r, "", "we look at it")
	span := time.Duration(r.IntN(90)-5) * time.Minute
	if !s.Declared() {
		d := declaration(severity)
		d.Triage = r.IntN(2) == 0
		return d
	}
	if timers := incident.Timers(s); len(timers) > 0 && r.IntN(3) == 0 {
		due := pick(r, timers...)
		return incident.Fire(due)
	}
	followup := incident.Followup{ID: r.IntN(3), Text: words, Now: r.IntN(2) == 0, Done: r.IntN(2) == 0}
	return pick[incident.Intent](r,
		declaration(severity), incident.Accept{}, incident.SetSeverity{To: severity}, incident.Rename{To: words}, incident.SetPrivate{Private: r.IntN(2) == 0},
		incident.SetStatus{To: pick(r, "", incident.Triage, incident.Investigating, incident.Identified, incident.Monitoring, incident.Resolved), Text: words, Impact: words},
		incident.AttachAlert{Alert: alert(pick(r, "a", "b"))}, incident.ClearAlert{Fingerprint: pick(r, "a", "b")}, incident.Ack{}, incident.Mitigate{Text: words},
		incident.Close{Reason: pick(r, incident.ByResolution, incident.Cancelled, incident.FalsePositive), Text: words}, incident.Reopen{Text: words},
		incident.AssignRole{Role: pick(r, incident.Lead, incident.Lead, incident.Comms, incident.Expert), Person: anyone(r)}, incident.Join{Person: anyone(r)},
		incident.Leave{Person: anyone(r), Gone: r.IntN(2) == 0}, incident.Subscribe{Person: anyone(r)}, incident.Unsubscribe{Person: anyone(r)},
		incident.AddNote{Text: words}, incident.Pin{Message: words, Text: words}, incident.EditPin{Message: words}, incident.DeletePin{Message: words},
		incident.PlanUpdates{Audience: audience, Every: span}, incident.PauseUpdates{Audience: audience, For: span, Why: words}, incident.ResumeUpdates{Audience: audience},
		incident.SendUpdate{Audience: audience, Text: words}, incident.EditDraft{Audience: audience, Text: words}, incident.SnoozeUpdate{Audience: audience, For: span, Why: words},
		incident.AddFollowup{Followup: followup}, incident.ChangeFollowup{Followup: followup}, incident.DraftPostmortem{}, incident.ArchiveRooms{},
		incident.RoomIsOpen{RoomOpened: incident.RoomOpened{Platform: "slack", Generation: r.IntN(3), Room: pick(r, "C7", "C8")}},
		incident.RoomIsLost{Platform: "slack", Room: pick(r, "C7", "C8"), Reason: pick(r, "deleted", "archived", "removed")},
		incident.EffectHasFailed{EffectFailed: incident.EffectFailed{What: "pin", Target: "slack", Msg: words}}, incident.EffectWorks{What: "pin", Target: "slack"},
		incident.SetMilestone{Milestone: incident.Started, When: noon.Add(-span), Computed: r.IntN(2) == 0}, incident.HasRestarted{Away: span},
		incident.Absorb{Number: 41}, incident.UpdateIsDelivered{UpdateDelivered: incident.UpdateDelivered{Audience: audience, Seq: r.IntN(5)}},
	)
}

// many is a record of n events, such as a bad night leaves.
func many(n int) (incident.State, []incident.Recorded) {
	state := incident.State{ID: "s07-x"}
	var events []incident.Recorded
	r := rand.New(rand.NewPCG(1, 2))
	do := func(at time.Time, in incident.Intent) {
		source := pick(r, "am", "slack")
		if es, next, err := incident.Decide(state, incident.Command{Meta: incident.Meta{At: at, Actor: ana, Source: source}, Intent: in}); err == nil {
			state, events = next, append(events, es...)
		}
	}
	do(noon, declaration(incident.Sev1))
	for i := 0; len(events) < n; i++ {
		at := noon.Add(time.Duration(i) * time.Minute)
		do(at, pick[incident.Intent](r, incident.AttachAlert{Alert: alert(string(rune('a' + i%26)))}, incident.ClearAlert{Fingerprint: string(rune('a' + r.IntN(26)))},
			incident.SetStatus{Text: "still looking"}, incident.AddNote{Text: "a note"}, incident.Pin{Message: at.String(), Text: "a message"},
			incident.AssignRole{Role: incident.Expert, Person: pick(r, ana, bo, cy)}, incident.SendUpdate{}))
	}
	return state, events[:n]
}

func BenchmarkFold2000(b *testing.B) {
	_, events := many(2000)
	b.ReportAllocs()
	for b.Loop() {
		if s := incident.Fold("s07-x", events); s.Version != 2000 {
			b.Fatal(s.Version)
		}
	}
}

func BenchmarkDecide(b *testing.B) {
	state, _ := many(2000)
	cmd := incident.Command{Meta: incident.Meta{At: noon.Add(100 * time.Hour), Actor: ana, Source: "slack"}, Intent: incident.SetStatus{Text: "looking"}}
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := incident.Decide(state, cmd); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkTimeline2000(b *testing.B) {
	_, events := many(2000)
	for b.Loop() {
		incident.Timeline(events)
	}
}
