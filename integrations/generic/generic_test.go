package generic_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"sitrep/bot/ops"
	"sitrep/integrations"
	"sitrep/integrations/generic"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
)

var received = time.Date(2026, 11, 23, 15, 0, 0, 0, time.UTC)

const plain = `{"title": "disk\n full", "status": "ALERTING", "severity": "P2", "starts_at": "2026-11-23T14:00:00Z",
	"labels": {"service": "billing", "shard": 3, "canary": false, "nested": {"no": 1}}, "url": "https://mon.test/1"}`

const listMapping = `
auth: none
alerts: data.problems[*]
fields: {title: name, status: state, severity: prio, starts_at: began, description: '$.meta["the.text"]'}
labels: {service: "tags[0]", region: $.meta.region}
defaults: {region: eu, team: shop, severity: low}
status_values: {gone: cleared}
severity_values: {p1: sev1}
fingerprint: [id, $.meta.region]
delivery_id: $.meta.seq
`

const list = `{"meta": {"seq": 77, "the.text": "see wiki"}, "data": {"problems": [
	{"id": 1, "name": "queue full", "state": "Gone", "prio": "P1", "began": 1795442400, "tags": ["queue", "x"]},
	{"id": 2, "name": "slow", "state": "open", "began": 1795442400250, "tags": []}]}}`

func open(t testing.TB, config string) (ops.AlertSource, error) {
	t.Helper()
	var node yaml.Node
	if err := yaml.Unmarshal([]byte(config), &node); err != nil {
		t.Fatal(err)
	}
	offer, err := generic.Spec.Open(integrations.Env{Name: "hook"}, node.Content[0])
	return offer.Alerts, err
}

func parse(t testing.TB, config, body string, header ...string) (ops.Delivery, error) {
	t.Helper()
	src, err := open(t, config)
	if err != nil {
		t.Fatal(err)
	}
	w := ops.Webhook{Header: http.Header{}, Body: []byte(body), ReceivedAt: received}
	for i := 0; i < len(header); i += 2 {
		w.Header.Set(header[i], header[i+1])
	}
	return src.ParseAlerts(w)
}

func mustParse(t testing.TB, config, body string, header ...string) ops.Delivery {
	t.Helper()
	d, err := parse(t, config, body, header...)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestPlainBodyNeedsNoMapping(t *testing.T) {
	d := mustParse(t, "auth: none", plain)
	want := []ops.Alert{{
		Source: "hook", Fingerprint: d.Alerts[0].Fingerprint, Status: ops.Firing, Title: "disk full", Severity: "P2",
		Labels:   map[string]string{"service": "billing", "shard": "3", "canary": "false"},
		StartsAt: time.Date(2026, 11, 23, 14, 0, 0, 0, time.UTC), URL: "https://mon.test/1",
	}}
	if diff := cmp.Diff(want, d.Alerts); diff != "" {
		t.Errorf("alerts (-want +got):\n%s", diff)
	}
}

func TestMapping(t *testing.T) {
	d := mustParse(t, listMapping, list)
	began := time.Unix(1795442400, 0).UTC()
	want := ops.Delivery{ID: "77", Alerts: []ops.Alert{{
		Source: "hook", Fingerprint: d.Alerts[0].Fingerprint, Status: ops.Cleared, Title: "queue full", Description: "see wiki", Severity: "sev1",
		Labels:   map[string]string{"service": "queue", "region": "eu", "team": "shop"},
		StartsAt: began, EndsAt: received,
	}, {
		Source: "hook", Fingerprint: d.Alerts[1].Fingerprint, Status: ops.Firing, Title: "slow", Description: "see wiki", Severity: "low",
		Labels:   map[string]string{"region": "eu", "team": "shop"},
		StartsAt: began.Add(250 * time.Millisecond),
	}}}
	if diff := cmp.Diff(want, d); diff != "" {
		t.Errorf("delivery (-want +got):\n%s", diff)
	}
	if d.Alerts[0].Fingerprint == d.Alerts[1].Fingerprint {
		t.Error("two alerts have one fingerprint")
	}
}

func TestFingerprintStaysWhileTheAlertChanges(t *testing.T) {
	before := mustParse(t, "auth: none", plain)
	after := mustParse(t, "auth: none", strings.NewReplacer("ALERTING", "resolved", "P2", "P1", "14:00", "14:30").Replace(plain))
	other := mustParse(t, "auth: none", strings.Replace(plain, "billing", "search", 1))
	if before.Alerts[0].Fingerprint != after.Alerts[0].Fingerprint {
		t.Error("the same alert has another fingerprint once it is resolved")
	}
	if before.Alerts[0].Fingerprint == other.Alerts[0].Fingerprint {
		t.Error("another service's alert has the same fingerprint")
	}
	if before.ID == after.ID {
		t.Error("another state is told as the same delivery")
	}
	if again := mustParse(t, "auth: none", plain); again.ID != before.ID {
		t.Error("a repeated delivery has another id")
	}
	if given := mustParse(t, "auth: none", `{"title":"x","fingerprint":"f1"}`); given.Alerts[0].Fingerprint != "f1" {
		t.Errorf("the sender's fingerprint became %q", given.Alerts[0].Fingerprint)
	}
}

func TestCloudEvents(t *testing.T) {
	const mapping = "auth: none\nfields: {title: message}\nlabels: {kind: $.type, service: $.data.service}"
	const data = `{"message": "pay is down", "service": "pay"}`
	structured := mustParse(t, mapping,
		`{"specversion":"1.0","id":"e1","source":"/mon","type":"alert.raised","time":"2026-11-23T14:00:00Z","data":`+data+`}`,
		"Content-Type", "application/cloudevents+json; charset=utf-8")
	encoded := mustParse(t, mapping,
		`{"specversion":"1.0","id":"e1","source":"/mon","type":"alert.raised","time":"2026-11-23T14:00:00Z","data_base64":"eyJtZXNzYWdlIjogInBheSBpcyBkb3duIiwgInNlcnZpY2UiOiAicGF5In0="}`,
		"Content-Type", "application/cloudevents+json")
	binary := mustParse(t, mapping, data, "Content-Type", "application/json", "ce-specversion", "1.0", "ce-id", "e1",
		"ce-source", "/mon", "ce-type", "alert.raised", "ce-time", "2026-11-23T14:00:00Z")
	want := ops.Delivery{ID: "/mon e1", Alerts: []ops.Alert{{
		Source: "hook", Fingerprint: structured.Alerts[0].Fingerprint, Status: ops.Firing, Title: "pay is down",
		Labels: map[string]string{"kind": "alert.raised", "service": "pay"}, StartsAt: time.Date(2026, 11, 23, 14, 0, 0, 0, time.UTC),
	}}}
	for mode, got := range map[string]ops.Delivery{"structured": structured, "base64": encoded, "binary": binary} {
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", mode, diff)
		}
	}
	untitled := mustParse(t, "auth: none", `{}`, "ce-specversion", "1.0", "ce-id", "e2", "ce-source", "/mon", "ce-type", "disk.full", "ce-subject", "db-3")
	if got := untitled.Alerts[0].Title; got != "disk.full db-3" {
		t.Errorf("an event without a title is called %q", got)
	}
}

