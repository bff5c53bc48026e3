package handlers

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"sitrep/bot/incident"
)

// line is what one person types; a text of the form "+10m" lets time pass instead.
type line struct{ user, room, text string }

// TestTranscripts plays what people type and holds every answer, word for word.
func TestTranscripts(t *testing.T) {
	begun := []string{`new "Checkout is slow" sev2 service:checkout`}
	tests := []struct {
		name  string
		begin []string
		lines []line
	}{
		{"declare", nil, []line{
			{"ana", "general", `new "Checkout is slow" sev2 service:cart`},
			{"zoe", "general", "declare payments fail in the EU P1 --private"},
			{"bo", "general", `new "Can we restore?" --drill`},
			{"bo", "general", "new"},
			{"bo", "general", "list #41"},
			{"bo", "general", `new "x" sev9`},
			{"bo", "general", `new "x" --sev 9`},
			{"bo", "general", `new "x" service:chekout`},
			{"bo", "general", `new "x" --privat`},
			{"bo", "general", `new "@everyone <!channel> *look*"`},
			{"bo", "general", "accept #41"},
			{"bo", "general", "decline #41"},
			{"bo", "general", "merge #41 #43"},
			{"bo", "general", "merge #43 #43"},
			{"bo", "general", "merge #43 #41"},
			{"bo", "general", "merge #44 #99"},
			{"bo", "general", "merge #44"},
			{"bo", "general", `reopen #41 "it was another one"`},
			{"bo", "general", "reopen #41"},
		}},
		{"run", begun, []line{
			{"bo", "room41", "status"},
			{"bo", "room41", `status "The cache was cold" identified --impact "1 in 5 payments fails" --next "warm it"`},
			{"bo", "room41", `status "Half of it is warm"`},
			{"bo", "room41", "status identified"},
			{"bo", "room41", "status nothing new is known"},
			{"bo", "room41", "status triage"},
			{"bo", "room41", "status resolved for some of them"},
			{"bo", "room41", "status"},
			{"bo", "room41", "sev critical"},
			{"bo", "room41", "sev sev1"},
			{"bo", "room41", "sev loud"},
			{"bo", "room41", "sev"},
			{"bo", "room41", "+4m"},
			{"ana", "general", "ack"},
			{"bo", "room41", "ack"},
			{"bo", "room41", "rename Payments are slow"},
			{"bo", "room41", "archive"},
			{"bo", "room41", `mitigate "rolled back to v41"`},
			{"bo", "room41", "mitigate"},
			{"bo", "room41", "+20m"},
			{"bo", "room41", `resolve "It was the cache"`},
			{"bo", "room41", "resolve"},
			{"bo", "room41", "status"},
			{"bo", "room41", "archive"},
			{"bo", "room41", "reopen"},
			{"bo", "room41", `cancel false positive`},
			{"bo", "general", "resolve"},
		}},
		{"people", begun, []line{
			{"ana", "room41", "lead me"},
			{"ana", "room41", "lead @ana"},
			{"ana", "room41", "role scribe @bo"},
			{"ana", "room41", "role dj @bo"},
			{"ana", "room41", "role @zoe expert"},
			{"ana", "room41", "lead @nobody@example"},
			{"zoe", "general", "join"},
			{"zoe", "general", "join"},
			{"zoe", "room41", "handoff @bo"},
			{"zoe", "room41", "who"},
			{"zoe", "general", "who search"},
			{"zoe", "general", "oncall serch"},
			{"bo", "room41", "leave"},
			{"bo", "room41", "leave @bo"},
		}},
		{"tell", begun, []line{
			{"bo", "room41", "updates"},
			{"bo", "room41", "updates every 30m --to stakeholders"},
			{"bo", "room41", "updates every 10s"},
			{"bo", "room41", "updates every"},
			{"bo", "room41", `updates pause 20m "waiting for the provider" --to execs`},
			{"bo", "room41", "updates pause 20m"},
			{"bo", "room41", "updates resume --to execs"},
			{"bo", "room41", "updates resume"},
			{"bo", "room41", "updates edit #41 stakeholders"},
			{"bo", "room41", `updates edit "Payments work for most" --to stakeholders`},
			{"bo", "room41", "updates"},
			{"bo", "room41", "updates now #41 stakeholders"},
			{"bo", "room41", "updates snooze 10m still looking --to stakeholders"},
			{"bo", "room41", "updates now --to nobody"},
			{"bo", "room41", "updates whenever"},
			{"bo", "room41", "updates reset"},
			{"zoe", "general", "subscribe #41"},
			{"zoe", "general", "subscribe #41"},
			{"zoe", "general", "updates"},
			{"zoe", "general", "unsubscribe"},
			{"zoe", "general", "unsubscribe"},
			{"ana", "room41", "status \"The cache was cold\" identified"},
			{"ana", "room41", "task warm the cache @bo"},
			{"zoe", "general", "catchup"},
		}},
		{"record", begun, []line{
			{"ana", "room41", `note "the cache was flushed by hand" --at 12:55`},
			{"ana", "room41", "note don't touch #41 — still broken --at 30m ago"},
			{"ana", "room41", "note"},
			{"ana", "room41", "note x --at someday"},
			{"ana", "room41", "note later --at 2026-11-30"},
			{"ana", "room41", `task "warm the cache" @bo`},
			{"ana", "room41", "todo tell support"},
			{"ana", "room41", `followup "alert on cache hit rate" @ana due:fri`},
			{"ana", "room41", "followup"},
			{"ana", "room41", "task --done 1"},
			{"ana", "room41", "task --done 1"},
			{"ana", "room41", "task --done 9"},
			{"ana", "room41", "timeline"},
			{"ana", "room41", "timeline --since 10m"},
			{"ana", "room41", "postmortem"},
		}},
		{"care", nil, []line{
			{"bo", "general", "list"},
			{"bo", "general", "status"},
			{"bo", "general", "postmortem"},
			{"bo", "general", `new "Checkout is slow" sev2`},
			{"bo", "general", `new "Search is empty" sev3`},
			{"bo", "general", "list"},
			{"bo", "general", "ack"},
			{"bo", "general", "#42 ack"},
			{"bo", "general", "#42"},
			{"bo", "general", "resolve #42"},
			{"bo", "general", "list recent"},
			{"bo", "general", "list nonsense"},
			{"bo", "general", "info #7"},
			{"bo", "general", "stauts"},
			{"bo", "general", "frobnicate the servers"},
			{"bo", "general", "ack --now"},
			{"bo", "general", "alerts #41"},
			{"bo", "general", "why #41"},
			{"bo", "general", "help resolve"},
			{"bo", "general", "help /lgos"},
			{"", "general", "ack"},
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			for _, text := range tt.begin {
				w.begin(text)
			}
			golden(t, tt.name+".txt", w.play(tt.lines))
		})
	}
}

