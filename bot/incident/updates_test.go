package incident_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitrep/bot/incident"
)

func TestUpdateSaysThatWorkGoesOn(t *testing.T) {
	s := ledBy(t, declaration(incident.Sev2))
	s.does(ana, incident.SetStatus{Text: "we suspect the database"})
	u := updates(s.after(time.Hour).fires("update/stakeholders/2"))
	if len(u) != 1 || len(u[0].Changes) != 0 || u[0].LastWord != "we suspect the database" || u[0].Late != 0 || !u[0].By.Zero() {
		t.Errorf("got %+v", u)
	}
	if want := s.now.Add(time.Hour); !u[0].Next.Equal(want) {
		t.Errorf("promises %v, want %v", u[0].Next, want)
	}
}

func TestAfterDowntimeOneUpdateThatSaysItIsLate(t *testing.T) {
	s := ledBy(t, declaration(incident.Sev1)).after(5*time.Hour + 10*time.Minute)
	u := updates(s.fires("update/stakeholders/1"))
	if len(u) != 1 || u[0].Late != 5*time.Hour {
		t.Fatalf("got %+v", u)
	}
	if want := s.now.Add(20 * time.Minute); !u[0].Next.Equal(want) {
		t.Errorf("the next is reckoned to be at %v, want %v: from now, not from what was missed", u[0].Next, want)
	}
	for _, name := range []string{"update/stakeholders/1", "update/stakeholders/2", "draft/stakeholders/2"} {
		if events, err := s.try(nobody, incident.Fire{Name: name}); code(err) != incident.Stale {
			t.Errorf("%s fired too: %v, %v", name, kinds(events), err)
		}
	}
}

func TestLateByLessThanAMinuteIsInTime(t *testing.T) {
	s := ledBy(t, declaration(incident.Sev1)).after(10*time.Minute + 59*time.Second)
	if u := updates(s.fires("update/stakeholders/1")); u[0].Late != 0 {
		t.Errorf("late by %v", u[0].Late)
	}
}

func TestUpdateTellsWhatChangedSinceTheLastOfItsAudience(t *testing.T) {
	s := ledBy(t, declaration(incident.Sev1))
	s.does(ana, incident.SetStatus{To: incident.Identified, Text: "a bad deploy"})
	s.does(ana, incident.SetStatus{Text: "rolling back"})
	s.does(ana, incident.SetStatus{Impact: "12% of payments fail"})
	told := func(u incident.Update) []string {
		var texts []string
		for _, c := range u.Changes {
			texts = append(texts, c.Text)
		}
		return texts
	}
	executives := updates(s.after(time.Hour).fires("update/executives/1"))[0]
	if diff := cmp.Diff([]string{"Status changed from investigating to identified: a bad deploy"}, told(executives)); diff != "" {
		t.Errorf("executives are told what matters to them (-want +got):\n%s", diff)
	}
	stakeholders := updates(s.does(ana, incident.SendUpdate{Audience: "stakeholders"}))[0]
	if diff := cmp.Diff([]string(nil), told(stakeholders)); diff != "" || stakeholders.Impact != "12% of payments fail" {
		t.Errorf("stakeholders heard of each change when it was said (-want +got):\n%s", diff)
	}
}

func TestWhoseWordsAnUpdateHas(t *testing.T) {
	tests := map[string]struct {
		play func(*story) []incident.Recorded
		text string
		by   incident.Person
	}{
		"a draft that is posted in time": {func(s *story) []incident.Recorded { return s.after(20 * time.Minute).fires("update/stakeholders/1") }, "from the draft", ana},
		"a draft that another sends":     {func(s *story) []incident.Recorded { return s.does(bo, incident.SendUpdate{Audience: "stakeholders"}) }, "from the draft", ana},
		"words instead of the draft": {func(s *story) []incident.Recorded {
			return s.does(bo, incident.SendUpdate{Audience: "stakeholders", Text: "mine"})
		}, "mine", bo},
		"no words": {func(s *story) []incident.Recorded { return s.does(bo, incident.SetSeverity{To: incident.Sev1}) }, "", nobody},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := ledBy(t, declaration(incident.Sev2))
			s.does(ana, incident.EditDraft{Audience: "stakeholders", Text: "from the draft"})
			u := updates(tt.play(s))[0]
			if u.Text != tt.text || u.By.ID != tt.by.ID {
				t.Errorf("%q by %s", u.Text, u.By.Shown())
			}
			if p, _ := s.state.Plan("stakeholders"); p.Draft != "" || !p.DraftBy.Zero() {
				t.Errorf("the draft is still there: %q", p.Draft)
			}
		})
	}
}

