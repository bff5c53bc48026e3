package bot

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitrep/bot/incident"
	"sitrep/templates"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestWhatFollowsFromEachEvent holds the tasks of every kind of event in testdata/effects.golden, which `go test -update` rewrites.
func TestWhatFollowsFromEachEvent(t *testing.T) {
	texts, err := templates.Load("")
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 3, 4, 3, 0, 0, 0, time.UTC)
	f := effects{
		texts:    func() *templates.Set { return texts },
		view:     func(s incident.State) templates.View { return templates.View{State: s, Now: at, Zone: time.UTC} },
		announce: func() []incident.Channel { return []incident.Channel{{Platform: "slack", ID: "ALL"}} },
	}
	var out strings.Builder
	for _, kind := range []struct {
		name           string
		private, drill bool
	}{{"public", false, false}, {"private", true, false}, {"a drill", false, true}} {
		now := stateForEffects(at)
		now.Private, now.Drill = kind.private, kind.drill
		for _, e := range eventsForEffects(at) {
			r := incident.Recorded{Meta: incident.Meta{At: at, Source: "timer"}, Version: 9, Event: e}
			fmt.Fprintf(&out, "%s: %s\n", kind.name, incident.KindOf(e))
			for _, task := range f.tasks(now, now, []incident.Recorded{r}) {
				j := readJob(&item{Task: task})
				fmt.Fprintf(&out, "    %-10s %s", task.Kind, strings.TrimPrefix(task.Lane, string(now.ID)+"|"))
				if task.Merge != "" {
					fmt.Fprintf(&out, ", merged as %s", task.Merge)
				}
				if j.Message != nil {
					fmt.Fprintf(&out, ": %s", firstLine(*j.Message))
					if len(j.Message.Notify) > 0 {
						fmt.Fprintf(&out, " (calls %v)", j.Message.Notify)
					}
				}
				if len(j.Users) > 0 || j.Name != "" {
					fmt.Fprintf(&out, ": %s", strings.Join(append(j.Users, j.Name), " "))
				}
				out.WriteByte('\n')
			}
		}
	}
	path := filepath.Join("testdata", "effects.golden")
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), out.String()); diff != "" {
		t.Errorf("rewrite it with go test -update if this is right (-want +got)\n%s", diff)
	}
}

func ana() incident.Person {
	return incident.Person{ID: "person:ana", Name: "Ana", Verified: true, Accounts: map[string]string{"slack": "U1", "discord": "D1"}}
}

// stateForEffects is an incident with a room on two platforms, one that was lost, a subscriber, and a card outside.
func stateForEffects(at time.Time) incident.State {
	return incident.State{
		ID: "s01-x", Version: 9, Number: 7, Title: "Checkout is slow", Severity: incident.Sev1, Status: incident.Investigating,
		Rooms: map[string]incident.Room{
			"slack": {Generation: 1, ID: "R1", Name: "inc-7"}, "discord": {Generation: 1, ID: "R2", Name: "inc-7"},
			"teams": {Generation: 1, ID: "R3", Lost: "deleted"},
		},
		Cards:       []incident.Card{{Platform: "slack", Room: "ALL", Message: "m1"}},
		Invited:     []incident.Person{ana()},
		Subscribers: []incident.Person{ana()},
		Milestones:  map[incident.Milestone]time.Time{incident.Declared: at},
		Plans: []incident.Plan{
			{Audience: "stakeholders", Cadence: incident.StakeholderCadence(), Channels: []incident.Channel{{Platform: "slack", ID: "STATUS"}}},
			{Audience: "executives", Executive: true, Cadence: incident.ExecutiveCadence(), Channels: []incident.Channel{{Platform: "slack", ID: "EXEC"}}},
		},
	}
}

func eventsForEffects(at time.Time) []incident.Event {
	told := incident.Update{Audience: "stakeholders", Seq: 1, At: at, Status: incident.Investigating, Severity: incident.Sev1, Title: "Checkout is slow"}
	executives := told
	executives.Audience, executives.Executive = "executives", true
	return []incident.Event{
		incident.DeclaredEvent{Title: "Checkout is slow"},
		incident.AlertAttached{Alert: incident.Alert{Title: "p99"}},
		incident.AlertCleared{Title: "p99", EndsAt: at},
		incident.Accepted{},
		incident.StatusChanged{From: incident.Investigating, To: incident.Identified, Text: "a bad deploy"},
		incident.SeverityChanged{From: incident.Sev2, To: incident.Sev1},
		incident.Renamed{From: "Slow", To: "Checkout is slow"},
		incident.VisibilityChanged{Private: true},
		incident.RoleAssigned{Role: incident.Lead, Person: ana()},
		incident.RoleCleared{Role: incident.Lead, Person: ana()},
		incident.Joined{Person: ana()},
		incident.Left{Person: ana()},
		incident.Subscribed{Person: ana()},
		incident.Unsubscribed{Person: ana()},
		incident.Acked{Person: ana()},
		incident.MitigatedEvent{Text: "rolled back"},
		incident.MilestoneSet{Milestone: incident.Started, When: at},
		incident.ClosedEvent{Reason: incident.ByResolution},
		incident.ReopenedEvent{},
		incident.Absorbed{FromNumber: 6, Title: "Cart is slow"},
		incident.NoteAdded{Text: "a note", When: at},
		incident.Pinned{Text: "a message"},
		incident.PinEdited{Text: "edited"},
		incident.PinDeleted{},
		incident.EvidenceRecorded{Look: "logs"},
		incident.UpdatesPlanned{Audience: "stakeholders", Every: time.Hour},
		incident.UpdatesPaused{Audience: "stakeholders", Until: at, Why: "why"},
		incident.UpdatesResumed{Audience: "stakeholders"},
		incident.UpdateDrafted{Audience: "stakeholders", Seq: 1, Due: at, To: ana()},
		incident.DraftEdited{Audience: "stakeholders"},
		incident.UpdateSnoozed{Audience: "stakeholders", Until: at, Why: "why"},
		incident.UpdateComposed{Update: told},
		incident.UpdateComposed{Update: executives},
		incident.UpdateDelivered{Audience: "stakeholders"},
		incident.FollowupAdded{Followup: incident.Followup{ID: 1, Text: "fix it"}},
		incident.FollowupChanged{Followup: incident.Followup{ID: 1, Text: "fix it", Done: true}},
		incident.PostmortemDrafted{},
		incident.PostmortemReminded{Count: 1, Due: at},
		incident.RoomWanted{Platform: "slack", Generation: 2},
		incident.RoomOpened{Platform: "slack", Room: "R1"},
		incident.CardPosted{Platform: "slack", Room: "R1", Message: "m2"},
		incident.RoomLost{Platform: "teams", Room: "R3", Reason: "deleted"},
		incident.RoomArchived{},
		incident.LeadMissing{Count: callOnCall},
		incident.EffectFailed{What: "Inviting people", Target: "slack", Msg: "no scope"},
		incident.EffectRecovered{What: "Inviting people", Target: "slack"},
		incident.Restarted{Away: time.Hour},
	}
}

func TestEveryKindOfEventIsInTheGolden(t *testing.T) {
	seen := make(map[string]bool)
	for _, e := range eventsForEffects(time.Now()) {
		seen[incident.KindOf(e)] = true
	}
	for _, k := range incident.Kinds() {
		if !seen[k] {
			t.Errorf("%s is missing", k)
		}
	}
}
