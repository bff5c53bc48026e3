package prometheus

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"sitrep/bot/ops"
	"sitrep/integrations"
)

// realServer starts Debian's prometheus, scraping target every second, and returns its address.
func realServer(t *testing.T, target string) string {
	t.Helper()
	binary, err := exec.LookPath("prometheus")
	if err != nil {
		if os.Getenv("SITREP_REAL") == "required" {
			t.Fatal("SITREP_REAL=required and no prometheus in the path")
		}
		t.Skip("no prometheus in the path")
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "prometheus.yml")
	text := fmt.Sprintf("global: {scrape_interval: 1s}\nscrape_configs:\n- job_name: shop\n  static_configs: [{targets: [%q]}]\n",
		strings.TrimPrefix(target, "http://"))
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := free.Addr().String()
	free.Close()

	var log bytes.Buffer
	cmd := exec.Command(binary, "--config.file="+file, "--storage.tsdb.path="+filepath.Join(dir, "data"), "--web.listen-address="+addr)
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		if t.Failed() {
			t.Logf("prometheus said:\n%s", log.String())
		}
	})
	return "http://" + addr
}

// shop exposes the metrics that the default queries look for: 10 requests a second more at each scrape, one in five
// failed, all of them faster than 0.2 s, a quarter of the cores in use. Its name would end a careless string.
func shop(t *testing.T, service string) string {
	t.Helper()
	label := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(service)
	var scrapes atomic.Int64
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		n := 10 * scrapes.Add(1)
		w.Header().Set("Content-Type", "text/plain; version=0.0.4")
		for _, le := range []string{"0.1", "0.2", "+Inf"} {
			count := n
			if le == "0.1" {
				count = 0
			}
			fmt.Fprintf(w, "http_request_duration_seconds_bucket{service=\"%s\",le=\"%s\"} %d\n", label, le, count)
		}
		fmt.Fprintf(w, "http_requests_total{service=\"%s\",code=\"200\"} %d\n", label, n*4/5)
		fmt.Fprintf(w, "http_requests_total{service=\"%s\",code=\"503\"} %d\n", label, n/5)
		fmt.Fprintf(w, "container_cpu_usage_seconds_total{service=\"%s\"} %f\n", label, float64(n)/10)
		fmt.Fprintf(w, "kube_pod_container_resource_limits{service=\"%s\",resource=\"cpu\"} 4\n", label)
		io.WriteString(w, "broken_ratio NaN\n")
	}))
	t.Cleanup(srv.Close)
	return srv.URL
}

func TestRealPrometheus(t *testing.T) {
	service := ops.Service{Name: "check\"out's `\\\n} or vector(1) #"}
	url := realServer(t, shop(t, service.Name))
	var node yaml.Node
	if err := yaml.Unmarshal([]byte("url: "+url+"\nscrape_interval: 1s\n"), &node); err != nil {
		t.Fatal(err)
	}
	offer, err := Spec.Open(integrations.Env{Name: "prometheus"}, node.Content[0])
	if err != nil {
		t.Fatal(err)
	}

	// A rate over few samples is rough, so the bounds are wide; they tell one signal from another.
	for signal, bounds := range map[ops.Signal][2]float64{
		ops.Latency: {0.1, 0.2}, ops.Traffic: {3, 30}, ops.Errors: {0.19, 0.21}, ops.Saturation: {0.08, 0.75},
	} {
		p := eventually(t, offer.Metrics, ops.MetricQuery{Service: service, Signal: signal})
		if p.Value < bounds[0] || p.Value > bounds[1] {
			t.Errorf("%s is %v, want between %v and %v", signal, p.Value, bounds[0], bounds[1])
		}
	}
	if r, err := offer.Metrics.QueryMetrics(t.Context(), recent(ops.MetricQuery{Raw: "broken_ratio"})); err != nil || len(r.Series) != 0 {
		t.Errorf("NaN alone must be no series: got %v, %v", r.Series, err)
	}
	if _, err := offer.Metrics.QueryMetrics(t.Context(), recent(ops.MetricQuery{Raw: "up{"})); ops.KindOf(err) != ops.Invalid || !strings.Contains(ops.Tell(err), "parse error") {
		t.Errorf("half a query: got %v", err)
	}
	for _, f := range offer.Check.Check(t.Context()) {
		if !f.OK {
			t.Errorf("%+v", f)
		}
	}
}

func recent(q ops.MetricQuery) ops.MetricQuery {
	q.Window = ops.Window{From: time.Now().Add(-5 * time.Minute), To: time.Now()}
	return q
}

// eventually asks until there is an answer, and returns its last point.
func eventually(t *testing.T, m ops.MetricQuerier, q ops.MetricQuery) ops.Point {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
	defer cancel()
	for {
		r, err := m.QueryMetrics(ctx, recent(q))
		if err == nil && len(r.Series) > 0 {
			return r.Series[0].Points[len(r.Series[0].Points)-1]
		}
		select {
		case <-ctx.Done():
			t.Fatalf("%s: no points in time: %v, %v", q.Signal, r, err)
		case <-time.After(200 * time.Millisecond):
		}
	}
}
