package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sitrep/bot/incident"
)

// TestPostmortemCitations holds the postmortem that stands in the room to the record: each line names entries, each entry is in the record,
// and each figure of the line stands in an entry that the line names.
func TestPostmortemCitations(t *testing.T) {
	t.Parallel()
	s := raise(t, set{sides: []backdrop{slackSocket}})
	play := &play{stage: s, here: s.sides[0], there: s.sides[0]}
	play.all()
	text := string(s.Room(s.sides[0], "inc-1").Sees("postmortem-1.md").Files[0].Data)
	_, events := s.Incident(1)
	for _, fault := range uncited(text, incident.Timeline(events)) {
		t.Error(fault)
	}
	// A check that finds nothing proves nothing.
	for _, wrong := range [][2]string{
		{"- Severity: sev1 [T1]", "- Severity: sev1"},
		{"- Severity: sev1 [T1]", "- Severity: sev1 [T2]"},
		{"[T1]\n", "[T999]\n"},
		{"(TTD): 1m", "(TTD): 7m"},
		{"Declared as sev1", "Declared as sev2"},
	} {
		bad := strings.Replace(text, wrong[0], wrong[1], 1)
		if bad == text || len(uncited(bad, incident.Timeline(events))) == 0 {
			t.Errorf("%q in place of %q is not found", wrong[1], wrong[0])
		}
	}
}

var (
	cites   = regexp.MustCompile(`(?:\[T\d+\] ?)+$`)
	mark    = regexp.MustCompile(`\[T(\d+)\]`)
	anchor  = regexp.MustCompile(`<a id="t(\d+)"></a>`)
	address = regexp.MustCompile(`\]\(<[^>]*>\)`)
	numeral = regexp.MustCompile(`[a-zA-Z]*\d+(?:[.:\-]\d+)*`)
)

// uncited returns what is wrong with the citations of a postmortem.
func uncited(text string, timeline []incident.Entry) []string {
	var faults []string
	lines := strings.Split(text, "\n")
	told := map[string]string{} // number of an entry → figures of its line
	for _, line := range lines {
		m := anchor.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		told[m[1]] = numerals(line)
		i := slices.IndexFunc(timeline, func(e incident.Entry) bool { return fmt.Sprint(e.Version) == m[1] })
		if i < 0 || !within(numerals(timeline[i].At.Format("2006-01-02 15:04:05")+" "+timeline[i].Text), told[m[1]]) {
			faults = append(faults, "no entry of the record: "+line)
		}
	}
	for _, line := range lines {
		if !strings.HasPrefix(line, "- ") && !strings.HasPrefix(line, "# ") || strings.HasSuffix(line, "unknown") {
			continue
		}
		facts := ""
		for _, n := range mark.FindAllStringSubmatch(cites.FindString(line), -1) {
			facts += told[n[1]]
			if told[n[1]] == "" {
				faults = append(faults, "it names what is no entry: "+line)
			}
		}
		facts += fmt.Sprintf(" %d ", strings.Count(cites.FindString(line), "[T")) // how many entries there are is a figure, too
		if facts == " 0 " || !within(numerals(cites.ReplaceAllString(line, "")), facts) {
			faults = append(faults, "it is in no entry that the line names: "+line)
		}
	}
	if len(told) < 15 {
		faults = append(faults, fmt.Sprintf("only %d entries were looked at", len(told)))
	}
	return faults
}

// numerals lists the figures of a line, each between spaces. Addresses and escapes are no statement.
func numerals(line string) string {
	plain := strings.ReplaceAll(anchor.ReplaceAllString(address.ReplaceAllString(cites.ReplaceAllString(line, ""), "]"), ""), `\`, "")
	return " " + strings.Join(numeral.FindAllString(plain, -1), "  ") + " "
}

func within(some, all string) bool {
	return !slices.ContainsFunc(strings.Fields(some), func(f string) bool { return !strings.Contains(all, " "+f+" ") })
}
