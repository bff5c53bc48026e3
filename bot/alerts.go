package bot

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/oklog/ulid/v2"

	"sitrep/bot/incident"
	"sitrep/bot/ops"
	"sitrep/bot/redact"
	"sitrep/bot/store"
)

// judged is an alert on its way to its incident.
type judged struct {
	alert    ops.Alert
	at       time.Time
	delivery string // the request that brought it
	place    int    // among the alerts of its delivery
	Judgement
}

// request names the alert for ever, so that it is carried out once however its delivery is cut into commits.
func (j judged) request() string { return fmt.Sprintf("%s/%d", j.delivery, j.place) }

// attachAlerts brings alerts of one group, in the order in which they came, to the incident of their group: the one that holds the group
// now, or a new one. It is done once for each alert, whatever happens in between.
func (e *Engine) attachAlerts(ctx context.Context, group []judged) error {
	key := group[0].GroupKey
	for len(group) > 0 {
		holder, err := e.store.Claimed(ctx, key)
		if err != nil {
			return err
		}
		if group, err = e.attachTo(ctx, holder, group); err != nil {
			return err
		}
		left, err := e.declareFor(ctx, holder, group)
		claimed := (*store.ClaimedError)(nil)
		switch {
		case errors.As(err, &claimed):
			continue
		case err != nil:
			return err
		}
		group = left
	}
	return nil
}

// attachTo attaches what the holder of the group takes, and returns the rest: alerts for which a new incident is to be declared.
func (e *Engine) attachTo(ctx context.Context, holder incident.ID, group []judged) ([]judged, error) {
	id, err := e.mergedInto(ctx, holder)
	if err != nil || id == "" {
		return group, err
	}
	return e.attach(ctx, step{id: id}, group, attachAll)
}

// mergedInto follows an incident to the one that people merged it into. Nothing leads from a private one to one that everybody can read.
func (e *Engine) mergedInto(ctx context.Context, id incident.ID) (incident.ID, error) {
	for private, hops := false, 0; id != "" && hops < 8; hops++ {
		s, _, err := e.store.Load(ctx, id)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return "", err
		}
		if private && !s.Private {
			return "", nil
		}
		if s.MergedInto == "" {
			return id, nil
		}
		id, private = s.MergedInto, s.Private
	}
	return "", nil
}

// attach commits what decide makes of a group, and returns the alerts that were not taken. Those that an earlier commit has carried out
// are left out.
func (e *Engine) attach(ctx context.Context, st step, group []judged, decide func(incident.State, []judged) (taken, error)) ([]judged, error) {
	for {
		var t taken
		st.decide = func(s incident.State, st *step) (_ []incident.Recorded, _ incident.State, err error) {
			t, err = decide(s, group)
			st.requests, st.counts = t.requests, t.counts
			return t.events, t.state, err
		}
		_, err := e.commit(ctx, st)
		if !errors.Is(err, store.ErrReplayed) {
			return t.left, err
		}
		if group, err = e.unanswered(ctx, st.id, group); err != nil {
			return nil, err
		}
	}
}

func (e *Engine) unanswered(ctx context.Context, id incident.ID, group []judged) ([]judged, error) {
	var fresh []judged
	for _, j := range group {
		answered, err := e.store.Answered(ctx, id, j.request())
		if err != nil {
			return nil, err
		}
		if !answered {
			fresh = append(fresh, j)
		}
	}
	return fresh, nil
}

// taken is what an incident makes of alerts.
type taken struct {
	events   []incident.Recorded
	state    incident.State
	counts   map[string]int64
	requests []string
	left     []judged // not taken any more
}

func (t *taken) count(j judged, counters ...string) {
	if t.counts == nil {
		t.counts = make(map[string]int64)
	}
	for _, c := range counters {
		t.counts[c]++
	}
	t.requests = append(t.requests, j.request())
}

// attachAll decides alerts in a row, until the incident takes one no more.
func attachAll(s incident.State, group []judged) (taken, error) {
	t := taken{state: s}
	return t, t.attach(group)
}

func (t *taken) attach(group []judged) error {
	for i, j := range group {
		events, next, err := incident.Decide(t.state, j.command())
		refused := (*incident.Refused)(nil)
		switch {
		case err == nil:
			t.events, t.state = append(t.events, events...), next
			t.count(j, "alerts")
		case !errors.As(err, &refused):
			return err
		case refused.Code == incident.Already:
			t.count(j, "alerts", "repeats")
		default:
			t.left = group[i:]
			return nil
		}
	}
	return nil
}

