package ops

import (
	"net/http"
	"time"
)

// AlertStatus says whether an alert is going on.
type AlertStatus string

// The two states of an alert.
const (
	Firing  AlertStatus = "firing"
	Cleared AlertStatus = "cleared"
)

// Alert is one alert as its source tells it. Severity keeps the source's own word; what it means is decided by routing.
type Alert struct {
	Source      string            `json:"source"`                // the integration's name in the configuration
	Fingerprint string            `json:"fingerprint"`           // the same for every firing of the same alert
	Status      AlertStatus       `json:"status"`                //
	Title       string            `json:"title"`                 // one line
	Description string            `json:"description,omitempty"` //
	Severity    string            `json:"severity,omitempty"`    // as the source said: "critical", "P2", …
	Labels      map[string]string `json:"labels,omitempty"`      //
	StartsAt    time.Time         `json:"starts_at"`             // when the source saw it begin
	EndsAt      time.Time         `json:"ends_at,omitzero"`      // with Cleared
	URL         string            `json:"url,omitempty"`         // the alert in the source's own page
}

// Webhook is one inbound HTTP request, as it was received and as it is kept in the inbox.
type Webhook struct {
	Header     http.Header
	Body       []byte
	ReceivedAt time.Time
}

// Delivery is what one webhook said.
type Delivery struct {
	// ID is the same when the source delivers the same thing again, and differs for a re-fire of the same alert:
	// the vendor's delivery id, else made of fingerprint, start and status of each alert.
	ID     string
	Alerts []Alert
}

// AlertSource turns a vendor's webhook into alerts. Both methods are pure and may be called concurrently.
type AlertSource interface {
	// Verify authenticates the request; its error is of kind Denied.
	Verify(Webhook) error
	// ParseAlerts decodes a verified request; its error is of kind Invalid and says what is wrong in the body.
	ParseAlerts(Webhook) (Delivery, error)
}
