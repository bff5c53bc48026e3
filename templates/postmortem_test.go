package templates_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"sitrep/bot/chat"
	"sitrep/bot/incident"
)

// stories are the incidents of which postmortems are drafted.
func stories() map[string]func(*testing.T) *story {
	return map[string]func(*testing.T) *story{
		"finished": finished,
		"nothing known": func(t *testing.T) *story {
			d := declaration("Something is odd")
			d.Service, d.Platforms, d.Plans = "", nil, nil
			s := begin(t, d).after(time.Hour)
			s.does(nobody, incident.Close{Reason: incident.ByResolution})
			return s
		},
		"reopened and late": func(t *testing.T) *story {
			s := finished(t).after(10 * time.Minute)
			s.does(nobody, incident.AttachAlert{Alert: alert("p99", "p99 of checkout above 2 s")})
			s.does(ana, incident.SetSeverity{To: incident.Sev1})
			s.does(ana, incident.SetMilestone{Milestone: incident.Started, When: noon.Add(-40 * time.Minute)})
			s.after(3*time.Hour+20*time.Second).does(nobody, incident.Fire{Name: "update/stakeholders/7"})
			s.delivered("stakeholders", 7, 90*time.Second)
			s.does(ana, incident.SnoozeUpdate{Audience: "stakeholders", For: 25 * time.Minute, Why: "nearly there"})
			s.after(45*time.Minute).does(nobody, incident.Fire{Name: "update/stakeholders/8"})
			s.delivered("stakeholders", 8, 0)
			s.does(ana, incident.Rename{To: "Payments fail"})
			s.does(bo, incident.AssignRole{Role: incident.Lead, Person: bo})
			s.after(50*time.Hour).does(bo, incident.Close{Reason: incident.ByResolution})
			return s
		},
		"still open": worked,
		"drill":      drilled,
		"hostile": func(t *testing.T) *story {
			s := states()["hostile"](t)
			s.does(ana, incident.AddNote{Text: hostile})
			s.does(ana, incident.AddFollowup{Followup: incident.Followup{Text: hostile}})
			s.does(ana, incident.RecordEvidence{EvidenceRecorded: incident.EvidenceRecorded{Look: "deploys", Source: hostile, Query: hostile, Finding: hostile, Link: "https://x.example/)[T99](" + "\n"}})
			s.does(ana, incident.Close{Reason: incident.ByResolution, Text: hostile})
			return s
		},
		"huge": func(t *testing.T) *story {
			s := states()["huge"](t)
			s.does(ana, incident.AddNote{Text: huge})
			return s
		},
	}
}

func TestPostmortem(t *testing.T) {
	set := load(t, "")
	for name, play := range stories() {
		t.Run(name, func(t *testing.T) {
			s := play(t)
			v := s.view()
			v.Zone = time.FixedZone("CET", 3600)
			got := set.Postmortem(v, s.events)
			for _, fault := range faults(got) {
				t.Error(fault)
			}
			golden(t, "postmortem/"+strings.ReplaceAll(name, " ", "-")+".md", got)
		})
	}
}

func TestPostmortemOfHostileWordsHasNoMarkupOfTheirs(t *testing.T) {
	s := stories()["hostile"](t)
	got := load(t, "").Postmortem(s.view(), s.events)
	for _, link := range linksOf(got) {
		if strings.Contains(link, "evil") {
			t.Errorf("links to %s", link)
		}
	}
	plain := chat.PlainText(got)
	for _, line := range strings.Split(got, "\n") {
		if strings.HasPrefix(line, "# head") || strings.Contains(line, "<script>") && !strings.Contains(line, `\<script\>`) {
			t.Errorf("somebody's words became markup: %s", line)
		}
	}
	if !strings.Contains(plain, "**bold**") {
		t.Error("what they wrote cannot be read")
	}
}

var (
	citation = regexp.MustCompile(`(?:^|[^\\])\[T(\d+)\]`)
	ending   = regexp.MustCompile(`(\[T\d+\] ?)+$`)
	anchor   = regexp.MustCompile(`<a id="t(\d+)"></a>`)
	address  = regexp.MustCompile(`\]\(<[^>]*>\)`)
	figure   = regexp.MustCompile(`\d+(?:[.:\-]\d+)*(?:\s?(?:%|ms|min|s|m|h|d)\b)?%?`)
)

