package incident_test

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitrep/bot/incident"
)

var update = flag.Bool("update", false, "rewrite the goldens in testdata")

// noon is a Friday, so that a working day's reckoning meets a weekend.
var noon = time.Date(2026, 3, 6, 12, 0, 0, 0, time.UTC)

var (
	nobody = incident.Person{}
	ana    = incident.Person{ID: "person:ana", Name: "Ana", Verified: true, Accounts: map[string]string{"slack": "T1/U1"}}
	bo     = incident.Person{ID: "person:bo", Name: "Bo", Verified: true}
	cy     = incident.Person{ID: "slack:T1/U9", Name: "cy"}
)

func policy() incident.Policy {
	return incident.Policy{
		ReopenWindow: 30 * time.Minute, GroupWindow: 2 * time.Hour, DraftLead: 5 * time.Minute, LeadNag: 5 * time.Minute,
		PostmortemFor: incident.Sev2, PostmortemDays: 5,
	}
}

func plans() []incident.Plan {
	return []incident.Plan{
		{Audience: "stakeholders", Cadence: incident.StakeholderCadence(), Channels: []incident.Channel{{Platform: "slack", ID: "T1/C1"}}},
		{Audience: "executives", Executive: true, Cadence: incident.ExecutiveCadence()},
	}
}

func declaration(sev incident.Severity) incident.Declare {
	return incident.Declare{DeclaredEvent: incident.DeclaredEvent{
		Number: 42, Title: "Checkout is slow", Severity: sev, Service: "checkout", Platforms: []string{"slack"}, Plans: plans(), Policy: policy(),
	}}
}

func triage(sev incident.Severity) incident.Declare {
	d := declaration(sev)
	d.Triage = true
	return d
}

func alert(fingerprint string) incident.Alert {
	return incident.Alert{Source: "am", Fingerprint: fingerprint, Title: "Latency of " + fingerprint, StartsAt: noon.Add(-2 * time.Minute)}
}

// story is one incident in the making.
type story struct {
	t      *testing.T
	now    time.Time
	state  incident.State
	events []incident.Recorded
}

func begin(t *testing.T, d incident.Declare) *story {
	t.Helper()
	s := &story{t: t, now: noon, state: incident.State{ID: "s07-x"}}
	s.does(nobody, d)
	return s
}

func (s *story) after(d time.Duration) *story {
	s.now = s.now.Add(d)
	return s
}

// try gives a command and keeps what follows from it.
func (s *story) try(who incident.Person, in incident.Intent) ([]incident.Recorded, error) {
	s.t.Helper()
	events, state, err := incident.Decide(s.state, s.command(who, in))
	if err != nil {
		return nil, err
	}
	for i := range events {
		events[i].RecordedAt = s.now
	}
	s.state, s.events = state, append(s.events, events...)
	return events, nil
}

func (s *story) command(who incident.Person, in incident.Intent) incident.Command {
	c := incident.Command{Meta: incident.Meta{At: s.now, Actor: who, Source: "slack"}, Intent: in}
	switch in := in.(type) {
	case incident.AttachAlert, incident.ClearAlert:
		c.Source = "am"
	case incident.Fire:
		c.Source = "timer"
	case incident.RoomIsOpen:
		c.Source = in.Platform
	}
	return c
}

// does gives a command that must be taken.
func (s *story) does(who incident.Person, in incident.Intent) []incident.Recorded {
	s.t.Helper()
	events, err := s.try(who, in)
	if err != nil {
		s.t.Fatalf("%T: %v", in, err)
	}
	return events
}

func (s *story) fires(name string) []incident.Recorded {
	s.t.Helper()
	return s.does(nobody, incident.Fire{Name: name, Due: s.now})
}

func (s *story) roomOpens() *story {
	s.does(nobody, incident.RoomIsOpen{RoomOpened: incident.RoomOpened{Platform: "slack", Generation: 1, Room: "C7", Name: "inc-42-checkout", URL: "https://slack.example/C7"}})
	return s
}

// timers returns when each timer is due, reckoned from noon.
func (s *story) timers() map[string]string {
	m := make(map[string]string)
	for _, t := range incident.Timers(s.state) {
		m[t.Name] = t.Due.Sub(noon).String()
	}
	return m
}

func code(err error) incident.RefusalCode {
	var r *incident.Refused
	if errors.As(err, &r) {
		return r.Code
	}
	return ""
}

func kinds(events []incident.Recorded) []string {
	var ks []string
	for _, r := range events {
		ks = append(ks, incident.KindOf(r.Event))
	}
	return ks
}

// updates returns the updates among events.
func updates(events []incident.Recorded) []incident.Update {
	var us []incident.Update
	for _, r := range events {
		if e, ok := r.Event.(incident.UpdateComposed); ok {
			us = append(us, e.Update)
		}
	}
	return us
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v; write it with: go test ./bot/incident -update", err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got), rewrite it with go test ./bot/incident -update:\n%s", file, diff)
	}
}

