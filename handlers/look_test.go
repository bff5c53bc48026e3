package handlers

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitrep/bot/chat"
	"sitrep/bot/incident"
	"sitrep/bot/ops"
)

// logs answers with so many lines, or fails.
type logs struct {
	lines []ops.LogLine
	err   error
	mu    *sync.Mutex
	asked *[]ops.LogQuery
}

func (l logs) SearchLogs(_ context.Context, q ops.LogQuery) (ops.LogResult, error) {
	if l.mu != nil {
		l.mu.Lock()
		defer l.mu.Unlock()
		*l.asked = append(*l.asked, q)
	}
	return ops.LogResult{Lines: l.lines, Query: `{app="checkout"}`, Link: "https://loki.example/x"}, l.err
}

// metrics answers with a flat line: one value in the window that ends now, another before.
type metrics struct {
	now, before map[ops.Signal]float64
	end         time.Time
}

func (m metrics) QueryMetrics(_ context.Context, q ops.MetricQuery) (ops.MetricResult, error) {
	values := m.before
	if q.Window.To.Equal(m.end) {
		values = m.now
	}
	v, ok := values[q.Signal]
	if v < 0 {
		return ops.MetricResult{}, &ops.Error{Op: "x", Kind: ops.Unavailable, Msg: "Prometheus is restarting"}
	}
	if !ok {
		return ops.MetricResult{}, &ops.Error{Op: "x", Kind: ops.NotFound, Msg: "no such signal"}
	}
	s := ops.Series{Name: "checkout", Unit: q.Signal.Unit()}
	for at := q.Window.From; at.Before(q.Window.To); at = at.Add(time.Minute) {
		s.Points = append(s.Points, ops.Point{At: at, Value: v})
	}
	return ops.MetricResult{Series: []ops.Series{s}, Query: string(q.Signal) + "_query", Link: "https://prom.example/g"}, nil
}

type deploys []ops.Change

func (d deploys) ListDeploys(context.Context, ops.DeployQuery) (ops.DeployResult, error) {
	return ops.DeployResult{Changes: d, Link: "https://git.example/deploys"}, nil
}

func manyLines(n int) []ops.LogLine {
	var out []ops.LogLine
	for i := range n {
		level := map[bool]string{true: "error", false: "info"}[i%3 == 0]
		out = append(out, ops.LogLine{At: noon.Add(-time.Duration(i) * time.Second), Text: fmt.Sprintf("pay %d failed password=hunter%d", n-i, i), Labels: map[string]string{"level": level}})
	}
	return out
}

func source(name string, o ops.Offer) ops.Source { return ops.Source{Name: name, Offer: o} }

func lookWorld(t *testing.T) *world {
	w := newWorld(t)
	var mu sync.Mutex
	w.set = ops.Set{
		source("loki", ops.Offer{Logs: logs{lines: manyLines(30), mu: &mu, asked: new([]ops.LogQuery)}}),
		source("splunk", ops.Offer{Logs: logs{err: &ops.Error{Op: "splunk", Kind: ops.Denied, Msg: "Splunk refused the token; renew it"}}}),
		source("prometheus", ops.Offer{Metrics: metrics{
			end: noon.Add(10*time.Minute + time.Second), now: map[ops.Signal]float64{ops.Latency: 2.4, ops.Traffic: 120, ops.Errors: 0.031},
			before: map[ops.Signal]float64{ops.Latency: 0.21, ops.Traffic: 118},
		}}),
		source("github", ops.Offer{Deploys: deploys{
			{ID: "2", Service: "checkout", Version: "v42", Previous: "v41", Author: "bo", Title: "Smaller cache", At: noon.Add(-4 * time.Minute), State: "success", Environment: "production", URL: "https://git.example/d/2", CompareURL: "https://git.example/compare/v41...v42"},
			{ID: "1", Service: "checkout", Version: "v41", Author: "ana", At: noon.Add(-3 * time.Hour)},
		}}),
	}
	w.begin(`new "Checkout is slow" sev2 service:checkout`)
	w.now = noon.Add(10 * time.Minute)
	return w
}

func TestLooking(t *testing.T) {
	w := lookWorld(t)
	golden(t, "look.txt", w.play([]line{
		{"bo", "room41", "metrics"},
	})+w.play([]line{
		{"bo", "room41", `logs "pay failed" timeout --since 12:00`},
		{"bo", "room41", "deploys"},
		{"bo", "general", "deploys cart --since 2d"},
		{"bo", "room41", "logs --raw"},
		{"bo", "room41", "metrics checkuot"},
		{"bo", "room41", "logs --since 2026-12-01"},
		{"ana", "room41", "timeline --since 5m"},
	}))
}

func TestASourceThatHangsIsNamedAndTheOthersAnswer(t *testing.T) {
	w := lookWorld(t)
	w.deps.Patience = time.Millisecond
	w.set = append(w.set[:1:1], source("slow", ops.Offer{Logs: hangs{}}), source("broken", ops.Offer{Logs: logs{err: errors.New("secret cause")}}))
	w.router = New(w.deps)
	got := w.types("bo", "room41", "logs")
	for _, want := range []string{"30 lines", "slow: no answer within", "broken: could not be asked (ref "} {
		if !strings.Contains(got, want) {
			t.Errorf("the answer lacks %q:\n%s", want, got)
		}
	}
	if strings.Contains(got, "secret cause") {
		t.Errorf("the answer tells the cause:\n%s", got)
	}
}

