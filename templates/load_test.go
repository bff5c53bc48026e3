package templates_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"sitrep/bot/chat"
	"sitrep/bot/incident"
	"sitrep/bot/ops"
	"sitrep/templates"
)

func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestAnOperatorsFileTakesThePlaceOfOurs(t *testing.T) {
	set := load(t, folder(t, map[string]string{
		".hidden":   "{{",
		"card.tmpl": `{{define "header"}}War room {{.Number}}{{end}}{{define "text"}}{{.Title}}{{end}}{{define "context"}}{{template "ours" .}}{{end}}{{define "ours"}}by {{.Lead}}{{end}}`,
	}))
	s := worked(t)
	want := "War room #42\nCheckout is slow\nby Ana Ruiz"
	if got, _, _ := strings.Cut(set.Card(s.view()).Plain(), "\n["); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	if got, _ := set.Announcement(s.view()); !strings.Contains(got.Plain(), "Identified") {
		t.Errorf("a text that was not replaced changed: %s", got.Plain())
	}
}

func TestAnOperatorMaySilenceAnEvent(t *testing.T) {
	set := load(t, folder(t, map[string]string{"event.tmpl": `{{define "acked"}}{{.Person}} has it{{end}}`}))
	s := worked(t)
	if got, want := said(t, set, s), "Ana Ruiz has it\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestLoadRefuses(t *testing.T) {
	tests := map[string]struct{ file, text, want string }{
		"a file that is not ours": {"crad.tmpl", "", `crad\.tmpl: there is no such template; there are: announcement\.tmpl, card\.tmpl, .*`},
		"what does not parse":     {"card.tmpl", "{{define \"header\"}}\n{{if}}\n{{end}}", `card\.tmpl:2: missing value for if`},
		"a part that is unknown":  {"card.tmpl", "\n\n{{define \"headr\"}}x{{end}}", `card\.tmpl:3: \{\{define "headr"\}\} is not a part; there are: summary, header, .*`},
		"an unknown event":        {"event.tmpl", "{{define \"exploded\"}}x{{end}}", `event\.tmpl:1: \{\{define "exploded"\}\} is not a part.*`},
		"a field that is not":     {"update.tmpl", "{{define \"text\"}}\n{{.Imapct}}{{end}}", `update\.tmpl:2:.*can't evaluate field Imapct.*`},
		"a field in a branch":     {"executive.tmpl", "{{define \"text\"}}{{if .Final}}{{.Imapct}}{{end}}{{end}}", `executive\.tmpl:1:.*Imapct.*`},
		"an unknown function":     {"draft.tmpl", "{{define \"text\"}}{{shout .Title}}{{end}}", `draft\.tmpl:1: function "shout" not defined`},
		"a part that fails":       {"postmortem.tmpl", "x\n{{index .Impact 9}}", `postmortem\.tmpl:2:.*index.*`},
		"what never ends":         {"card.tmpl", `{{define "text"}}{{template "text" .}}x{{end}}`, `.*exceeded maximum template depth.*`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := templates.Load(folder(t, map[string]string{tt.file: tt.text}))
			if kindOf(err) != ops.Invalid || !regexp.MustCompile(tt.want).MatchString(ops.Tell(err)) {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
	if _, err := templates.Load(filepath.Join(t.TempDir(), "not-there")); kindOf(err) != ops.Invalid {
		t.Errorf("a folder that is not there: %v", err)
	}
}

func TestATextThatFailsOnARealIncidentGivesWayToOurs(t *testing.T) {
	set := load(t, folder(t, map[string]string{"card.tmpl": `{{define "header"}}{{if eq .Number "#42"}}{{index .Links 7}}{{end}}{{end}}`}))
	if got := set.Card(worked(t).view()).Plain(); !strings.Contains(got, "#42 sev2 Checkout is slow") {
		t.Errorf("got %s", got)
	}
}

// The kinds that are not said in a room, and why.
var unsaid = map[string]string{
	"declared.v1": "the card says it", "alert_attached.v1": "the card keeps count", "alert_cleared.v1": "the last one alone is said", "joined.v1": "the platform says it", "subscribed.v1": "of interest to one person", "unsubscribed.v1": "of interest to one person",
	"milestone_set.v1": "the card says it", "pin_edited.v1": "seen where it was edited", "pin_deleted.v1": "seen where it was deleted",
	"evidence_recorded.v1": "the verb has answered", "update_drafted.v1": "the draft goes to one person", "draft_edited.v1": "it will be posted",
	"update_composed.v1": "the update itself is posted", "update_delivered.v1": "the update itself is posted", "postmortem_drafted.v1": "the draft itself is posted",
	"room_wanted.v1": "told when the room is there", "card_posted.v1": "seen", "room_archived.v1": "nobody could read it",
}

func TestEveryKindIsSaidOrLeftOutOnPurpose(t *testing.T) {
	set, v := load(t, ""), worked(t).view()
	for _, kind := range incident.Kinds() {
		data, err := os.ReadFile(filepath.Join("..", "bot", "incident", "testdata", "events", kind+".json"))
		if err != nil {
			t.Fatal(err)
		}
		r, err := incident.Decode(data)
		if err != nil {
			t.Fatal(err)
		}
		m, ok := set.Event(v, r)
		if _, left := unsaid[kind]; ok == left {
			t.Errorf("%s: said %t, left out %t: %s", kind, ok, left, m.Plain())
		}
	}
}

func FuzzWords(f *testing.F) {
	for _, words := range []string{hostile, "", "a", "    indented", "[x](https://evil.example)", "<https://evil.example>", "\x00\xff", "1. list", "](time:1)"} {
		f.Add(words)
	}
	set, err := templates.Load("")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, words string) {
		s := worked(t)
		v := s.view()
		v.State.Title, v.State.Impact, v.State.LastWord, v.State.NextStep = words, words, words, words
		m := set.Card(v)
		fits(t, m)
		own := []string{"https://grafana.example/d/1", "https://runbooks.example/checkout?a=1&b=2", "https://discord.example/99"}
		for _, b := range m.Blocks {
			for _, link := range linksOf(b.Text + "\n\n" + b.Context) {
				if !strings.Contains(strings.Join(own, " "), link) {
					t.Errorf("%q became a link to %s", words, link)
				}
			}
		}
		u := s.lastUpdate("stakeholders")
		u.Title, u.Impact, u.Text, u.NextStep = words, words, words, words
		fits(t, set.Update(v, u))
	})
}

func BenchmarkCard(b *testing.B) {
	set, _ := templates.Load("")
	v := worked(&testing.T{}).view()
	var m chat.Message
	b.ReportAllocs()
	for b.Loop() {
		m = set.Card(v)
	}
	if len(m.Blocks) == 0 {
		b.Fatal("an empty card")
	}
}

func BenchmarkPostmortem1000(b *testing.B) {
	set, _ := templates.Load("")
	s := finished(&testing.T{})
	for len(s.events) < 1000 {
		s.does(bo, incident.AddNote{Text: "still looking at the tables", When: s.now})
	}
	b.ReportAllocs()
	for b.Loop() {
		set.Postmortem(s.view(), s.events)
	}
}
