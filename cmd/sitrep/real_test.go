package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"go.uber.org/zap/zaptest"

	"sitrep/bot"
)

// realProgram finds a program; a machine without it skips the test, unless it must not.
func realProgram(t *testing.T, names ...string) string {
	t.Helper()
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	if os.Getenv("SITREP_REAL") == "required" {
		t.Fatalf("SITREP_REAL=required, and there is no %s", names[0])
	}
	t.Skipf("there is no %s on this machine", names[0])
	return ""
}

// runs starts a server, and stops it, and waits for it, when the test ends.
func runs(t *testing.T, path string, args ...string) {
	t.Helper()
	var said bytes.Buffer
	cmd := exec.Command(path, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = t.TempDir(), &said, &said
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Errorf("%s ended before the test: %v", filepath.Base(path), err)
		}
		late := time.AfterFunc(30*time.Second, func() { _ = cmd.Process.Kill() })
		defer late.Stop()
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("%s said:\n%s", filepath.Base(path), said.String())
		}
	})
}

// gauge exposes a latency for Prometheus to scrape.
type gauge struct {
	millis   atomic.Int64
	requests atomic.Int64
}

func (g *gauge) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; version=0.0.4")
	v := float64(g.millis.Load()) / 1000
	n := g.requests.Add(10)
	fmt.Fprintf(w, "checkout_latency_seconds{service=\"checkout\"} %g\n", v)
	fmt.Fprintf(w, "http_requests_total{service=\"checkout\",code=\"200\"} %d\n", n)
	for _, le := range []string{"0.1", "1", "5", "+Inf"} {
		count := n
		if le == "0.1" || le == "1" && v > 1 {
			count = 0
		}
		fmt.Fprintf(w, "http_request_duration_seconds_bucket{service=\"checkout\",le=\"%s\"} %d\n", le, count)
	}
	fmt.Fprintf(w, "container_cpu_usage_seconds_total{service=\"checkout\"} %g\n", float64(n)/20)
	fmt.Fprintln(w, "kube_pod_container_resource_limits{service=\"checkout\",resource=\"cpu\"} 4")
}

const realRules = `groups:
- name: shop
  interval: 1s
  rules:
  - alert: CheckoutSlow
    expr: checkout_latency_seconds > 1
    for: 1s
    labels: {severity: critical, environment: production}
    annotations: {summary: "Checkout takes {{ $value }} s"}
`

const realAlertmanager = `route: {receiver: sitrep, group_by: [alertname], group_wait: 1s, group_interval: 1s, repeat_interval: 1h}
receivers:
- name: sitrep
  webhook_configs:
  - url: %s/webhooks/alerts
    send_resolved: true
    http_config: {authorization: {type: Bearer, credentials: a-long-webhook-token}}
`

const realPrometheus = `global: {scrape_interval: 1s, evaluation_interval: 1s}
rule_files: [%s]
scrape_configs: [{job_name: shop, static_configs: [{targets: ["%s"]}]}]
alerting: {alertmanagers: [{static_configs: [{targets: ["%s"]}]}]}
`

const realSitrep = `
listen: "${LISTEN}"
public_url: "http://${LISTEN}"
store: {path: "${STORE}"}
console: {enabled: true, channels: ["#incidents"]}
announce: ["console:#incidents"]
routes: [{name: production, match: {environment: production}}]
people: [{name: lena, title: Lena, accounts: {console: lena}}]
services: [{name: checkout, on_call: [lena]}]
integrations:
  alerts: {kind: alertmanager, auth: bearer, token: a-long-webhook-token}
  metrics: {kind: prometheus, url: "http://${PROMETHEUS}", scrape_interval: 1s}
`

// written puts a configuration into a file.
func written(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "configuration.yml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// freeAddress is one on which nobody listens.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// starts a sitrep of a configuration on a listener, which ends with the test.
func starts(t *testing.T, config string, l net.Listener, values map[string]string) *desk {
	t.Helper()
	values["LISTEN"], values["STORE"] = l.Addr().String(), filepath.Join(t.TempDir(), "real.db")
	cfg, err := parseConfig([]byte(config), func(name string) (string, bool) { v, ok := values[name]; return v, ok })
	if err != nil {
		t.Fatal(err)
	}
	a, err := assemble(cfg, l, bot.RealClock(), zaptest.NewLogger(t))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- a.run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if err := a.close(); err != nil {
			t.Error(err)
		}
	})
	return &desk{url: "http://" + l.Addr().String(), patience: 2 * time.Minute}
}

func TestRealPrometheusAndAlertmanager(t *testing.T) {
	prometheus, alertmanager := realProgram(t, "prometheus"), realProgram(t, "prometheus-alertmanager", "alertmanager")
	latency := &gauge{}
	latency.millis.Store(200)
	exposition := httptest.NewServer(latency)
	t.Cleanup(exposition.Close)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	promAt, amAt := freeAddress(t), freeAddress(t)
	d := starts(t, realSitrep, l, map[string]string{"PROMETHEUS": promAt})
	runs(t, alertmanager, "--config.file="+written(t, fmt.Sprintf(realAlertmanager, d.url)), "--storage.path="+t.TempDir(),
		"--web.listen-address="+amAt, "--cluster.listen-address=")
	config := fmt.Sprintf(realPrometheus, written(t, realRules), strings.TrimPrefix(exposition.URL, "http://"), amAt)
	runs(t, prometheus, "--config.file="+written(t, config), "--storage.tsdb.path="+t.TempDir(), "--web.listen-address="+promAt)
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}

	// Healthy for a while, so that there is something to compare with.
	must(d.until(ctx, "Prometheus has scraped ten times", func() (bool, error) { return latency.requests.Load() >= 100, nil }))
	latency.millis.Store(2500)
	room, err := d.room(ctx, "inc-1-checkout-takes-2-5-s")
	must(err)
	must(d.expect(ctx, room, "#1 sev1 Checkout takes 2.5 s"))
	must(d.expect(ctx, room, "1 firing, 0 cleared"))
	must(d.expect(ctx, "#incidents", "Checkout takes 2.5 s"))

	must(d.says(ctx, "lena", room, `/inc metrics "checkout_latency_seconds"`, "2.5"))
	must(d.says(ctx, "lena", room, "/inc metrics", "[picture"))
	ms, err := d.messages(ctx, room, "lena")
	must(err)
	for _, signal := range []string{"latency ", "traffic ", "errors ", "saturation "} {
		if answer := ms[len(ms)-1].Text; !strings.Contains(answer, signal) {
			t.Errorf("the default queries told nothing of %s: %s", signal, answer)
		}
	}
	var picture bytes.Buffer
	must(d.download(ctx, pictureOf(t, ms), &picture))
	if !bytes.HasPrefix(picture.Bytes(), []byte("\x89PNG")) {
		t.Error("the chart is no PNG")
	}

	latency.millis.Store(200)
	must(d.expect(ctx, room, "No alert fires any more"))
	must(d.says(ctx, "lena", room, "/inc timeline", "Alert cleared: Checkout takes"))
}

// pictureOf is where the last picture is.
func pictureOf(t *testing.T, ms []seen) (at string) {
	t.Helper()
	for _, m := range ms {
		for _, b := range m.Blocks {
			if b.Image != nil {
				at = b.Image.URL
			}
		}
	}
	if at == "" {
		t.Fatal("there is no picture")
	}
	return at
}
