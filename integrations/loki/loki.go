// Package loki searches logs in Grafana Loki.
//
// It does not follow a log as it is written, and does not draw what LogQL can count.
//
// API: https://grafana.com/docs/loki/latest/reference/loki-http-api/
package loki

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"sitrep/bot/ops"
	"sitrep/integrations"
	"sitrep/integrations/vendorhttp"
)

// Spec is Loki as an integration.
var Spec = integrations.Define(integrations.Spec{
	Kind: "loki", Title: "Grafana Loki", Offers: []string{"Logs"},
	Docs: "https://grafana.com/docs/loki/latest/reference/loki-http-api/",
	Sources: []integrations.Key{
		{Name: "service", Doc: "What `$service` stands for; the service's name when absent."},
		{Name: "selector", Doc: "LogQL that finds the service's lines, such as `{app=\"shop\"} | json`; else the configuration's `selector`."},
	},
}, Config{
	Timeout: 15 * time.Second, Rate: 5, MaxLines: 1000,
	Selector: `{service_name="$service"}`,
}, New)

// Config is the configuration of one Loki server.
type Config struct {
	URL               string              `yaml:"url" doc:"Address of the server, with its path prefix if it has one." required:"true"`
	Tenant            string              `yaml:"tenant" doc:"Tenant, sent as X-Scope-OrgID, where the server has several."`
	Token             integrations.Secret `yaml:"token" doc:"Bearer token, where a proxy in front of the server wants one."`
	Username          string              `yaml:"username" doc:"User for basic authentication, instead of a token."`
	Password          integrations.Secret `yaml:"password" doc:"Password for basic authentication."`
	Timeout           time.Duration       `yaml:"timeout" doc:"How long one request may take."`
	Rate              float64             `yaml:"rate" doc:"Requests a second at most."`
	MaxLines          int                 `yaml:"max_lines" doc:"Lines of one search at most; the server's own limit must be above it."`
	Selector          string              `yaml:"selector" doc:"LogQL that finds a service's lines; $service stands for the service's name inside quotes."`
	GrafanaURL        string              `yaml:"grafana_url" doc:"Address of Grafana, to link searches to its Explore page."`
	GrafanaDatasource string              `yaml:"grafana_datasource" doc:"UID of this server's data source in Grafana."`
}

// Validate says what is wrong with the configuration.
func (c Config) Validate() error {
	if _, err := vendorhttp.Base("url", c.URL); err != nil {
		return err
	}
	if c.GrafanaURL != "" {
		if _, err := vendorhttp.Base("grafana_url", c.GrafanaURL); err != nil {
			return err
		}
	}
	if (c.GrafanaURL == "") != (c.GrafanaDatasource == "") {
		return fmt.Errorf("grafana_url and grafana_datasource need each other")
	}
	if !c.Token.IsZero() && c.Username != "" {
		return fmt.Errorf("give either token or username, not both")
	}
	if c.MaxLines < 1 {
		return fmt.Errorf("max_lines must be 1 or more")
	}
	if !integrations.InsideQuotes(c.Selector, "$service") {
		return fmt.Errorf(`selector: $service must stand inside quotes: {service_name="$service"}`)
	}
	return nil
}

// New makes the integration. It reaches no network.
func New(env integrations.Env, cfg Config) (ops.Offer, error) {
	base, err := vendorhttp.Base("url", cfg.URL)
	if err != nil {
		return ops.Offer{}, err
	}
	var grafana *url.URL
	if cfg.GrafanaURL != "" {
		if grafana, err = vendorhttp.Base("grafana_url", cfg.GrafanaURL); err != nil {
			return ops.Offer{}, err
		}
	}
	header := http.Header{}
	if auth := vendorhttp.Bearer(cfg.Token.Reveal()) + vendorhttp.Basic(cfg.Username, cfg.Password.Reveal()); auth != "" {
		header.Set("Authorization", auth)
	}
	if cfg.Tenant != "" {
		header.Set("X-Scope-OrgID", cfg.Tenant)
	}
	c := &client{name: env.Name, cfg: cfg, base: base, grafana: grafana, http: vendorhttp.New(vendorhttp.Options{
		HTTP: env.HTTP, Header: header, Secrets: []string{cfg.Token.Reveal(), cfg.Password.Reveal()},
		Timeout: cfg.Timeout, Rate: cfg.Rate, Log: env.Log, Now: env.Now, Wait: env.Wait,
	})}
	return ops.Offer{Logs: c, Check: c}, nil
}

type client struct {
	name    string // in the configuration, the key of the catalog's Sources
	cfg     Config
	base    *url.URL
	grafana *url.URL // nil for none
	http    *http.Client
}

