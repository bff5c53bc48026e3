package handlers

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"sitrep/bot/incident"
)

// moment is a time that a person named. Note says what was made of it where that was not plain; it is shown to them.
type moment struct {
	At   time.Time
	Note string
}

// clock is what a person's words on time are read against.
type clock struct {
	now  time.Time
	zone *time.Location
}

var spanPart = regexp.MustCompile(`^(\d+(?:\.\d+)?)\s*(seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|h|days?|d|weeks?|w)\s*(?:and\s+|,\s*)?`)

var unitLength = map[byte]time.Duration{
	's': time.Second, 'm': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour, 'w': 7 * 24 * time.Hour,
}

const longestSpan = 10 * 366 * 24 * time.Hour

// parseSpan reads a length of time: "30m", "1h30m", "90 minutes", "2d".
func parseSpan(text string) (time.Duration, bool) {
	rest := strings.ToLower(strings.TrimSpace(text))
	var sum float64
	for rest != "" {
		m := spanPart.FindStringSubmatch(rest)
		if m == nil {
			return 0, false
		}
		n, err := strconv.ParseFloat(m[1], 64)
		if err != nil {
			return 0, false
		}
		sum += n * float64(unitLength[m[2][0]])
		if sum > float64(longestSpan) {
			return 0, false
		}
		rest = rest[len(m[0]):]
	}
	return time.Duration(sum), sum > 0
}

// past reads a time that has been: "30m ago", "2h", "14:05", "yesterday 14:05", "fri 9:00", "2026-11-30 14:05", "now".
// A time that is still to come becomes now.
func (c clock) past(text string) (moment, bool) {
	t := strings.ToLower(strings.Join(strings.Fields(text), " "))
	if t == "now" {
		return moment{At: c.now}, true
	}
	if span, ok := parseSpan(strings.TrimSuffix(t, " ago")); ok {
		return moment{At: c.now.Add(-span)}, true
	}
	m, ok := c.named(t, -1)
	if !ok {
		return moment{}, false
	}
	if m.At.After(c.now) {
		return moment{At: c.now, Note: fmt.Sprintf("%s is still to come; took now.", c.show(m.At))}, true
	}
	return m, true
}

// due reads a day to come: "fri", "tomorrow", "2026-11-30", "3d", "next mon". Its time is noon, so that it is the same day for most readers.
func (c clock) due(text string) (moment, bool) {
	t := strings.ToLower(strings.Join(strings.Fields(text), " "))
	t = strings.TrimPrefix(strings.TrimPrefix(t, "in "), "next ")
	if t == "week" {
		t = "7d"
	}
	var day time.Time
	if span, ok := parseSpan(t); ok {
		day = c.now.Add(span).In(c.zone)
	} else if named, _, ok := c.day(t, 1); ok {
		day = named
	} else {
		return moment{}, false
	}
	at := time.Date(day.Year(), day.Month(), day.Day(), 12, 0, 0, 0, c.zone)
	if at.Before(c.now.Add(-24 * time.Hour)) {
		return moment{At: at, Note: at.Format("2 Jan 2006") + " is past."}, true
	}
	return moment{At: at}, true
}

// named reads a day, a time of day, or both. toward is -1 for the last such moment and 1 for the next.
func (c clock) named(t string, toward int) (moment, bool) {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04Z07:00"} {
		if at, err := time.Parse(layout, strings.ToUpper(t)); err == nil {
			return moment{At: at}, true
		}
	}
	if rest, ok := utc(t); ok {
		return clock{now: c.now, zone: time.UTC}.named(rest, toward)
	}
	day, rest, named := c.day(t, toward)
	if !named {
		day, rest = c.now.In(c.zone), t
	}
	if rest == "" {
		return c.at(day, 0, 0, 0), named
	}
	h, m, s, ok := timeOfDay(rest)
	if !ok {
		return moment{}, false
	}
	got := c.at(day, h, m, s)
	if !named && got.At.Sub(c.now) > 10*time.Minute {
		got = c.at(day.AddDate(0, 0, -1), h, m, s)
		got.Note = strings.TrimSpace("Took yesterday's " + rest + ". " + got.Note)
	}
	if _, weekday := weekdays[t[:min(3, len(t))]]; weekday && toward < 0 && got.At.After(c.now) {
		got = c.at(day.AddDate(0, 0, -7), h, m, s)
	}
	return got, true
}