// long plays an incident from the alert to the postmortem, in which every kind of event happens but those of a triage.
func long(t *testing.T) *story {
	d := declaration(incident.Sev2)
	a := alert("checkout-p99")
	a.URL = "https://am.example/1"
	d.Alert, d.Invite = &a, []incident.Person{bo}
	s := begin(t, d).after(2 * time.Second).roomOpens()
	s.does(nobody, incident.CardIsPosted{CardPosted: incident.CardPosted{Platform: "slack", Room: "C7", Message: "1.2"}})
	s.after(40*time.Second).does(ana, incident.Ack{})
	s.does(ana, incident.AssignRole{Role: incident.Lead, Person: ana})
	s.does(ana, incident.AssignRole{Role: incident.Expert, Person: cy})
	s.does(bo, incident.Subscribe{Person: bo})
	s.does(nobody, incident.EffectHasFailed{EffectFailed: incident.EffectFailed{What: "invite", Target: "slack", Msg: "Bo is not in this workspace."}})
	s.after(time.Minute).does(bo, incident.RecordEvidence{EvidenceRecorded: incident.EvidenceRecorded{
		Look: "deploys", Service: "checkout", Source: "github", Query: "repos/shop/checkout/deployments", From: noon.Add(-6 * time.Hour), To: noon,
		Finding: "v41 went out 4 min before the onset", Digest: "5f2c", Link: "https://github.example/shop/checkout",
	}})
	s.after(time.Minute).does(ana, incident.SetStatus{To: incident.Identified, Text: "v41 made every query scan the table", Impact: "12% of payments fail", NextStep: "go back to v40"})
	s.does(ana, incident.SetSeverity{To: incident.Sev1})
	s.does(nobody, incident.EffectWorks{What: "invite", Target: "slack"})
	s.after(time.Minute).does(bo, incident.AddNote{Text: "support has 30 tickets", When: s.now.Add(-10 * time.Minute)})
	s.does(bo, incident.Pin{Message: "slack/C7/9", Text: "rolled back", Author: cy, When: s.now.Add(-time.Minute)})
	s.does(cy, incident.EditPin{Message: "slack/C7/9", Text: "rolled back to v40"})
	s.does(cy, incident.DeletePin{Message: "slack/C7/9"})
	s.does(ana, incident.AddFollowup{Followup: incident.Followup{Text: "alert on scans", Owner: bo, Due: noon.AddDate(0, 0, 7)}})
	s.does(ana, incident.PlanUpdates{Audience: "stakeholders", Every: 15 * time.Minute})
	s.after(10 * time.Minute).fires("draft/stakeholders/3")
	s.does(ana, incident.EditDraft{Audience: "stakeholders", Text: "we are going back to v40"})
	s.does(ana, incident.SnoozeUpdate{Audience: "stakeholders", For: 5 * time.Minute, Why: "waiting for the rollback"})
	s.does(nobody, incident.RoomIsLost{Platform: "slack", Room: "C7", Reason: "deleted"})
	s.after(10 * time.Minute).fires("update/stakeholders/3")
	s.after(2*time.Minute).does(nobody, incident.UpdateIsDelivered{UpdateDelivered: incident.UpdateDelivered{Audience: "stakeholders", Seq: 3, Platform: "slack", Channel: "T1/C1", Message: "3", URL: "https://slack.example/3"}})
	s.does(nobody, incident.HasRestarted{Away: 90 * time.Second})
	s.does(ana, incident.PauseUpdates{For: 20 * time.Minute, Why: "all hands"})
	s.does(ana, incident.ResumeUpdates{})
	s.does(ana, incident.Rename{To: "Payments fail"})
	s.does(ana, incident.SetPrivate{Private: true})
	s.does(ana, incident.Mitigate{Text: "v40 serves all traffic"})
	s.does(ana, incident.SetMilestone{Milestone: incident.Started, When: noon.Add(-4 * time.Minute), Computed: true, Basis: "p99 of checkout"})
	s.does(nobody, incident.ClearAlert{Fingerprint: "checkout-p99", EndsAt: s.now})
	s.does(ana, incident.Absorb{From: "s09-y", Number: 41, Title: "Payments slow"})
	s.does(ana, incident.ChangeFollowup{Followup: incident.Followup{ID: 1, Text: "alert on scans", Owner: bo, Due: noon.AddDate(0, 0, 7), Done: true}})
	s.does(ana, incident.Leave{Person: ana})
	s.after(5 * time.Minute).fires("lead/1")
	s.does(bo, incident.Unsubscribe{Person: bo})
	s.after(26*time.Hour).does(bo, incident.Close{Reason: incident.ByResolution, Text: "quiet for a day"})
	s.after(24 * time.Hour).fires("postmortem/1")
	s.does(bo, incident.DraftPostmortem{})
	s.does(bo, incident.ArchiveRooms{})
	s.does(bo, incident.Reopen{Text: "not over"})
	return s
}
