package prometheus

import (
	"context"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"sitrep/bot/ops"
	"sitrep/integrations"
	"sitrep/integrations/integrationtest"
)

var update = flag.Bool("update", false, "rewrite the goldens")

const (
	config     = "url: {{url}}\ntoken: {{secret}}\n"
	queryRange = "GET /api/v1/query_range"
	buildInfo  = "GET /api/v1/status/buildinfo"
)

var (
	window   = ops.Window{From: integrationtest.Now.Add(-30 * time.Minute), To: integrationtest.Now}
	checkout = ops.Service{Name: "checkout"}
	cart     = ops.Service{Name: "cart", Sources: map[string]map[string]string{"prometheus": {
		"service": `ca"rt`, "latency": `max(cart_latency_seconds{pod=~"$service-.*"})`,
	}}}
	pay = ops.Service{Name: "pay", Sources: map[string]map[string]string{"prometheus": {
		"selector": `namespace="money",app="$service"`,
	}}}
)

func TestSuite(t *testing.T) {
	ask := func(q ops.MetricQuery) func(context.Context, ops.Offer) (any, error) {
		return func(ctx context.Context, o ops.Offer) (any, error) { return o.Metrics.QueryMetrics(ctx, q) }
	}
	integrationtest.Run(t, integrationtest.Vendor{
		Spec: Spec, Contract: "prometheus", Config: "url: {{url}}\nusername: ana\npassword: {{secret}}\n",
		Script: func(s *integrationtest.Server) {
			s.ReplyFile(queryRange, "testdata/range.json")
			s.Reply(buildInfo, 200, `{"status":"success","data":{"version":"3.5.0","revision":"","branch":"","buildUser":"","buildDate":"","goVersion":""}}`)
		},
		Calls: []integrationtest.Call{
			{Name: "QueryMetrics", Do: ask(ops.MetricQuery{Service: checkout, Signal: ops.Traffic, Window: window})},
		},
	})
}

func TestTranslation(t *testing.T) {
	questions := []struct {
		name string
		q    ops.MetricQuery
	}{
		{"latency by default", ops.MetricQuery{Service: checkout, Signal: ops.Latency}},
		{"traffic by default", ops.MetricQuery{Service: checkout, Signal: ops.Traffic}},
		{"errors by default", ops.MetricQuery{Service: checkout, Signal: ops.Errors}},
		{"saturation by default", ops.MetricQuery{Service: checkout, Signal: ops.Saturation}},
		{"the catalog's own query, a quote in the name", ops.MetricQuery{Service: cart, Signal: ops.Latency}},
		{"the catalog's own selector", ops.MetricQuery{Service: pay, Signal: ops.Traffic}},
		{"raw", ops.MetricQuery{Raw: `up{job="$service"}`}},
		{"step as asked", ops.MetricQuery{Raw: "up", Step: time.Minute}},
		{"step too fine for the window", ops.MetricQuery{Raw: "up", Step: time.Second, Window: ops.Window{From: window.From.Add(-48 * time.Hour), To: window.To}}},
		{"a day", ops.MetricQuery{Service: checkout, Signal: ops.Traffic, Window: ops.Window{From: window.To.Add(-24 * time.Hour), To: window.To}}},
		{"no whole seconds", ops.MetricQuery{Raw: "up", Window: ops.Window{From: window.From.Add(250 * time.Millisecond), To: window.To}}},
	}
	var got strings.Builder
	for _, x := range questions {
		s := integrationtest.NewServer(t, "prometheus")
		s.ReplyFile(queryRange, "testdata/range.json")
		if x.q.Window.Length() == 0 {
			x.q.Window = window
		}
		r, err := s.Open(Spec, config+"public_url: https://prom.example.com\n", ops.Catalog{}).Metrics.QueryMetrics(t.Context(), x.q)
		if err != nil {
			t.Fatalf("%s: %v", x.name, err)
		}
		fmt.Fprintf(&got, "# %s\n%s\nquery: %s\nlink: %s\n\n", x.name, s.Requests()[0].Said(), r.Query, r.Link)
	}
	golden(t, "testdata/translation.golden", got.String())
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got); go test -update rewrites it\n%s", file, diff)
	}
}

