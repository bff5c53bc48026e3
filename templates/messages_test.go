package templates_test

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"sitrep/bot/chat"
	"sitrep/bot/incident"
	"sitrep/templates"
)

// states are the incidents of which cards and announcements are made.
func states() map[string]func(*testing.T) *story {
	return map[string]func(*testing.T) *story{
		"triage": func(t *testing.T) *story {
			d := declaration("Checkout is slow")
			a := alert("p99", "p99 of checkout above 2 s")
			d.Alert, d.Triage = &a, true
			return begin(t, d)
		},
		"new": func(t *testing.T) *story {
			return begin(t, declaration("Checkout is slow")).roomsOpen()
		},
		"worked": worked,
		"mitigated": func(t *testing.T) *story {
			s := worked(t)
			s.does(ana, incident.Mitigate{})
			s.does(ana, incident.PauseUpdates{Audience: "executives", For: time.Hour, Why: "all asleep"})
			s.does(ana, incident.AddFollowup{Followup: incident.Followup{Text: "empty the queue", Now: true}})
			return s
		},
		"resolved": finished,
		"merged": func(t *testing.T) *story {
			s := worked(t)
			s.does(ana, incident.Close{Reason: incident.Duplicate, Into: "s01-y", IntoNumber: 41})
			return s
		},
		"drill": func(t *testing.T) *story {
			d := declaration("Region lost")
			d.Drill = true
			return begin(t, d).roomsOpen()
		},
		"private": func(t *testing.T) *story {
			s := worked(t)
			s.does(ana, incident.SetPrivate{Private: true})
			return s
		},
		"hostile": func(t *testing.T) *story {
			d := declaration(hostile)
			a := alert("p99", hostile)
			d.Alert, d.Service, d.Team = &a, hostile, hostile
			s := begin(t, d)
			s.does(nobody, incident.RoomIsOpen{RoomOpened: incident.RoomOpened{Platform: "discord", Generation: 1, Room: "9", Name: hostile, URL: "javascript:alert(1)"}})
			s.does(ana, incident.AssignRole{Role: incident.Lead, Person: incident.Person{ID: "slack:x", Name: hostile}})
			s.does(ana, incident.SetStatus{Text: hostile, Impact: hostile, NextStep: hostile})
			s.does(nobody, incident.EffectHasFailed{EffectFailed: incident.EffectFailed{What: "pin", Target: hostile, Msg: hostile}})
			s.does(ana, incident.PauseUpdates{For: time.Hour, Why: hostile})
			return s
		},
		"huge": func(t *testing.T) *story {
			s := begin(t, declaration(huge)).roomsOpen()
			s.does(ana, incident.SetStatus{Text: huge, Impact: huge, NextStep: huge})
			return s
		},
	}
}

func TestCard(t *testing.T) {
	set := load(t, "")
	for name, play := range states() {
		t.Run(name, func(t *testing.T) {
			m := set.Card(play(t).view())
			fits(t, m)
			golden(t, "card/"+name+".txt", page(m))
		})
	}
}

func TestOnlyAddressesOfTheWebBecomeLinks(t *testing.T) {
	set := load(t, "")
	for address, want := range map[string]bool{
		"https://x.example/a b?c=1&d=(2)": true, "http://x.example": true, "javascript://x.example/%0aalert(1)": false, "ftp://x.example": false,
		"x.example/a": false, "https://": false, "": false, ":": false,
	} {
		v := worked(t).view()
		v.Catalog.Services[0].Dashboard = address
		m := set.Card(v)
		if got := strings.Contains(m.Plain(), "dashboard"); got != want {
			t.Errorf("%q is linked: %t", address, got)
		}
	}
}

func TestAnnouncement(t *testing.T) {
	set := load(t, "")
	for name, play := range states() {
		t.Run(name, func(t *testing.T) {
			m, ok := set.Announcement(play(t).view())
			if ok == (name == "private") {
				t.Errorf("announced: %t", ok)
			}
			fits(t, m)
			golden(t, "announcement/"+name+".txt", page(m))
		})
	}
}

func TestUpdate(t *testing.T) {
	tests := map[string]struct {
		play     func(*testing.T) *story
		audience string
	}{
		"a person's words":               {worked, "stakeholders"},
		"resolved":                       {finished, "stakeholders"},
		"resolved, to executives":        {finished, "executives"},
		"hostile":                        {states()["hostile"], "stakeholders"},
		"huge":                           {states()["huge"], "stakeholders"},
		"nothing happened":               {quiet, "stakeholders"},
		"nothing happened, late":         {late, "stakeholders"},
		"nothing at all is known":        {unknown, "stakeholders"},
		"to executives, on time":         {unknown, "executives"},
		"many changes":                   {busy, "stakeholders"},
		"mitigated":                      {mitigatedNow, "stakeholders"},
		"mitigated, to executives":       {mitigatedNow, "executives"},
		"closed as a duplicate":          {states()["merged"], "stakeholders"},
		"the problem has come back":      {back, "stakeholders"},
		"a drill of a private incident":  {drilled, "stakeholders"},
		"a drill, to executives":         {drilled, "executives"},
		"on change, and no next promise": {sev3, "executives"},
	}
	set := load(t, "")
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := tt.play(t)
			m := set.Update(s.view(), s.lastUpdate(tt.audience))
			fits(t, m)
			golden(t, "update/"+strings.NewReplacer(" ", "-", ",", "", "'", "").Replace(name)+".txt", page(m))
		})
	}
}

