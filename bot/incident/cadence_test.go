package incident_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitrep/bot/incident"
)

func ledBy(t *testing.T, d incident.Declare) *story {
	s := begin(t, d)
	s.does(ana, incident.AssignRole{Role: incident.Lead, Person: ana})
	return s
}

// sent makes the updates that a declaration and an acceptance promise happen, so that the next ones can be looked at.
func (s *story) sent() *story {
	s.does(ana, incident.SendUpdate{Text: "we are on it"})
	return s
}

func TestTimers(t *testing.T) {
	tests := map[string]struct {
		play func(*testing.T) *story
		want map[string]string
	}{
		"sev1, first": {func(t *testing.T) *story { return ledBy(t, declaration(incident.Sev1)) }, map[string]string{
			"draft/stakeholders/1": "5m0s", "update/stakeholders/1": "10m0s", "draft/executives/1": "55m0s", "update/executives/1": "1h0m0s",
		}},
		"sev1, then, hot": {func(t *testing.T) *story { return ledBy(t, declaration(incident.Sev1)).sent() }, map[string]string{
			"draft/stakeholders/2": "15m0s", "update/stakeholders/2": "20m0s", "draft/executives/2": "55m0s", "update/executives/2": "1h0m0s",
		}},
		"sev1, mitigated": {func(t *testing.T) *story {
			s := ledBy(t, declaration(incident.Sev1)).sent()
			s.does(ana, incident.Mitigate{})
			return s
		}, map[string]string{
			"draft/stakeholders/3": "25m0s", "update/stakeholders/3": "30m0s", "draft/executives/3": "55m0s", "update/executives/3": "1h0m0s",
		}},
		"sev2, first": {func(t *testing.T) *story { return ledBy(t, declaration(incident.Sev2)) }, map[string]string{
			"draft/stakeholders/1": "15m0s", "update/stakeholders/1": "20m0s", "draft/executives/1": "1h55m0s", "update/executives/1": "2h0m0s",
		}},
		"sev2, then": {func(t *testing.T) *story { return ledBy(t, declaration(incident.Sev2)).sent() }, map[string]string{
			"draft/stakeholders/2": "55m0s", "update/stakeholders/2": "1h0m0s", "draft/executives/2": "1h55m0s", "update/executives/2": "2h0m0s",
		}},
		"sev3, first; executives on change": {func(t *testing.T) *story { return ledBy(t, declaration(incident.Sev3)) }, map[string]string{
			"draft/stakeholders/1": "55m0s", "update/stakeholders/1": "1h0m0s",
		}},
		"sev3, then": {func(t *testing.T) *story { return ledBy(t, declaration(incident.Sev3)).sent() }, map[string]string{
			"draft/stakeholders/2": "3h55m0s", "update/stakeholders/2": "4h0m0s",
		}},
		"sev4, on change": {func(t *testing.T) *story { return ledBy(t, declaration(incident.Sev4)) }, map[string]string{}},
		"sev4, daily": {func(t *testing.T) *story { return ledBy(t, declaration(incident.Sev4)).sent() }, map[string]string{
			"draft/stakeholders/2": "23h55m0s", "update/stakeholders/2": "24h0m0s",
		}},
		"private makes no difference": {func(t *testing.T) *story {
			d := declaration(incident.Sev3)
			d.Private = true
			return ledBy(t, d)
		}, map[string]string{"draft/stakeholders/1": "55m0s", "update/stakeholders/1": "1h0m0s"}},
		"a triage promises nothing": {inTriage, map[string]string{}},
		"accepted later": {func(t *testing.T) *story {
			s := begin(t, triage(incident.Sev3)).after(7 * time.Minute)
			s.does(ana, incident.Accept{})
			return s
		}, map[string]string{"draft/stakeholders/1": "1h2m0s", "update/stakeholders/1": "1h7m0s", "lead/1": "12m0s"}},
		"nobody leads": {func(t *testing.T) *story { return begin(t, declaration(incident.Sev4)) }, map[string]string{"lead/1": "5m0s"}},
		"nobody leads, reminded twice": {func(t *testing.T) *story {
			s := begin(t, declaration(incident.Sev4)).after(5 * time.Minute)
			s.fires("lead/1")
			s.after(5 * time.Minute).fires("lead/2")
			return s
		}, map[string]string{"lead/3": "15m0s"}},
		"nobody leads, and all know it": {func(t *testing.T) *story {
			s := begin(t, declaration(incident.Sev4)).after(15 * time.Minute)
			s.fires("lead/1")
			s.fires("lead/2")
			s.fires("lead/3")
			return s
		}, map[string]string{}},
		"the lead has gone": {func(t *testing.T) *story {
			s := ledBy(t, declaration(incident.Sev4)).after(time.Hour)
			s.does(nobody, incident.Leave{Person: ana, Gone: true})
			return s
		}, map[string]string{"lead/1": "1h5m0s"}},
		"drafted already": {func(t *testing.T) *story {
			s := ledBy(t, declaration(incident.Sev3)).after(55 * time.Minute)
			s.fires("draft/stakeholders/1")
			return s
		}, map[string]string{"update/stakeholders/1": "1h0m0s"}},
		"snoozed: drafted anew": {func(t *testing.T) *story {
			s := ledBy(t, declaration(incident.Sev3)).after(55 * time.Minute)
			s.fires("draft/stakeholders/1")
			s.does(ana, incident.SnoozeUpdate{Why: "nearly there"})
			return s
		}, map[string]string{"draft/stakeholders/1": "1h5m0s", "update/stakeholders/1": "1h10m0s"}},
		"paused": {func(t *testing.T) *story {
			s := ledBy(t, declaration(incident.Sev3)).after(10 * time.Minute)
			s.does(ana, incident.PauseUpdates{Audience: "stakeholders", For: 2 * time.Hour, Why: "night"})
			return s
		}, map[string]string{"update/stakeholders/1": "2h10m0s"}},
		"paused and resumed": {func(t *testing.T) *story {
			s := ledBy(t, declaration(incident.Sev3)).after(10 * time.Minute)
			s.does(ana, incident.PauseUpdates{Audience: "stakeholders", For: 2 * time.Hour, Why: "night"})
			s.after(5*time.Minute).does(ana, incident.ResumeUpdates{})
			return s
		}, map[string]string{"draft/stakeholders/1": "1h10m0s", "update/stakeholders/1": "1h15m0s"}},
		"every 15 min, by a person": {func(t *testing.T) *story {
			s := ledBy(t, declaration(incident.Sev3)).after(10 * time.Minute)
			s.does(ana, incident.PlanUpdates{Audience: "stakeholders", Every: 15 * time.Minute})
			return s
		}, map[string]string{"draft/stakeholders/1": "20m0s", "update/stakeholders/1": "25m0s"}},
		"too soon for a draft": {func(t *testing.T) *story {
			s := ledBy(t, declaration(incident.Sev3)).sent()
			s.does(ana, incident.PlanUpdates{Audience: "stakeholders", Every: 5 * time.Minute})
			return s
		}, map[string]string{"update/stakeholders/2": "5m0s"}},
		"lower severity keeps what was promised": {func(t *testing.T) *story {
			s := ledBy(t, declaration(incident.Sev1)).sent().after(time.Minute)
			s.does(ana, incident.SetSeverity{To: incident.Sev2})
			return s
		}, map[string]string{
			"draft/stakeholders/3": "56m0s", "update/stakeholders/3": "1h1m0s", "draft/executives/2": "55m0s", "update/executives/2": "1h0m0s",
		}},
		"so low that executives are told on change: told, and nothing promised": {func(t *testing.T) *story {
			s := ledBy(t, declaration(incident.Sev1)).sent().after(time.Minute)
			s.does(ana, incident.SetSeverity{To: incident.Sev3})
			return s
		}, map[string]string{"draft/stakeholders/3": "3h56m0s", "update/stakeholders/3": "4h1m0s"}},
		"higher severity brings it forward": {func(t *testing.T) *story {
			s := ledBy(t, declaration(incident.Sev2)).after(90 * time.Minute)
			s.does(ana, incident.SetSeverity{To: incident.Sev1})
			return s
		}, map[string]string{
			"draft/stakeholders/2": "1h45m0s", "update/stakeholders/2": "1h50m0s", "draft/executives/1": "1h25m0s", "update/executives/1": "1h30m0s",
		}},
		"a closed sev2 is owed a postmortem": {func(t *testing.T) *story {
			s := ledBy(t, declaration(incident.Sev2)).after(time.Hour)
			s.does(ana, incident.Close{Reason: incident.ByResolution})
			return s
		}, map[string]string{"postmortem/1": "25h0m0s"}},
		"reminded once": {func(t *testing.T) *story {
			s := ledBy(t, declaration(incident.Sev2))
			s.does(ana, incident.Close{Reason: incident.ByResolution})
			s.after(24 * time.Hour).fires("postmortem/1")
			return s
		}, map[string]string{"postmortem/2": "72h0m0s"}},
		"reminded twice": {func(t *testing.T) *story {
			s := ledBy(t, declaration(incident.Sev2))
			s.does(ana, incident.Close{Reason: incident.ByResolution})
			s.after(72 * time.Hour).fires("postmortem/1")
			s.fires("postmortem/2")
			return s
		}, map[string]string{}},
		"drafted: nobody is reminded": {func(t *testing.T) *story {
			s := ledBy(t, declaration(incident.Sev2))
			s.does(ana, incident.Close{Reason: incident.ByResolution})
			s.does(ana, incident.DraftPostmortem{})
			return s
		}, map[string]string{}},
		"a closed sev3 clears all": {func(t *testing.T) *story {
			s := begin(t, declaration(incident.Sev3))
			s.does(ana, incident.Close{Reason: incident.ByResolution})
			return s
		}, map[string]string{}},
		"a closed drill clears all": {func(t *testing.T) *story {
			d := declaration(incident.Sev1)
			d.Drill = true
			s := begin(t, d)
			s.does(ana, incident.Close{Reason: incident.ByResolution})
			return s
		}, map[string]string{}},
		"cancelled clears all": {func(t *testing.T) *story {
			s := begin(t, declaration(incident.Sev1))
			s.does(ana, incident.Close{Reason: incident.Cancelled})
			return s
		}, map[string]string{}},
		"reopened: all of it again": {func(t *testing.T) *story {
			s := begin(t, declaration(incident.Sev2))
			s.does(ana, incident.PauseUpdates{For: 5 * time.Hour, Why: "night"})
			s.does(ana, incident.Close{Reason: incident.ByResolution})
			s.after(2*time.Hour).does(ana, incident.Reopen{})
			return s
		}, map[string]string{
			"draft/stakeholders/3": "2h55m0s", "update/stakeholders/3": "3h0m0s", "draft/executives/3": "3h55m0s", "update/executives/3": "4h0m0s", "lead/1": "2h5m0s",
		}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, tt.play(t).timers()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestPostmortemDue(t *testing.T) {
	tokyo := time.FixedZone("JST", 9*3600)
	friday := noon
	tests := map[string]struct {
		closed time.Time
		zone   *time.Location
		days   int
		want   string
	}{
		"over one weekend":                     {friday, time.UTC, 5, "Fri 13 Mar"},
		"closed on a Monday":                   {friday.AddDate(0, 0, 3), time.UTC, 5, "Mon 16 Mar"},
		"closed on a Saturday":                 {friday.AddDate(0, 0, 1), time.UTC, 5, "Fri 13 Mar"},
		"closed on a Sunday, due the next day": {friday.AddDate(0, 0, 2), time.UTC, 1, "Mon 9 Mar"},
		"ten days over two weekends":           {friday, time.UTC, 10, "Fri 20 Mar"},
		"Saturday where the people are":        {friday.Add(6 * time.Hour), tokyo, 1, "Mon 9 Mar"},
		"at once":                              {friday, time.UTC, 0, "Fri 6 Mar"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := incident.State{Version: 1, Severity: incident.Sev1, Reason: incident.ByResolution, ClosedAt: tt.closed, Policy: policy()}
			s.Policy.PostmortemDays = tt.days
			if got := incident.PostmortemDue(s, tt.zone).Format("Mon 2 Jan"); got != tt.want {
				t.Errorf("due %s, want %s", got, tt.want)
			}
		})
	}
}

func TestPostmortemIsNotOwed(t *testing.T) {
	owed := incident.State{Version: 1, Severity: incident.Sev2, Reason: incident.ByResolution, ClosedAt: noon, Policy: policy()}
	tests := map[string]func(*incident.State){
		"while it is open":     func(s *incident.State) { s.Reason = "" },
		"of a false positive":  func(s *incident.State) { s.Reason = incident.FalsePositive },
		"of a sev3":            func(s *incident.State) { s.Severity = incident.Sev3 },
		"of a drill":           func(s *incident.State) { s.Drill = true },
		"of unknown severity":  func(s *incident.State) { s.Severity = incident.NoSeverity },
		"where nobody asks it": func(s *incident.State) { s.Policy.PostmortemFor = incident.NoSeverity },
	}
	if incident.PostmortemDue(owed, time.UTC).IsZero() {
		t.Fatal("a resolved sev2 is owed one")
	}
	for name, change := range tests {
		s := owed
		change(&s)
		if due := incident.PostmortemDue(s, time.UTC); !due.IsZero() {
			t.Errorf("%s: due %v", name, due)
		}
	}
}
