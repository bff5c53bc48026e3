package ops

import "context"

// Offer is what one configured integration can do with the credentials that it was given; nil means that it cannot.
type Offer struct {
	Alerts  AlertSource
	Logs    LogSearcher
	Metrics MetricQuerier
	Deploys DeployHistory
	Check   Checker
}

// Finding is one thing that a check found out. OK false is a fault, and Mend says what to do about it.
type Finding struct {
	OK   bool
	What string // what was looked at: "scope chat:write", "GET /api/v1/status/buildinfo"
	Mend string // with OK false: what a person must do
}

// Checker looks whether a connection works and has the rights that it needs. It changes nothing.
type Checker interface {
	Check(context.Context) []Finding
}

// Source is one configured integration: its name in the configuration, its kind, and what it offers.
type Source struct {
	Name  string // unique: "prometheus-eu"
	Kind  string // "prometheus"
	Title string // "Prometheus"
	Offer Offer
}

// Set is all the configured integrations, in the order of the configuration.
type Set []Source

// Named returns the source with that name.
func (s Set) Named(name string) (Source, bool) {
	for _, src := range s {
		if src.Name == name {
			return src, true
		}
	}
	return Source{}, false
}
