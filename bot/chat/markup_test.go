package chat_test

import (
	"fmt"
	"html"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"sitrep/bot/chat"
)

// tags shows which function of a Markup was given what.
func tags() chat.Markup {
	tag := func(name string) func(string) string {
		return func(s string) string { return "<" + name + ">" + s + "</" + name + ">" }
	}
	return chat.Markup{
		Escape: html.EscapeString,
		Code:   func(raw string) string { return tag("code")(html.EscapeString(raw)) },
		Pre:    func(raw string) string { return tag("pre")(html.EscapeString(raw)) },
		Bold:   tag("b"), Italic: tag("i"), Strike: tag("s"), Quote: tag("q"),
		Link: func(label, url string) string {
			return fmt.Sprintf("<a %s>%s</a>", html.EscapeString(url), label)
		},
		Time: func(t time.Time, fallback string) string {
			return fmt.Sprintf("<time %d>%s</time>", t.Unix(), html.EscapeString(fallback))
		},
		Item: func(marker, s string) string { return "<li " + marker + ">" + s + "</li>" },
	}
}

func TestRender(t *testing.T) {
	tests := map[string]struct{ markdown, want string }{
		"nothing":                       {"", ""},
		"emphasis":                      {"a **b** *c* ~~d~~", "a <b>b</b> <i>c</i> <s>d</s>"},
		"nested emphasis":               {"**b *c***", "<b>b <i>c</i></b>"},
		"paragraphs":                    {"a\n\n\n\nb", "a\n\nb"},
		"a line break is kept":          {"a\nb  \nc", "a\nb\nc"},
		"a heading is bold":             {"# a\nb", "<b>a</b>\n\nb"},
		"a span of code is verbatim":    {"`a *b* \\* <c>`", "<code>a *b* \\* &lt;c&gt;</code>"},
		"a span of code over two lines": {"`a\nb`", "<code>a b</code>"},
		"a block of code":               {"```go\na *b*\n  <c>\n\n```", "<pre>a *b*\n  &lt;c&gt;</pre>"},
		"an indented block":             {"    a\n    b", "<pre>a\nb</pre>"},
		"a list":                        {"- a\n- b", "<li •>a</li>\n<li •>b</li>"},
		"a numbered list":               {"3. a\n4. b", "<li 3.>a</li>\n<li 4.>b</li>"},
		"a list in a list":              {"- a\n  - b", "<li •>a\n<li •>b</li></li>"},
		"a quote":                       {"> a\n> b", "<q>a\nb</q>"},
		"a rule":                        {"a\n\n---\n\nb", "a\n\n———\n\nb"},
		"a link":                        {"[a *b*](https://x.example/?a=1&b=2)", "<a https://x.example/?a=1&amp;b=2>a <i>b</i></a>"},
		"a link with references":        {`[a](https://x.example/?a=1&amp;b=\(2\))`, "<a https://x.example/?a=1&amp;b=(2)>a</a>"},
		"a link without a label":        {"[](https://x.example)", "<a https://x.example>https://x.example</a>"},
		"a link by its address":         {"<https://x.example>", "<a https://x.example>https://x.example</a>"},
		"a link by reference":           {"[a]\n\n[a]: https://x.example", "<a https://x.example>a</a>"},
		"mail":                          {"[a](mailto:a@x.example)", "<a mailto:a@x.example>a</a>"},
		"a picture is a link":           {"![a](https://x.example/a.png)", "<a https://x.example/a.png>a</a>"},
		"a script is its label":         {"[a](javascript:alert(1))", "a"},
		"a hidden script is its label":  {"[a](JaVaScript&colon;alert(1))", "a"},
		"a relative link is its label":  {"[a](/b)", "a"},
		"raw HTML is shown":             {"a <b onclick=x>c</b>", "a &lt;b onclick=x&gt;c&lt;/b&gt;"},
		"a block of HTML is shown":      {"<script>\nalert(1)\n</script>", "&lt;script&gt;\nalert(1)\n&lt;/script&gt;"},
		"a comment is shown":            {"<!-- a\nb -->", "&lt;!-- a\nb --&gt;"},
		"references are resolved":       {"&lt;b&gt; &amp; &copy; &nosuch; &", "&lt;b&gt; &amp; © &amp;nosuch; &amp;"},
		"escapes are resolved":          {`\*a\* \q \\`, `*a* \q \`},
		"a time":                        {"at " + chat.Time(time.Unix(1_700_000_000, 5), "14:05 [UTC]"), "at <time 1700000000>14:05 [UTC]</time>"},
		"a time that is none":           {"[14:05](time:soon)", "14:05"},
		"a time over two lines":         {"[14:05\nUTC](time:1)", "<time 1>14:05 UTC</time>"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, chat.Render(tt.markdown, tags())); diff != "" {
				t.Errorf("Render(%q) (-want +got):\n%s", tt.markdown, diff)
			}
		})
	}
}

func TestPlainText(t *testing.T) {
	tests := map[string]struct{ markdown, want string }{
		"markup is left out":       {"**a** `b`\n\n- c\n- ~~d~~", "a b\n\n• c\n• d"},
		"a link tells its address": {"[a](https://x.example)", "a (https://x.example)"},
		"an address stands once":   {"<https://x.example>", "https://x.example"},
		"a time is its fallback":   {chat.Time(time.Unix(1, 0), "14:05 UTC"), "14:05 UTC"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, chat.PlainText(tt.markdown)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

var hostileTexts = []string{
	"", "plain words", "**b** _i_ ~~s~~ `c`", "# heading", "- item", "1. item", "1) item", "+ x", "> quote", "===", "---", "***",
	"    indented", "\tindented", "```\nfence\n```", "~~~", "[a](javascript:b)", "![a](b)", "<b>html</b>", "<!-- c -->", "&lt;&amp;&#35;", "&#32;",
	"a\\b\\", "\\", "https://x.example/?a=b_c_d", "<https://x.example>", "a\nb\r\nc", " a\u2028b", "[x]: y", "| a | b |", "@everyone <@U1> <!channel>", "\u00a0a",
	"a\x00b", "\xff", "\v\f", "a  \nb", ":tada:", "\u200b", "=", "a\n===",
}

func FuzzEscape(f *testing.F) {
	for _, s := range hostileTexts {
		f.Add(s)
	}
	folded := strings.NewReplacer("\t", " ", "\n", " ", "\r", " ", "\u2028", " ", "\u2029", " ")
	f.Fuzz(func(t *testing.T, s string) {
		want := folded.Replace(strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD"))
		got := chat.PlainText(chat.Escape(s))
		if strings.ToValidUTF8(s, "") == s && got != strings.TrimRight(want, " ") {
			t.Errorf("PlainText(Escape(%q)) = %q", s, got)
		}
		if !utf8.ValidString(got) {
			t.Errorf("PlainText(Escape(%q)) = %q is no UTF-8", s, got)
		}
		inline := chat.Render("Title: "+chat.Escape(s)+" end\n"+chat.Escape(s), tags())
		if strings.Contains(inline, "<") {
			t.Errorf("Escape(%q) leaves markup: %q", s, inline)
		}
	})
}

func FuzzRender(f *testing.F) {
	for _, s := range hostileTexts {
		f.Add(s)
	}
	bare := tags()
	same := func(s string) string { return s }
	bare.Code, bare.Pre = html.EscapeString, html.EscapeString
	bare.Bold, bare.Italic, bare.Strike, bare.Quote = same, same, same, same
	bare.Link = func(label, url string) string { return label + html.EscapeString(url) }
	bare.Time = func(_ time.Time, fallback string) string { return html.EscapeString(fallback) }
	bare.Item = func(marker, s string) string { return marker + s }
	f.Fuzz(func(t *testing.T, s string) {
		if got := chat.Render(s, bare); strings.ContainsAny(got, "<>") {
			t.Errorf("Render(%q) lets through what was not escaped: %q", s, got)
		}
	})
}