// faults holds a postmortem to its promise: each generated line ends with citations, each citation resolves to an entry of the timeline,
// and each figure of a line stands in an entry that the line cites. A count is right when it is how many entries are cited.
func faults(markdown string) []string {
	var found []string
	say := func(format string, args ...any) { found = append(found, fmt.Sprintf(format, args...)) }
	entries := make(map[string]string)
	for _, line := range strings.Split(markdown, "\n") {
		if m := anchor.FindStringSubmatch(line); m != nil {
			entries[m[1]] = figures(line)
		}
	}
	generated := 0
	for _, line := range strings.Split(markdown, "\n") {
		if !strings.HasPrefix(line, "- ") && !strings.HasPrefix(line, "# ") {
			continue
		}
		generated++
		if strings.HasSuffix(line, ": unknown") || line == "- unknown" {
			continue
		}
		if !ending.MatchString(line) {
			say("no citation: %s", line)
			continue
		}
		cited, said := "", ending.ReplaceAllString(line, "")
		numbers := citation.FindAllStringSubmatch(ending.FindString(line), -1)
		for _, n := range numbers {
			entry, ok := entries[n[1]]
			if !ok {
				say("[T%s] is no entry: %s", n[1], line)
			}
			cited += entry
		}
		for _, f := range figure.FindAllString(clean(said), -1) {
			if !strings.Contains(cited, " "+f+" ") && f != fmt.Sprint(len(numbers)) {
				say("%q is in no entry that the line cites: %s", f, line)
			}
		}
	}
	if generated < 20 || len(entries) == 0 {
		say("only %d lines and %d entries were looked at", generated, len(entries))
	}
	return found
}

// figures lists the figures of a line, each between spaces.
func figures(line string) string {
	return " " + strings.Join(figure.FindAllString(clean(ending.ReplaceAllString(line, "")), -1), "  ") + " "
}

// clean takes out what is no statement: addresses and escapes.
func clean(line string) string {
	line = anchor.ReplaceAllString(address.ReplaceAllString(line, "]"), "")
	return strings.ReplaceAll(line, `\`, "")
}

// A checker that finds nothing proves nothing.
func TestFaultsFindsWhatIsWrong(t *testing.T) {
	s := finished(t)
	good := load(t, "").Postmortem(s.view(), s.events)
	if f := faults(good); len(f) != 0 {
		t.Fatalf("faults of a good one: %v", f)
	}
	tests := map[string]struct{ old, new, want string }{
		"a line without a citation":    {"- Severity: sev2 [T1]", "- Severity: sev2", "no citation"},
		"a citation of nothing":        {"- Severity: sev2 [T1]", "- Severity: sev2 [T999]", "[T999] is no entry"},
		"a duration that is not there": {"1d 3h (started", "1d 4h (started", `"4h" is in no entry`},
		"a time that is not there":     {"Mitigated: 2026-03-06 12:", "Mitigated: 2026-03-06 13:", "is in no entry"},
		"a percentage that was not":    {"12% of payments fail — Ana", "13% of payments fail — Ana", `"13%" is in no entry`},
		"a wrong count":                {"- Alerts: 2 [T", "- Alerts: 3 [T", `"3" is in no entry`},
		"a timeline without its entry": {`<a id="t1"></a>`, "", "[T1] is no entry"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			bad := strings.Replace(good, tt.old, tt.new, 1)
			if bad == good {
				t.Fatalf("%q is not in the postmortem", tt.old)
			}
			if got := strings.Join(faults(bad), "\n"); !strings.Contains(got, tt.want) {
				t.Errorf("found %q, want %q", got, tt.want)
			}
		})
	}
}

func TestPostmortemDurationsAreThoseOfTheRecord(t *testing.T) {
	s := finished(t)
	got := load(t, "").Postmortem(s.view(), s.events)
	for name, want := range map[string]time.Duration{
		"TTD": s.state.Milestones[incident.Detected].Sub(noon.Add(-2 * time.Minute)),
		"TTA": s.state.Milestones[incident.Acknowledged].Sub(noon),
		"TTM": s.state.Milestones[incident.Mitigated].Sub(noon.Add(-2 * time.Minute)),
		"TTR": s.state.ClosedAt.Sub(noon.Add(-2 * time.Minute)),
	} {
		if line := "(" + name + "): " + incident.Span(want) + " ("; !strings.Contains(got, line) {
			t.Errorf("%q is not in the postmortem", line)
		}
	}
}
