package slack

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	api "github.com/slack-go/slack"

	"github.com/google/go-cmp/cmp"

	"sitrep/bot/chat"
)

var update = flag.Bool("update", false, "rewrite the goldens")

const hostile = "@everyone <!channel> <!here|here> <@U1> <#C1> <https://evil.example|bank> &lt;!channel&gt; `<!channel>` ```\n<@U1>"

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v (go test -update writes it)", err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got; go test -update accepts it):\n%s", name, diff)
	}
}

func card() chat.Message {
	return chat.Message{
		Summary: "INC-42 checkout latency", Tone: chat.Bad, Notify: []chat.UserID{"T1/U0ANA", "T1/not an id"},
		Blocks: []chat.Block{
			{Header: "INC-42 · Checkout is slow & <broken>"},
			{Text: "**p99** went from *0.2 s* to `2.4 s`, see [the graph](https://graphs.example/p?a=1&b=2|x).\n\n1. look\n2. act\n\n> quoted"},
			{Fields: []chat.Field{{Name: "Severity", Value: "sev2"}, {Name: "Lead", Value: "~~nobody~~ ana"}}},
			{Code: "GET /cart 503\nGET /cart 200"},
			{Image: &chat.File{Name: "latency.png"}},
			{File: &chat.File{Name: "postmortem.md"}},
			{Context: "since " + chat.Time(time.Unix(1_700_000_000, 0), "14 Nov 22:13 | UTC")},
			{Buttons: []chat.Button{
				{Label: "Acknowledge", Verb: "ack #42", Primary: true},
				{Label: "Cancel", Verb: "cancel #42", Danger: true, Confirm: "Really?"},
				{Label: "Runbook", URL: "https://runbooks.example/checkout"},
				{Label: "Bad link", URL: "javascript:alert(1)"},
			}},
		},
	}
}

func hostileMessage() chat.Message {
	return chat.Message{Summary: hostile, Blocks: []chat.Block{
		{Header: hostile},
		{Text: hostile},
		{Text: chat.Escape(hostile)},
		{Code: hostile},
		{Context: hostile},
		{Text: "[" + chat.Escape(hostile) + "](https://x.example/<!channel>)"},
		{Text: chat.Time(time.Unix(1, 0), hostile)},
		{Fields: []chat.Field{{Name: hostile, Value: hostile}}},
		{Buttons: []chat.Button{{Label: hostile, Verb: "note " + hostile, Confirm: hostile}}},
	}}
}

func TestRenderGolden(t *testing.T) {
	parts := map[int]keptPart{
		4: {id: imagePart + "latency.png", file: "F1", alt: "p99 went up", title: "Latency"},
		5: {id: filePart + "postmortem.md", text: "📎 <https://acme.slack.com/files/F2|Postmortem>"},
	}
	var many []chat.Block
	for i := range 60 {
		many = append(many, chat.Block{Text: fmt.Sprintf("part %d", i)})
	}
	many = append(many, chat.Block{Buttons: []chat.Button{{Label: "Last", Verb: "ack"}}})
	for name, m := range map[string]chat.Message{
		"card": card(), "hostile": hostileMessage(), "empty": {},
		"long":   {Summary: strings.Repeat("long title ", 900), Blocks: []chat.Block{{Header: strings.Repeat("long title ", 900)}, {Text: strings.Repeat("a & b ", 1700)}}},
		"blocks": {Blocks: many},
	} {
		t.Run(name, func(t *testing.T) {
			out, err := indented(map[string]any{"text": summary(m), "blocks": render(m, "test", parts, maxBlocks)})
			if err != nil {
				t.Fatal(err)
			}
			golden(t, name+".golden.json", out)
			safe(t, m, render(m, "test", parts, maxBlocks))
		})
	}
}

func TestFormGolden(t *testing.T) {
	f := chat.Form{Title: "Post an update & more words", Verb: "status #42", Submit: "Post", Fields: []chat.FormField{
		{Name: "text", Label: "What is known", Hint: "Plain <words>", Value: "We look & wait", Required: true, Long: true, Max: 1000},
		{Name: "state", Label: "State", Value: "identified", Choices: []chat.Choice{{Label: "Investigating", Value: "investigating"}, {Label: "Identified", Value: "identified"}, {Label: "none"}}},
	}}
	view, err := modal("test", f, chat.ReplyTo{Room: "T1/C1", Thread: "1.2", Token: "https://hooks.example/x"})
	if err != nil {
		t.Fatal(err)
	}
	out, err := indented(view)
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "form.golden.json", out)
	f.Verb = strings.Repeat("x", maxMetadata)
	if _, err := modal("test", f, chat.ReplyTo{}); err == nil {
		t.Error("a verb that is too long for a form was taken")
	}
}

