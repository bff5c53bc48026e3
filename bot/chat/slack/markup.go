package slack

import (
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"

	api "github.com/slack-go/slack"

	"sitrep/bot/chat"
)

var escaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// escape makes text safe in mrkdwn: no mention, link or command can come out of it.
func escape(raw string) string { return escaper.Replace(raw) }

// Slack ends a span of code at a backquote and has no escape for one.
var backquotes = strings.NewReplacer("`", "\u02cb")

var mrkdwn = chat.Markup{
	Escape: escape,
	Code:   func(raw string) string { return "`" + escape(backquotes.Replace(raw)) + "`" },
	Pre:    pre,
	Bold:   func(s string) string { return around("*", s) },
	Italic: func(s string) string { return around("_", s) },
	Strike: func(s string) string { return around("~", s) },
	Link:   link,
	Time: func(t time.Time, fallback string) string {
		return "<!date^" + strconv.FormatInt(t.Unix(), 10) + "^{date_short_pretty} {time}|" + label(escape(fallback)) + ">"
	},
	Item:  func(marker, s string) string { return marker + " " + strings.ReplaceAll(s, "\n", "\n    ") },
	Quote: func(s string) string { return "> " + strings.ReplaceAll(s, "\n", "\n> ") },
}

func around(mark, s string) string {
	if strings.TrimSpace(s) == "" {
		return s
	}
	return mark + s + mark
}

// pre keeps a block of code in one piece: a zero-width space parts three backquotes that stand in it.
func pre(raw string) string {
	return "```\n" + escape(strings.ReplaceAll(raw, "```", "`\u200b`\u200b`")) + "\n```"
}

// label makes written mrkdwn safe as the label of a link, where "|" and ">" have a meaning.
func label(s string) string {
	return strings.NewReplacer("|", "\u2758", "<", "", ">", "", "\n", " ").Replace(s)
}

func link(text, target string) string {
	u, err := url.Parse(target)
	if err != nil || len(target) > maxURL {
		return text
	}
	// String percent-encodes what could end the link early.
	address := strings.NewReplacer("|", "%7C", "<", "%3C", ">", "%3E", "&", "&amp;", " ", "%20").Replace(u.String())
	if text = label(text); strings.TrimSpace(text) == "" {
		return "<" + address + ">"
	}
	return "<" + address + "|" + text + ">"
}

func size(s string) int { return len(utf16.Encode([]rune(s))) }

// fit writes CommonMark in at most limit characters, cutting it where a person would.
func fit(markdown string, limit int) string {
	return shorten(markdown, limit, func(s string) string { return chat.Render(s, mrkdwn) })
}

// shorten cuts text as little as is needed for write's result to be within limit.
func shorten(text string, limit int, write func(string) string) string {
	out := write(text)
	if size(out) <= limit {
		return out
	}
	low, high := 0, min(limit, len([]rune(text)))
	best := ""
	for low <= high {
		mid := (low + high) / 2
		if s := write(chat.Cut(text, mid)); size(s) <= limit {
			best, low = s, mid+1
		} else {
			high = mid - 1
		}
	}
	return best
}

func plainText(s string, limit int) *api.TextBlockObject {
	s = shorten(oneLine(s), limit, escape)
	if strings.TrimSpace(s) == "" {
		s = "—"
	}
	return api.NewTextBlockObject(api.PlainTextType, s, false, false)
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// markdown makes a text object whose plain words Slack leaves alone: without verbatim it would turn "@here" into a call.
func markdown(written string) *api.TextBlockObject {
	return api.NewTextBlockObject(api.MarkdownType, written, false, true)
}
