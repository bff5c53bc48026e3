package alertmanager_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sitrep/bot/ops"
	"sitrep/integrations"
	"sitrep/integrations/alertmanager"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
)

func open(t testing.TB, config string) ops.AlertSource {
	t.Helper()
	var node yaml.Node
	if err := yaml.Unmarshal([]byte(config), &node); err != nil {
		t.Fatal(err)
	}
	offer, err := alertmanager.Spec.Open(integrations.Env{Name: "am"}, node.Content[0])
	if err != nil {
		t.Fatal(err)
	}
	return offer.Alerts
}

func body(t testing.TB, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func parse(t testing.TB, text string) (ops.Delivery, error) {
	t.Helper()
	return open(t, "auth: none").ParseAlerts(ops.Webhook{Header: http.Header{}, Body: []byte(text)})
}

func TestGroupIsTakenApart(t *testing.T) {
	d, err := parse(t, body(t, "testdata/group.json"))
	if err != nil {
		t.Fatal(err)
	}
	want := []ops.Alert{{
		Source: "am", Fingerprint: "00d1f2a3b4c5d6e7", Status: ops.Firing,
		Title: "checkout is slow: p95 above 1 s", Description: "p95 has been above 1 s for 5 minutes.", Severity: "critical",
		Labels:   map[string]string{"alertname": "LatencyHigh", "service": "checkout", "severity": "critical"},
		StartsAt: time.Date(2026, 11, 23, 14, 3, 0, 250e6, time.UTC),
		URL:      "http://prometheus.test:9090/graph?g0.expr=x",
	}, {
		Source: "am", Fingerprint: "11d1f2a3b4c5d6e7", Status: ops.Cleared, Title: "QueueFull", Severity: "warning",
		Labels:   map[string]string{"alertname": "QueueFull", "service": "checkout", "severity": "warning"},
		StartsAt: time.Date(2026, 11, 23, 13, 0, 0, 0, time.UTC), EndsAt: time.Date(2026, 11, 23, 13, 20, 0, 0, time.UTC),
		URL: "http://alertmanager.test:9093",
	}}
	if diff := cmp.Diff(want, d.Alerts); diff != "" {
		t.Errorf("alerts (-want +got):\n%s", diff)
	}
}

func TestVendorsOwnPayload(t *testing.T) {
	contracts := os.Getenv("SITREP_CONTRACTS")
	if contracts == "" {
		t.Skip("SITREP_CONTRACTS is not set: the vendor's own payload was not checked")
	}
	d, err := parse(t, body(t, filepath.Join(contracts, "webhooks", "alertmanager-v4.json")))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, a := range d.Alerts {
		got = append(got, a.Fingerprint+" "+string(a.Status)+" "+a.Title+" "+a.Severity)
	}
	want := []string{
		"f404ecabc8dd5cd7 firing Instance localhost:8081 down critical",
		"f8f08d4e32c61a9d cleared Instance localhost:8082 down critical",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("alerts (-want +got):\n%s", diff)
	}
}

func TestDeliveryID(t *testing.T) {
	group := body(t, "testdata/group.json")
	id := func(text string) string {
		d, err := parse(t, text)
		if err != nil {
			t.Fatal(err)
		}
		return d.ID
	}
	first := id(group)
	if again := id(strings.Replace(group, "p95 above 1 s", "p95 above 2 s", 1)); again != first {
		t.Error("the same firing with another text is told as another delivery")
	}
	for name, change := range map[string][2]string{
		"fired again later": {"14:03:00.25Z", "15:03:00.25Z"},
		"resolved":          {`"status": "firing",` + "\n      \"labels\"", `"status": "resolved",` + "\n      \"labels\""},
		"another alert":     {"00d1f2a3b4c5d6e7", "22d1f2a3b4c5d6e7"},
	} {
		changed := strings.Replace(group, change[0], change[1], 1)
		if changed == group {
			t.Fatalf("%s: nothing was changed", name)
		}
		if id(changed) == first {
			t.Errorf("%s: the delivery's id is the same", name)
		}
	}
}

func TestMissingFingerprintIsMadeOfLabels(t *testing.T) {
	without := strings.Replace(body(t, "testdata/group.json"), "00d1f2a3b4c5d6e7", "", 1)
	later := strings.Replace(without, "14:03", "15:03", 1)
	a, errA := parse(t, without)
	b, errB := parse(t, later)
	if errA != nil || errB != nil {
		t.Fatal(errA, errB)
	}
	if f := a.Alerts[0].Fingerprint; f == "" || f != b.Alerts[0].Fingerprint || f == a.Alerts[1].Fingerprint {
		t.Errorf("fingerprints are %q, %q later, and %q for another alert", f, b.Alerts[0].Fingerprint, a.Alerts[1].Fingerprint)
	}
}

func TestRefusals(t *testing.T) {
	good := body(t, "testdata/group.json")
	swap := func(from, to string) string { return strings.Replace(good, from, to, 1) }
	for _, tc := range []struct{ name, body, msg string }{
		{"empty", "", "not an Alertmanager notification"},
		{"not JSON", "alert!", "not an Alertmanager notification"},
		{"cut", good[:len(good)/2], "not an Alertmanager notification"},
		{"a list", "[]", "not an Alertmanager notification"},
		{"nothing in it", "{}", "version is"},
		{"version 3", swap(`"4"`, `"3"`), `version is "3"`},
		{"no alerts", `{"version":"4","alerts":[]}`, "no alerts"},
		{"unknown status", swap(`"resolved"`, `"asleep"`), `alerts[1]: status is "asleep"`},
		{"no start", swap(`"startsAt": "2026-11-23T13:00:00Z",`, ""), "alerts[1]: startsAt is missing"},
		{"start is no time", swap("2026-11-23T13:00:00Z", "yesterday"), "not an Alertmanager notification"},
		{"labels are no texts", swap(`"service": "checkout", "severity"`, `"service": 7, "severity"`), "not an Alertmanager notification"},
		{"no labels", `{"version":"4","alerts":[{"status":"firing","startsAt":"2026-11-23T13:00:00Z"}]}`, "labels are missing"},
	} {
		_, err := parse(t, tc.body)
		if ops.KindOf(err) != ops.Invalid || !strings.Contains(ops.Tell(err), tc.msg) {
			t.Errorf("%s: got %v, want an invalid request and %q", tc.name, err, tc.msg)
		}
	}
}

func TestAuthenticationIsAskedFor(t *testing.T) {
	src := open(t, "token: t0ken")
	if err := src.Verify(ops.Webhook{Header: http.Header{}}); ops.KindOf(err) != ops.Denied {
		t.Errorf("without a token: %v", err)
	}
	if err := src.Verify(ops.Webhook{Header: http.Header{"Authorization": {"Bearer t0ken"}}}); err != nil {
		t.Errorf("with the token: %v", err)
	}
	var empty yaml.Node
	if _, err := alertmanager.Spec.Open(integrations.Env{Name: "am"}, &empty); err == nil || !strings.Contains(err.Error(), "auth: none") {
		t.Errorf("with nothing configured: %v", err)
	}
}

func FuzzParseAlerts(f *testing.F) {
	f.Add([]byte(body(f, "testdata/group.json")))
	f.Add([]byte(`{"version":"4","alerts":[{"status":"firing","labels":{"a":"b"},"startsAt":"2026-11-23T13:00:00Z"}]}`))
	f.Add([]byte(`{"version":"4","alerts":[null]}`))
	src := open(f, "auth: none")
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := src.ParseAlerts(ops.Webhook{Body: data})
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
			if a.Fingerprint == "" || a.Title == "" || strings.Contains(a.Title, "\n") || a.StartsAt.IsZero() || a.Source != "am" {
				t.Errorf("the alert lacks something: %+v", a)
			}
		}
	})
}
