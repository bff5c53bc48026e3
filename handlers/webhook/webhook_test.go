package webhook_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"sitrep/bot/ops"
	"sitrep/handlers/webhook"

	"github.com/google/go-cmp/cmp"
)

const auth = "Bearer t0ken"

func TestAlertIsStoredAndThenAcknowledged(t *testing.T) {
	s := newSite(nil)
	r := s.send("POST", "/webhooks/am", "alert two", "Authorization", auth, "Content-Type", "application/json",
		"Ce-Id", "7", "Cookie", "session=s3cret", "X-Signature", "abcd")
	if got := text(t, r); r.StatusCode != http.StatusAccepted || !strings.Contains(got, `{"accepted":2,"id":"am/`) {
		t.Fatalf("answered %d %s", r.StatusCode, got)
	}
	kept := s.inbox.requests()
	if len(kept) != 1 {
		t.Fatalf("%d requests were stored", len(kept))
	}
	want := webhook.Request{
		ID: kept[0].ID, Source: "am", Body: []byte("alert two"), At: now,
		Header: http.Header{"Content-Type": {"application/json"}, "Ce-Id": {"7"}},
	}
	if diff := cmp.Diff(want, kept[0]); diff != "" {
		t.Errorf("stored (-want +got):\n%s", diff)
	}
	if n := s.count(t, "sitrep_webhook_alerts_total", "am"); n != 2 {
		t.Errorf("%v alerts were counted", n)
	}
	if n := s.count(t, "sitrep_http_requests_total", "POST /webhooks/{name}", "202"); n != 1 {
		t.Errorf("%v requests were counted", n)
	}
}

func TestRequestIDs(t *testing.T) {
	s := newSite(nil)
	for _, body := range []string{"alert-1", "alert-1", "alert-2", "alert " + strings.Repeat("x", 400), "alert\x00"} {
		if r := s.send("POST", "/webhooks/am", body, "Authorization", auth); r.StatusCode != http.StatusAccepted {
			t.Fatalf("%.10q: answered %d", body, r.StatusCode)
		}
	}
	seen := map[string]bool{}
	for _, r := range s.inbox.requests() {
		seen[r.ID] = true
		if len(r.ID) > 300 || strings.ContainsAny(r.ID, "\x00 \n") || !strings.HasPrefix(r.ID, "am/") {
			t.Errorf("the id %.50q is no good as a key", r.ID)
		}
	}
	if len(seen) != 4 || !seen["am/alert-1"] {
		t.Errorf("ids are %v, want four, with am/alert-1", seen)
	}
}

func TestRefusals(t *testing.T) {
	for _, tc := range []struct {
		name, method, path, body string
		header                   []string
		status                   int
		says                     string
	}{
		{"no credentials", "POST", "/webhooks/am", "alert", nil, 401, "not authenticated"},
		{"wrong credentials", "POST", "/webhooks/am", "alert", []string{"Authorization", "Bearer t0keN"}, 401, "not authenticated"},
		{"malformed", "POST", "/webhooks/am", "hello", []string{"Authorization", auth}, 400, "must begin with alert"},
		{"empty", "POST", "/webhooks/am", "", []string{"Authorization", auth}, 400, "must begin with alert"},
		{"too large", "POST", "/webhooks/am", "alert" + strings.Repeat("!", 1000), []string{"Authorization", auth}, 413, "larger than 1000 bytes"},
		{"too large, not authenticated", "POST", "/webhooks/am", strings.Repeat("!", 1001), nil, 413, "larger than 1000 bytes"},
		{"compressed", "POST", "/webhooks/am", "alert", []string{"Authorization", auth, "Content-Encoding", "gzip"}, 415, "without Content-Encoding"},
		{"read", "GET", "/webhooks/am", "", []string{"Authorization", auth}, 405, ""},
		{"put", "PUT", "/webhooks/am", "alert", []string{"Authorization", auth}, 405, ""},
		{"unknown name", "POST", "/webhooks/pagerduty", "alert", []string{"Authorization", auth}, 404, "no alert source"},
		{"a source without alerts", "POST", "/webhooks/prometheus", "alert", []string{"Authorization", auth}, 404, "no alert source"},
		{"no name", "POST", "/webhooks/", "alert", []string{"Authorization", auth}, 404, ""},
		{"another path", "GET", "/etc/passwd", "", nil, 404, ""},
		{"decoder panics", "POST", "/webhooks/am", "boom", []string{"Authorization", auth}, 500, "something went wrong"},
	} {
		s := newSite(nil)
		r := s.send(tc.method, tc.path, tc.body, tc.header...)
		got := text(t, r)
		if r.StatusCode != tc.status || !strings.Contains(got, tc.says) {
			t.Errorf("%s: answered %d %q, want %d %q", tc.name, r.StatusCode, got, tc.status, tc.says)
		}
		if n := len(s.inbox.requests()); n != 0 {
			t.Errorf("%s: %d requests were stored", tc.name, n)
		}
		for _, hidden := range []string{"strangers", "t0ken", "am,", "prometheus", "goroutine", "decoder"} {
			if strings.Contains(got, hidden) {
				t.Errorf("%s: the answer tells %q: %s", tc.name, hidden, got)
			}
		}
		for _, entry := range s.logs.All() {
			if strings.Contains(fmt.Sprint(entry.Message, entry.ContextMap()), "t0keN") {
				t.Errorf("%s: the log tells the credentials: %v", tc.name, entry)
			}
		}
	}
}

