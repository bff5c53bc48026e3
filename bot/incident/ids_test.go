package incident_test

import (
	"testing"

	"sitrep/bot/incident"
)

func TestParse(t *testing.T) {
	severity := func(w string) (string, bool) { s, ok := incident.ParseSeverity(w); return s.String(), ok }
	status := func(w string) (string, bool) { s, ok := incident.ParseStatus(w); return string(s), ok }
	reason := func(w string) (string, bool) { s, ok := incident.ParseCloseReason(w); return string(s), ok }
	role := func(w string) (string, bool) { s, ok := incident.ParseRole(w); return string(s), ok }
	tests := []struct {
		parse      func(string) (string, bool)
		word, want string // an empty want: not understood
	}{
		{severity, "sev1", "sev1"},
		{severity, " SEV2 ", "sev2"},
		{severity, "3", "sev3"},
		{severity, "P1", "sev1"},
		{severity, "p5", "sev4"},
		{severity, "critical", "sev1"},
		{severity, "High", "sev2"},
		{severity, "medium", "sev3"},
		{severity, "warning", "sev3"},
		{severity, "low", "sev4"},
		{severity, "info", "sev4"},
		{severity, "sev0", ""},
		{severity, "", ""},
		{severity, "bad", ""},
		{status, "Investigating", "investigating"},
		{status, " identified", "identified"},
		{status, "monitoring", "monitoring"},
		{status, "resolved", "resolved"},
		{status, "triage", "triage"},
		{status, "mitigated", ""},
		{status, "", ""},
		{reason, "duplicate", "duplicate"},
		{reason, "False-Positive", "false positive"},
		{reason, "false positive", "false positive"},
		{reason, "superseded", "superseded"},
		{reason, "external", "external"},
		{reason, "cancelled", "cancelled"},
		{reason, "resolved", "resolved"},
		{reason, "done", ""},
		{reason, "", ""},
		{role, "lead", "lead"},
		{role, "IC", "lead"},
		{role, "commander", "lead"},
		{role, "comms", "comms"},
		{role, "communications", "comms"},
		{role, "Scribe", "scribe"},
		{role, "sme", "expert"},
		{role, "expert", "expert"},
		{role, "boss", ""},
		{role, "", ""},
	}
	for _, tt := range tests {
		got, ok := tt.parse(tt.word)
		if ok != (tt.want != "") || (ok && got != tt.want) {
			t.Errorf("%q is %q, %t; want %q", tt.word, got, ok, tt.want)
		}
	}
}

func TestAnIDNamesItsShard(t *testing.T) {
	for _, key := range []string{"", "checkout", "a much longer key / with = anything"} {
		id := incident.NewID(key, "01JD")
		if id.Shard() != incident.ShardOf(key) || id.Shard() >= incident.Shards {
			t.Errorf("%s is in shard %d, its key in %d", id, id.Shard(), incident.ShardOf(key))
		}
	}
	for _, id := range []incident.ID{"", "x", "s64-x", "s-x", "s9999999999-x"} {
		if got := id.Shard(); got != 0 {
			t.Errorf("%q names shard %d", id, got)
		}
	}
}

// A shard is part of keys on disk: if this changes, no store finds its incidents any more.
func TestShardsStayWhereTheyAre(t *testing.T) {
	for key, want := range map[string]incident.Shard{"": 5, "checkout": 57, "HighLatency{service=checkout}": 59} {
		if got := incident.ShardOf(key); got != want {
			t.Errorf("ShardOf(%q) = %d, want %d", key, got, want)
		}
	}
}

func TestHowAPersonIsShown(t *testing.T) {
	tests := map[string]incident.Person{
		"sitrep": {}, "Ana": ana, "cy (unverified)": cy, "slack:T1/U3 (unverified)": {ID: "slack:T1/U3"},
	}
	for want, p := range tests {
		if got := p.Shown(); got != want {
			t.Errorf("%+v is shown as %q, want %q", p, got, want)
		}
	}
}