// declareFor declares an incident for the first alert that fires, attaches the others to it, and returns those that it does not take. From is
// who held the group until now. Alerts that clear something that nobody knew of declare nothing.
func (e *Engine) declareFor(ctx context.Context, from incident.ID, group []judged) ([]judged, error) {
	for len(group) > 0 && group[0].alert.Status == ops.Cleared {
		group = group[1:]
	}
	if len(group) == 0 {
		return nil, nil
	}
	key := group[0].GroupKey
	id := incident.NewID(key, ulid.Make().String())
	declare, err := e.fill(ctx, id, incident.Declare{DeclaredEvent: group[0].Declare})
	if err != nil {
		return nil, err
	}
	return e.attach(ctx, step{id: id, claims: []store.Claim{{Key: key, From: from}}}, group,
		func(s incident.State, group []judged) (taken, error) { return declareAll(s, declare, group) })
}

// declareAll declares an incident for the first of its alerts. With none, because all were carried out before, it does nothing.
func declareAll(s incident.State, declare incident.Declare, group []judged) (taken, error) {
	t := taken{state: s}
	if len(group) == 0 {
		return t, nil
	}
	alert := convert(group[0].alert)
	declare.Alert = &alert
	var err error
	if t.events, t.state, err = incident.Decide(s, incident.Command{Meta: group[0].meta(), Intent: declare}); err != nil {
		return t, err
	}
	t.count(group[0], "alerts")
	return t, t.attach(group[1:])
}

func (j judged) meta() incident.Meta {
	return incident.Meta{At: j.at, Source: j.alert.Source, Permalink: j.alert.URL}
}

func (j judged) command() incident.Command {
	c := incident.Command{Meta: j.meta()}
	if j.alert.Status == ops.Cleared {
		c.Intent = incident.ClearAlert{Fingerprint: j.alert.Fingerprint, EndsAt: j.alert.EndsAt}
		return c
	}
	c.Intent = incident.AttachAlert{Alert: convert(j.alert), Why: j.Why}
	return c
}

func convert(a ops.Alert) incident.Alert {
	return incident.Alert{
		Source: a.Source, Fingerprint: a.Fingerprint, Title: title(a), Description: a.Description, Severity: a.Severity,
		Labels: a.Labels, StartsAt: a.StartsAt, URL: a.URL,
	}
}

// alertBatch carries out webhook requests that came in one after the other: their alerts are brought to each group in one commit. It returns
// the requests that must be tried again, and why: a group that cannot be carried out stops no other.
func (b *Bot) alertBatch(ctx context.Context, requests []store.Request) (again map[string]bool, why error) {
	groups, order := b.judgeAll(requests)
	again = make(map[string]bool)
	for _, key := range order {
		err := b.engine.attachAlerts(ctx, groups[key])
		if err == nil {
			continue
		}
		for _, j := range groups[key] {
			again[j.delivery] = true
		}
		why = fmt.Errorf("group %q: %w", key, err)
	}
	return again, why
}

// judgeAll returns the alerts of requests by their group, and the groups in the order in which they first came.
func (b *Bot) judgeAll(requests []store.Request) (groups map[string][]judged, order []string) {
	settings, catalog := b.settings(), b.deps.Catalog()
	groups = make(map[string][]judged)
	for _, r := range requests {
		alerts, err := b.parseAlerts(r)
		if err != nil {
			b.log.Error("stored webhook cannot be read", logRequest(r, err)...)
			continue
		}
		for i, a := range alerts {
			j := judged{alert: a, at: r.At, delivery: r.ID, place: i, Judgement: Judge(a, settings.Routes, catalog)}
			if len(groups[j.GroupKey]) == 0 {
				order = append(order, j.GroupKey)
			}
			groups[j.GroupKey] = append(groups[j.GroupKey], j)
		}
	}
	return groups, order
}

func (b *Bot) parseAlerts(r store.Request) (alerts []ops.Alert, err error) {
	src, ok := b.deps.Sources().Named(r.Source)
	if !ok || src.Offer.Alerts == nil {
		return nil, fmt.Errorf("no integration called %q takes alerts", r.Source)
	}
	err = safely("bot.parseAlerts", func() error {
		d, err := src.Offer.Alerts.ParseAlerts(ops.Webhook{Header: httpHeader(r.Header), Body: r.Body, ReceivedAt: r.At})
		for i := range d.Alerts {
			clean(&d.Alerts[i], r.At)
		}
		alerts = d.Alerts
		return err
	})
	return alerts, err
}

// clean takes secrets out of an alert, and a start that its source has in the future back to when we heard of it.
func clean(a *ops.Alert, heard time.Time) {
	a.Title, a.Description = redact.Machine(a.Title), redact.Machine(a.Description)
	labels := make(map[string]string, len(a.Labels))
	for k, v := range a.Labels {
		labels[k] = redact.Words(v)
	}
	a.Labels = labels
	if a.StartsAt.After(heard) {
		a.StartsAt = heard
	}
}
