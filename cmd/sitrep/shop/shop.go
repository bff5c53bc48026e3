// Package shop is the small web shop of the demonstration, simulated: its services have metrics, logs and deploys that follow from the
// time and from what was deployed, and it offers them over the real APIs of Prometheus, Loki and GitHub, so that sitrep's real integrations query
// it. When checkout gets slow it calls sitrep's webhook the way Alertmanager does.
//
// It is no load generator and stores nothing: every answer is reckoned from the moment that is asked about.
package shop

import (
	"hash/fnv"
	"math"
	"slices"
	"sync"
	"time"
)

// Services are the services of the shop; each calls the next ones.
var Services = map[string][]string{
	"web": {"checkout", "catalog"}, "checkout": {"payments"}, "payments": nil, "catalog": nil,
}

// Deploy is a version of a service that went live.
type Deploy struct {
	ID      int64
	Service string
	Version string // tag
	SHA     string
	Title   string
	Author  string
	At      time.Time
	Slow    bool // checkout is slow with it
}

// Shop is the simulation. Its methods may be called concurrently.
type Shop struct {
	now  func() time.Time
	base time.Time // what the past was reckoned from

	mu      sync.Mutex
	deploys []Deploy // in order of At
}

// The versions of checkout in the story.
const (
	GoodVersion = "v1.41.0"
	BadVersion  = "v1.42.0"
)

// New makes a shop that has been running well for days by its clock.
func New(now func() time.Time) *Shop {
	s := &Shop{now: now, base: now().Truncate(time.Second)}
	for _, d := range []Deploy{
		{Service: "catalog", Version: "v3.8.1", Title: "Sort by rating", Author: "ines", At: s.base.Add(-50 * time.Hour)},
		{Service: "payments", Version: "v2.17.0", Title: "Rotate the provider's certificate", Author: "tomas", At: s.base.Add(-31 * time.Hour)},
		{Service: "checkout", Version: "v1.40.2", Title: "Fix rounding of vouchers", Author: "lena", At: s.base.Add(-47 * time.Hour)},
		{Service: "checkout", Version: GoodVersion, Title: "Show delivery dates", Author: "lena", At: s.base.Add(-26 * time.Hour)},
		{Service: "web", Version: "v5.3.0", Title: "New header", Author: "ines", At: s.base.Add(-5 * time.Hour)},
	} {
		s.add(d)
	}
	return s
}

func (s *Shop) add(d Deploy) {
	d.ID = int64(1000 + len(s.deploys))
	d.SHA = sha(d.Service + d.Version + d.Title)
	s.deploys = append(s.deploys, d)
	slices.SortStableFunc(s.deploys, func(a, b Deploy) int { return a.At.Compare(b.At) })
}

// ShipBad deploys the version of checkout that opens a database connection for every line of an order.
func (s *Shop) ShipBad() Deploy { return s.ShippedBad(0) }

// ShippedBad is ShipBad, some time ago.
func (s *Shop) ShippedBad(ago time.Duration) Deploy {
	return s.ship(ago, Deploy{Service: "checkout", Version: BadVersion, Title: "Check stock for each line of an order", Author: "tomas", Slow: true})
}

// Rollback deploys the good version of checkout again.
func (s *Shop) Rollback() Deploy {
	return s.ship(0, Deploy{Service: "checkout", Version: GoodVersion, Title: "Roll back to " + GoodVersion, Author: "lena"})
}

func (s *Shop) ship(ago time.Duration, d Deploy) Deploy {
	s.mu.Lock()
	defer s.mu.Unlock()
	d.At = s.now().Add(-ago)
	s.add(d)
	for _, known := range s.deploys {
		if known.At.Equal(d.At) && known.Title == d.Title {
			return known
		}
	}
	return d
}

// deploysOf returns the deploys of a service up to now, the newest first.
func (s *Shop) deploysOf(service string) []Deploy {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Deploy
	for _, d := range slices.Backward(s.deploys) {
		if d.Service == service {
			out = append(out, d)
		}
	}
	return out
}

// Running returns the version of a service that was live at a moment.
func (s *Shop) Running(service string, at time.Time) string {
	for _, d := range s.deploysOf(service) {
		if !d.At.After(at) {
			return d.Version
		}
	}
	return ""
}

// strain is how badly checkout does at a moment, from 0 to 1. It builds up within a minute of a bad deploy, as connections run out, and
// falls within one minute of the next deploy.
func (s *Shop) strain(at time.Time) float64 {
	var level float64
	var since time.Time
	slow := false
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range s.deploys {
		if d.Service != "checkout" || d.At.After(at) {
			continue
		}
		if !since.IsZero() {
			level = towards(level, slow, d.At.Sub(since))
		}
		since, slow = d.At, d.Slow
	}
	return towards(level, slow, at.Sub(since))
}

func towards(level float64, slow bool, d time.Duration) float64 {
	if slow {
		return math.Min(1, level+d.Seconds()/60)
	}
	return math.Max(0, level-d.Seconds()/60)
}

// metric is the value of one of the shop's recorded series at a moment.
func (s *Shop) metric(name, service string, at time.Time) (float64, bool) {
	strain := s.strain(at)
	if service != "checkout" {
		strain *= map[string]float64{"web": 0.5}[service] // web waits for checkout; the others do not
	}
	wave := 1 + 0.15*math.Sin(2*math.Pi*float64(at.Unix()%86400)/86400)
	jitter := 1 + 0.08*noise(name+service, at)
	size := map[string]float64{"web": 220, "checkout": 42, "payments": 38, "catalog": 160}[service]
	if size == 0 {
		return 0, false
	}
	switch name {
	case "shop:request_latency_seconds:p95":
		quick := map[string]float64{"web": 0.210, "checkout": 0.180, "payments": 0.090, "catalog": 0.060}[service]
		return (quick + 2.3*strain) * jitter, true
	case "shop:requests:rate":
		return size * wave * (1 - 0.35*strain) * jitter, true
	case "shop:request_errors:ratio":
		return (0.012 + 0.11*strain*strain) * jitter, true
	case "shop:connections:usage":
		return math.Min(1, (0.38*wave+0.62*strain)*jitter), true
	}
	return 0, false
}

// noise is between −1 and 1, and always the same for a moment.
func noise(of string, at time.Time) float64 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(of))
	_, _ = h.Write([]byte(at.UTC().Format(time.RFC3339)))
	x := h.Sum32()
	x ^= x >> 16
	x *= 0x45d9f3b
	x ^= x >> 16
	return float64(x)/float64(math.MaxUint32)*2 - 1
}