func TestManifestGolden(t *testing.T) {
	for name, cfg := range map[string]Config{
		"manifest-socket": {}, "manifest-http": {Mode: HTTP, PublicURL: "https://sitrep.example.com/", Instance: "blue", Command: "/fire", Alias: "/fire"},
	} {
		out, err := Manifest(cfg)
		if err != nil {
			t.Fatal(err)
		}
		golden(t, name+".golden.json", out)
	}
	if _, err := Manifest(Config{Mode: HTTP}); err == nil {
		t.Error("a manifest for HTTP was made without an address")
	}
}

// A call of anybody, or of a group, in Slack's markup; a time is none.
var calls = regexp.MustCompile(`<[@!#]`)

// safe fails when rendered blocks pass a limit, or call somebody who is not in Notify.
func safe(t *testing.T, m chat.Message, blocks []api.Block) {
	t.Helper()
	raw, err := json.Marshal(blocks)
	if err != nil {
		t.Fatal(err)
	}
	var out []struct {
		Type     string
		Text     *struct{ Type, Text string }
		Fields   []struct{ Text string }
		Elements []struct {
			Value string
			Text  json.RawMessage
		}
	}
	if err := json.Unmarshal(raw, &out); err != nil {
		t.Fatal(err)
	}
	if len(out) == 0 || len(out) > maxBlocks {
		t.Errorf("%d blocks", len(out))
	}
	var texts []string
	limit := func(what, s string, n int) {
		if size(s) > n || s == "" {
			t.Errorf("%s has %d characters, want 1 to %d", what, size(s), n)
		}
		texts = append(texts, s)
	}
	for _, b := range out {
		switch {
		case b.Type == "header":
			limit("header", b.Text.Text, maxHeader)
		case b.Text != nil:
			limit("section", b.Text.Text, maxSection)
		}
		if len(b.Fields) > maxFields || len(b.Elements) > maxElements {
			t.Errorf("%d fields, %d elements", len(b.Fields), len(b.Elements))
		}
		for _, f := range b.Fields {
			limit("field", f.Text, maxField)
		}
		for _, e := range b.Elements {
			var words string
			var object struct{ Text string }
			if json.Unmarshal(e.Text, &words) == nil {
				limit("context", words, maxContext)
			} else if json.Unmarshal(e.Text, &object) == nil {
				limit("button", object.Text, maxButtonLabel)
			}
			if size(e.Value) > maxButtonValue {
				t.Errorf("a button's value has %d characters", size(e.Value))
			}
		}
	}
	all := strings.Join(append(texts, summary(m)), "\n")
	for _, u := range m.Notify {
		all = strings.ReplaceAll(all, "<@"+bare(u)+">", "")
	}
	all = strings.ReplaceAll(all, "<!date^", "")
	if at := calls.FindStringIndex(all); at != nil {
		t.Errorf("somebody is called: %.80q", all[at[0]:])
	}
}

func FuzzRender(f *testing.F) {
	for _, s := range []string{hostile, "<!channel>", "`<@U1>`", "[a](time:5)", "[<!here>](https://x|y)", "```\n<!channel>\n", "<!date^1^{time}|<@U1>>", "a\\<!channel>", "&lt;!channel&gt;", "[x](<https://a.example/<!channel>>)", "![<@U1>](https://x)", strings.Repeat("& ", 5000), "\x00\xff", "# <!channel>\n\n- <@U2>\n"} {
		f.Add(s, 3)
	}
	f.Fuzz(func(t *testing.T, s string, n int) {
		m := chat.Message{Summary: s, Tone: chat.Good, Notify: []chat.UserID{"T1/U0ANA"}}
		for range min(max(n, 0), 60) {
			m.Blocks = append(m.Blocks, chat.Block{Text: s})
		}
		m.Blocks = append(m.Blocks, hostileMessage().Blocks...)
		m.Blocks = append(m.Blocks, []chat.Block{
			{Header: s},
			{Code: s},
			{Context: s},
			{Fields: []chat.Field{{Name: s, Value: s}}},
			{Buttons: []chat.Button{{Label: s, Verb: s, Confirm: s}, {Label: s, URL: s}}},
			{Text: chat.Time(time.Unix(1, 0), s)},
		}...)
		safe(t, m, render(m, "test", nil, maxBlocks))
	})
}

func BenchmarkRenderCard(b *testing.B) {
	m := card()
	for b.Loop() {
		render(m, "test", nil, maxBlocks)
	}
}

func BenchmarkRenderOverlong(b *testing.B) {
	m := chat.Text("a line **with** words " + strings.Repeat("and & more ", 1000))
	for b.Loop() {
		render(m, "test", nil, maxBlocks)
	}
}
