package templates

import (
	"fmt"
	"strings"

	"sitrep/bot/incident"
)

// defines lists the parts that a file may define, and nil when it may define any.
func defines(file string) []string {
	switch file {
	case "postmortem.tmpl":
		return nil
	case "event.tmpl":
		var kinds []string
		for _, k := range incident.Kinds() {
			k, _, _ = strings.Cut(k, ".")
			kinds = append(kinds, k)
		}
		return kinds
	}
	return parts
}

// try executes every text on sample incidents, one in which everything is said and one in which nothing is.
func (s *Set) try() error {
	for _, full := range []bool{true, false} {
		for _, file := range names() {
			if err := s.tryFile(file, sample(file, full)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *Set) tryFile(file string, data any) error {
	for _, t := range s.used[file].Templates() {
		if _, part := data.(postmortem); part && t.Name() != file {
			continue
		}
		if _, err := execute(s.used[file], t.Name(), data); err != nil {
			return refuse("%v", fmt.Errorf("%s: %w", file, err))
		}
	}
	return nil
}

// sample is what a file is tried on.
func sample(file string, full bool) any {
	switch file {
	case "postmortem.tmpl":
		return samplePostmortem(full)
	case "event.tmpl":
		return sampleHappening(full)
	case "update.tmpl", "executive.tmpl", "draft.tmpl":
		return sampleUpdate(full)
	case "withdrawn.tmpl":
		return struct{}{}
	}
	return sampleCard(full)
}

func sampleCard(full bool) card {
	if !full {
		return card{Number: "#7", Title: "checkout is slow", Status: "triage", Triage: true, Open: true}
	}
	return card{
		Number: "#7", Title: "checkout is slow", Severity: "sev1", Status: "resolved", Reason: "resolved", Drill: true, Private: true, Mitigated: true,
		Lead: "ana", Comms: "bo", Service: "checkout", Team: "shop", Experts: []string{"cy"}, Started: "14:00", Declared: "14:01", Acked: "14:02",
		MitigatedAt: "14:30", Closed: "15:00", Lasted: "1h", Alerts: 2, Firing: 1, Cleared: 1, Repeats: 3, Impact: "some", LastWord: "word", NextStep: "step",
		Audiences: []audience{{Name: "all", Next: "14:30", Paused: true, Why: "why", Sent: 1, LastSent: "14:00"}},
		Failing:   []failing{{What: "invite on slack", Msg: "not allowed"}}, Links: []string{"runbook"}, Rooms: []string{"inc-7"}, Merged: "#6", Tasks: 1,
	}
}

func sampleUpdate(full bool) update {
	if !full {
		return update{Number: "#7", Title: "checkout is slow", Status: "investigating", Seq: 1}
	}
	return update{
		Number: "#7", Severity: "sev1", Status: "resolved", Title: "checkout is slow", Service: "checkout", Seq: 2, Drill: true, Private: true, Mitigated: true,
		Final: true, Reason: "resolved", Merged: "#6", Impact: "some", NextStep: "step", Text: "text", By: "ana", Changes: []change{{At: "14:00", Text: "change"}}, More: 1,
		LastWord: "word", Next: "14:30", Late: "2m", Due: "14:28", Lasted: "1h", Audience: "all", Body: "> body", Edited: true,
	}
}

func sampleHappening(full bool) happening {
	if !full {
		return happening{Number: "#7"}
	}
	return happening{
		Number: "#7", Drill: true, By: "ana", Link: "link", From: "sev2", To: "sev1", Title: "title", OldTitle: "old", Text: "text", Impact: "impact", Next: "next",
		Person: "bo", Before: "cy", Role: "lead", Why: "why", What: "what", Target: "target", Where: "slack", Room: "inc-7", When: "14:00", Count: 3, Left: 1,
		Private: true, Again: true, Final: true, Merged: "#6", Span: "5m",
	}
}

func samplePostmortem(full bool) postmortem {
	if !full {
		return postmortem{Number: "#7"}
	}
	f := cite("something", 1)
	fs := []fact{f}
	return postmortem{
		Number: "#7", Drill: true, Private: true, Drafted: "2 Jan 2026", Zone: "UTC", Upto: 9, Due: "9 Jan 2026", Title: f, Service: f, Severity: f, Lead: f, Declared: f, Ended: f,
		Milestones: []milestone{{Name: "Started", When: f}}, TTD: f, TTA: f, TTM: f, TTR: f, Impact: fs, Done: fs, Suspected: fs, FirstAlert: f, Alerts: f,
		Communication: fs, Followups: fs, Other: fs, Kept: f, Late: f, Evidence: fs, Timeline: fs, Entries: []incident.Version{1},
	}
}
