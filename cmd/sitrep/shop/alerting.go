package shop

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// Alerting is where the shop's alerts go: a webhook that takes Alertmanager's format, version 4.
type Alerting struct {
	URL   string
	Token string // bearer
	Wait  func(ctx context.Context, t time.Time) error
	HTTP  *http.Client
}

const (
	slowAbove = 1.0 // seconds at the 95th percentile
	lasts     = 90 * time.Second
	checkEach = 5 * time.Second
)

// Watch looks at checkout's latency until ctx ends, and tells when it has been above a second for a minute and a half, and when it is below
// again. It tells the same again every minute for as long as it goes on, and until it is heard.
func (s *Shop) Watch(ctx context.Context, a Alerting) error {
	var began, told, cleared time.Time
	for {
		now := s.now()
		since, latency := s.slowSince(now)
		switch {
		case !since.IsZero() && now.Sub(since) >= lasts && now.Sub(told) >= time.Minute:
			if s.tell(ctx, a, since, time.Time{}, latency) == nil {
				began, told, cleared = since, now, time.Time{}
			}
		case since.IsZero() && !told.IsZero():
			if cleared.IsZero() {
				cleared = now
			}
			if s.tell(ctx, a, began, cleared, latency) == nil {
				told = time.Time{}
			}
		}
		if err := a.Wait(ctx, now.Add(checkEach)); err != nil {
			return nil //nolint:nilerr // the end of ctx is how a watch is stopped
		}
	}
}

// slowSince is since when checkout has been slow, up to an hour back; zero when it is not. It tells the latency too.
func (s *Shop) slowSince(now time.Time) (since time.Time, latency float64) {
	latency, _ = s.metric("shop:request_latency_seconds:p95", "checkout", now)
	for t := now; t.After(now.Add(-time.Hour)); t = t.Add(-checkEach) {
		if v, _ := s.metric("shop:request_latency_seconds:p95", "checkout", t); v <= slowAbove {
			break
		}
		since = t
	}
	return since, latency
}

func (s *Shop) tell(ctx context.Context, a Alerting, since, ended time.Time, latency float64) error {
	status, endsAt := "firing", "0001-01-01T00:00:00Z"
	if !ended.IsZero() {
		status, endsAt = "resolved", ended.UTC().Format(time.RFC3339)
	}
	labels := object{"alertname": "CheckoutLatencyHigh", "service": "checkout", "severity": "critical", "environment": "production"}
	notes := object{
		"summary":     "Checkout latency is above 1 s",
		"description": fmt.Sprintf("The 95th percentile of checkout's latency is %.1f s; a second is what people bear.", latency),
	}
	body, err := json.Marshal(object{
		"version": "4", "groupKey": `{}:{alertname="CheckoutLatencyHigh"}`, "truncatedAlerts": 0, "status": status, "receiver": "sitrep",
		"groupLabels": object{"alertname": "CheckoutLatencyHigh"}, "commonLabels": labels, "commonAnnotations": notes,
		"externalURL": "http://alertmanager.shop.example",
		"alerts": []any{object{
			"status": status, "labels": labels, "annotations": notes, "startsAt": since.UTC().Format(time.RFC3339), "endsAt": endsAt,
			"generatorURL": "http://prometheus.shop.example/graph", "fingerprint": "c0ffee0123456789",
		}},
	})
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, a.URL, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+a.Token)
	resp, err := a.HTTP.Do(req)
	if err != nil {
		return err
	}
	_ = resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		return errors.New(resp.Status)
	}
	return nil
}
