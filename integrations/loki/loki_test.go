package loki

import (
	"context"
	"flag"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"testing"
	"text/scanner"
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
	queryRange = "GET /loki/api/v1/query_range"
	labels     = "GET /loki/api/v1/labels"
)

var (
	window   = ops.Window{From: integrationtest.Now.Add(-30 * time.Minute), To: integrationtest.Now}
	checkout = ops.Service{Name: "checkout"}
)

func known(source map[string]string) ops.Service {
	return ops.Service{Name: "cart", Sources: map[string]map[string]string{"loki": source}}
}

func search(t *testing.T, s *integrationtest.Server, q ops.LogQuery, more string) (ops.LogResult, error) {
	t.Helper()
	return s.Open(Spec, config+more, ops.Catalog{}).Logs.SearchLogs(t.Context(), q)
}

func TestSuite(t *testing.T) {
	q := ops.LogQuery{Service: checkout, Words: []string{"order"}, Window: window, Limit: 3}
	integrationtest.Run(t, integrationtest.Vendor{
		Spec: Spec, Contract: "loki", Config: config + "tenant: shop\n",
		Script: func(s *integrationtest.Server) {
			s.ReplyFile(queryRange, "testdata/streams.json")
			s.Reply(labels, 200, `{"status":"success","data":["service_name"]}`)
		},
		Calls: []integrationtest.Call{
			{Name: "SearchLogs", Limit: 3, Do: func(ctx context.Context, o ops.Offer) (any, error) { return o.Logs.SearchLogs(ctx, q) }},
		},
	})
}

func TestTranslation(t *testing.T) {
	grafana := "grafana_url: https://grafana.example.com/g\ngrafana_datasource: P8E80F9AEF21F6940\n"
	questions := []struct {
		name, config string
		q            ops.LogQuery
	}{
		{"all of a service", "", ops.LogQuery{Service: checkout}},
		{"words, one with quotes", "", ops.LogQuery{Service: checkout, Words: []string{"timed out", `"code":500`, "", `a\b`}}},
		{"the catalog's selector, with a parser", "", ops.LogQuery{Service: known(map[string]string{"selector": `{app="shop"} | json`}), Words: []string{"x"}}},
		{"the catalog's name, which would end the string", "", ops.LogQuery{Service: known(map[string]string{"service": `ca"rt"} |= "x`})}},
		{"the configuration's selector", "selector: '{namespace=\"shop\", pod=~`$service-.*`}'\n", ops.LogQuery{Service: checkout}},
		{"raw, and nothing is added to it", "", ops.LogQuery{Raw: `{app="x"} |~ "a|b"`, Service: checkout, Words: []string{"ignored"}}},
		{"more lines than may be", "max_lines: 500\n", ops.LogQuery{Service: checkout, Limit: 10000}},
		{"a link to Grafana", grafana, ops.LogQuery{Service: checkout, Words: []string{`"`}, Limit: 20}},
	}
	var got strings.Builder
	for _, x := range questions {
		s := integrationtest.NewServer(t, "loki")
		s.ReplyFile(queryRange, "testdata/streams.json")
		x.q.Window = window
		r, err := search(t, s, x.q, x.config)
		if err != nil {
			t.Fatalf("%s: %v", x.name, err)
		}
		link, _ := url.QueryUnescape(strings.ReplaceAll(r.Link, s.URL, "http://loki"))
		fmt.Fprintf(&got, "# %s\n%s\nquery: %s\nlink, decoded: %s\n\n", x.name, s.Requests()[0].Said(), r.Query, link)
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

func TestStreamsAreMergedNewestFirst(t *testing.T) {
	at := func(ns int64) time.Time { return time.Unix(0, ns).UTC() }
	all := []ops.LogLine{
		{At: at(1773489500000000003), Text: "order placed", Labels: map[string]string{"service_name": "checkout", "level": "info", "trace_id": "4bf92f35"}},
		{At: at(1773489500000000002), Text: "payment timed out after 5s", Labels: map[string]string{"service_name": "checkout", "level": "error"}},
		{At: at(1773489400000000000), Text: "order placed", Labels: map[string]string{"service_name": "checkout", "level": "info"}},
		{At: at(1773489000000000000), Text: "payment refused", Labels: map[string]string{"service_name": "checkout", "level": "error"}},
	}
	for limit, truncated := range map[int]bool{1: true, 3: true, 4: false, 0: false} {
		s := integrationtest.NewServer(t, "loki")
		s.ReplyFile(queryRange, "testdata/streams.json")
		r, err := search(t, s, ops.LogQuery{Service: checkout, Window: window, Limit: limit}, "")
		if err != nil {
			t.Fatal(err)
		}
		want := all
		if limit > 0 {
			want = all[:limit]
		}
		if diff := cmp.Diff(want, r.Lines); diff != "" || r.Truncated != truncated {
			t.Errorf("limit %d: truncated is %v, want %v (-want +got)\n%s", limit, r.Truncated, truncated, diff)
		}
	}
}

func TestTheTenantIsSent(t *testing.T) {
	s := integrationtest.NewServer(t, "loki")
	s.ReplyFile(queryRange, "testdata/streams.json")
	if _, err := search(t, s, ops.LogQuery{Service: checkout, Window: window}, "tenant: shop\n"); err != nil {
		t.Fatal(err)
	}
	h := s.Requests()[0].Header
	if h.Get("X-Scope-OrgID") != "shop" || h.Get("Authorization") != "Bearer "+integrationtest.Secret {
		t.Errorf("sent %v", h)
	}
}

func TestQueriesThatCannotBeAnswered(t *testing.T) {
	for _, c := range []struct {
		name, reply string
		q           ops.LogQuery
		kind        ops.Kind
		msg         string
	}{
		{"no service", "", ops.LogQuery{Words: []string{"x"}, Window: window}, ops.Invalid, "say which service"},
		{"backward window", "", ops.LogQuery{Raw: "{}", Window: ops.Window{From: window.To, To: window.From}}, ops.Invalid, "the window ends before it begins"},
		{
			"a count", `{"status":"success","data":{"resultType":"matrix","result":[]}}`,
			ops.LogQuery{Raw: `rate({a="b"}[1m])`, Window: window},
			ops.Invalid, "that query counts lines instead of finding them: ask for {…} with filters only",
		},
		{
			"the catalog's selector without quotes", "",
			ops.LogQuery{Service: known(map[string]string{"selector": "{a=$service}"}), Window: window},
			ops.Invalid, "sources.loki.selector of cart in the catalog: $service must stand inside quotes",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := integrationtest.NewServer(t, "loki")
			if c.reply != "" {
				s.Reply(queryRange, 200, c.reply)
			}
			_, err := search(t, s, c.q, "")
			if ops.KindOf(err) != c.kind || ops.Tell(err) != c.msg {
				t.Errorf("got  %v: %q\nwant %v: %q", ops.KindOf(err), ops.Tell(err), c.kind, c.msg)
			}
		})
	}
}

func TestEntriesThatCannotBeRead(t *testing.T) {
	for name, entry := range map[string]string{
		"no line": `["1773489500000000002"]`, "time in words": `["noon","x"]`, "time as a number": `[17,"x"]`,
		"line as an object": `["17",{}]`, "metadata of another shape": `["17","x",["y"]]`,
	} {
		s := integrationtest.NewServer(t, "")
		s.Reply(queryRange, 200, `{"status":"success","data":{"resultType":"streams","result":[{"stream":{},"values":[`+entry+`]}]}}`)
		if _, err := search(t, s, ops.LogQuery{Raw: "{}", Window: window}, ""); ops.KindOf(err) != ops.Unavailable {
			t.Errorf("%s: got %v, want Unavailable", name, err)
		}
	}
}

func TestWhatLokiSaysIsPassedOn(t *testing.T) {
	s := integrationtest.NewServer(t, "loki")
	s.Handle(queryRange, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprintln(w, "parse error at line 1, col 2: syntax error")
	})
	_, err := search(t, s, ops.LogQuery{Raw: "{", Window: window}, "")
	if want := "it refused the request: parse error at line 1, col 2: syntax error"; ops.Tell(err) != want {
		t.Errorf("got %q, want %q", ops.Tell(err), want)
	}
}

