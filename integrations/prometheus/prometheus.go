// Package prometheus answers questions about metrics from a Prometheus server, or one that speaks its query API
// (Thanos, Mimir, VictoriaMetrics).
//
// It does not take alerts, which come from Alertmanager, and does not draw.
//
// API: https://prometheus.io/docs/prometheus/latest/querying/api/
package prometheus

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"sitrep/bot/ops"
	"sitrep/integrations"
	"sitrep/integrations/vendorhttp"
)

// Spec is Prometheus as an integration.
var Spec = integrations.Define(integrations.Spec{
	Kind: "prometheus", Title: "Prometheus", Offers: []string{"Metrics"},
	Docs: "https://prometheus.io/docs/prometheus/latest/querying/api/",
	Sources: []integrations.Key{
		{Name: "service", Doc: "What `$service` stands for; the service's name when absent."},
		{Name: "selector", Doc: "What `$selector` stands for, label matchers without braces; else the configuration's `selector`."},
		{Name: "latency", Doc: "PromQL for the service's latency in seconds."},
		{Name: "traffic", Doc: "PromQL for the service's requests per second."},
		{Name: "errors", Doc: "PromQL for the service's share of failed requests, 0 to 1."},
		{Name: "saturation", Doc: "PromQL for the service's share of capacity in use, 0 to 1."},
	},
}, Config{
	Timeout: 10 * time.Second, Rate: 10, Interval: 15 * time.Second, MaxSeries: 20,
	Selector: `service="$service"`,
	Queries: Queries{
		Latency: `histogram_quantile(0.95, sum by (le) (rate(http_request_duration_seconds_bucket{$selector}[$interval])))`,
		Traffic: `sum(rate(http_requests_total{$selector}[$interval]))`,
		Errors: `(sum(rate(http_requests_total{$selector,code=~"5.."}[$interval])) or vector(0))` +
			` / sum(rate(http_requests_total{$selector}[$interval]))`,
		Saturation: `sum(rate(container_cpu_usage_seconds_total{$selector}[$interval]))` +
			` / sum(kube_pod_container_resource_limits{$selector,resource="cpu"})`,
	},
}, New)

// Config is the configuration of one Prometheus server.
type Config struct {
	URL       string              `yaml:"url" doc:"Address of the server, with its path prefix if it has one." required:"true"`
	PublicURL string              `yaml:"public_url" doc:"Address of the same server for people's browsers; url when empty."`
	Token     integrations.Secret `yaml:"token" doc:"Bearer token, where a proxy in front of the server wants one."`
	Username  string              `yaml:"username" doc:"User for basic authentication, instead of a token."`
	Password  integrations.Secret `yaml:"password" doc:"Password for basic authentication."`
	Timeout   time.Duration       `yaml:"timeout" doc:"How long one request may take."`
	Rate      float64             `yaml:"rate" doc:"Requests a second at most."`
	Interval  time.Duration       `yaml:"scrape_interval" doc:"How often the server scrapes; the finest step, and the base of $interval."`
	MaxSeries int                 `yaml:"max_series" doc:"Refuse an answer of more series than this, because nobody can read it."`
	Selector  string              `yaml:"selector" doc:"Label matchers that find a service, without braces."`
	Queries   Queries             `yaml:"queries" doc:"PromQL for each signal; $service stands for the service's name inside quotes, $selector for its label matchers, $interval for a range that fits the step."`
}

// Queries has a PromQL template for each golden signal; an empty one means that there is no such signal.
type Queries struct {
	Latency    string `yaml:"latency" doc:"Seconds, a high percentile."`
	Traffic    string `yaml:"traffic" doc:"Requests per second."`
	Errors     string `yaml:"errors" doc:"Share of failed requests, 0 to 1."`
	Saturation string `yaml:"saturation" doc:"Share of capacity in use, 0 to 1."`
}

func (q Queries) of(s ops.Signal) string {
	switch s {
	case ops.Latency:
		return q.Latency
	case ops.Traffic:
		return q.Traffic
	case ops.Errors:
		return q.Errors
	case ops.Saturation:
		return q.Saturation
	}
	return ""
}

// Validate says what is wrong with the configuration.
func (c Config) Validate() error {
	if _, err := vendorhttp.Base("url", c.URL); err != nil {
		return err
	}
	if c.PublicURL != "" {
		if _, err := vendorhttp.Base("public_url", c.PublicURL); err != nil {
			return err
		}
	}
	if !c.Token.IsZero() && c.Username != "" {
		return fmt.Errorf("give either token or username, not both")
	}
	if c.Interval < time.Second || c.MaxSeries < 1 {
		return fmt.Errorf("scrape_interval must be a second or more, and max_series 1 or more")
	}
	if !integrations.InsideQuotes(c.Selector, "$service") {
		return fmt.Errorf(`selector: $service must stand inside quotes: service="$service"`)
	}
	for _, s := range ops.Signals() {
		if !integrations.InsideQuotes(c.Queries.of(s), "$service") {
			return fmt.Errorf(`queries.%s: $service must stand inside quotes: service="$service"`, s)
		}
	}
	return nil
}