func TestStoreDownMeansNotAcknowledged(t *testing.T) {
	for name, tc := range map[string]struct {
		err   error
		after string
	}{
		"down":            {errors.New("no space left on /var/lib/sitrep"), "5"},
		"down for a time": {&ops.Error{Op: "x", Kind: ops.Unavailable, RetryAfter: 1500 * time.Millisecond}, "2"},
	} {
		s := newSite(nil)
		s.inbox.down = tc.err
		r := s.send("POST", "/webhooks/am", "alert", "Authorization", auth)
		got := text(t, r)
		if r.StatusCode != 503 || r.Header.Get("Retry-After") != tc.after || strings.Contains(got, "/var/lib") || strings.Contains(got, "accepted") {
			t.Errorf("%s: answered %d, Retry-After %q, %s", name, r.StatusCode, r.Header.Get("Retry-After"), got)
		}
		if n := s.count(t, "sitrep_webhook_rejected_total", "am", "store"); n != 1 {
			t.Errorf("%s: %v rejections were counted", name, n)
		}
		if n := s.count(t, "sitrep_webhook_alerts_total", "am"); n != 0 {
			t.Errorf("%s: %v alerts were counted as stored", name, n)
		}
	}
}

func TestManyAtOnceAreAllStored(t *testing.T) {
	s := newSite(nil)
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			if r := s.send("POST", "/webhooks/am", fmt.Sprintf("alert%d", i), "Authorization", auth); r.StatusCode != 202 {
				t.Errorf("answered %d", r.StatusCode)
			}
		})
	}
	wg.Wait()
	if n := len(s.inbox.requests()); n != 50 {
		t.Errorf("%d of 50 were stored", n)
	}
}

func TestHealthReadinessAndMetrics(t *testing.T) {
	var notReady error
	s := newSite(func(c *webhook.Config) { c.Ready = func() error { return notReady } })
	check := func(path string, status int, says string) {
		t.Helper()
		r := s.send("GET", path, "")
		if got := text(t, r); r.StatusCode != status || !strings.Contains(got, says) {
			t.Errorf("%s answered %d %q, want %d %q", path, r.StatusCode, got, status, says)
		}
	}
	check("/healthz", 200, "ok")
	check("/readyz", 200, "ready")
	notReady = &ops.Error{Op: "store", Kind: ops.Unavailable, Msg: "the disk is full", Err: errors.New("password=x")}
	check("/readyz", 503, "not ready: the disk is full\n")
	check("/healthz", 200, "ok")
	check("/no/such/page", 404, "")
	check("/metrics", 200, `sitrep_http_requests_total{route="GET /readyz",status="503"} 1`)
	check("/metrics", 200, `sitrep_http_requests_total{route="none",status="404"} 1`)
	check("/metrics", 200, `sitrep_http_request_duration_seconds_count{route="GET /healthz"} 2`)
}

func TestPlatformRoutesAreMountedWithinTheLimits(t *testing.T) {
	var got string
	echo := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r.FormValue("payload")
		if got == "boom" {
			panic("the platform is broken")
		}
	})
	s := newSite(func(c *webhook.Config) { c.Routes = []webhook.Route{{Pattern: "POST /slack/events", Handler: echo}} })
	form := []string{"Content-Type", "application/x-www-form-urlencoded"}
	if r := s.send("POST", "/slack/events", "payload=hi", form...); r.StatusCode != 200 || got != "hi" {
		t.Errorf("answered %d, the handler saw %q", r.StatusCode, got)
	}
	if r := s.send("POST", "/slack/events", "payload="+strings.Repeat("x", 1000), form...); r.StatusCode != 413 {
		t.Errorf("too large: answered %d", r.StatusCode)
	}
	if r := s.send("POST", "/slack/events", "payload=boom", form...); r.StatusCode != 500 {
		t.Errorf("panic: answered %d", r.StatusCode)
	}
	if n := s.logs.FilterMessage("handler panicked").Len(); n != 1 {
		t.Errorf("the panic is in the log %d times", n)
	}
}

type discard struct{}

func (discard) Receive(context.Context, webhook.Request) error { return nil }

func BenchmarkAlertAccepted(b *testing.B) {
	s := newSite(func(c *webhook.Config) { c.Inbox = discard{} })
	b.ReportAllocs()
	for b.Loop() {
		if r := s.send("POST", "/webhooks/am", "alert", "Authorization", auth); r.StatusCode != 202 {
			b.Fatal(r.StatusCode)
		}
	}
}
