package chat

import (
	"strconv"
	"strings"
	"time"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	extast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/text"
)

// Markup is how a platform writes the few things that a text may hold. Each function gets content that is written
// already, except Escape and Code, which get it raw.
type Markup struct {
	Escape func(raw string) string
	Code   func(raw string) string        // a span of code
	Pre    func(raw string) string        // a block of code
	Bold   func(s string) string          //
	Italic func(s string) string          //
	Strike func(s string) string          //
	Link   func(label, url string) string // url is http, https or mailto
	Time   func(t time.Time, fallback string) string
	Item   func(marker, s string) string // one item of a list; marker is "•" or "1."
	Quote  func(s string) string         //
}

var commonMark = goldmark.New(goldmark.WithExtensions(extension.Strikethrough)).Parser()

// Render writes CommonMark in a platform's own markup. Raw HTML is shown as it was typed, pictures become links,
// and links of any other scheme than http, https, mailto and time become their label.
func Render(markdown string, m Markup) string {
	r := renderer{src: []byte(markdown), m: m}
	return strings.TrimRight(r.blocks(commonMark.Parse(text.NewReader(r.src)), "\n\n"), "\n ")
}

// PlainText returns CommonMark without its markup.
func PlainText(markdown string) string {
	same := func(s string) string { return s }
	return Render(markdown, Markup{
		Escape: same, Code: same, Pre: same, Bold: same, Italic: same, Strike: same, Quote: same,
		Link: func(label, url string) string {
			if label == url {
				return url
			}
			return label + " (" + url + ")"
		},
		Time: func(_ time.Time, fallback string) string { return fallback },
		Item: func(marker, s string) string { return marker + " " + s },
	})
}

type renderer struct {
	src []byte
	m   Markup
}

func (r renderer) blocks(n ast.Node, between string) string {
	var parts []string
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		if s := r.block(c); s != "" {
			parts = append(parts, s)
		}
	}
	return strings.Join(parts, between)
}

func (r renderer) block(n ast.Node) string {
	switch n := n.(type) {
	case *ast.Heading:
		return r.m.Bold(r.inline(n))
	case *ast.FencedCodeBlock, *ast.CodeBlock:
		return r.m.Pre(strings.TrimRight(r.lines(n), "\n"))
	case *ast.HTMLBlock:
		return r.m.Escape(strings.TrimRight(r.html(n), "\n"))
	case *ast.Blockquote:
		return r.m.Quote(r.blocks(n, "\n"))
	case *ast.List:
		return r.list(n)
	case *ast.ThematicBreak:
		return r.m.Escape("———")
	}
	return r.inline(n)
}

func (r renderer) list(l *ast.List) string {
	var items []string
	number := l.Start
	for c := l.FirstChild(); c != nil; c = c.NextSibling() {
		marker := "•"
		if l.IsOrdered() {
			marker = strconv.Itoa(number) + "."
			number++
		}
		items = append(items, r.m.Item(marker, r.blocks(c, "\n")))
	}
	return strings.Join(items, "\n")
}

func (r renderer) lines(n ast.Node) string {
	var b strings.Builder
	for i := range n.Lines().Len() {
		seg := n.Lines().At(i)
		b.Write(seg.Value(r.src))
	}
	return b.String()
}

// html returns a block of HTML; its last line is kept apart from the others where it is what ended the block.
func (r renderer) html(n *ast.HTMLBlock) string {
	if !n.HasClosure() {
		return r.lines(n)
	}
	return r.lines(n) + string(n.ClosureLine.Value(r.src))
}

func (r renderer) inline(n ast.Node) string {
	var b strings.Builder
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		b.WriteString(r.span(c))
	}
	return b.String()
}

func (r renderer) span(n ast.Node) string {
	switch n := n.(type) {
	case *ast.Text:
		s := r.m.Escape(r.plain(n))
		if n.SoftLineBreak() || n.HardLineBreak() {
			s += "\n"
		}
		return s
	case *ast.String:
		return r.m.Escape(string(n.Value))
	case *ast.CodeSpan:
		return r.m.Code(strings.ReplaceAll(r.raw(n), "\n", " "))
	case *ast.Emphasis:
		if n.Level >= 2 {
			return r.m.Bold(r.inline(n))
		}
		return r.m.Italic(r.inline(n))
	case *extast.Strikethrough:
		return r.m.Strike(r.inline(n))
	case *ast.Link:
		return r.link(string(n.Destination), r.inline(n), r.raw(n))
	case *ast.Image:
		return r.link(string(n.Destination), r.inline(n), r.raw(n))
	case *ast.AutoLink:
		url := string(n.URL(r.src))
		return r.link(url, r.m.Escape(url), url)
	case *ast.RawHTML:
		var b strings.Builder
		for i := range n.Segments.Len() {
			seg := n.Segments.At(i)
			b.Write(seg.Value(r.src))
		}
		return r.m.Escape(b.String())
	}
	return r.inline(n)
}

func (r renderer) link(url, label, raw string) string {
	url = unescape(url)
	scheme, rest, _ := strings.Cut(url, ":")
	switch strings.ToLower(scheme) {
	case "http", "https", "mailto":
		if label == "" {
			label = r.m.Escape(url)
		}
		return r.m.Link(label, url)
	case "time":
		if sec, err := strconv.ParseInt(rest, 10, 64); err == nil {
			return r.m.Time(time.Unix(sec, 0).UTC(), raw)
		}
	}
	return label
}

// plain returns a text node with its backslash escapes and character references resolved.
func (r renderer) plain(n *ast.Text) string {
	if n.IsRaw() {
		return string(n.Segment.Value(r.src))
	}
	return unescape(string(n.Segment.Value(r.src)))
}

// raw returns the text below n without markup and without a platform's escapes.
func (r renderer) raw(n ast.Node) string {
	var b strings.Builder
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		if t, ok := c.(*ast.Text); ok {
			b.WriteString(r.plain(t))
			if t.SoftLineBreak() || t.HardLineBreak() {
				b.WriteByte(' ')
			}
			continue
		}
		b.WriteString(r.raw(c))
	}
	return b.String()
}