func (w *world) play(lines []line) string {
	var b strings.Builder
	for _, l := range lines {
		if wait, err := time.ParseDuration(strings.TrimPrefix(l.text, "+")); err == nil && l.text[0] == '+' {
			w.now = w.now.Add(wait)
			fmt.Fprintf(&b, "… %s later\n\n", wait)
			continue
		}
		w.now = w.now.Add(time.Second)
		fmt.Fprintf(&b, "%s in %s> /inc %s\n", l.user, l.room, l.text)
		for answer := range strings.Lines(w.types(l.user, l.room, l.text)) {
			b.WriteString("    " + answer)
		}
		b.WriteString("\n\n")
	}
	return b.String()
}

func TestAlertsAreListedAndExplained(t *testing.T) {
	w := newWorld(t)
	alert := incident.Alert{Source: "alertmanager", Fingerprint: "a", Title: "CheckoutLatencyHigh", Severity: "critical", StartsAt: noon.Add(-5 * time.Minute), URL: "https://am.example/a"}
	_, err := w.engine.Declare(t.Context(), incident.Declare{
		DeclaredEvent: incident.DeclaredEvent{Title: "Checkout latency", Severity: incident.Sev2, Service: "checkout", Triage: true, GroupKey: "service=checkout", Why: []string{"The label service=checkout names checkout.", "No rule asks for a room at once, so it waits for a person."}},
		Alert:         &alert,
	}, incident.Meta{At: noon, Source: "alertmanager"})
	if err != nil {
		t.Fatal(err)
	}
	second := incident.Alert{Source: "alertmanager", Fingerprint: "b", Title: "CheckoutErrorsHigh", StartsAt: noon.Add(-time.Minute)}
	w.does("s00-41", incident.AttachAlert{Alert: second, Why: []string{"Same group as the open #41."}})
	if _, err := w.engine.Do(t.Context(), "s00-41", incident.Command{Meta: incident.Meta{At: noon, Source: "alertmanager"}, Intent: incident.ClearAlert{Fingerprint: "b"}}); err != nil {
		t.Fatal(err)
	}
	golden(t, "alerts.txt", w.play([]line{
		{"ana", "general", "alerts"}, {"ana", "general", "why"}, {"ana", "general", `status "we see it" identified`},
	}))
	if s := w.state("#41"); s.Status != incident.Identified || len(s.Rooms) != 1 {
		t.Errorf("a status given to a triage makes it %s with %d rooms, want an identified incident with one", s.Status, len(s.Rooms))
	}
}
