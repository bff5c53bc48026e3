package handlers

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"sitrep/bot/chat"
	"sitrep/bot/ops"
	"sitrep/bot/redact"
)

const (
	logLimit  = 500 // lines asked for, to be counted
	logShown  = 12  // lines shown
	logWidth  = 200 // characters of a line that are shown
	logWindow = 30 * time.Minute
)

func logsVerb() *Verb {
	return &Verb{
		Name: "logs", Synonyms: []string{"log"}, Group: GroupLook, Subject: IfAny, Summary: "Searches the logs of a service", Usage: `[service] [words] [--since 30m] [--raw]`,
		Examples: []string{"logs", `logs checkout "connection refused" --since 1h`, `logs --raw '{app="checkout"} |= "timeout"'`},
		Args: []Arg{
			lookedAt,
			{Name: "query", Kind: Text, Rest: true, Phrases: true, Max: 1000, Label: "Which words?", Hint: "Lines must contain all of them; quote a phrase"},
			sinceArg,
			{Name: "raw", Kind: Yes, Flag: true, Hint: "The query is in the source's own language"},
		},
		Run: func(ctx context.Context, c *Call) (Answer, error) { return c.logs(ctx) },
	}
}

// logSearch is one search, in the words of who asks.
type logSearch struct {
	query ops.LogQuery
	of    string // "checkout", or the raw query
	about string // ` with "timeout"`
}

func (c *Call) logs(ctx context.Context) (Answer, error) {
	sources := c.router.offering(func(o ops.Offer) bool { return o.Logs != nil })
	if len(sources) == 0 {
		return Answer{}, noSource("logs")
	}
	s, err := c.logSearch()
	if err != nil {
		return Answer{}, err
	}
	c.progress(asking("the logs of "+esc(s.of)+s.about, sources))
	replies := ask(ctx, c.router.deps.Patience, sources, func(ctx context.Context, src ops.Source) (ops.LogResult, error) {
		return src.Offer.Logs.SearchLogs(ctx, s.query)
	}, func(sofar []reply[ops.LogResult]) { c.progress(c.logsFound(s, sofar)) })
	for _, r := range replies {
		if r.err == nil {
			c.evidence(ctx, look{
				verb: "logs", source: r.source.Name, query: r.value.Query, window: s.query.Window, link: r.value.Link, result: r.value,
				finding: lineCount(r.value) + levels(r.value.Lines),
			})
		}
	}
	return Answer{Message: c.logsFound(s, replies)}, nil
}

func (c *Call) logSearch() (logSearch, error) {
	s := logSearch{query: ops.LogQuery{Limit: logLimit, Window: c.window(c.clock.now.Add(-logWindow))}}
	typed := c.Args.Text("query")
	if c.Args.Has("raw") {
		s.query.Raw, s.of = plainQuery(typed), "a raw query"
		if s.query.Raw == "" {
			return s, improper("`--raw` needs a query in the source's own language.")
		}
		return s, nil
	}
	var err error
	if s.query.Service, err = c.subject(); err != nil {
		return s, err
	}
	s.of = s.query.Service.Name
	for _, w := range split(typed) {
		s.query.Words = append(s.query.Words, w.raw())
	}
	if len(s.query.Words) > 0 {
		s.about = " with “" + esc(strings.Join(s.query.Words, "” and “")) + "”"
	}
	return s, nil
}

// plainQuery is a query that was quoted as a whole, without its quotes.
func plainQuery(typed string) string {
	if words := split(typed); len(words) == 1 && words[0].quoted {
		return words[0].text
	}
	return typed
}

func (c *Call) logsFound(s logSearch, replies []reply[ops.LogResult]) chat.Message {
	total, more := 0, ""
	var found []reply[ops.LogResult]
	for _, r := range replies {
		if r.done && r.err == nil {
			found = append(found, r)
			total += len(r.value.Lines)
			if r.value.Truncated {
				more = "more than "
			}
		}
	}
	since := "since " + c.at(s.query.Window.From)
	m := chat.Message{}
	switch {
	case len(found) == 0 && allFailed(replies):
		m.Blocks = append(m.Blocks, chat.Block{Text: fmt.Sprintf("No source of logs answered for **%s**.", esc(s.of))})
	case len(found) == 0:
	case total == 0:
		m.Blocks = append(m.Blocks, chat.Block{Text: fmt.Sprintf("**%s**: no line%s %s.", esc(s.of), s.about, since)})
	default:
		m.Blocks = append(m.Blocks, chat.Block{Text: fmt.Sprintf("**%s**: %s%s%s %s.", esc(s.of), more, count(total, "line", "lines"), s.about, since)})
	}
	for _, r := range found {
		m.Blocks = append(m.Blocks, c.logBlocks(r, len(replies) > 1)...)
	}
	m.Blocks = append(m.Blocks, trouble(c, replies)...)
	return m
}

// logBlocks are the newest lines that one source has found, the newest last.
func (c *Call) logBlocks(r reply[ops.LogResult], named bool) []chat.Block {
	var blocks []chat.Block
	if n := len(r.value.Lines); n > 0 {
		var lines []string
		for _, l := range slices.Backward(r.value.Lines[:min(n, logShown)]) {
			lines = append(lines, l.At.In(c.clock.zone).Format("15:04:05")+" "+oneLine(chat.Cut(redact.Machine(l.Text), logWidth)))
		}
		blocks = append(blocks, chat.Block{Code: strings.Join(lines, "\n")})
	}
	small := lineCount(r.value) + levels(r.value.Lines)
	if named || len(r.value.Lines) > 0 {
		small = r.source.Name + ": " + small
	}
	small = esc(small)
	if n := len(r.value.Lines); n > logShown {
		small += fmt.Sprintf(" · the newest %d are shown", logShown)
	}
	if r.value.Link != "" {
		small += " · " + link("all of them", r.value.Link)
	}
	return append(blocks, chat.Block{Context: small})
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

func lineCount(r ops.LogResult) string {
	if r.Truncated {
		return fmt.Sprintf("more than %d lines", len(r.Lines))
	}
	return count(len(r.Lines), "line", "lines")
}

// levels counts lines by the level that their source gives them, the worst first.
func levels(lines []ops.LogLine) string {
	counts := make(map[string]int)
	for _, l := range lines {
		for _, label := range []string{"level", "severity", "detected_level"} {
			if v := strings.ToLower(l.Labels[label]); v != "" {
				counts[v]++
				break
			}
		}
	}
	var parts []string
	for _, level := range []string{"fatal", "critical", "error", "err", "warn", "warning"} {
		if n := counts[level]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, level))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return " (" + strings.Join(parts, ", ") + ")"
}