func TestRefusals(t *testing.T) {
	ce := []string{"Content-Type", "application/cloudevents+json"}
	for _, tc := range []struct {
		name, config, body, msg string
		header                  []string
	}{
		{"empty", "auth: none", "", "not JSON", nil},
		{"not JSON", "auth: none", "help!", "not JSON", nil},
		{"two values", "auth: none", "{} {}", "more after the first", nil},
		{"no title", "auth: none", `{"severity":"P1"}`, `no title at "title"`, nil},
		{"a number", "auth: none", `7`, "no title", nil},
		{"null", "auth: none", `null`, "nothing at", nil},
		{"unknown status", "auth: none", `{"title":"x","status":"asleep"}`, "map it in status_values", nil},
		{"start is no time", "auth: none", `{"title":"x","starts_at":"noon"}`, "starts_at", nil},
		{"start is infinite", "auth: none", `{"title":"x","starts_at":"Inf"}`, "is no time", nil},
		{"start is before time", "auth: none", `{"title":"x","starts_at":-5}`, "is no time", nil},
		{"end is no time", "auth: none", `{"title":"x","status":"ok","ends_at":{}}`, "ends_at", nil},
		{"no alerts there", listMapping, `{"data":{}}`, `"data.problems[*]"`, nil},
		{"no delivery id", listMapping, strings.Replace(list, `"seq"`, `"sec"`, 1), `"$.meta.seq"`, nil},
		{"second has no name", listMapping, strings.Replace(list, `"slow"`, `""`, 1), "alert 2 of 2", nil},
		{"nothing tells which alert", "auth: none\nfingerprint: [host]", `{"title":"x"}`, "which alert it is", nil},
		{"batch of events", "auth: none", `[]`, "batches", []string{"Content-Type", "application/cloudevents-batch+json"}},
		{"event is a list", "auth: none", `[]`, "no JSON object", ce},
		{"event without id", "auth: none", `{"specversion":"1.0","source":"/m","type":"t","data":{"title":"x"}}`, "lacks its id", ce},
		{"event of another version", "auth: none", `{"specversion":"0.3","id":"1","source":"/m","type":"t"}`, `"0.3"`, ce},
		{"event without data", "auth: none\nalerts: items[*]", `{"specversion":"1.0","id":"1","source":"/m","type":"t"}`, "nothing at", ce},
		{"event, base64 broken", "auth: none", `{"specversion":"1.0","id":"1","source":"/m","type":"t","data_base64":"!"}`, "not base64", ce},
		{"event, base64 of no JSON", "auth: none", `{"specversion":"1.0","id":"1","source":"/m","type":"t","data_base64":"aGk="}`, "hold JSON", ce},
	} {
		_, err := parse(t, tc.config, tc.body, tc.header...)
		if ops.KindOf(err) != ops.Invalid || !strings.Contains(ops.Tell(err), tc.msg) {
			t.Errorf("%s: got %v, want an invalid request and %q", tc.name, err, tc.msg)
		}
	}
}