// hangs answers only when it is told to stop.
type hangs struct{}

func (hangs) SearchLogs(ctx context.Context, _ ops.LogQuery) (ops.LogResult, error) {
	<-ctx.Done()
	return ops.LogResult{}, ctx.Err()
}

func TestProgressSaysWhatIsAskedAndShowsWhatHasCome(t *testing.T) {
	w := lookWorld(t)
	var seen []string
	w.router.Handle(t.Context(), w.in("bo", "room41", "logs"), func(m chat.Message) { seen = append(seen, m.Plain()) })
	if len(seen) != 2 || seen[0] != "Asking loki, splunk for the logs of checkout…" || !strings.Contains(seen[1], "no answer yet") {
		t.Errorf("progress was %q", seen)
	}
}

func TestWordsReachTheSource(t *testing.T) {
	w := lookWorld(t)
	for _, tt := range []struct {
		text string
		want ops.LogQuery
	}{
		{`logs cart "connection refused" timeout`, ops.LogQuery{Words: []string{"connection refused", "timeout"}}},
		{`logs a "b c" service:search`, ops.LogQuery{Words: []string{"a", "b c"}}},
		{`logs --raw '{app="checkout"} |= "x"'`, ops.LogQuery{Raw: `{app="checkout"} |= "x"`}},
		{`logs level:error`, ops.LogQuery{Words: []string{"level:error"}}},
	} {
		l := w.set[0].Offer.Logs.(logs)
		*l.asked = nil
		w.types("bo", "room41", tt.text)
		got := (*l.asked)[0]
		if diff := cmp.Diff(tt.want, ops.LogQuery{Words: got.Words, Raw: got.Raw}); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.text, diff)
		}
	}
}

func TestWhatWasLookedAtIsEvidence(t *testing.T) {
	w := lookWorld(t)
	w.types("bo", "room41", "logs timeout")
	w.types("bo", "general", "logs search timeout")
	var found []incident.EvidenceRecorded
	for _, r := range w.engine.all["s00-41"] {
		if e, ok := r.Event.(incident.EvidenceRecorded); ok {
			found = append(found, e)
		}
	}
	want := []incident.EvidenceRecorded{{
		Look: "logs", Service: "checkout", Source: "loki", Query: `{app="checkout"}`, From: w.now.Add(-30 * time.Minute), To: w.now,
		Finding: "30 lines (10 error)", Link: "https://loki.example/x",
	}}
	if len(found) == 1 && len(found[0].Digest) == 64 {
		found[0].Digest = ""
	}
	if diff := cmp.Diff(want, found); diff != "" {
		t.Errorf("evidence (-want +got):\n%s", diff)
	}
}

func TestMetricsHaveAPicture(t *testing.T) {
	w := lookWorld(t)
	w.now = w.now.Add(time.Second)
	a := w.router.Handle(t.Context(), w.in("bo", "room41", "metrics"), nil)
	for _, b := range a.Message.Blocks {
		if b.Image != nil {
			if !strings.HasPrefix(string(b.Image.Data), "\x89PNG") || b.Image.Name != "checkout-errors.png" && b.Image.Name != "checkout-latency.png" || b.Image.Alt == "" {
				t.Errorf("the picture is %s, %q", b.Image.Name, b.Image.Alt)
			}
			return
		}
	}
	t.Error("there is no picture")
}

func TestASignalThatFailsIsNamedBesideTheOthers(t *testing.T) {
	w := lookWorld(t)
	w.set[2] = source("prometheus", ops.Offer{Metrics: metrics{end: w.now, now: map[ops.Signal]float64{ops.Latency: 2.4, ops.Errors: -1}}})
	got := w.types("bo", "room41", "metrics")
	for _, want := range []string{"latency 2.4 s, no values before.", "⚠ prometheus, in part: Prometheus is restarting"} {
		if !strings.Contains(got, want) {
			t.Errorf("the answer lacks %q:\n%s", want, got)
		}
	}
	w.set[2] = source("prometheus", ops.Offer{Metrics: metrics{end: w.now, now: map[ops.Signal]float64{ops.Latency: -1}}})
	if got := w.types("bo", "room41", "metrics"); !strings.Contains(got, "No source told anything of checkout.") || !strings.Contains(got, "⚠ prometheus: Prometheus is restarting") {
		t.Errorf("when all fail: %s", got)
	}
}

func TestMetricsOfARawQuery(t *testing.T) {
	w := lookWorld(t)
	w.set[2] = source("prometheus", ops.Offer{Metrics: metrics{end: w.now, now: map[ops.Signal]float64{"": 5}, before: map[ops.Signal]float64{"": 5}}})
	for _, text := range []string{`metrics "rate(x[5m])"`, "metrics sum(rate(x[5m])) by (y)", "metrics up --raw"} {
		if got := w.types("bo", "room41", text); !strings.Contains(got, "the query 5, was 5 (unchanged)") {
			t.Errorf("%s: %s", text, got)
		}
	}
	if got := w.types("bo", "room41", "metrics checkout latncy"); got != "(private) \"latncy\" is no signal. There are: latency, traffic, errors, saturation." {
		t.Errorf("a mistyped signal: %s", got)
	}
}
