package handlers

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"sitrep/bot/chat"
	"sitrep/bot/incident"
	"sitrep/bot/ops"
	"sitrep/bot/redact"
)

const (
	deployLimit  = 20 // asked of each source
	deployShown  = 10
	deployWindow = 6 * time.Hour
)

func deploysVerb() *Verb {
	return &Verb{
		Name: "deploys", Synonyms: []string{"changes"}, Group: GroupLook, Subject: IfAny, Summary: "Lists what was deployed, seen from the incident's start",
		Usage: "[service] [--since 6h]", Examples: []string{"deploys", "deploys checkout --since 2d"},
		Args: []Arg{lookedAt, sinceArg},
		Run:  func(ctx context.Context, c *Call) (Answer, error) { return c.deploys(ctx) },
	}
}

func (c *Call) deploys(ctx context.Context) (Answer, error) {
	sources := c.router.offering(func(o ops.Offer) bool { return o.Deploys != nil })
	if len(sources) == 0 {
		return Answer{}, noSource("deploys")
	}
	service, err := c.subject()
	if err != nil {
		return Answer{}, err
	}
	q := ops.DeployQuery{Service: service, Limit: deployLimit, Window: c.window(c.reference().Add(-deployWindow))}
	c.progress(asking("the deploys of "+esc(service.Name), sources))
	replies := ask(ctx, c.router.deps.Patience, sources, func(ctx context.Context, s ops.Source) (ops.DeployResult, error) {
		return s.Offer.Deploys.ListDeploys(ctx, q)
	}, func(sofar []reply[ops.DeployResult]) { c.progress(c.deploysFound(q, sofar)) })
	for _, r := range replies {
		if r.err == nil {
			c.evidence(ctx, look{
				verb: "deploys", source: r.source.Name, query: "deploys of " + service.Name, window: q.Window, link: r.value.Link,
				result: r.value, finding: c.deployFinding(r.value.Changes),
			})
		}
	}
	return Answer{Message: c.deploysFound(q, replies)}, nil
}

// reference is the moment from which changes are seen: the incident's start, else now.
func (c *Call) reference() time.Time {
	if c.State.Declared() && !began(c.State).IsZero() {
		return began(c.State)
	}
	return c.clock.now
}

// distance says how far from the reference a change is.
func (c *Call) distance(at time.Time) string {
	if !c.State.Declared() {
		return c.clock.ago(at)
	}
	d := began(c.State).Sub(at)
	if d >= 0 {
		return fmt.Sprintf("%s before %s began", incident.Span(d), c.State.Number)
	}
	return fmt.Sprintf("%s after %s began", incident.Span(-d), c.State.Number)
}

// deployFinding is the conclusion in plain words: how many, and the last one before the incident.
func (c *Call) deployFinding(changes []ops.Change) string {
	text := count(len(changes), "deploy", "deploys")
	for _, ch := range changes {
		if !ch.At.After(c.reference()) {
			return text + "; " + changeName(ch) + byWhom(ch) + " went out " + c.distance(ch.At)
		}
	}
	return text
}

func (c *Call) deploysFound(q ops.DeployQuery, replies []reply[ops.DeployResult]) chat.Message {
	var all []ops.Change
	var links []string
	answered := false
	for _, r := range replies {
		if !r.done || r.err != nil {
			continue
		}
		answered = true
		all = append(all, r.value.Changes...)
		if r.value.Link != "" {
			links = append(links, link(r.source.Name, r.value.Link))
		}
	}
	slices.SortStableFunc(all, func(a, b ops.Change) int { return b.At.Compare(a.At) })
	m := chat.Message{}
	switch since := c.at(q.Window.From); {
	case !answered && allFailed(replies):
		m.Blocks = append(m.Blocks, chat.Block{Text: fmt.Sprintf("No source of deploys answered for **%s**.", esc(q.Service.Name))})
	case !answered:
	case len(all) == 0:
		m.Blocks = append(m.Blocks, chat.Block{Text: fmt.Sprintf("**%s**: nothing was deployed since %s.", esc(q.Service.Name), since)})
	default:
		told := []string{fmt.Sprintf("**%s**: %s, looking since %s.", esc(q.Service.Name), esc(c.deployFinding(all)), since)}
		for _, ch := range all[:min(len(all), deployShown)] {
			told = append(told, "- "+c.changeLine(ch))
		}
		m.Blocks = append(m.Blocks, paragraphs(told)...)
	}
	if more := len(all) - deployShown; more > 0 {
		links = append([]string{fmt.Sprintf("and %d earlier", more)}, links...)
	}
	if len(links) > 0 {
		m.Blocks = append(m.Blocks, chat.Block{Context: strings.Join(links, " · ")})
	}
	m.Blocks = append(m.Blocks, trouble(c, replies)...)
	return m
}

func changeName(ch ops.Change) string {
	if ch.Version != "" {
		return chat.Cut(ch.Version, 60)
	}
	return chat.Cut(ch.ID, 60)
}

func byWhom(ch ops.Change) string {
	if ch.Author == "" {
		return ""
	}
	return " by " + redact.Machine(chat.Cut(ch.Author, 60))
}

func (c *Call) changeLine(ch ops.Change) string {
	line := c.at(ch.At) + " **" + link(changeName(ch), ch.URL) + "**"
	if ch.Previous != "" {
		line += " after " + esc(chat.Cut(ch.Previous, 60))
	}
	line += esc(byWhom(ch))
	if ch.Title != "" {
		line += ": " + esc(chat.Cut(redact.Machine(ch.Title), 120))
	}
	var small []string
	for _, s := range []string{ch.Environment, ch.State} {
		if s != "" {
			small = append(small, esc(s))
		}
	}
	small = append(small, esc(c.distance(ch.At)))
	if ch.CompareURL != "" {
		small = append(small, link("what changed", ch.CompareURL))
	}
	return line + " (" + strings.Join(small, ", ") + ")"
}