func quiet(t *testing.T) *story {
	s := worked(t).after(time.Hour)
	s.does(nobody, incident.Fire{Name: "update/stakeholders/2"})
	return s
}

func late(t *testing.T) *story {
	s := worked(t).after(4 * time.Hour)
	s.does(nobody, incident.Fire{Name: "update/stakeholders/2"})
	return s
}

func unknown(t *testing.T) *story {
	s := begin(t, declaration("Checkout is slow")).after(2 * time.Hour)
	s.does(nobody, incident.Fire{Name: "update/stakeholders/1"})
	s.does(nobody, incident.Fire{Name: "update/executives/1"})
	return s
}

func busy(t *testing.T) *story {
	s := begin(t, declaration("Checkout is slow"))
	s.state.Plans[0].Executive = true // so that what is said is not told at once
	for _, to := range []incident.Status{incident.Identified, incident.Monitoring, incident.Investigating, incident.Identified, incident.Monitoring} {
		s.after(time.Minute).does(ana, incident.SetStatus{To: to, Text: "now " + string(to)})
	}
	s.does(ana, incident.SetSeverity{To: incident.Sev1})
	s.does(ana, incident.SetSeverity{To: incident.Sev2})
	s.state.Plans[0].Executive = false
	s.does(ana, incident.SendUpdate{Audience: "stakeholders"})
	return s
}

func mitigatedNow(t *testing.T) *story {
	s := worked(t)
	s.does(ana, incident.Mitigate{Text: "v40 serves all traffic"})
	return s
}

func back(t *testing.T) *story {
	s := finished(t).after(10 * time.Minute)
	s.does(nobody, incident.AttachAlert{Alert: alert("p99", "HighErrorBudgetBurn p99>2s")})
	return s
}

func drilled(t *testing.T) *story {
	d := declaration("Region lost")
	d.Drill, d.Private = true, true
	s := begin(t, d)
	s.does(ana, incident.Mitigate{})
	return s
}

func sev3(t *testing.T) *story {
	d := declaration("Images load slowly")
	d.Severity = incident.Sev3
	s := begin(t, d)
	s.does(ana, incident.SetStatus{To: incident.Monitoring, Text: "cache is warm again"})
	return s
}

func TestDraft(t *testing.T) {
	tests := map[string]struct {
		play     func(*testing.T) *story
		audience string
	}{
		"composed": {worked, "stakeholders"},
		"edited": {func(t *testing.T) *story {
			s := worked(t)
			s.does(ana, incident.EditDraft{Audience: "executives", Text: "we go back to v40"})
			return s
		}, "executives"},
		"drill": {drilled, "stakeholders"}, "hostile": {states()["hostile"], "stakeholders"},
	}
	set := load(t, "")
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := tt.play(t).after(5 * time.Minute)
			p, _ := s.state.Plan(tt.audience)
			u, err := incident.Preview(s.state, tt.audience, p.Next)
			if err != nil {
				t.Fatal(err)
			}
			m := set.Draft(s.view(), u)
			if strings.Contains(m.Summary, "DRILL") != s.state.Drill {
				t.Errorf("the summary of a drill (%t) is %q", s.state.Drill, m.Summary)
			}
			fits(t, m)
			golden(t, "draft/"+name+".txt", page(m))
		})
	}
}

