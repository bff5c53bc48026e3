// Package alertmanager takes alerts from Prometheus Alertmanager's webhook receiver.
//
// It neither silences nor queries, and it does not group: Alertmanager's groups are taken apart into alerts, which sitrep groups by itself.
//
// API: https://prometheus.io/docs/alerting/latest/configuration/#webhook_config
package alertmanager

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"sitrep/bot/ops"
	"sitrep/integrations"
	"sitrep/integrations/webhookauth"
)

// Spec is Alertmanager as an integration.
var Spec = integrations.Define(integrations.Spec{
	Kind: "alertmanager", Title: "Prometheus Alertmanager", Offers: []string{"Alerts"},
	Docs: "https://prometheus.io/docs/alerting/latest/configuration/#webhook_config",
}, Config{SeverityLabel: "severity"}, New)

// Config is the configuration of one Alertmanager. What it says of authentication is what Alertmanager's http_config sends.
type Config struct {
	webhookauth.Config `yaml:",inline"`
	SeverityLabel      string `yaml:"severity_label" doc:"The label that holds an alert's severity."`
}

// Validate says what is wrong with the configuration.
func (c Config) Validate() error { return c.Config.Validate() }

// New makes the integration. It reaches no network.
func New(env integrations.Env, cfg Config) (ops.Offer, error) {
	return ops.Offer{Alerts: source{name: env.Name, cfg: cfg}}, nil
}

type source struct {
	name string
	cfg  Config
}

// Verify authenticates the request.
func (s source) Verify(w ops.Webhook) error { return s.cfg.Verify("alertmanager.Verify", w) }

// ParseAlerts decodes a notification of version 4. The delivery's id is made of its alerts: Alertmanager gives none.
func (s source) ParseAlerts(w ops.Webhook) (ops.Delivery, error) {
	var n notification
	if err := json.Unmarshal(w.Body, &n); err != nil {
		return ops.Delivery{}, invalid("the body is not an Alertmanager notification in JSON: %.200s", err)
	}
	if n.Version != "4" {
		return ops.Delivery{}, invalid("the notification's version is %.20q; version 4 is understood", n.Version)
	}
	if len(n.Alerts) == 0 {
		return ops.Delivery{}, invalid("the notification has no alerts")
	}
	d := ops.Delivery{Alerts: make([]ops.Alert, len(n.Alerts))}
	for i, a := range n.Alerts {
		var err error
		if d.Alerts[i], err = s.translate(n, a); err != nil {
			return ops.Delivery{}, invalid("alerts[%d]: %s", i, err)
		}
	}
	d.ID = ops.DeliveryID(d.Alerts)
	return d, nil
}

func (s source) translate(n notification, a alert) (ops.Alert, error) {
	out := ops.Alert{
		Source:      s.name,
		Fingerprint: a.Fingerprint,
		Title:       title(a),
		Description: first(a.Annotations["description"], a.Annotations["message"]),
		Severity:    a.Labels[s.cfg.SeverityLabel],
		Labels:      a.Labels,
		StartsAt:    a.StartsAt,
		URL:         first(a.GeneratorURL, n.ExternalURL),
	}
	switch a.Status {
	case "firing":
		out.Status = ops.Firing
	case "resolved":
		out.Status, out.EndsAt = ops.Cleared, a.EndsAt
	default:
		return out, fmt.Errorf("status is %.20q; firing and resolved are understood", a.Status)
	}
	if a.StartsAt.IsZero() {
		return out, fmt.Errorf("startsAt is missing")
	}
	if len(a.Labels) == 0 {
		return out, fmt.Errorf("labels are missing")
	}
	if out.Fingerprint == "" {
		out.Fingerprint = fingerprint(a.Labels)
	}
	return out, nil
}

// title prefers what a person wrote about the alert over its name.
func title(a alert) string {
	text := first(a.Annotations["summary"], a.Annotations["title"], a.Labels["alertname"], "Alert without a name")
	return strings.Join(strings.Fields(text), " ")
}

// fingerprint stands in for what versions of Alertmanager before 0.19 do not send.
func fingerprint(labels map[string]string) string {
	h := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		fmt.Fprintf(h, "%q=%q\n", name, labels[name])
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

func first(texts ...string) string {
	for _, t := range texts {
		if strings.TrimSpace(t) != "" {
			return t
		}
	}
	return ""
}

func invalid(format string, args ...any) error {
	return &ops.Error{Op: "alertmanager.ParseAlerts", Kind: ops.Invalid, Msg: fmt.Sprintf(format, args...)}
}
