package discord

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"sitrep/bot/chat"
	"sitrep/bot/ops"
)

var update = flag.Bool("update", false, "rewrite the goldens in testdata")

const hostile = "@everyone @here <@123> <@!123> <@&9> <#1> <t:1:R> <:a:1> *b* _c_ ~~d~~ ||e|| `f` [g](https://evil.example) # h > i - j"

func cases() map[string]chat.Message {
	at := time.Unix(1_700_000_000, 0)
	return map[string]chat.Message{
		"card": {Summary: "Checkout is slow", Tone: chat.Bad, Notify: []chat.UserID{"123", "456", "123", "not a user"}, Blocks: []chat.Block{
			{Header: "#42 Checkout is slow"},
			{Text: "**p99** went from 0.2 s to *2.4 s*, see [the graph](https://graphs.example/p99?a=(1)) or https://graphs.example/a_b_c.\n\n1. first\n2. second\n\n- one\n- two\n\n> quoted\n> twice"},
			{Fields: []chat.Field{{Name: "Severity", Value: "sev2"}, {Name: "Lead", Value: "*nobody yet*"}, {Name: "Nothing", Value: ""}}},
			{Text: "After the fields."},
			{Code: "GET /cart 503\nGET /cart ``` 503"},
			{Context: "since " + chat.Time(at, "14:05") + "\nin two lines"},
			{Buttons: []chat.Button{
				{Label: "Acknowledge", Verb: "ack #42", Primary: true},
				{Label: "Resolve", Verb: "resolve #42", Danger: true, Confirm: "Sure?"},
				{Label: "Logs", Verb: "logs checkout"},
				{Label: "Again", Verb: "logs checkout"},
				{Label: "Runbook", URL: "https://runbooks.example/checkout"},
			}},
		}},
		"hostile": {Summary: hostile, Notify: []chat.UserID{"7"}, Blocks: []chat.Block{
			{Header: hostile},
			{Text: hostile},
			{Text: chat.Escape(hostile)},
			{Code: "``` " + hostile},
			{Context: chat.Escape(hostile)},
			{Fields: []chat.Field{{Name: hostile, Value: chat.Escape(hostile)}}},
			{Buttons: []chat.Button{{Label: hostile, Verb: hostile[:30]}}},
		}},
		"long title": {Blocks: []chat.Block{{Header: strings.Repeat("checkout ", 1111)}, {Context: "the end"}}},
		"long text": {Blocks: []chat.Block{
			{Header: "Logs"}, {Text: strings.Repeat("**many words** and ", 600)}, {Code: strings.Repeat("a line of a log\n", 1000)}, {Text: "the conclusion"},
		}},
		"only a picture": {Blocks: []chat.Block{{Image: &chat.File{Name: "p 99/á.png", Title: "Latency", Alt: "p99 went up", Data: []byte("png")}}}},
		"nothing":        {},
	}
}

func TestRender(t *testing.T) {
	for name, m := range cases() {
		t.Run(name, func(t *testing.T) {
			p, files, err := render(m, "test", "inc7.3/card")
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			for _, f := range files {
				names = append(names, fmt.Sprintf("%s, %d bytes: %s", f.name, len(f.data), f.alt))
			}
			golden(t, strings.ReplaceAll(name, " ", "_"), map[string]any{"message": p, "files": names})
			withinLimits(t, p, files)
		})
	}
}

func TestRenderForm(t *testing.T) {
	f := chat.Form{Title: "Post an update to everyone and all", Verb: "status #42", Submit: "Post", Fields: []chat.FormField{
		{Name: "text", Label: "What is known", Hint: "Plain words", Value: "We look into it.", Required: true, Long: true, Max: 1000},
		{Name: "state", Label: "State", Value: "identified", Choices: []chat.Choice{{Label: "Investigating", Value: "investigating"}, {Label: "Identified", Value: "identified"}}},
		{Name: "next", Label: strings.Repeat("next ", 20), Value: strings.Repeat("x", 50), Max: 10},
	}}
	a, err := renderForm(f, "test")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "form", a)
	f.Verb = strings.Repeat("x", 300)
	if _, err := renderForm(f, "test"); ops.KindOf(err) != ops.Invalid {
		t.Errorf("a verb that does not fit gave %v", err)
	}
}

func TestCommandsAreDescribed(t *testing.T) {
	golden(t, "commands", commands(Config{Command: "inc", Alias: "incident", Commands: []chat.CommandSpec{
		{Name: "new", Summary: "Declare an incident", Options: []chat.OptionSpec{
			{Name: "title", Summary: "What people notice", Required: true},
			{Name: "severity", Summary: "How bad", Choices: []chat.Choice{{Label: "sev1: critical", Value: "sev1"}, {Value: "sev2"}}},
			{Name: "service", Summary: "What is broken", Suggested: true},
		}},
		{Name: "lead", Options: []chat.OptionSpec{{Name: "who", Summary: "The person", User: true}}},
	}}))
}

