package templates_test

import (
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitrep/bot/chat"
	"sitrep/bot/incident"
	"sitrep/bot/ops"
	"sitrep/templates"
)

var update = flag.Bool("update", false, "rewrite the goldens in testdata")

var noon = time.Date(2026, 3, 6, 12, 0, 0, 0, time.UTC)

var (
	nobody = incident.Person{}
	ana    = incident.Person{ID: "person:ana", Name: "Ana Ruiz", Verified: true}
	bo     = incident.Person{ID: "person:bo", Name: "Bo", Verified: true}
	cy     = incident.Person{ID: "slack:T1/U9", Name: "cy_x"}
)

// hostile is what somebody types who wishes people ill: calls, markup, a citation of what is not there, a link that lies.
const hostile = "@everyone <!channel> <@U1> **bold** [T99] [bank](https://evil.example) `code` </a><script>x</script>\n# head\n> quote | pipe {{.Number}} :x: "

var huge = strings.Repeat("checkout is slow ", 600)

func catalog() ops.Catalog {
	return ops.Catalog{Services: []ops.Service{{
		Name: "checkout", Team: "shop", Runbook: "https://runbooks.example/checkout?a=1&b=2", Dashboard: "https://grafana.example/d/1",
	}}}
}

// story is one incident in the making.
type story struct {
	t      *testing.T
	now    time.Time
	state  incident.State
	events []incident.Recorded
	counts map[string]int64
}

func declaration(title string) incident.Declare {
	return incident.Declare{DeclaredEvent: incident.DeclaredEvent{
		Number: 42, Title: title, Severity: incident.Sev2, Service: "checkout", Team: "shop", Platforms: []string{"slack", "discord"},
		Plans: []incident.Plan{
			{Audience: "stakeholders", Cadence: incident.StakeholderCadence()},
			{Audience: "executives", Executive: true, Cadence: incident.ExecutiveCadence()},
		},
		Policy: incident.Policy{ReopenWindow: 30 * time.Minute, DraftLead: 5 * time.Minute, LeadNag: 5 * time.Minute, PostmortemFor: incident.Sev2, PostmortemDays: 5},
	}}
}

func begin(t *testing.T, d incident.Declare) *story {
	s := &story{t: t, now: noon, state: incident.State{ID: "s07-x"}, counts: map[string]int64{"alerts": 5}}
	s.does(nobody, d)
	return s
}

func (s *story) after(d time.Duration) *story {
	s.now = s.now.Add(d)
	return s
}

func (s *story) does(who incident.Person, in incident.Intent) []incident.Recorded {
	s.t.Helper()
	source := "slack"
	if _, ok := in.(incident.ClearAlert); ok {
		source = "am"
	}
	events, state, err := incident.Decide(s.state, incident.Command{Meta: incident.Meta{At: s.now, Actor: who, Source: source}, Intent: in})
	if err != nil {
		s.t.Fatalf("%T: %v", in, err)
	}
	s.state, s.events = state, append(s.events, events...)
	return events
}

func (s *story) roomsOpen() *story {
	s.does(nobody, incident.RoomIsOpen{RoomOpened: incident.RoomOpened{Platform: "slack", Generation: 1, Room: "T1/C7", Name: "inc-42-checkout", URL: "https://slack.example/C7"}})
	s.does(nobody, incident.RoomIsOpen{RoomOpened: incident.RoomOpened{Platform: "discord", Generation: 1, Room: "99", Name: "inc-42-checkout", URL: "https://discord.example/99"}})
	return s
}

func (s *story) view() templates.View {
	return templates.View{State: s.state, Counts: s.counts, Now: s.now, Zone: time.UTC, Catalog: catalog(), Platform: "slack"}
}

// lastUpdate returns the newest update to an audience.
func (s *story) lastUpdate(audience string) incident.Update {
	s.t.Helper()
	for i := len(s.state.Updates) - 1; i >= 0; i-- {
		if s.state.Updates[i].Audience == audience {
			return s.state.Updates[i]
		}
	}
	s.t.Fatalf("no update to %s", audience)
	return incident.Update{}
}

func alert(fingerprint, title string) incident.Alert {
	return incident.Alert{Source: "am", Fingerprint: fingerprint, Title: title, StartsAt: noon.Add(-2 * time.Minute), URL: "https://am.example/" + fingerprint}
}

