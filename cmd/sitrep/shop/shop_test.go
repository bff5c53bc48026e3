package shop

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// clock is moved by hand.
type clock struct{ t time.Time }

func (c *clock) now() time.Time { return c.t }

func opened() (*Shop, *clock) {
	c := &clock{noon}
	return New(c.now), c
}

const latency = "shop:request_latency_seconds:p95"

func TestLatencyFollowsTheDeploys(t *testing.T) {
	s, c := opened()
	c.t = noon.Add(time.Minute)
	s.ShipBad()
	c.t = noon.Add(10 * time.Minute)
	s.Rollback()
	for _, at := range []struct {
		after    time.Duration
		min, max float64
	}{
		{-time.Hour, 0.16, 0.2},
		{59 * time.Second, 0.16, 0.2},
		{90 * time.Second, 1.1, 1.6},
		{3 * time.Minute, 2.2, 2.8},
		{10 * time.Minute, 2.2, 2.8},
		{10*time.Minute + 30*time.Second, 1, 1.7},
		{12 * time.Minute, 0.16, 0.2},
	} {
		if v, ok := s.metric(latency, "checkout", noon.Add(at.after)); !ok || v < at.min || v > at.max {
			t.Errorf("after %v checkout answers in %.2f s, want %.2f to %.2f", at.after, v, at.min, at.max)
		}
	}
	if v, _ := s.metric(latency, "catalog", noon.Add(5*time.Minute)); v > 0.1 {
		t.Errorf("catalog does not depend on checkout, and answers in %.2f s", v)
	}
	if v, _ := s.metric(latency, "web", noon.Add(5*time.Minute)); v < 1 {
		t.Errorf("web waits for checkout, and answers in %.2f s", v)
	}
	for _, unknown := range [][2]string{{"shop:nothing", "checkout"}, {latency, "search"}} {
		if v, ok := s.metric(unknown[0], unknown[1], noon); ok {
			t.Errorf("%v has the value %v", unknown, v)
		}
	}
}

func TestTheSameMomentHasTheSameAnswer(t *testing.T) {
	play := func() string {
		s, c := opened()
		s.ShipBad()
		c.t = noon.Add(5 * time.Minute)
		h := s.Handler()
		return get(t, h, metricsOf(`shop:request_errors:ratio{service="checkout"}`), 200) + get(t, h, logsOf(`{service_name="checkout"}`), 200)
	}
	if diff := cmp.Diff(play(), play()); diff != "" {
		t.Errorf("(-first +second):\n%s", diff)
	}
}

// get asks the shop, and returns its answer.
func get(t *testing.T, h http.Handler, path string, want int) string {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, http.NoBody))
	if w.Code != want {
		t.Errorf("GET %s: %d, want %d: %s", path, w.Code, want, w.Body)
	}
	return w.Body.String()
}

func metricsOf(query string) string {
	return "/prometheus/api/v1/query_range?" + url.Values{
		"query": {query}, "start": {seconds(noon)}, "end": {seconds(noon.Add(5 * time.Minute))}, "step": {"15s"},
	}.Encode()
}

func logsOf(query string) string {
	return "/loki-server/loki/api/v1/query_range?" + url.Values{
		"query": {query}, "start": {nanos(noon)}, "end": {nanos(noon.Add(5 * time.Minute))}, "limit": {"1000"},
	}.Encode()
}

func seconds(t time.Time) string { return strconv.FormatInt(t.Unix(), 10) }
func nanos(t time.Time) string   { return strconv.FormatInt(t.UnixNano(), 10) }

func TestNothingIsToldOfTheFuture(t *testing.T) {
	s, c := opened()
	c.t = noon.Add(time.Minute)
	h := s.Handler()
	var metrics struct {
		Data struct{ Result []struct{ Values [][]any } }
	}
	if err := json.Unmarshal([]byte(get(t, h, metricsOf(latency+`{service="checkout"}`), 200)), &metrics); err != nil {
		t.Fatal(err)
	}
	if n := len(metrics.Data.Result[0].Values); n != 5 {
		t.Errorf("a minute has passed, and there are %d values 15 s apart", n)
	}
	var logs struct {
		Data struct{ Result []struct{ Values [][]string } }
	}
	if err := json.Unmarshal([]byte(get(t, h, logsOf(`{service_name="checkout"}`), 200)), &logs); err != nil {
		t.Fatal(err)
	}
	for _, stream := range logs.Data.Result {
		for _, l := range stream.Values {
			if at, _ := strconv.ParseInt(l[0], 10, 64); !time.Unix(0, at).Before(c.t) {
				t.Errorf("a line of the future: %v", l)
			}
		}
	}
}

func TestLogsAreFiltered(t *testing.T) {
	s, c := opened()
	s.ShipBad()
	c.t = noon.Add(5 * time.Minute)
	h := s.Handler()
	if text := get(t, h, logsOf(`{service_name="checkout"} |= "stock lookup"`), 200); !strings.Contains(text, "waiting for a connection") || strings.Contains(text, "order placed") {
		t.Error("filtered for the stock lookup:", text)
	}
	if text := get(t, h, logsOf("{service_name=\"checkout\"} |= `stock` |= \"order placed\""), 200); strings.Contains(text, "level") {
		t.Error("both words are in no line, and yet:", text)
	}
	if text := get(t, h, logsOf(`{service_name="nobody"}`), 200); strings.Contains(text, "level") {
		t.Error("there is no such service, and yet:", text)
	}
}