// SearchLogs finds the newest lines of a service that contain all the words, or what Raw says.
func (c *client) SearchLogs(ctx context.Context, q ops.LogQuery) (ops.LogResult, error) {
	const op = "loki.SearchLogs"
	if q.Window.Length() <= 0 {
		return ops.LogResult{}, &ops.Error{Op: op, Kind: ops.Invalid, Msg: "the window ends before it begins"}
	}
	expr, err := c.translate(q)
	if err != nil {
		return ops.LogResult{}, err
	}
	limit := c.limit(q)
	address := c.base.JoinPath("loki/api/v1/query_range").String() + "?" + url.Values{
		"query": {expr}, "start": {nanoseconds(q.Window.From)}, "end": {nanoseconds(q.Window.To)},
		"direction": {"backward"}, "limit": {strconv.Itoa(limit + 1)}, // one more tells that there are more
	}.Encode()
	result := ops.LogResult{Query: expr, Link: c.link(expr, address, q.Window)}
	var out answer
	if err := vendorhttp.GetJSON(ctx, c.http, op, address, &out); err != nil {
		return result, err
	}
	if out.Status == "success" && (out.Data.ResultType == "matrix" || out.Data.ResultType == "vector") {
		return result, &ops.Error{Op: op, Kind: ops.Invalid, Msg: "that query counts lines instead of finding them: ask for {…} with filters only"}
	}
	if out.Status != "success" || out.Data.ResultType != "streams" {
		return result, vendorhttp.NotJSON(op, fmt.Errorf("status %q, result type %q", out.Status, out.Data.ResultType))
	}
	lines, err := toLines(out.Data.Result)
	if err != nil {
		return result, vendorhttp.NotJSON(op, err)
	}
	result.Truncated = len(lines) > limit
	result.Lines = lines[:min(len(lines), limit)]
	return result, nil
}

// Check asks for the labels of the last hour, which takes the same rights as a search.
func (c *client) Check(ctx context.Context) []ops.Finding {
	var out struct {
		Status string `json:"status"`
	}
	err := vendorhttp.GetJSON(ctx, c.http, "loki.Check", c.base.JoinPath("loki/api/v1/labels").String()+"?since=1h", &out)
	return []ops.Finding{vendorhttp.Finding("GET /loki/api/v1/labels", err)}
}

// translate turns the question into LogQL. Each word becomes one quoted filter, so no word can end the query.
func (c *client) translate(q ops.LogQuery) (string, error) {
	if q.Raw != "" {
		return q.Raw, nil
	}
	source := q.Service.Source(c.name)
	service, expr := q.Service.Name, c.cfg.Selector
	if own := source["service"]; own != "" {
		service = own
	}
	if own := source["selector"]; own != "" {
		expr = own
	}
	if service == "" {
		return "", &ops.Error{Op: "loki.SearchLogs", Kind: ops.Invalid, Msg: "say which service"}
	}
	if !integrations.InsideQuotes(expr, "$service") {
		return "", &ops.Error{
			Op: "loki.SearchLogs", Kind: ops.Invalid,
			Msg: fmt.Sprintf("sources.%s.selector of %s in the catalog: $service must stand inside quotes", c.name, q.Service.Name),
		}
	}
	return filtered(integrations.FillService(expr, service), q.Words), nil
}

func filtered(selector string, words []string) string {
	for _, w := range words {
		if w != "" {
			selector += " |= " + strconv.Quote(w)
		}
	}
	return selector
}

func (c *client) limit(q ops.LogQuery) int {
	if q.Limit <= 0 {
		return c.cfg.MaxLines
	}
	return min(q.Limit, c.cfg.MaxLines)
}

// link opens the search in Grafana, and without one gives the address that was asked.
func (c *client) link(expr, address string, w ops.Window) string {
	if c.grafana == nil {
		return address
	}
	source := map[string]string{"type": "loki", "uid": c.cfg.GrafanaDatasource}
	panes, _ := json.Marshal(map[string]any{"sitrep": map[string]any{ // maps of strings always encode
		"datasource": c.cfg.GrafanaDatasource,
		"queries":    []any{map[string]any{"refId": "A", "expr": expr, "datasource": source}},
		"range":      map[string]string{"from": milliseconds(w.From), "to": milliseconds(w.To)},
	}})
	return c.grafana.JoinPath("explore").String() + "?" + url.Values{"schemaVersion": {"1"}, "panes": {string(panes)}}.Encode()
}

func nanoseconds(t time.Time) string { return strconv.FormatInt(t.UnixNano(), 10) }

func milliseconds(t time.Time) string { return strconv.FormatInt(t.UnixMilli(), 10) }