// worked is an incident in which people are at work.
func worked(t *testing.T) *story {
	d := declaration("Checkout is slow")
	a := alert("p99", "p99 of checkout above 2 s")
	d.Alert = &a
	s := begin(t, d).after(2 * time.Second).roomsOpen()
	s.after(40*time.Second).does(ana, incident.Ack{})
	s.does(ana, incident.AssignRole{Role: incident.Lead, Person: ana})
	s.does(nobody, incident.AttachAlert{Alert: alert("5xx", "error ratio of checkout above 5%")})
	s.does(nobody, incident.EffectHasFailed{EffectFailed: incident.EffectFailed{What: "invite", Target: "slack", Msg: "Bo is not in this workspace."}})
	s.after(4*time.Minute).does(bo, incident.RecordEvidence{EvidenceRecorded: incident.EvidenceRecorded{
		Look: "deploys", Service: "checkout", Source: "github", Query: "repos/shop/checkout/deployments", From: noon.Add(-6 * time.Hour), To: noon,
		Finding: "v41 went out 4 min before the onset", Digest: "5f2c0a", Link: "https://github.example/shop/checkout/compare/v40...v41",
	}})
	s.after(time.Minute).does(ana, incident.SetStatus{To: incident.Identified, Text: "v41 made every query scan the table", Impact: "12% of payments fail", NextStep: "go back to v40"})
	return s
}

// finished is an incident from the alert to the end, over more than a day.
func finished(t *testing.T) *story {
	s := worked(t)
	s.delivered("stakeholders", 1, 3*time.Second)
	s.does(bo, incident.AddFollowup{Followup: incident.Followup{Text: "alert on table scans", Owner: bo, Due: noon.AddDate(0, 0, 7)}})
	s.does(bo, incident.AddFollowup{Followup: incident.Followup{Text: "go back to v40", Owner: ana, Now: true}})
	s.after(time.Minute).does(bo, incident.AddNote{Text: "support has 30 tickets", When: s.now.Add(-20 * time.Minute)})
	s.does(bo, incident.Pin{Message: "slack/C7/9", Text: "rollback of v41 started", Author: cy, When: s.now.Add(-30 * time.Second)})
	s.after(12*time.Minute).does(ana, incident.Mitigate{Text: "v40 serves all traffic"})
	s.does(ana, incident.ChangeFollowup{Followup: incident.Followup{ID: 2, Text: "go back to v40", Owner: ana, Now: true, Done: true}})
	s.delivered("stakeholders", 2, 0)
	s.delivered("executives", 1, 0)
	s.does(nobody, incident.ClearAlert{Fingerprint: "p99"})
	s.does(nobody, incident.ClearAlert{Fingerprint: "5xx", EndsAt: s.now.Add(-10 * time.Second)})
	s.after(75*time.Minute).does(nobody, incident.Fire{Name: "update/stakeholders/3"})
	s.delivered("stakeholders", 3, 2*time.Second)
	s.does(nobody, incident.HasRestarted{Away: 15 * time.Minute})
	s.after(26*time.Hour).does(ana, incident.Close{Reason: incident.ByResolution, Text: "quiet for a day"})
	s.delivered("stakeholders", 4, time.Second)
	return s
}

func (s *story) delivered(audience string, seq int, after time.Duration) {
	s.after(after).does(nobody, incident.UpdateIsDelivered{UpdateDelivered: incident.UpdateDelivered{
		Audience: audience, Seq: seq, Platform: "slack", Channel: "T1/C1", Message: "1.2", URL: "https://slack.example/C1/1",
	}})
}

func load(t *testing.T, dir string) *templates.Set {
	t.Helper()
	set, err := templates.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	return set
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
		t.Fatalf("%v; write it with: go test ./templates -update", err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got), rewrite it with go test ./templates -update:\n%s", file, diff)
	}
}

// page shows a message as a person would see it on the console, with what stands behind its buttons.
func page(m chat.Message) string {
	var b strings.Builder
	if m.Tone != chat.Neutral {
		b.WriteString("(" + string(m.Tone) + ") ")
	}
	b.WriteString(m.Plain() + "\n")
	for _, block := range m.Blocks {
		for _, button := range block.Buttons {
			b.WriteString("  [" + button.Label + "] " + button.Verb + "\n")
		}
	}
	if m.Summary != "" {
		b.WriteString("summary: " + m.Summary + "\n")
	}
	return b.String()
}

func raw(t *testing.T, m chat.Message) string {
	t.Helper()
	data, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func kindOf(err error) ops.Kind {
	var e *ops.Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return ops.Internal
}
