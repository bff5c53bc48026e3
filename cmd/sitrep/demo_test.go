package main

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"testing"
)

// sections cuts the transcript at its headlines.
func sections(transcript string) map[string]string {
	out := map[string]string{}
	for _, part := range strings.Split(transcript, "━━ ")[1:] {
		head, text, _ := strings.Cut(part, "\n")
		out[strings.TrimRight(head, " ━")] = text
	}
	return out
}

// inOrder says which of the texts does not stand behind the one before it.
func inOrder(text string, stations ...string) error {
	for i, s := range stations {
		_, rest, ok := strings.Cut(text, s)
		if !ok {
			return fmt.Errorf("%q does not come after %q", s, stations[:i])
		}
		text = rest
	}
	return nil
}

func TestTheHeadlessDemoTellsTheStory(t *testing.T) {
	var out bytes.Buffer
	cmd := root()
	cmd.SetArgs([]string{"demo", "--headless"})
	cmd.SetOut(&out)
	if err := cmd.ExecuteContext(t.Context()); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	told := sections(out.String())
	const room = "inc-1-checkout-latency-is-above-1-s"
	for _, s := range []struct {
		where    string
		stations []string
	}{
		{"#incidents", []string{"#1 sev1 Checkout latency is above 1 s", "resolved", "/console/#r"}},
		{room, []string{
			"Lead: Lena", "Alerts: 0 firing, 1 cleared", "[Postmortem]", // the card, edited in place
			"/inc ack", "Lena is on #1", "/inc lead me", "Lena leads #1",
			"/inc metrics", "checkout (metrics): ", "latency ", "[picture: checkout", "Deployed: v1.42.0 at 02:00",
			"/inc logs timeout", "waiting for a connection", "/inc deploys", "v1.42.0 by tomas went out", "after v1.41.0", "compare/",
			"/inc status identified", "Next update: stakeholders at", "Follow-up 1 of #1", "Rolled checkout back", "No alert fires any more",
			"is mitigated after", "is resolved after", "/inc postmortem", "[file: postmortem-1.md]",
		}},
		{"#status", []string{
			"What changed: The new version of checkout runs out", "Next update: ", "in the words of Lena",
			"What changed: nothing since the last update. Work goes on.", "Next update: ",
			"the impact is mitigated", "Over: Checkout latency is above 1 s", "This was the last update.",
		}},
		{"to lena alone", []string{"draft of update 2 to stakeholders", "[Edit] [Send now] [Snooze]"}},
		{"#leadership", []string{"Over: Checkout latency is above 1 s"}},
		{"postmortem-1.md", []string{"# Postmortem of #1: Checkout latency is above 1 s", "## Summary", "## Timeline", "composed by sitrep", "## Follow-ups", "## Evidence"}},
	} {
		if err := inOrder(told[s.where], s.stations...); err != nil {
			t.Errorf("%s: %v", s.where, err)
		}
	}
	for _, fault := range unproven(told["postmortem-1.md"]) {
		t.Error(fault)
	}
	if strings.Contains(out.String(), "eyJhbGci") {
		t.Error("the token in a log line came through")
	}
	if t.Failed() {
		t.Log(out.String())
	}
}

var (
	entry     = regexp.MustCompile(`<a id="t(\d+)"></a>`)
	citations = regexp.MustCompile(`(?:\[T\d+\] ?)+$`)
	cited     = regexp.MustCompile(`\d+`)
	links     = regexp.MustCompile(`\]\(<[^>]*>\)`)
	figure    = regexp.MustCompile(`\d+(?:[.:\-]\d+)*(?: ?(?:%|ms|min|[smhd])\b)?%?`)
)

// figures are the numbers in a line's words, with their units.
func figures(line string) []string {
	plain := strings.ReplaceAll(links.ReplaceAllString(citations.ReplaceAllString(line, ""), ""), `\`, "")
	return figure.FindAllString(entry.ReplaceAllString(plain, ""), -1)
}

// unproven lists what a postmortem says without a proof: a generated line that cites nothing, a citation that resolves to no entry of the
// timeline, a figure that stands in none of the entries that its line cites. A number of things may also be how many are cited.
func unproven(markdown string) (faults []string) {
	entries := map[string]string{}
	for _, line := range strings.Split(markdown, "\n") {
		if m := entry.FindStringSubmatch(line); m != nil {
			entries[m[1]] = " " + strings.Join(figures(line), " ") + " "
		}
	}
	checked := 0
	for _, line := range strings.Split(markdown, "\n") {
		if !strings.HasPrefix(line, "- ") || strings.HasSuffix(line, ": unknown") {
			continue
		}
		var proof string
		ids := cited.FindAllString(citations.FindString(line), -1)
		for _, id := range ids {
			if entries[id] == "" {
				faults = append(faults, fmt.Sprintf("[T%s] is no entry of the timeline: %s", id, line))
			}
			proof += entries[id]
		}
		if len(ids) == 0 {
			faults = append(faults, "cites nothing: "+line)
		}
		for _, f := range figures(line) {
			checked++
			if !strings.Contains(proof, " "+f+" ") && f != fmt.Sprint(len(ids)) {
				faults = append(faults, fmt.Sprintf("%q is in no entry that the line cites: %s", f, line))
			}
		}
	}
	if len(entries) < 20 || checked < 50 {
		faults = append(faults, fmt.Sprintf("only %d entries and %d figures were looked at", len(entries), checked))
	}
	return faults
}

func TestUnprovenFindsWhatIsNotProven(t *testing.T) {
	var good strings.Builder
	for n := range 20 {
		fmt.Fprintf(&good, "- <a id=\"t%d\"></a>2026-11-22 02:0%d:00 Took 2.%d s after 3m [T%d]\n", n+1, n%10, n, n+1)
	}
	for name, c := range map[string]struct{ line, fault string }{
		"proven":            {"- Latency: 2.4 s [T5]", ""},
		"not known":         {"- Confirmed: unknown", ""},
		"counted":           {"- Promises kept: 2 [T5] [T6]", ""},
		"no citation":       {"- Latency: 2.4 s", "cites nothing"},
		"no such entry":     {"- Latency: 2.4 s [T5] [T77]", "[T77] is no entry"},
		"another's figure":  {"- Latency: 2.4 s [T6]", `"2.4 s" is in no entry`},
		"part of a figure":  {"- Latency: 2 [T5]", `"2" is in no entry`},
		"another unit":      {"- Latency: 2.4 m [T5]", `"2.4 m" is in no entry`},
		"figure of a clock": {"- Declared: 2026-11-22 02:05:00 [T5]", `"02:05:00" is in no entry`},
	} {
		t.Run(name, func(t *testing.T) {
			got := strings.Join(unproven(good.String()+c.line), "\n")
			if c.fault == "" && got != "" || !strings.Contains(got, c.fault) {
				t.Errorf("got %q, want %q", got, c.fault)
			}
		})
	}
}