func TestAButtonThatIsTooLongIsRefused(t *testing.T) {
	_, _, err := render(chat.Message{Blocks: []chat.Block{{Buttons: []chat.Button{{Label: "Go", Verb: strings.Repeat("é", 100)}}}}}, "test", "k")
	if ops.KindOf(err) != ops.Invalid || !strings.Contains(ops.Tell(err), "“Go”") {
		t.Errorf("error = %v", err)
	}
}

func golden(t *testing.T, name string, got any) {
	t.Helper()
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(got); err != nil {
		t.Fatal(err)
	}
	raw := b.Bytes()
	path := filepath.Join("testdata", name+".golden.json")
	if *update {
		if err := os.WriteFile(path, raw, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(raw)); diff != "" {
		t.Errorf("%s (-want +got), rewrite with go test -update:\n%s", path, diff)
	}
}

func withinLimits(t *testing.T, p payload, files []file) {
	t.Helper()
	check := func(ok bool, what string, args ...any) {
		t.Helper()
		if !ok {
			t.Errorf(what, args...)
		}
	}
	check(size(p.Content) <= 2000, "content of %d", size(p.Content))
	check(len(p.Embeds) >= 1 && len(p.Embeds) <= 10, "%d embeds", len(p.Embeds))
	check(len(files) <= 10, "%d files", len(files))
	total := 0
	for _, e := range p.Embeds {
		total += size(e.Description)
		check(size(e.Description) <= 4096, "description of %d", size(e.Description))
		check(e.Description != "" || len(e.Fields) > 0, "an empty embed")
		check(len(e.Fields) <= 25, "%d fields", len(e.Fields))
		for _, f := range e.Fields {
			total += size(f.Name) + size(f.Value)
			check(f.Name != "" && size(f.Name) <= 256 && f.Value != "" && size(f.Value) <= 1024, "field %v", f)
		}
	}
	check(total <= 6000, "embeds of %d in all", total)
	check(len(p.Components) <= 5, "%d rows", len(p.Components))
	for _, r := range p.Components {
		check(len(r.Components) >= 1 && len(r.Components) <= 5, "a row of %d", len(r.Components))
		for _, b := range r.Components {
			check(utf8.RuneCountInString(b.Label) <= 80 && b.Label != "", "label %q", b.Label)
			check(utf8.RuneCountInString(b.CustomID) <= 100, "custom_id %q", b.CustomID)
		}
	}
	check(len(p.AllowedMentions.Parse) == 0, "mentions are parsed: %v", p.AllowedMentions.Parse)
}

func FuzzRender(f *testing.F) {
	f.Add("#42 Checkout is slow", "**p99** went [up](https://graphs.example)", "a line", 3)
	f.Add(hostile, hostile, hostile, 1)
	f.Add(strings.Repeat("t", 10000), strings.Repeat("w ", 10000), strings.Repeat("`", 5000), 40)
	f.Add("", "[a](time:9999999999999)", "\x00\xff", 0)
	f.Add("\u200b", "- - - - > > > 1. 2. ```", "```", 26)
	f.Add("x", "<@1> <#2> &lt;@everyone&gt; &#64;everyone \\<@3>", "y", 2)
	f.Fuzz(func(t *testing.T, title, text, code string, many int) {
		m := chat.Message{Summary: title, Notify: []chat.UserID{"7"}, Blocks: []chat.Block{{Header: title}, {Text: text}, {Code: code}, {Context: text}}}
		for range min(max(many, 0), 60) {
			m.Blocks = append(m.Blocks, chat.Block{Fields: []chat.Field{{Name: title, Value: text}}}, chat.Block{Text: code})
		}
		p, files, err := render(m, "test", "k/1")
		if err != nil {
			t.Fatal(err)
		}
		withinLimits(t, p, files)
		if diff := cmp.Diff(mentions{Parse: []string{}, Users: []string{"7"}}, p.AllowedMentions); diff != "" {
			t.Errorf("who is called (-want +got):\n%s", diff)
		}
		if _, ok := customID(buttonID, "test", chat.Cut(text, 20)); !ok {
			t.Errorf("20 characters do not fit in a button: %q", text)
		}
	})
}

func BenchmarkRender(b *testing.B) {
	m := cases()["card"]
	for b.Loop() {
		if _, _, err := render(m, "test", "k/1"); err != nil {
			b.Fatal(err)
		}
	}
}
