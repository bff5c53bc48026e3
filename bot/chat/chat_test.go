package chat_test

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"sitrep/bot/chat"
)

func TestCut(t *testing.T) {
	tests := map[string]struct {
		text  string
		limit int
		want  string
	}{
		"short enough":               {"abc def", 7, "abc def"},
		"at a word's end":            {"checkout is slow again", 15, "checkout is…"},
		"exactly at a word's end":    {"checkout is slow", 12, "checkout is…"},
		"no word's end near":         {strings.Repeat("x", 40), 30, strings.Repeat("x", 29) + "…"},
		"counts characters":          {"äöüß äöüß", 6, "äöüß…"},
		"the first word is too long": {"internationalisation", 5, "inte…"},
		"one":                        {"abc", 1, "a"},
		"none":                       {"abc", 0, ""},
		"less than none":             {"abc", -1, ""},
		"leaves no space at the cut": {"abc  def", 6, "abc…"},
		"cuts at a line's end":       {"abc\ndef", 5, "abc…"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := chat.Cut(tt.text, tt.limit); got != tt.want {
				t.Errorf("Cut(%q, %d) = %q, want %q", tt.text, tt.limit, got, tt.want)
			}
		})
	}
}

func FuzzCut(f *testing.F) {
	f.Add("checkout is slow", 5)
	f.Fuzz(func(t *testing.T, text string, limit int) {
		got := chat.Cut(text, limit)
		if n := utf8.RuneCountInString(got); n > max(limit, 0) && got != text {
			t.Errorf("Cut(%q, %d) = %q has %d characters", text, limit, got, n)
		}
	})
}

func TestPlainShowsEveryBlock(t *testing.T) {
	m := chat.Message{Summary: "unseen", Notify: []chat.UserID{"U1"}, Blocks: []chat.Block{
		{Header: "Checkout *is* slow"},
		{Text: "p99 **up** since " + chat.Time(time.Unix(1, 0), "14:05")},
		{Fields: []chat.Field{{Name: "Severity", Value: "**sev2**"}, {Name: "Lead", Value: "ana"}}},
		{Code: "GET *\n503"},
		{Image: &chat.File{Name: "p99.png", Alt: "p99 from 0.2 s to 2.4 s"}},
		{File: &chat.File{Name: "postmortem.md"}},
		{Context: "by *sitrep*"},
		{Buttons: []chat.Button{{Label: "Ack"}, {Label: "Resolve"}}},
		{},
	}}
	want := `Checkout *is* slow
p99 up since 14:05
Severity: sev2
Lead: ana
GET *
503
[picture: p99 from 0.2 s to 2.4 s]
[file: postmortem.md]
by sitrep
[Ack] [Resolve]`
	if diff := cmp.Diff(want, m.Plain()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestTextIsOneBlock(t *testing.T) {
	want := chat.Message{Blocks: []chat.Block{{Text: "a *b*"}}}
	if diff := cmp.Diff(want, chat.Text("a *b*")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func BenchmarkRender(b *testing.B) {
	markdown := "The **p99** of `checkout` went up at " + chat.Time(time.Unix(1, 0), "14:05") + ", see [the graph](https://x.example).\n\n- ana\n- bo\n"
	m := tags()
	for b.Loop() {
		chat.Render(markdown, m)
	}
}
