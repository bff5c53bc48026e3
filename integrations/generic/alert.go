package generic

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"sitrep/bot/ops"
)

// defaultable are the names in Config.Defaults that are no labels.
var defaultable = []string{"title", "description", "status", "severity", "url"}

var errTrailing = errors.New("there is more after the first JSON value")

// alert makes one alert from its place in the document.
func (s source) alert(doc document, place any, received time.Time) (ops.Alert, error) {
	m := s.mapping
	get := func(p path) string { return text(p.first(doc.root, place)) }
	a := ops.Alert{
		Source:      s.name,
		Title:       cmp.Or(get(m.title), s.cfg.Defaults["title"], doc.eventTitle()),
		Description: cmp.Or(get(m.description), s.cfg.Defaults["description"]),
		Severity:    s.severity(cmp.Or(get(m.severity), s.cfg.Defaults["severity"])),
		URL:         cmp.Or(get(m.url), s.cfg.Defaults["url"]),
		Labels:      s.labels(doc, place),
	}
	a.Title = strings.Join(strings.Fields(a.Title), " ")
	if a.Title == "" {
		return a, fmt.Errorf("there is no title at %q; map fields.title or give defaults.title", s.cfg.Fields.Title)
	}
	word := cmp.Or(get(m.status), s.cfg.Defaults["status"], string(ops.Firing))
	if a.Status = statusOf(s.cfg, word); a.Status == "" {
		return a, fmt.Errorf("the status %.40q is not known; map it in status_values", word)
	}
	if a.Fingerprint = s.fingerprint(doc, place, a); a.Fingerprint == "" {
		return a, fmt.Errorf("there is nothing at %q to tell which alert it is", s.cfg.Fingerprint)
	}
	err := s.times(&a, get, doc, received)
	return a, err
}

// times reads when the alert began and ended. A sender that does not say means that it is so from now on.
func (s source) times(a *ops.Alert, get func(path) string, doc document, received time.Time) error {
	start, err := parseTime(cmp.Or(get(s.mapping.startsAt), doc.eventTime()))
	if err != nil {
		return fmt.Errorf("starts_at: %w", err)
	}
	a.StartsAt = start
	if start.IsZero() {
		a.StartsAt = received
	}
	if a.Status != ops.Cleared {
		return nil
	}
	if a.EndsAt, err = parseTime(get(s.mapping.endsAt)); err != nil {
		return fmt.Errorf("ends_at: %w", err)
	}
	if a.EndsAt.IsZero() {
		a.EndsAt = received
	}
	return nil
}

func (s source) labels(doc document, place any) map[string]string {
	labels := map[string]string{}
	for name, v := range s.cfg.Defaults {
		if !slices.Contains(defaultable, name) {
			labels[name] = v
		}
	}
	from, _ := s.mapping.labelsFrom.first(doc.root, place).(map[string]any)
	for name, v := range from {
		switch v.(type) {
		case string, json.Number, bool:
			labels[name] = text(v)
		}
	}
	for name, p := range s.mapping.labels {
		if v := text(p.first(doc.root, place)); v != "" {
			labels[name] = v
		}
	}
	return labels
}

func (s source) severity(word string) string {
	for theirs, ours := range s.cfg.SeverityValues {
		if strings.EqualFold(theirs, word) {
			return ours
		}
	}
	return word
}

// fingerprint is the same for each firing of the same alert, so that it holds nothing that changes with its state. It is empty when
// the configured paths lead to nothing.
func (s source) fingerprint(doc document, place any, a ops.Alert) string {
	if len(s.mapping.fingerprint) > 0 {
		return s.mapped(doc, place)
	}
	if given, ok := place.(map[string]any); ok && text(given["fingerprint"]) != "" {
		return text(given["fingerprint"])
	}
	parts := []string{a.Title}
	for _, name := range slices.Sorted(maps.Keys(a.Labels)) {
		parts = append(parts, name, a.Labels[name])
	}
	return digest(parts)
}

func (s source) mapped(doc document, place any) string {
	var parts []string
	found := false
	for _, p := range s.mapping.fingerprint {
		v := text(p.first(doc.root, place))
		found = found || v != ""
		parts = append(parts, v)
	}
	if !found {
		return ""
	}
	return digest(parts)
}

func digest(parts []string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q", parts))
	return hex.EncodeToString(sum[:8])
}

// statusWords are what senders usually say.
var statusWords = map[string]ops.AlertStatus{
	"firing": ops.Firing, "alerting": ops.Firing, "triggered": ops.Firing, "trigger": ops.Firing, "open": ops.Firing, "opened": ops.Firing,
	"active": ops.Firing, "problem": ops.Firing, "alarm": ops.Firing, "critical": ops.Firing, "warning": ops.Firing, "down": ops.Firing,
	"cleared": ops.Cleared, "resolved": ops.Cleared, "resolve": ops.Cleared, "ok": ops.Cleared, "closed": ops.Cleared, "close": ops.Cleared,
	"recovered": ops.Cleared, "recovery": ops.Cleared, "normal": ops.Cleared, "up": ops.Cleared,
}

// statusOf returns what a word for the status means, and nothing when it is not known.
func statusOf(c Config, word string) ops.AlertStatus {
	for theirs, ours := range c.StatusValues {
		if strings.EqualFold(theirs, word) {
			return ops.AlertStatus(ours)
		}
	}
	return statusWords[strings.ToLower(word)]
}

// text writes a value of the document as a person would: texts and numbers as they are, other things as JSON, nothing as nothing.
func text(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return strings.TrimSpace(v)
	case json.Number:
		return v.String()
	case bool:
		return strconv.FormatBool(v)
	}
	out, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return string(out)
}

// parseTime reads RFC 3339 or Unix time, whose unit is told by its size. Empty is the zero time.
func parseTime(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	if n, err := strconv.ParseFloat(s, 64); err == nil {
		if math.IsNaN(n) || math.IsInf(n, 0) || n < 0 {
			return time.Time{}, fmt.Errorf("%.40q is no time", s)
		}
		for n >= 1e11 { // seconds reach this in the year 5138, milliseconds in 1973
			n /= 1000
		}
		whole, part := math.Modf(n)
		return time.Unix(int64(whole), int64(math.Round(part*1e6))*1000).UTC(), nil
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return time.Time{}, fmt.Errorf("%.40q is neither RFC 3339 nor Unix time", s)
	}
	return t, nil
}

// eventTitle is what a CloudEvent is about, for when its payload has no title.
func (d document) eventTitle() string {
	if d.event == nil {
		return ""
	}
	return strings.TrimSpace(d.event.kind + " " + d.event.subject)
}

func (d document) eventTime() string {
	if d.event == nil {
		return ""
	}
	return d.event.time
}