func TestRefusals(t *testing.T) {
	s, _ := opened()
	h := s.Handler()
	const range1 = "&start=1&end=2"
	for path, want := range map[string]int{
		metricsOf(`rate(http_requests_total[5m])`):                                            400,
		metricsOf(latency + `{service="checkout"} or vector(1)`):                              400,
		"/prometheus/api/v1/query_range?query=" + url.QueryEscape(latency+`{service="web"}`):  400,
		"/prometheus/api/v1/query_range?step=0" + range1 + "&query=a%7Bservice%3D%22b%22%7D":  400,
		"/prometheus/api/v1/query_range?step=1s&start=2&end=1&query=a%7Bservice%3D%22b%22%7D": 400,

		logsOf(`{app="checkout"}`):                                                  400,
		logsOf(`{service_name="checkout"} |~ "x"`):                                  400,
		"/loki-server/loki/api/v1/query_range?query=%7Bservice_name%3D%22web%22%7D": 400,
		"/github/api/v3/repos/shop/search/deployments":                              404,
		"/github/api/v3/repos/else/checkout":                                        404,
		"/github/shop/search":                                                       404,
		"/rollback":                                                                 405,
		"/nothing":                                                                  404,
	} {
		get(t, h, path, want)
	}
	w := httptest.NewRecorder()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/rollback", http.NoBody)
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	if h.ServeHTTP(w, r); w.Code != http.StatusForbidden {
		t.Errorf("another site's page rolls back: %d", w.Code)
	}
	if v := s.Running("checkout", noon); v != GoodVersion || len(s.deploysOf("checkout")) != 2 {
		t.Error("a refused rollback was done")
	}
}

func TestPagesSayWhatToDo(t *testing.T) {
	s, c := opened()
	h := s.Handler()
	c.t = noon.Add(time.Second)
	bad := s.ShipBad()
	base := s.deploysOf("checkout")[1].SHA
	c.t = noon.Add(5 * time.Minute)
	for path, want := range map[string]string{
		"/":                     "Roll checkout back to " + GoodVersion,
		"/runbook":              "the deploy tool",
		"/github/shop/checkout": "Show delivery dates",
		"/github/shop/checkout/compare/" + base + "..." + bad.SHA:                                "Check stock for each line",
		"/prometheus/graph?g0.expr=" + url.QueryEscape(latency+`{service="checkout"}`):           "<polyline",
		"/prometheus/graph?g0.expr=" + url.QueryEscape(`<script>alert(1)</script>{service="x"}`): "&lt;script&gt;",
	} {
		if text := get(t, h, path, 200); !strings.Contains(text, want) {
			t.Errorf("%s does not say %q:\n%s", path, want, text)
		}
	}
	if text := get(t, h, "/github/shop/checkout/compare/"+base+"..."+bad.SHA, 200); strings.Contains(text, "Show delivery dates") {
		t.Error("the comparison shows what was there before")
	}
	w := httptest.NewRecorder()
	if h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/rollback", http.NoBody)); w.Code != http.StatusSeeOther {
		t.Errorf("the button answers %d", w.Code)
	}
	if text := get(t, h, "/", 200); !strings.Contains(text, "Deploy "+BadVersion+" again") {
		t.Error("after the rollback the tool does not offer to play again")
	}
}

// told is what the webhook was told.
type told struct {
	At     time.Duration
	Status string
	Starts string
	Ends   string
}

// watched lets the shop run for a while by hand, and returns what it tells a webhook that refuses the first refusals times.
func watched(t *testing.T, refusals int, until time.Duration, happens map[time.Duration]func(*Shop)) []told {
	t.Helper()
	s, c := opened()
	var heard []told
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		var m struct {
			Status string
			Alerts []struct{ Status, StartsAt, EndsAt string }
		}
		if err := json.Unmarshal(body, &m); err != nil || len(m.Alerts) != 1 || r.Header.Get("Authorization") != "Bearer secret" {
			t.Errorf("the webhook was told %s as %q", body, r.Header.Get("Authorization"))
			return
		}
		if refusals > 0 {
			refusals--
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		heard = append(heard, told{c.t.Sub(noon), m.Alerts[0].Status, m.Alerts[0].StartsAt, m.Alerts[0].EndsAt})
	}))
	defer hook.Close()
	err := s.Watch(t.Context(), Alerting{URL: hook.URL, Token: "secret", HTTP: hook.Client(), Wait: func(_ context.Context, to time.Time) error {
		if c.t = to; to.Sub(noon) > until {
			return context.Canceled
		}
		if do := happens[to.Sub(noon)]; do != nil {
			do(s)
		}
		return nil
	}})
	if err != nil {
		t.Error(err)
	}
	return heard
}

func TestTheAlertFiresRepeatsAndResolves(t *testing.T) {
	bad, good := func(s *Shop) { s.ShipBad() }, func(s *Shop) { s.Rollback() }
	never := "0001-01-01T00:00:00Z"
	for name, c := range map[string]struct {
		refusals int
		happens  map[time.Duration]func(*Shop)
		want     []told
	}{
		"all is well": {0, nil, nil},
		"fires, repeats each minute, resolves once": {0, map[time.Duration]func(*Shop){10 * time.Second: bad, 3 * time.Minute: good}, []told{
			{125 * time.Second, "firing", "2026-03-02T12:00:35Z", never},
			{185 * time.Second, "firing", "2026-03-02T12:00:35Z", never},
			{220 * time.Second, "resolved", "2026-03-02T12:00:35Z", "2026-03-02T12:03:40Z"},
		}},
		"over before it was told": {0, map[time.Duration]func(*Shop){10 * time.Second: bad, 50 * time.Second: good}, nil},
		"heard at the third attempt": {2, map[time.Duration]func(*Shop){10 * time.Second: bad}, []told{
			{135 * time.Second, "firing", "2026-03-02T12:00:35Z", never},
			{195 * time.Second, "firing", "2026-03-02T12:00:35Z", never},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, watched(t, c.refusals, 4*time.Minute, c.happens)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
