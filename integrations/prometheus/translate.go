package prometheus

import (
	"fmt"
	"strings"
	"time"

	"sitrep/bot/ops"
	"sitrep/integrations"
)

// Prometheus refuses more points than this in one series.
const maxPoints = 11000

// step returns the distance of points: as asked, else so that about a hundred and twenty fit the window.
func (c *client) step(q ops.MetricQuery) time.Duration {
	step := q.Step
	if step <= 0 {
		step = max(q.Window.Length()/120, c.cfg.Interval)
	}
	step = max(step, q.Window.Length()/(maxPoints-1)+time.Second-1)
	return max(step.Truncate(time.Second), time.Second)
}

// translate turns the question into PromQL. What a service is called cannot end the string that it stands in.
func (c *client) translate(q ops.MetricQuery, step time.Duration) (string, error) {
	const op = "prometheus.QueryMetrics"
	if q.Raw != "" {
		return q.Raw, nil
	}
	source := q.Service.Source(c.name)
	template := c.cfg.Queries.of(q.Signal)
	if own := source[string(q.Signal)]; own != "" {
		template = own
	}
	if template == "" {
		return "", &ops.Error{
			Op: op, Kind: ops.NotFound,
			Msg: fmt.Sprintf("no query for the %s of %s: add one to sources.%s of the service in the catalog", q.Signal, q.Service.Name, c.name),
		}
	}
	service, selector := q.Service.Name, c.cfg.Selector
	if own := source["service"]; own != "" {
		service = own
	}
	if own := source["selector"]; own != "" {
		selector = own
	}
	if service == "" {
		return "", &ops.Error{Op: op, Kind: ops.Invalid, Msg: "say which service"}
	}
	expr := strings.NewReplacer("$selector", selector, "$interval", duration(c.interval(step))).Replace(template)
	if !integrations.InsideQuotes(expr, "$service") {
		return "", &ops.Error{
			Op: op, Kind: ops.Invalid,
			Msg: fmt.Sprintf("sources.%s of %s in the catalog: $service must stand inside quotes", c.name, q.Service.Name),
		}
	}
	return integrations.FillService(expr, service), nil
}

// interval is long enough for a rate to see four samples, or a step and a sample.
func (c *client) interval(step time.Duration) time.Duration {
	return max(4*c.cfg.Interval, step+c.cfg.Interval)
}