// New makes the integration. It reaches no network.
func New(env integrations.Env, cfg Config) (ops.Offer, error) {
	base, err := vendorhttp.Base("url", cfg.URL)
	if err != nil {
		return ops.Offer{}, err
	}
	page := base
	if cfg.PublicURL != "" {
		if page, err = vendorhttp.Base("public_url", cfg.PublicURL); err != nil {
			return ops.Offer{}, err
		}
	}
	header := http.Header{}
	if auth := vendorhttp.Bearer(cfg.Token.Reveal()) + vendorhttp.Basic(cfg.Username, cfg.Password.Reveal()); auth != "" {
		header.Set("Authorization", auth)
	}
	c := &client{name: env.Name, cfg: cfg, base: base, page: page, http: vendorhttp.New(vendorhttp.Options{
		HTTP: env.HTTP, Header: header, Secrets: []string{cfg.Token.Reveal(), cfg.Password.Reveal()},
		Timeout: cfg.Timeout, Rate: cfg.Rate, Log: env.Log, Now: env.Now, Wait: env.Wait,
	})}
	return ops.Offer{Metrics: c, Check: c}, nil
}

type client struct {
	name string // in the configuration, the key of the catalog's Sources
	cfg  Config
	base *url.URL
	page *url.URL
	http *http.Client
}

// QueryMetrics asks for a signal, or for what Raw says, over the window.
func (c *client) QueryMetrics(ctx context.Context, q ops.MetricQuery) (ops.MetricResult, error) {
	const op = "prometheus.QueryMetrics"
	if q.Window.Length() <= 0 {
		return ops.MetricResult{}, &ops.Error{Op: op, Kind: ops.Invalid, Msg: "the window ends before it begins"}
	}
	step := c.step(q)
	expr, err := c.translate(q, step)
	if err != nil {
		return ops.MetricResult{}, err
	}
	result := ops.MetricResult{Query: expr, Link: c.link(expr, q.Window)}
	var out answer
	err = vendorhttp.GetJSON(ctx, c.http, op, c.base.JoinPath("api/v1/query_range").String()+"?"+url.Values{
		"query": {expr}, "start": {seconds(q.Window.From)}, "end": {seconds(q.Window.To)}, "step": {duration(step)},
	}.Encode(), &out)
	if err != nil {
		return result, err
	}
	if out.Status != "success" || out.Data.ResultType != "matrix" {
		return result, vendorhttp.NotJSON(op, fmt.Errorf("status %q, result type %q", out.Status, out.Data.ResultType))
	}
	if n := len(out.Data.Result); n > c.cfg.MaxSeries {
		return result, &ops.Error{
			Op: op, Kind: ops.Invalid,
			Msg: fmt.Sprintf("the query gives %d series, more than %d: aggregate it, for example with topk(5, …)", n, c.cfg.MaxSeries),
		}
	}
	result.Series = toSeries(out.Data.Result, q)
	if len(result.Series) == 0 && q.Raw == "" {
		return result, &ops.Error{
			Op: op, Kind: ops.NotFound,
			Msg: fmt.Sprintf("no %s of %s in this window: see sources.%s of the service in the catalog", q.Signal, q.Service.Name, c.name),
		}
	}
	return result, nil
}

// Check asks for the server's build information.
func (c *client) Check(ctx context.Context) []ops.Finding {
	var out struct {
		Status string `json:"status"`
	}
	err := vendorhttp.GetJSON(ctx, c.http, "prometheus.Check", c.base.JoinPath("api/v1/status/buildinfo").String(), &out)
	return []ops.Finding{vendorhttp.Finding("GET /api/v1/status/buildinfo", err)}
}

// link opens the server's own graph of the query.
func (c *client) link(expr string, w ops.Window) string {
	return c.page.JoinPath("graph").String() + "?" + url.Values{
		"g0.expr": {expr}, "g0.tab": {"0"}, "g0.range_input": {duration(w.Length())},
		"g0.end_input": {w.To.UTC().Format("2006-01-02 15:04:05")},
	}.Encode()
}

func seconds(t time.Time) string {
	return strconv.FormatFloat(float64(t.UnixMilli())/1000, 'f', -1, 64)
}

func duration(d time.Duration) string {
	return strconv.Itoa(int(max(d, time.Second)/time.Second)) + "s"
}
