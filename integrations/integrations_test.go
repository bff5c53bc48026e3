package integrations

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.yaml.in/yaml/v3"

	"sitrep/bot/ops"
)

type config struct {
	URL     string            `yaml:"url" doc:"Where it is." required:"true"`
	Token   Secret            `yaml:"token" doc:"How to get in."`
	Timeout time.Duration     `yaml:"timeout" doc:"How long to wait."`
	Queries queries           `yaml:"queries" doc:"What to ask."`
	Rules   []rule            `yaml:"rules" doc:"What to do."`
	Labels  map[string]string `yaml:"labels" doc:"What to add."`
}

type queries struct {
	Latency string `yaml:"latency" doc:"How slow."`
}

type rule struct {
	Path string `yaml:"path" doc:"Which."`
}

func (c config) Validate() error {
	if c.Timeout < 0 {
		return errors.New("timeout must not be negative")
	}
	return nil
}

func define(got *config) Spec {
	return Define(Spec{Kind: "kitchen", Sources: []Key{{Name: "selector", Doc: "Which pods."}}},
		config{Timeout: 10 * time.Second, Queries: queries{Latency: "p99"}, Labels: map[string]string{"a": "b"}},
		func(_ Env, c config) (ops.Offer, error) { *got = c; return ops.Offer{}, nil })
}

func node(t *testing.T, text string) *yaml.Node {
	t.Helper()
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(text), &doc); err != nil {
		t.Fatal(err)
	}
	if len(doc.Content) == 0 {
		return nil
	}
	return doc.Content[0]
}

func TestOpenOverlaysTheDefaults(t *testing.T) {
	var got config
	text := "kind: kitchen\nurl: http://k\ntoken: t0p\nqueries: {latency: p50}\nrules:\n- path: /a\n"
	if _, err := define(&got).Open(Env{}, node(t, text)); err != nil {
		t.Fatal(err)
	}
	want := config{
		URL: "http://k", Token: NewSecret("t0p"), Timeout: 10 * time.Second, Queries: queries{"p50"},
		Rules: []rule{{"/a"}}, Labels: map[string]string{"a": "b"},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(Secret{})); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestOpenFollowsAnchorsAndMerges(t *testing.T) {
	doc := node(t, "a: &a {kind: kitchen, url: http://k}\nb: *a\nc: {<<: *a, timeout: 1s}\n")
	for _, i := range []int{3, 5} {
		var got config
		if _, err := define(&got).Open(Env{}, doc.Content[i]); err != nil || got.URL != "http://k" {
			t.Errorf("%s: got %q, %v", doc.Content[i-1].Value, got.URL, err)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"unknown key":             {"url: http://k\ntimout: 1s\n", `line 2: unknown key "timout"; did you mean "timeout"?`},
		"unknown key, in depth":   {"url: http://k\nqueries:\n  latancy: x\n", `line 3: unknown key "latancy"; did you mean "latency"?`},
		"unknown key, in a list":  {"url: http://k\nrules:\n- pth: x\n", `line 3: unknown key "pth"; did you mean "path"?`},
		"nothing near":            {"url: http://k\nzzzzzzzz: 1\n", `line 2: unknown key "zzzzzzzz"; known are url, token, timeout, queries, rules, labels`},
		"missing":                 {"timeout: 1s\n", "url is required: Where it is."},
		"empty":                   {"url: ''\n", "url is required: Where it is."},
		"nothing at all":          {"", "url is required: Where it is."},
		"its own rule":            {"url: http://k\ntimeout: -1s\n", "timeout must not be negative"},
		"secret under wrong key":  {"url: http://k\ntimeout: hunter2\n", "line 2: cannot unmarshal !!str into time.Duration"},
		"secret that is a list":   {"url: http://k\ntoken: [hunter2]\n", "line 2: a secret must be one value"},
		"a scalar, not a mapping": {"hunter2", "line 1: cannot unmarshal !!str into integrations.config"},
	} {
		t.Run(name, func(t *testing.T) {
			var got config
			_, err := define(&got).Open(Env{}, node(t, c.text))
			if err == nil || err.Error() != c.want {
				t.Errorf("got  %v\nwant %s", err, c.want)
			}
			if err != nil && strings.Contains(err.Error(), "hunter2") {
				t.Error("the error repeats what was configured")
			}
		})
	}
}

func TestOpenRefusesWhatTheCatalogSaysAndNobodyReads(t *testing.T) {
	catalog := ops.Catalog{Services: []ops.Service{
		{Name: "cart", Sources: map[string]map[string]string{"k": {"selector": "x"}, "other": {"whatever": "x"}}},
		{Name: "checkout", Sources: map[string]map[string]string{"k": {"selectr": "x"}}},
	}}
	var got config
	_, err := define(&got).Open(Env{Name: "k", Catalog: catalog}, node(t, "url: http://k"))
	want := `service checkout: sources.k: unknown key "selectr"; did you mean "selector"?`
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

func TestKeysDocumentTheConfiguration(t *testing.T) {
	want := []Key{
		{Name: "url", Type: "string", Doc: "Where it is.", Required: true},
		{Name: "token", Type: "secret", Doc: "How to get in."},
		{Name: "timeout", Type: "duration", Default: "10s", Doc: "How long to wait."},
		{Name: "queries", Type: "section", Doc: "What to ask."},
		{Name: "queries.latency", Type: "string", Default: "p99", Doc: "How slow."},
		{Name: "rules", Type: "list", Doc: "What to do."},
		{Name: "rules[].path", Type: "string", Doc: "Which."},
		{Name: "labels", Type: "map", Default: "{a: b}", Doc: "What to add."},
	}
	if diff := cmp.Diff(want, define(new(config)).Keys); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestASecretNeverPrints(t *testing.T) {
	s := NewSecret("hunter2")
	var out strings.Builder
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%T"} {
		fmt.Fprintf(&out, verb+" "+verb+" "+verb+" "+verb+"\n", s, &s, config{Token: s}, struct{ token Secret }{s})
	}
	asJSON, _ := json.Marshal(map[string]any{"s": s, "c": config{Token: s}})
	asYAML, _ := yaml.Marshal(config{Token: s})
	enc := zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig())
	asLog, _ := enc.EncodeEntry(zapcore.Entry{}, []zap.Field{zap.Any("a", s), zap.Any("b", config{Token: s}), zap.Stringer("c", s)})
	out.Write(asJSON)
	out.Write(asYAML)
	out.WriteString(asLog.String())
	for _, leak := range []string{"hunter2", fmt.Sprintf("%x", "hunter2")} {
		if strings.Contains(out.String(), leak) {
			t.Errorf("printed:\n%s", out.String())
		}
	}
	if s.Reveal() != "hunter2" {
		t.Error("Reveal must tell it")
	}
}
