package handlers

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"sitrep/bot/chat"
	"sitrep/bot/incident"
	"sitrep/bot/redact"
)

const mostAlerts = 15

func alertsVerb() *Verb {
	return &Verb{
		Name: "alerts", Group: GroupLook, Subject: Needed, Summary: "Lists the alerts of the incident", Examples: []string{"alerts"}, Private: asker,
		Run: func(_ context.Context, c *Call) (Answer, error) { return c.alerts(), nil },
	}
}

func whyVerb() *Verb {
	return &Verb{
		Name: "why", Group: GroupLook, Subject: ClosedToo, Summary: "Explains why the alerts landed in this incident", Examples: []string{"why"}, Private: asker,
		Run: func(ctx context.Context, c *Call) (Answer, error) { return c.explainAlerts(ctx) },
	}
}

func (c *Call) alerts() Answer {
	all := slices.Clone(c.State.Alerts)
	if len(all) == 0 {
		return say("%s has no alerts: it was declared by hand.", title(c.State))
	}
	slices.SortStableFunc(all, func(a, b incident.Alert) int {
		if a.Firing() != b.Firing() {
			if a.Firing() {
				return -1
			}
			return 1
		}
		return b.StartsAt.Compare(a.StartsAt)
	})
	repeats := ""
	if n := c.Counts["alerts"] - int64(len(all)); n > 0 {
		repeats = fmt.Sprintf(", delivered %d times more", n)
	}
	told := []string{fmt.Sprintf("%s: %d of %s firing%s.", title(c.State), c.State.Firing(), count(len(all), "alert", "alerts"), repeats)}
	for _, a := range all[:min(len(all), mostAlerts)] {
		told = append(told, "- "+c.alertLine(a))
	}
	if more := len(all) - mostAlerts; more > 0 {
		told = append(told, fmt.Sprintf("- and %d more", more))
	}
	return lines(told)
}

func (c *Call) alertLine(a incident.Alert) string {
	state := "**firing** since " + c.at(a.StartsAt)
	if !a.Firing() {
		state = "cleared at " + c.at(a.EndsAt) + ", after " + incident.Span(a.EndsAt.Sub(a.StartsAt))
	}
	from := a.Source
	if a.Severity != "" {
		from += ", " + a.Severity
	}
	return fmt.Sprintf("%s: %s (%s)", link(chat.Cut(redact.Machine(a.Title), 140), a.URL), state, esc(from))
}

// explainAlerts tells how the incident came about and why each alert was put into it, as it was judged then.
func (c *Call) explainAlerts(ctx context.Context) (Answer, error) {
	events, err := c.router.deps.Engine.Events(ctx, c.State.ID)
	if err != nil {
		return Answer{}, err
	}
	told := []string{"How " + title(c.State) + " came about:"}
	var judged []string
	for _, r := range events {
		switch e := r.Event.(type) {
		case incident.DeclaredEvent:
			judged = e.Why
			told = append(told, whyLine("declared at "+c.at(r.At), e.Why))
		case incident.AlertAttached:
			why := e.Why
			if slices.Equal(why, judged) {
				why = nil
			}
			told = append(told, whyLine("alert “"+esc(chat.Cut(redact.Machine(e.Alert.Title), 120))+"” at "+c.at(r.At), why))
		}
	}
	if len(told) > 40 {
		told = append(told[:40], fmt.Sprintf("- and %d more lines", len(told)-40))
	}
	if c.State.GroupKey != "" {
		told = append(told, "- Alerts of the same group come here: "+esc(chat.Cut(c.State.GroupKey, 200))+"."+c.windows())
	}
	return lines(told), nil
}

func (c *Call) windows() string {
	var s string
	if w := c.State.Policy.GroupWindow; w > 0 {
		s += " They join within " + incident.Span(w) + " of the last one."
	}
	if w := c.State.Policy.ReopenWindow; w > 0 {
		s += " For " + incident.Span(w) + " after the end they open it again."
	}
	return s
}

func whyLine(what string, why []string) string {
	if len(why) == 0 {
		return "- " + what
	}
	var escaped []string
	for _, w := range why {
		escaped = append(escaped, esc(chat.Cut(w, 240)))
	}
	return "- " + what + ": " + strings.Join(escaped, " ")
}

// firstAlert is when the first of the incident's alerts fired, or the zero time.
func (c *Call) firstAlert() time.Time {
	var first time.Time
	for _, a := range c.State.Alerts {
		if first.IsZero() || a.StartsAt.Before(first) {
			first = a.StartsAt
		}
	}
	return first
}

// onset is when the incident began by a person's word or by the data, and the zero time where only the alert tells.
func (c *Call) onset() time.Time {
	t := c.State.Milestones[incident.Started]
	if t.Equal(c.firstAlert()) {
		return time.Time{}
	}
	return t
}