func TestConfigurationRefusals(t *testing.T) {
	for config, msg := range map[string]string{
		"labels_from: x":                                "auth: none",
		"auth: none\nalerts: a[":                        "bracket is not closed",
		"auth: none\nalerts: a[-1]":                     "must be a number",
		"auth: none\nalerts: a..b":                      "name is missing",
		"auth: none\nfields: {title: 'a[\"b]'}":         "quoted name is not closed",
		"auth: none\nlabels: {service: $x}":             "labels.service",
		"auth: none\nfingerprint: ['']":                 "fingerprint[0]",
		"auth: none\nstatus_values: {bad: broken}":      "status_values.bad",
		"auth: none\ndefaults: {status: broken}":        "defaults.status",
		"auth: none\nfields: {tittle: x}":               `did you mean "title"?`,
		"token: a\nhmac_secret: b\nfields: {title: t}":  "exactly one",
		"auth: none\ndelivery_id: 'a[x]'\nalerts: 'b['": "delivery_id",
	} {
		if _, err := open(t, config); err == nil || !strings.Contains(err.Error(), msg) {
			t.Errorf("%q: got %v, want %q", config, err, msg)
		}
	}
}

func TestTwoSourcesDoNotShareTheirMapping(t *testing.T) {
	if _, err := open(t, "auth: none\nstatus_values: {weird: cleared}\ndefaults: {title: first}"); err != nil {
		t.Fatal(err)
	}
	if _, err := parse(t, "auth: none", `{"status":"weird"}`); err == nil {
		t.Error("the second source knows what was configured for the first")
	}
}

func TestAuthenticationIsAskedFor(t *testing.T) {
	src, err := open(t, "token: t0ken")
	if err != nil {
		t.Fatal(err)
	}
	if err := src.Verify(ops.Webhook{Header: http.Header{}}); ops.KindOf(err) != ops.Denied {
		t.Errorf("without a token: %v", err)
	}
	if err := src.Verify(ops.Webhook{Header: http.Header{"Authorization": {"Bearer t0ken"}}}); err != nil {
		t.Errorf("with the token: %v", err)
	}
}

func FuzzParseAlerts(f *testing.F) {
	f.Add([]byte(plain), "application/json", "")
	f.Add([]byte(list), "application/json", "")
	f.Add([]byte(`{"specversion":"1.0","id":"e","source":"s","type":"t","data":{"title":"x"}}`), "application/cloudevents+json", "")
	f.Add([]byte(`{"specversion":"1.0","id":"e","source":"s","type":"t","data_base64":"e30="}`), "application/cloudevents+json", "")
	f.Add([]byte(`{"title":"x","starts_at":1e400}`), "text/plain", "1.0")
	src, err := open(f, "auth: none\nlabels: {a: 'x[*].y', b: $.type}\nstatus_values: {gone: cleared}")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte, contentType, specversion string) {
		h := http.Header{"Content-Type": {contentType}, "Ce-Specversion": {specversion}, "Ce-Id": {"1"}, "Ce-Source": {"s"}, "Ce-Type": {"t"}}
		d, err := src.ParseAlerts(ops.Webhook{Header: h, Body: data, ReceivedAt: received})
		if err != nil {
			if ops.KindOf(err) != ops.Invalid || ops.Tell(err) == "" {
				t.Errorf("the error has no name: %v", err)
			}
			return
		}
		if d.ID == "" || len(d.Alerts) == 0 {
			t.Errorf("an empty delivery: %+v", d)
		}
		for _, a := range d.Alerts {
			if a.Fingerprint == "" || a.Title == "" || strings.ContainsAny(a.Title, "\r\n") || a.StartsAt.IsZero() || a.Status == "" {
				t.Errorf("the alert lacks something: %+v", a)
			}
		}
	})
}

func FuzzPath(f *testing.F) {
	for _, p := range []string{"a.b", "$.a[*].b[0]", `a["b.c"]`, "$", "", "[", "a[", "[*][*]"} {
		f.Add(p)
	}
	f.Fuzz(func(t *testing.T, p string) {
		config, err := yaml.Marshal(map[string]any{"auth": "none", "labels": map[string]string{"x": p}})
		if err != nil {
			t.Skip()
		}
		var node yaml.Node
		if yaml.Unmarshal(config, &node) != nil {
			t.Skip()
		}
		offer, err := generic.Spec.Open(integrations.Env{Name: "hook"}, node.Content[0])
		if err != nil {
			return
		}
		if _, err := offer.Alerts.ParseAlerts(ops.Webhook{Body: []byte(plain)}); err != nil {
			t.Errorf("path %q spoils a good body: %v", p, err)
		}
	})
}
