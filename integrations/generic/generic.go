// Package generic takes alerts from anything that posts JSON: a mapping in the configuration says where in the body things are. It
// takes CloudEvents too, one event a request, in structured and in binary mode.
//
// It evaluates paths and nothing more: no expressions, no templates, and no request back to the sender.
//
// CloudEvents: https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md
package generic

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"sitrep/bot/ops"
	"sitrep/integrations"
	"sitrep/integrations/webhookauth"
)

// Spec is the generic webhook as an integration.
var Spec = integrations.Define(integrations.Spec{
	Kind: "generic", Title: "Generic webhook and CloudEvents", Offers: []string{"Alerts"},
	Docs: "https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md",
}, Config{
	Fields: Fields{
		Title: "title", Description: "description", Status: "status", Severity: "severity",
		StartsAt: "starts_at", EndsAt: "ends_at", URL: "url",
	},
	LabelsFrom: "labels",
}, New)

// Config is the mapping of one kind of body. Paths are relative to each alert; one that begins with $ starts at the whole body, or for a
// CloudEvent at the event, whose payload is then $.data.
type Config struct {
	webhookauth.Config `yaml:",inline"`
	Alerts             string            `yaml:"alerts" doc:"Path of the alerts in the body, such as alerts[*]; empty when the body is one alert."`
	Fields             Fields            `yaml:"fields" doc:"Where the parts of an alert are, as paths from the alert."`
	Labels             map[string]string `yaml:"labels" doc:"Labels to set, each with its path."`
	LabelsFrom         string            `yaml:"labels_from" doc:"Path of an object whose texts, numbers and booleans all become labels."`
	Defaults           map[string]string `yaml:"defaults" doc:"Texts for title, description, status, severity, url or a label that the body does not give."`
	StatusValues       map[string]string `yaml:"status_values" doc:"The sender's words for the status, each with firing or cleared, besides the usual words."`
	SeverityValues     map[string]string `yaml:"severity_values" doc:"The sender's words for the severity, each with the one to use."`
	Fingerprint        []string          `yaml:"fingerprint" doc:"Paths whose values together say which alert it is; when empty, fingerprint, else title and labels."`
	DeliveryID         string            `yaml:"delivery_id" doc:"Path of what is the same in a repeated delivery and differs in every other; when empty, a CloudEvent's source and id, else made of the alerts."`
}

// Fields has the path of each part of an alert.
type Fields struct {
	Title       string `yaml:"title" doc:"One line."`
	Description string `yaml:"description" doc:"More text."`
	Status      string `yaml:"status" doc:"Firing or cleared, or a word in status_values; firing when absent."`
	Severity    string `yaml:"severity" doc:"The severity."`
	StartsAt    string `yaml:"starts_at" doc:"When it began: RFC 3339, or Unix time in seconds, milli-, micro- or nanoseconds."`
	EndsAt      string `yaml:"ends_at" doc:"When it ended, in the same forms."`
	URL         string `yaml:"url" doc:"The alert in the sender's own page."`
}

// Validate says what is wrong with the configuration.
func (c Config) Validate() error {
	errs := []error{c.Config.Validate()}
	for _, word := range slices.Sorted(maps.Keys(c.StatusValues)) {
		if v := c.StatusValues[word]; v != string(ops.Firing) && v != string(ops.Cleared) {
			errs = append(errs, fmt.Errorf("status_values.%s is %q: say firing or cleared", word, v))
		}
	}
	if word := c.Defaults["status"]; word != "" && statusOf(c, word) == "" {
		errs = append(errs, fmt.Errorf("defaults.status is %q: say firing or cleared", word))
	}
	_, err := c.mapping()
	return errors.Join(append(errs, err)...)
}

// mapping is the configuration with its paths read.
type mapping struct {
	alerts, title, description, status, severity, startsAt, endsAt, url path
	labelsFrom, deliveryID                                              path
	labels                                                              map[string]path
	fingerprint                                                         []path
}

func (c Config) mapping() (mapping, error) {
	var errs []error
	read := func(key, text string) path {
		p, err := parsePath(text)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", key, err))
		}
		return p
	}
	optional := func(key, text string) path {
		if text == "" {
			return path{nowhere: true}
		}
		return read(key, text)
	}
	field := func(key, text string) path { return optional("fields."+key, text) }
	m := mapping{
		alerts: read("alerts", c.Alerts), labelsFrom: optional("labels_from", c.LabelsFrom), deliveryID: optional("delivery_id", c.DeliveryID),
		title: field("title", c.Fields.Title), description: field("description", c.Fields.Description),
		status: field("status", c.Fields.Status), severity: field("severity", c.Fields.Severity), url: field("url", c.Fields.URL),
		startsAt: field("starts_at", c.Fields.StartsAt), endsAt: field("ends_at", c.Fields.EndsAt),
		labels: map[string]path{},
	}
	for _, name := range slices.Sorted(maps.Keys(c.Labels)) {
		m.labels[name] = read("labels."+name, c.Labels[name])
	}
	for i, text := range c.Fingerprint {
		if text == "" {
			errs = append(errs, fmt.Errorf("fingerprint[%d]: the path is empty", i))
		}
		m.fingerprint = append(m.fingerprint, read(fmt.Sprintf("fingerprint[%d]", i), text))
	}
	return m, errors.Join(errs...)
}

// New makes the integration. It reaches no network.
func New(env integrations.Env, cfg Config) (ops.Offer, error) {
	m, err := cfg.mapping()
	if err != nil {
		return ops.Offer{}, err
	}
	return ops.Offer{Alerts: source{name: env.Name, cfg: cfg, mapping: m}}, nil
}

type source struct {
	name    string
	cfg     Config
	mapping mapping
}

// Verify authenticates the request. A signature covers the body alone, and so not the ce- headers of a binary CloudEvent.
func (s source) Verify(w ops.Webhook) error { return s.cfg.Verify("generic.Verify", w) }

// ParseAlerts decodes the body by the mapping.
func (s source) ParseAlerts(w ops.Webhook) (ops.Delivery, error) {
	doc, err := decode(w)
	if err != nil {
		return ops.Delivery{}, err
	}
	found := s.mapping.alerts.all(doc.root, doc.here)
	if len(found) == 0 {
		return ops.Delivery{}, invalid("the body has nothing at %q, where its alerts should be", s.cfg.Alerts)
	}
	d := ops.Delivery{Alerts: make([]ops.Alert, len(found))}
	for i, place := range found {
		if d.Alerts[i], err = s.alert(doc, place, w.ReceivedAt); err != nil {
			return ops.Delivery{}, invalid("alert %d of %d: %s", i+1, len(found), err)
		}
	}
	d.ID, err = s.deliveryID(doc, d.Alerts)
	return d, err
}

func (s source) deliveryID(doc document, alerts []ops.Alert) (string, error) {
	if s.cfg.DeliveryID != "" {
		id := text(s.mapping.deliveryID.first(doc.root, doc.here))
		if id == "" {
			return "", invalid("the body has nothing at %q, where its delivery's id should be", s.cfg.DeliveryID)
		}
		return id, nil
	}
	if doc.event != nil {
		return doc.event.deliveryID(), nil
	}
	return ops.DeliveryID(alerts), nil
}

func invalid(format string, args ...any) error {
	return &ops.Error{Op: "generic.ParseAlerts", Kind: ops.Invalid, Msg: fmt.Sprintf(format, args...)}
}