func TestPreviewIsWhatWillBePosted(t *testing.T) {
	s := ledBy(t, declaration(incident.Sev2))
	s.does(ana, incident.EditDraft{Audience: "stakeholders", Text: "from the draft"})
	s.after(20 * time.Minute)
	want, err := incident.Preview(s.state, "stakeholders", s.now)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, updates(s.fires("update/stakeholders/1"))[0]); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if _, err := incident.Preview(s.state, "press", s.now); err == nil {
		t.Error("an audience that is not there has a preview")
	}
}

func TestDraftGoesToCommsElseToTheLeadElseToNobody(t *testing.T) {
	for _, want := range []incident.Person{nobody, ana, bo} {
		s := begin(t, declaration(incident.Sev2))
		if !want.Zero() {
			s.does(ana, incident.AssignRole{Role: incident.Lead, Person: ana})
		}
		if want.ID == bo.ID {
			s.does(ana, incident.AssignRole{Role: incident.Comms, Person: bo})
		}
		e := s.after(15 * time.Minute).fires("draft/stakeholders/1")[0].Event.(incident.UpdateDrafted)
		if e.To.ID != want.ID || e.Seq != 1 || !e.Due.Equal(noon.Add(20*time.Minute)) {
			t.Errorf("got %+v, want to %s", e, want.Shown())
		}
	}
}

func TestTheLastUpdateIsTheLast(t *testing.T) {
	s := ledBy(t, declaration(incident.Sev1)).after(time.Hour)
	us := updates(s.does(ana, incident.Close{Reason: incident.ByResolution, Text: "v40 is back"}))
	if len(us) != 2 {
		t.Fatalf("%d updates, want one for each audience", len(us))
	}
	for _, u := range us {
		if !u.Final || !u.Next.IsZero() || u.Text != "v40 is back" || u.Status != incident.Resolved {
			t.Errorf("got %+v", u)
		}
	}
}

func TestDeliveryMeasuresLateness(t *testing.T) {
	s := ledBy(t, declaration(incident.Sev2)).after(20 * time.Minute)
	s.fires("update/stakeholders/1")
	delivered := incident.UpdateIsDelivered{UpdateDelivered: incident.UpdateDelivered{Audience: "stakeholders", Seq: 1, Platform: "slack", Late: time.Hour}}
	if e := s.after(3*time.Second).does(nobody, delivered)[0].Event.(incident.UpdateDelivered); e.Late != 3*time.Second {
		t.Errorf("late by %v, want 3s", e.Late)
	}
	delivered.Seq = 9
	if e := s.does(nobody, delivered)[0].Event.(incident.UpdateDelivered); e.Late != 0 {
		t.Errorf("an update that was never due is late by %v", e.Late)
	}
}

func TestAReturningAlertIsToldInPlainWords(t *testing.T) {
	s := firing(t)
	s.does(ana, incident.Close{Reason: incident.ByResolution})
	a := alert("a")
	a.Title = "HighErrorBudgetBurn p99>2s"
	us := updates(s.after(time.Minute).does(nobody, incident.AttachAlert{Alert: a}))
	if len(us) != 2 || len(us[0].Changes) != 1 || us[0].Changes[0].Text != "The problem has come back, and the incident is open again" {
		t.Errorf("got %+v", us)
	}
}
