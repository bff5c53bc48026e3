package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap/zaptest"

	"sitrep/bot/contract"
	"sitrep/bot/ops"
	"sitrep/cmd/sitrep/shop"
)

// held checks each exchange with the shop against the document of the vendor that it plays.
type held struct {
	t    *testing.T
	shop http.Handler
	docs map[string]*contract.Doc // by the path below which the vendor is played
}

func (h held) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		h.t.Error(err)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	answer := httptest.NewRecorder()
	h.shop.ServeHTTP(answer, r)
	for prefix, doc := range h.docs {
		if path, ok := strings.CutPrefix(r.URL.Path, prefix); ok {
			asked := r.Clone(r.Context())
			asked.URL.Path, asked.URL.RawPath = doc.Base()+strings.TrimPrefix(path, doc.Base()), ""
			if err := doc.Check(asked, body, answer.Code, answer.Header(), answer.Body.Bytes()); err != nil {
				h.t.Errorf("%s: %v", r.URL.Path, err)
			}
		}
	}
	for k, v := range answer.Header() {
		w.Header()[k] = v
	}
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes())
}

// theShop is a shop in which a bad deploy went out five minutes ago, and the demonstration's own integrations, which ask it.
func theShop(t *testing.T) (map[string]ops.Source, ops.Catalog, map[string]*contract.Doc) {
	t.Helper()
	docs := map[string]*contract.Doc{}
	for prefix, name := range map[string]string{"/prometheus": "prometheus", "/loki-server": "loki", "/github/api/v3": "github"} {
		doc, err := contract.LoadStrict(name)
		if err != nil {
			t.Fatal(err)
		}
		docs[prefix] = doc
	}
	now := time.Now().Add(-5 * time.Minute)
	clock := func() time.Time { return now }
	s := shop.New(clock)
	s.ShipBad()
	now = time.Now()
	server := httptest.NewServer(held{t, s.Handler(), docs})
	t.Cleanup(server.Close)
	values := map[string]string{
		"LISTEN": "127.0.0.1:0", "URL": "http://127.0.0.1", "STORE": "unused", "SHOP": server.URL, "TOKEN": "a-token", "FIRST": "1m", "THEN": "1m", "DRAFT": "1m",
	}
	cfg, err := parseConfig([]byte(demoConfig), func(name string) (string, bool) { v, ok := values[name]; return v, ok })
	if err != nil {
		t.Fatal(err)
	}
	in, err := install(cfg, clock, zaptest.NewLogger(t))
	if err != nil {
		t.Fatal(err)
	}
	byName := map[string]ops.Source{}
	for _, source := range in.sources {
		byName[source.Name] = source
	}
	return byName, in.catalog, docs
}

func TestTheShopSpeaksTheVendorsAPIs(t *testing.T) {
	sources, catalog, docs := theShop(t)
	checkout, ok := catalog.Service("checkout")
	if !ok {
		t.Fatal("the demonstration has no checkout")
	}
	window := ops.Window{From: time.Now().Add(-time.Hour), To: time.Now()}
	ctx := t.Context()

	for _, signal := range ops.Signals() {
		m, err := sources["metrics"].Offer.Metrics.QueryMetrics(ctx, ops.MetricQuery{Service: checkout, Signal: signal, Window: window})
		if err != nil || len(m.Series) != 1 || len(m.Series[0].Points) < 50 {
			t.Errorf("%s: %v, %v", signal, m.Series, err)
			continue
		}
		first, last := m.Series[0].Points[0].Value, m.Series[0].Points[len(m.Series[0].Points)-1].Value
		if moved := last / first; moved > 0.8 && moved < 1.25 {
			t.Errorf("%s went from %v to %v, which shows nothing", signal, first, last)
		}
	}
	l, err := sources["logs"].Offer.Logs.SearchLogs(ctx, ops.LogQuery{Service: checkout, Words: []string{"timeout"}, Window: window, Limit: 100})
	if err != nil || len(l.Lines) < 50 {
		t.Errorf("%d lines with timeout, %v", len(l.Lines), err)
	}
	d, err := sources["code"].Offer.Deploys.ListDeploys(ctx, ops.DeployQuery{Service: checkout, Window: ops.Window{From: window.To.Add(-6 * time.Hour), To: window.To}, Limit: 10})
	if err != nil || len(d.Changes) != 1 || d.Changes[0].Version != shop.BadVersion {
		t.Errorf("deploys: %+v, %v", d.Changes, err)
	}
	checks(ctx, t, sources)
	if os.Getenv(contract.Env) != "" {
		for prefix, doc := range docs {
			if doc.Checked() == 0 {
				t.Errorf("nothing below %s was held to its contract", prefix)
			}
		}
	}
}

// checks runs what `sitrep doctor` would.
func checks(ctx context.Context, t *testing.T, sources map[string]ops.Source) {
	t.Helper()
	for name, s := range sources {
		if s.Offer.Check == nil {
			continue
		}
		for _, f := range s.Offer.Check.Check(ctx) {
			if !f.OK {
				t.Errorf("%s: %+v", name, f)
			}
		}
	}
}