func TestSeriesAreReadAndNamedByWhatTellsThemApart(t *testing.T) {
	s := integrationtest.NewServer(t, "prometheus")
	s.ReplyFile(queryRange, "testdata/range.json")
	r, err := s.Open(Spec, config, ops.Catalog{}).Metrics.QueryMetrics(t.Context(), ops.MetricQuery{Raw: "x", Window: window})
	if err != nil {
		t.Fatal(err)
	}
	at := func(minutes int) time.Time { return window.From.Add(time.Duration(minutes) * time.Minute) }
	want := []ops.Series{
		{Name: "code=200 pod=a", Points: []ops.Point{{At: at(10), Value: 0.25}, {At: at(13), Value: 0.001}}},
		{Name: "code=500 pod=b", Points: []ops.Point{{At: at(15), Value: 3}}},
	}
	if diff := cmp.Diff(want, r.Series); diff != "" {
		t.Errorf("NaN, infinite and later points are gaps, a series of gaps is none (-want +got)\n%s", diff)
	}
}

func matrix(result string) string {
	return `{"status":"success","data":{"resultType":"matrix","result":[` + result + `]}}`
}

func TestNamesAndUnits(t *testing.T) {
	for _, c := range []struct {
		name, result string
		q            ops.MetricQuery
		want         []string
	}{
		{"one series of a signal", `{"metric":{"job":"shop"},"values":[[1773488400,"1"]]}`, ops.MetricQuery{Service: checkout, Signal: ops.Latency}, []string{"latency in s"}},
		{"one series of a raw query", `{"metric":{"__name__":"up","job":"shop"},"values":[[1773488400,"1"]]}`, ops.MetricQuery{Raw: "up"}, []string{"up job=shop in "}},
		{"no labels, raw", `{"metric":{},"values":[[1773488400,"1"]]}`, ops.MetricQuery{Raw: "sum(up)"}, []string{"sum(up) in "}},
		{"labels that some lack", `{"metric":{"a":"1"},"values":[[1773488400,"1"]]},{"metric":{"b":"2"},"values":[[1773488400,"1"]]}`, ops.MetricQuery{Raw: "x"}, []string{"a=1 in ", "b=2 in "}},
		{"nothing, raw", ``, ops.MetricQuery{Raw: "x"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := integrationtest.NewServer(t, "prometheus")
			s.Reply(queryRange, 200, matrix(c.result))
			c.q.Window = window
			r, err := s.Open(Spec, config, ops.Catalog{}).Metrics.QueryMetrics(t.Context(), c.q)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, s := range r.Series {
				got = append(got, s.Name+" in "+s.Unit)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestQueriesThatCannotBeAnswered(t *testing.T) {
	one := `{"metric":{"a":"%d"},"values":[[1773488400,"1"]]}`
	many := make([]string, 21)
	for i := range many {
		many[i] = fmt.Sprintf(one, i)
	}
	for _, c := range []struct {
		name, config, reply string
		q                   ops.MetricQuery
		kind                ops.Kind
		msg                 string
	}{
		{
			"no data", "", matrix(""),
			ops.MetricQuery{Service: checkout, Signal: ops.Latency, Window: window},
			ops.NotFound,
			"no latency of checkout in this window: see sources.prometheus of the service in the catalog",
		},
		{
			"no such query", "queries: {saturation: ''}\n", "",
			ops.MetricQuery{Service: checkout, Signal: ops.Saturation, Window: window},
			ops.NotFound,
			"no query for the saturation of checkout: add one to sources.prometheus of the service in the catalog",
		},
		{"no service", "", "", ops.MetricQuery{Signal: ops.Latency, Window: window}, ops.Invalid, "say which service"},
		{"backward window", "", "", ops.MetricQuery{Raw: "up", Window: ops.Window{From: window.To, To: window.From}}, ops.Invalid, "the window ends before it begins"},
		{
			"too many series", "", matrix(strings.Join(many, ",")),
			ops.MetricQuery{Raw: "up", Window: window},
			ops.Invalid,
			"the query gives 21 series, more than 20: aggregate it, for example with topk(5, …)",
		},
		{"the catalog's query without quotes", "", "", ops.MetricQuery{Signal: ops.Latency, Window: window, Service: ops.Service{Name: "x", Sources: map[string]map[string]string{
			"prometheus": {"latency": "$service"},
		}}}, ops.Invalid, "sources.prometheus of x in the catalog: $service must stand inside quotes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := integrationtest.NewServer(t, "prometheus")
			if c.reply != "" {
				s.Reply(queryRange, 200, c.reply)
			}
			_, err := s.Open(Spec, config+c.config, ops.Catalog{}).Metrics.QueryMetrics(t.Context(), c.q)
			if ops.KindOf(err) != c.kind || ops.Tell(err) != c.msg {
				t.Errorf("got  %v: %q\nwant %v: %q", ops.KindOf(err), ops.Tell(err), c.kind, c.msg)
			}
		})
	}
}

func TestWhatPrometheusSaysIsPassedOn(t *testing.T) {
	s := integrationtest.NewServer(t, "prometheus")
	s.Reply(queryRange, 400, `{"status":"error","errorType":"bad_data","error":"1:3: parse error: unexpected end of input"}`)
	_, err := s.Open(Spec, config, ops.Catalog{}).Metrics.QueryMetrics(t.Context(), ops.MetricQuery{Raw: "up{", Window: window})
	if want := "it refused the request: 1:3: parse error: unexpected end of input"; ops.Tell(err) != want {
		t.Errorf("got %q, want %q", ops.Tell(err), want)
	}
}

func TestRefusedConfigurations(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"no address":        {"timeout: 1s", "url is required"},
		"not an address":    {"url: prometheus:9090", "url must be an address"},
		"password in it":    {"url: http://a:hunter2@p", "url must not hold a user or password"},
		"bad public one":    {"url: http://p\npublic_url: p", "public_url must be an address"},
		"two ways in":       {"url: http://p\ntoken: a\nusername: b", "either token or username"},
		"step of nothing":   {"url: http://p\nscrape_interval: 0s", "scrape_interval must be"},
		"unquoted selector": {"url: http://p\nselector: job=$service", "selector: $service must stand inside quotes"},
		"unquoted query":    {"url: http://p\nqueries: {errors: 'x{a=$service}'}", "queries.errors: $service must stand inside quotes"},
		"unknown signal":    {"url: http://p\nqueries: {latence: x}", `did you mean "latency"?`},
	} {
		t.Run(name, func(t *testing.T) {
			var node yaml.Node
			if err := yaml.Unmarshal([]byte(c.text), &node); err != nil {
				t.Fatal(err)
			}
			_, err := Spec.Open(integrations.Env{Name: "p"}, node.Content[0])
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("got %v, want an error with %q", err, c.want)
			}
		})
	}
}

func FuzzTranslate(f *testing.F) {
	for _, seed := range []string{"checkout", `a"b`, `a\`, "a\nb", `"} or vector(1) #`, "$service", "$selector", "$interval"} {
		f.Add(seed)
	}
	c := &client{name: "p", cfg: Config{Selector: `a="$service"`, Queries: Queries{Traffic: "x{$selector}[$interval]"}}}
	f.Fuzz(func(t *testing.T, name string) {
		got, err := c.translate(ops.MetricQuery{Service: ops.Service{Name: name}, Signal: ops.Traffic}, time.Minute)
		if name == "" {
			return
		}
		if err != nil || strings.Count(got, `"`) != 2 || !strings.HasPrefix(got, `x{a="`) || !strings.HasSuffix(got, `"}[60s]`) {
			t.Errorf("%q gives %s, %v", name, got, err)
		}
	})
}
