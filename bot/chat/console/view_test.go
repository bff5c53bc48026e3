package console

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"

	"sitrep/bot/chat"
)

func TestHTML(t *testing.T) {
	tests := map[string]struct{ markdown, want string }{
		"nothing":        {"", ""},
		"emphasis":       {"**a** *b* ~~c~~ `d<`", "<strong>a</strong> <em>b</em> <s>c</s> <code>d&lt;</code>"},
		"paragraphs":     {"a\nb\n\nc", `a` + "\n" + `b<span class="gap"></span>c`},
		"a link":         {`[a](https://x.example/?a=1&b="2")`, `<a href="https://x.example/?a=1&amp;b=&#34;2&#34;" target="_blank" rel="noopener noreferrer">a</a>`},
		"a time":         {chat.Time(time.Unix(1_700_000_000, 0), "22:13 UTC"), `<time datetime="2023-11-14T22:13:20Z">22:13 UTC</time>`},
		"a list":         {"a\n\n- b\n- c\n\nd", `a<div class="item"><span>•</span><div>b</div></div><div class="item"><span>•</span><div>c</div></div>d`},
		"a quote":        {"> a\n> b\n\nc", "<blockquote>a\nb</blockquote>c"},
		"a code block":   {"a\n\n```\n<b>\n\nc\n```\n\nd", "a<pre>&lt;b&gt;&#10;&#10;c</pre>d"},
		"markup is text": {`<b onclick="x">a</b>`, `&lt;b onclick=&#34;x&#34;&gt;a&lt;/b&gt;`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, toHTML(tt.markdown)); diff != "" {
				t.Errorf("toHTML(%q) (-want +got):\n%s", tt.markdown, diff)
			}
		})
	}
}

func FuzzHTML(f *testing.F) {
	for _, s := range []string{
		"plain", "**a** `b`", "<script>alert(1)</script>", "[a](javascript:alert(1))", `[a](https://x" onclick="y)`, "[<img src=x>](https://x)", "<https://x\"y>",
		"> <b>\n\n- <i>\n\n```\n</pre><script>\n```", "[a](time:99999999999999)", "![a](https://x/\"onerror=\"y)", "&lt;script&gt;", "a\n\n\n<div>\n\nb", "[a](https://x 'b\" c')",
	} {
		f.Add(s)
	}
	allowed := map[string][]string{
		"strong": nil, "em": nil, "s": nil, "code": nil, "pre": nil, "blockquote": nil, "a": {"href", "target", "rel"}, "time": {"datetime"}, "div": {"class"}, "span": {"class"},
	}
	f.Fuzz(func(t *testing.T, markdown string) {
		out := toHTML(markdown)
		z := html.NewTokenizer(strings.NewReader(out))
		for z.Next() != html.ErrorToken {
			token := z.Token()
			if token.Type != html.StartTagToken && token.Type != html.EndTagToken && token.Type != html.SelfClosingTagToken {
				continue
			}
			attributes, ok := allowed[token.Data]
			if !ok {
				t.Fatalf("toHTML(%q) has the element %q: %s", markdown, token.Data, out)
			}
			for _, a := range token.Attr {
				link := a.Key != "href" || strings.HasPrefix(strings.ToLower(a.Val), "http") || strings.HasPrefix(strings.ToLower(a.Val), "mailto:")
				if !slices.Contains(attributes, a.Key) || !link {
					t.Fatalf("toHTML(%q) has %s=%q: %s", markdown, a.Key, a.Val, out)
				}
			}
		}
	})
}

func BenchmarkHTML(b *testing.B) {
	markdown := "The **p99** of `checkout` went up at " + chat.Time(time.Unix(1, 0), "14:05") + ", see [the graph](https://x.example).\n\n- ana\n- bo\n"
	for b.Loop() {
		toHTML(markdown)
	}
}