func TestRefusedConfigurations(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"no address":          {"tenant: x", "url is required"},
		"not an address":      {"url: loki:3100", "url must be an address"},
		"half of Grafana":     {"url: http://l\ngrafana_url: http://g", "need each other"},
		"Grafana, no address": {"url: http://l\ngrafana_url: g\ngrafana_datasource: x", "grafana_url must be an address"},
		"two ways in":         {"url: http://l\ntoken: a\nusername: b", "either token or username"},
		"no lines":            {"url: http://l\nmax_lines: 0", "max_lines must be 1 or more"},
		"unquoted selector":   {"url: http://l\nselector: '{a=$service}'", "selector: $service must stand inside quotes"},
	} {
		t.Run(name, func(t *testing.T) {
			var node yaml.Node
			if err := yaml.Unmarshal([]byte(c.text), &node); err != nil {
				t.Fatal(err)
			}
			_, err := Spec.Open(integrations.Env{Name: "l"}, node.Content[0])
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want an error with %q", err, c.want)
			}
		})
	}
}

// FuzzQuery reads the query back token by token: whatever was typed must come out as one string, and nothing more.
func FuzzQuery(f *testing.F) {
	for _, seed := range []string{"timeout", `"`, "`", `\`, `\"`, "a\nb", `x" or {app="other"} |= "`, "#", "$service", "ü", "\x00\xff"} {
		f.Add(seed, "checkout")
		f.Add("x", seed)
	}
	c := &client{name: "loki", cfg: Config{Selector: `{app="$service"}`}}
	f.Fuzz(func(t *testing.T, word, service string) {
		if word == "" || service == "" {
			return
		}
		got, err := c.translate(ops.LogQuery{Service: ops.Service{Name: service}, Words: []string{word}})
		if err != nil {
			t.Fatal(err)
		}
		var s scanner.Scanner
		s.Init(strings.NewReader(got))
		s.Mode = scanner.ScanIdents | scanner.ScanStrings | scanner.ScanRawStrings | scanner.ScanChars
		s.Error = func(_ *scanner.Scanner, msg string) { t.Errorf("%s: %s", got, msg) }
		var tokens []string
		for tok := s.Scan(); tok != scanner.EOF; tok = s.Scan() {
			text := s.TokenText()
			if tok == scanner.String {
				if text, err = strconv.Unquote(text); err != nil {
					t.Errorf("%s: %v", got, err)
				}
			}
			tokens = append(tokens, text)
		}
		want := []string{"{", "app", "=", strings.ToValidUTF8(service, "\uFFFD"), "}", "|", "=", word}
		if diff := cmp.Diff(want, tokens); diff != "" {
			t.Errorf("%s (-want +got)\n%s", got, diff)
		}
	})
}
