package discord

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"sitrep/bot/chat"
)

var markup = chat.Markup{
	Escape: escape,
	Code:   func(raw string) string { return "`" + strings.ReplaceAll(oneLine(raw), "`", "ˋ") + "`" },
	Pre:    pre,
	Bold:   func(s string) string { return "**" + s + "**" },
	Italic: func(s string) string { return "*" + s + "*" },
	Strike: func(s string) string { return "~~" + s + "~~" },
	Link:   masked,
	Time:   func(t time.Time, _ string) string { return "<t:" + strconv.FormatInt(t.Unix(), 10) + ":t>" },
	Item: func(marker, s string) string {
		if marker == "•" {
			marker = "-"
		}
		return marker + " " + strings.ReplaceAll(s, "\n", "\n  ")
	},
	Quote: func(s string) string { return prefixLines("> ", s) },
}

// markdown writes CommonMark. Its parser hands over a text in pieces, in which a URL may have been cut in two, so that what was escaped in
// its second half is mended here.
func markdown(src string) string {
	return bareURL.ReplaceAllStringFunc(chat.Render(src, markup), mendURL.Replace)
}

var mendURL = strings.NewReplacer(`\_`, "_", `\~`, "~", `\#`, "#", `\-`, "-", `\+`, "+")

// A bare URL is left as it is, so that it can be clicked; it holds nothing that Discord would take for markup.
var bareURL = regexp.MustCompile("https?://(?:[^\\s<>()\\[\\]\\\\`|*\"'@]|\\\\[_~#+-])+")

const zeroWidth = "\u200b"

// escape makes raw text show as it is. Mentions are taken apart too, although allowed_mentions alone decides who is called.
func escape(raw string) string {
	var b strings.Builder
	raw = strings.ReplaceAll(raw, "\x00", "")
	for raw != "" {
		at := bareURL.FindStringIndex(raw)
		if at == nil {
			at = []int{len(raw), len(raw)}
		}
		escapeText(&b, raw[:at[0]])
		b.WriteString(raw[at[0]:at[1]])
		raw = raw[at[1]:]
	}
	return b.String()
}

var numbered = regexp.MustCompile(`(?m)^(\s*\d+)\.( |$)`)

func escapeText(b *strings.Builder, text string) {
	start := true
	for _, r := range numbered.ReplaceAllString(text, "$1\x00.$2") {
		switch {
		case r == '\x00':
			b.WriteByte('\\')
		case strings.ContainsRune("\\*_~`|>#[]()<", r), start && strings.ContainsRune("-+", r):
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '@':
			b.WriteString("@" + zeroWidth)
		default:
			b.WriteRune(r)
		}
		start = r == '\n' || start && r == ' '
	}
}

func pre(raw string) string {
	return "```\n" + strings.ReplaceAll(raw, "```", "`"+zeroWidth+"`"+zeroWidth+"`") + "\n```"
}

var urlEscape = strings.NewReplacer("<", "%3C", ">", "%3E", " ", "%20", "\n", "%0A", "\\", "%5C")

// Discord shows no link behind a label that is itself a URL, and none to a mail address.
func masked(label, url string) string {
	switch {
	case strings.HasPrefix(strings.ToLower(url), "mailto:"):
		return label
	case strings.Contains(label, "://"):
		return "<" + urlEscape.Replace(url) + ">"
	}
	return "[" + label + "](<" + urlEscape.Replace(url) + ">)"
}

func prefixLines(prefix, s string) string {
	return prefix + strings.ReplaceAll(s, "\n", "\n"+prefix)
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
