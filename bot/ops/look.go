package ops

import (
	"context"
	"time"
)

// Window is a span of time, From inclusive, To exclusive.
type Window struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

// Length returns To − From.
func (w Window) Length() time.Duration { return w.To.Sub(w.From) }

// Before returns the window of the same length that ends where w begins.
func (w Window) Before() Window { return Window{From: w.From.Add(-w.Length()), To: w.From} }

// LogQuery asks for the log lines of a service that contain all of Words, or for what Raw says in the vendor's own language.
type LogQuery struct {
	Service Service // zero when only Raw is given
	Words   []string
	Raw     string // the vendor's query language, typed by a person who knows it; used as it is, alone
	Window  Window
	Limit   int // lines at most; the newest are kept
}

// LogLine is one line of a log.
type LogLine struct {
	At     time.Time
	Text   string
	Labels map[string]string
}

// LogResult is the answer to a LogQuery, newest line first.
type LogResult struct {
	Lines     []LogLine
	Truncated bool   // there were more lines than Limit
	Query     string // as it was sent, in the vendor's language
	Link      string // the same search in the vendor's page, or empty
}

// LogSearcher searches logs. It may be called concurrently.
type LogSearcher interface {
	SearchLogs(context.Context, LogQuery) (LogResult, error)
}

// Signal names one of the golden signals of a service.
type Signal string

// The golden signals (https://sre.google/sre-book/monitoring-distributed-systems/).
const (
	Latency    Signal = "latency"    // seconds, a high percentile
	Traffic    Signal = "traffic"    // requests per second
	Errors     Signal = "errors"     // share of failed requests, 0 to 1
	Saturation Signal = "saturation" // share of capacity in use, 0 to 1
)

// Signals lists the golden signals in the order in which they are shown.
func Signals() []Signal { return []Signal{Latency, Traffic, Errors, Saturation} }

// Unit returns the unit of a signal's values: "s", "req/s", or "ratio".
func (s Signal) Unit() string {
	switch s {
	case Latency:
		return "s"
	case Traffic:
		return "req/s"
	case Errors, Saturation:
		return "ratio"
	}
	return ""
}

// MetricQuery asks for one signal of a service, or for what Raw says in the vendor's own language.
type MetricQuery struct {
	Service Service
	Signal  Signal
	Raw     string
	Window  Window
	Step    time.Duration // distance of points; 0 lets the source choose
}

// Point is one value of a series.
type Point struct {
	At    time.Time
	Value float64
}

// Series is one line of a metric, points in ascending order of time; a gap is simply no point.
type Series struct {
	Name   string // what a legend would say
	Unit   string // "s", "req/s", "ratio", or empty when unknown
	Points []Point
}

// MetricResult is the answer to a MetricQuery.
type MetricResult struct {
	Series []Series
	Query  string // as it was sent
	Link   string // the same query in the vendor's page, or empty
}

// MetricQuerier queries metrics. A service for which it has no such signal is an error of kind NotFound.
// It may be called concurrently.
type MetricQuerier interface {
	QueryMetrics(context.Context, MetricQuery) (MetricResult, error)
}

// Change is something that was changed in production: a deployment, a release.
type Change struct {
	ID          string    // unique at its source
	Kind        string    // "deployment" or "release"
	Service     string    // canonical name
	Version     string    // what is running after it: tag or short commit
	Previous    string    // what was running before it, when known
	Environment string    // or empty
	State       string    // the source's last word on it: "success", "in_progress", …
	Title       string    // one line: what it is about
	Author      string    // who made it, as the source names them
	At          time.Time // when it took effect, or began when that is not known
	URL         string    // the change in the source's page
	CompareURL  string    // the difference from Previous, or empty
}

// DeployQuery asks for the changes of a service in a window.
type DeployQuery struct {
	Service Service
	Window  Window
	Limit   int
}

// DeployResult is the answer to a DeployQuery, newest change first.
type DeployResult struct {
	Changes []Change
	Link    string // the list in the source's page, or empty
}

// DeployHistory lists what was deployed. It may be called concurrently.
type DeployHistory interface {
	ListDeploys(context.Context, DeployQuery) (DeployResult, error)
}
