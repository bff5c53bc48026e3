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
	alert ops.Alert
	at    time.Time
	Judgement
}

// attachAlerts brings alerts of one group, in the order in which they came, to the incident of their group: the one that holds the group
// now, or a new one. It is done once for a request, whatever happens in between.
func (e *Engine) attachAlerts(ctx context.Context, group []judged, requests []string) error {
	key := group[0].GroupKey
	holder, err := e.store.Claimed(ctx, key)
	if err != nil {
		return err
	}
	for {
		var left []judged
		if holder != "" {
			left, err = e.attachTo(ctx, holder, group, requests)
			if err != nil || len(left) == 0 {
				return err
			}
		} else {
			left = group
		}
		err = e.declareFor(ctx, holder, left, requests)
		claimed := (*store.ClaimedError)(nil)
		if !errors.As(err, &claimed) {
			return err
		}
		holder, group = claimed.By, left
	}
}

// attachTo attaches what the incident takes, and returns the rest: alerts for which a new incident is to be declared.
func (e *Engine) attachTo(ctx context.Context, id incident.ID, group []judged, requests []string) ([]judged, error) {
	var left []judged
	counts := map[string]int64{}
	_, err := e.commit(ctx, step{id: id, requests: requests, counts: counts,
		decide: func(s incident.State) ([]incident.Recorded, incident.State, error) {
			left = nil
			clear(counts)
			return attachAll(s, group, counts, func(j judged) { left = append(left, j) })
		}})
	return left, err
}

// attachAll decides alerts in a row. Those that the incident does not take any more go to leave.
func attachAll(s incident.State, group []judged, counts map[string]int64, leave func(judged),
) ([]incident.Recorded, incident.State, error) {
	var all []incident.Recorded
	for i, j := range group {
		counts["alerts"]++
		events, next, err := incident.Decide(s, j.command())
		refused := (*incident.Refused)(nil)
		switch {
		case err == nil:
			all, s = append(all, events...), next
		case errors.As(err, &refused) && refused.Code == incident.Already:
			counts["repeats"]++
		case errors.As(err, &refused):
			counts["alerts"] -= 1
			for _, rest := range group[i:] {
				leave(rest)
			}
			return all, s, nil
		default:
			return nil, s, err
		}
	}
	return all, s, nil
}

// declareFor declares an incident for the first alert that fires, and attaches the others to it. From is who held the group until now.
// Alerts that clear something that nobody knew of declare nothing.
func (e *Engine) declareFor(ctx context.Context, from incident.ID, group []judged, requests []string) error {
	for len(group) > 0 && group[0].alert.Status == ops.Cleared {
		group = group[1:]
	}
	if len(group) == 0 {
		return nil
	}
	head := group[0]
	id := incident.NewID(head.GroupKey, ulid.Make().String())
	declare, err := e.fill(ctx, id, incident.Declare{DeclaredEvent: head.Declare})
	if err != nil {
		return err
	}
	alert := convert(head.alert)
	declare.Alert = &alert
	counts := map[string]int64{}
	_, err = e.commit(ctx, step{id: id, requests: requests, counts: counts, claims: []store.Claim{{Key: head.GroupKey, From: from}},
		decide: func(s incident.State) ([]incident.Recorded, incident.State, error) {
			clear(counts)
			counts["alerts"] = 1
			events, s, err := incident.Decide(s, incident.Command{Meta: head.meta(), Intent: declare})
			if err != nil {
				return nil, s, err
			}
			more, s, err := attachAll(s, group[1:], counts, func(judged) {})
			return append(events, more...), s, err
		}})
	return err
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

// alertBatch carries out webhook requests that came in one after the other: their alerts are brought to each group in one commit.
func (b *Bot) alertBatch(ctx context.Context, requests []store.Request) error {
	settings, catalog := b.settings(), b.deps.Catalog()
	groups := make(map[string][]judged)
	ids := make(map[string][]string)
	var order []string
	for _, r := range requests {
		alerts, err := b.parseAlerts(r)
		if err != nil {
			b.log.Error("stored webhook cannot be read", logRequest(r, err)...)
			continue
		}
		for _, a := range alerts {
			j := judged{alert: a, at: r.At, Judgement: Judge(a, settings.Routes, catalog)}
			if len(groups[j.GroupKey]) == 0 {
				order = append(order, j.GroupKey)
			}
			groups[j.GroupKey] = append(groups[j.GroupKey], j)
			if known := ids[j.GroupKey]; len(known) == 0 || known[len(known)-1] != r.ID {
				ids[j.GroupKey] = append(known, r.ID)
			}
		}
	}
	for _, key := range order {
		if err := b.engine.attachAlerts(ctx, groups[key], ids[key]); err != nil {
			return fmt.Errorf("group %q: %w", key, err)
		}
	}
	return nil
}

func (b *Bot) parseAlerts(r store.Request) ([]ops.Alert, error) {
	src, ok := b.deps.Sources().Named(r.Source)
	if !ok || src.Offer.Alerts == nil {
		return nil, fmt.Errorf("no integration called %q takes alerts", r.Source)
	}
	d, err := src.Offer.Alerts.ParseAlerts(ops.Webhook{Header: httpHeader(r.Header), Body: r.Body, ReceivedAt: r.At})
	for i := range d.Alerts {
		clean(&d.Alerts[i], r.At)
	}
	return d.Alerts, err
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