// utc takes off the end of t what says that it is in UTC.
func utc(t string) (string, bool) {
	if rest, ok := strings.CutSuffix(t, " utc"); ok {
		return rest, true
	}
	rest, ok := strings.CutSuffix(t, "z")
	return rest, ok && rest != "" && rest[len(rest)-1] >= '0' && rest[len(rest)-1] <= '9'
}

// at returns a time of day on a day, and says so where the clocks were changed over it.
func (c clock) at(day time.Time, h, m, s int) moment {
	t := time.Date(day.Year(), day.Month(), day.Day(), h, m, s, 0, c.zone)
	said := fmt.Sprintf("%02d:%02d", h, m)
	if t.Hour() != h || t.Minute() != m {
		return moment{At: t, Note: fmt.Sprintf("There was no %s that day, the clocks went forward; took %s.", said, c.show(t))}
	}
	for _, d := range []time.Duration{-time.Hour, time.Hour, -30 * time.Minute, 30 * time.Minute} {
		other := t.Add(d)
		if other.Hour() == h && other.Minute() == m {
			first := t
			if other.Before(t) {
				first = other
			}
			return moment{At: first, Note: fmt.Sprintf("There were two %s that day, the clocks went back; took the first, %s.", said, c.show(first))}
		}
	}
	return moment{At: t}
}

var weekdays = map[string]time.Weekday{
	"sun": time.Sunday, "mon": time.Monday, "tue": time.Tuesday, "wed": time.Wednesday, "thu": time.Thursday, "fri": time.Friday, "sat": time.Saturday,
}

// day reads a day at the head of t, and returns what follows it.
func (c clock) day(t string, toward int) (day time.Time, rest string, ok bool) {
	head, rest, _ := strings.Cut(t, " ")
	if i := strings.IndexByte(head, 't'); i == len("2006-01-02") {
		head, rest = head[:i], head[i+1:]
	}
	today := c.now.In(c.zone)
	switch head {
	case "today":
		return today, rest, true
	case "yesterday":
		return today.AddDate(0, 0, -1), rest, true
	case "tomorrow":
		return today.AddDate(0, 0, 1), rest, true
	}
	if at, err := time.ParseInLocation(time.DateOnly, head, c.zone); err == nil {
		return at, rest, true
	}
	if len(head) < 3 {
		return time.Time{}, "", false
	}
	w, ok := weekdays[head[:3]]
	if !ok || !strings.HasPrefix(strings.ToLower(w.String()), head) {
		return time.Time{}, "", false
	}
	off := (int(w) - int(today.Weekday()) + 7) % 7
	if toward < 0 && off > 0 {
		off -= 7
	}
	if toward > 0 && off == 0 {
		off = 7
	}
	return today.AddDate(0, 0, off), rest, true
}

// timeOfDay reads "14:05", "14:05:30", "2pm" and "2:05pm".
func timeOfDay(t string) (h, m, s int, ok bool) {
	for _, layout := range []string{"15:04", "15:04:05", "3pm", "3:04pm", "3 pm", "3:04 pm"} {
		if at, err := time.Parse(layout, t); err == nil {
			return at.Hour(), at.Minute(), at.Second(), true
		}
	}
	return 0, 0, 0, false
}

// show writes a time for people, as short as it can be told apart: "14:05 CET", "Fri 14:05 CET", "2 Nov 14:05 CET".
func (c clock) show(t time.Time) string {
	t = t.In(c.zone)
	now := c.now.In(c.zone)
	switch away := now.Sub(t).Abs(); {
	case t.YearDay() == now.YearDay() && t.Year() == now.Year():
		return t.Format("15:04 MST")
	case away < 6*24*time.Hour:
		return t.Format("Mon 15:04 MST")
	case away < 300*24*time.Hour:
		return t.Format("2 Jan 15:04 MST")
	}
	return t.Format("2 Jan 2006 15:04 MST")
}

// ago writes how long ago a time was.
func (c clock) ago(t time.Time) string {
	d := c.now.Sub(t)
	if d < time.Second {
		return "just now"
	}
	return incident.Span(d) + " ago"
}