func TestDraftButtonsNameTheAudienceWhereItFits(t *testing.T) {
	set, s := load(t, ""), worked(t)
	for audience, want := range map[string]string{
		"press": "updates edit #42 press", "the board": `updates edit #42 "the board"`, strings.Repeat("x", 90): "updates edit #42",
	} {
		m := set.Draft(s.view(), incident.Update{Audience: audience})
		if got := m.Blocks[len(m.Blocks)-1].Buttons[0].Verb; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestEvent(t *testing.T) {
	s := finished(t)
	s.does(ana, incident.Reopen{Text: "not over"})
	s.does(ana, incident.SetSeverity{To: incident.Sev1})
	s.does(ana, incident.AssignRole{Role: incident.Lead, Person: bo})
	s.does(ana, incident.Leave{Person: bo, Gone: true})
	s.after(5*time.Minute).does(nobody, incident.Fire{Name: "lead/1"})
	s.does(ana, incident.SetPrivate{Private: true})
	s.does(ana, incident.Rename{To: "Payments fail"})
	s.does(ana, incident.PlanUpdates{Audience: "stakeholders", Every: 45 * time.Minute})
	s.does(ana, incident.PauseUpdates{Audience: "stakeholders", For: time.Hour, Why: "all hands"})
	s.does(ana, incident.ResumeUpdates{Audience: "stakeholders"})
	s.does(ana, incident.SnoozeUpdate{Audience: "stakeholders", Why: "nearly there"})
	s.does(nobody, incident.EffectWorks{What: "invite", Target: "slack"})
	s.does(ana, incident.Absorb{Number: 41, Title: "Payments slow"})
	s.does(nobody, incident.RoomIsLost{Platform: "discord", Room: "99", Reason: "removed"})
	s.does(nobody, incident.RoomIsLost{Platform: "slack", Room: "T1/C7", Reason: "deleted"})
	s.does(nobody, incident.RoomIsOpen{RoomOpened: incident.RoomOpened{Platform: "slack", Generation: 2, Room: "T1/C8", Name: "inc-42-checkout-2", URL: "https://slack.example/C8"}})
	s.does(ana, incident.Close{Reason: incident.ByResolution})
	s.after(24*time.Hour).does(nobody, incident.Fire{Name: "postmortem/1"})
	golden(t, "event/story.txt", said(t, load(t, ""), s))
}

func TestTheRoomsHearOfTheEndOfAStormOnly(t *testing.T) {
	set, v := load(t, ""), worked(t).view()
	for left, want := range map[int]bool{0: true, 1: false, 49: false} {
		if m, ok := set.Event(v, incident.Recorded{Event: incident.AlertCleared{Title: "p99", EndsAt: noon, Left: left}}); ok != want {
			t.Errorf("with %d still firing, said %t: %s", left, ok, m.Plain())
		}
	}
}

func TestEventOfADrillSaysSo(t *testing.T) {
	s := drilled(t).after(15 * time.Minute)
	for _, name := range []string{"lead/1", "lead/2", "lead/3"} {
		s.does(nobody, incident.Fire{Name: name})
	}
	s.does(ana, incident.AssignRole{Role: incident.Lead, Person: ana})
	s.does(ana, incident.AddNote{Text: "the region is back"})
	told := said(t, load(t, ""), s)
	for _, line := range strings.Split(strings.TrimSpace(told), "\n") {
		if !strings.Contains(line, "DRILL") && !strings.Contains(line, "[I lead]") {
			t.Errorf("is not marked as a drill: %s", line)
		}
	}
	golden(t, "event/drill.txt", told)
}

func TestEventOfHostileWords(t *testing.T) {
	s := states()["hostile"](t)
	s.does(ana, incident.AddNote{Text: hostile})
	s.does(ana, incident.Pin{Message: "1", Text: huge, Author: cy})
	s.does(ana, incident.Rename{To: hostile + "2"})
	golden(t, "event/hostile.txt", said(t, load(t, ""), s))
}

// said is what is told in the rooms of the events of a story.
func said(t *testing.T, set *templates.Set, s *story) string {
	t.Helper()
	var b strings.Builder
	so := incident.State{ID: s.state.ID}
	for _, r := range s.events {
		so = incident.Apply(so, r)
		v := s.view()
		v.State, v.Now = so, r.At
		m, ok := set.Event(v, r)
		if !ok {
			continue
		}
		fits(t, m)
		b.WriteString(page(m))
	}
	return b.String()
}

// fits checks what every platform relies on, and that nobody's words became markup.
func fits(t *testing.T, m chat.Message) {
	t.Helper()
	if len(m.Blocks) == 0 || len(m.Notify) > 0 {
		t.Errorf("%d blocks, calls %v", len(m.Blocks), m.Notify)
	}
	text := raw(t, m)
	for _, block := range m.Blocks {
		if len(block.Buttons) > 5 {
			t.Errorf("%d buttons", len(block.Buttons))
		}
		for _, b := range block.Buttons {
			if len(b.Verb) > 100 || utf8.RuneCountInString(b.Label) > 30 || b.Verb == "" {
				t.Errorf("button %+v", b)
			}
		}
		markdown := block.Text + block.Context
		for _, f := range block.Fields {
			markdown += "\n\n" + f.Value
		}
		for _, link := range linksOf(markdown) {
			if strings.Contains(link, "evil") || strings.HasPrefix(link, "javascript") {
				t.Errorf("somebody's words became a link to %s in\n%s", link, text)
			}
		}
	}
	if len(text) > 16000 {
		t.Errorf("is %d bytes long", len(text))
	}
	if strings.Contains(text, "\\u003cno value\\u003e") || strings.Contains(m.Plain(), "<no value>") {
		t.Errorf("a template prints what is not there:\n%s", text)
	}
}

// linksOf returns where the links in CommonMark lead.
func linksOf(markdown string) []string {
	var links []string
	same := func(s string) string { return s }
	chat.Render(markdown, chat.Markup{
		Escape: same, Code: same, Pre: same, Bold: same, Italic: same, Strike: same, Quote: same,
		Link: func(label, url string) string { links = append(links, url); return label },
		Time: func(_ time.Time, fallback string) string { return fallback },
		Item: func(_, s string) string { return s },
	})
	return links
}
