package shop

import (
	"embed"
	"fmt"
	"html/template"
	"maps"
	"math"
	"net/http"
	"slices"
	"strings"
	"time"
)

//go:embed pages
var pageFiles embed.FS

var pages = template.Must(template.ParseFS(pageFiles, "pages/*.html"))

// pages serves what a person sees of the shop: the deploy tool under /, the runbook, and where the links in sitrep's answers lead.
func (s *Shop) pages(mux *http.ServeMux) {
	mux.HandleFunc("GET /{$}", s.deployTool)
	mux.HandleFunc("POST /rollback", s.button(s.Rollback))
	mux.HandleFunc("POST /deploy", s.button(s.ShipBad))
	mux.HandleFunc("GET /runbook", func(w http.ResponseWriter, _ *http.Request) {
		show(w, "runbook.html", map[string]any{"Good": GoodVersion})
	})
	mux.HandleFunc("GET /github/shop/{service}", s.changes)
	mux.HandleFunc("GET /github/shop/{service}/{rest...}", s.changes)
	mux.HandleFunc("GET /prometheus/graph", s.graph)
}

func show(w http.ResponseWriter, name string, data map[string]any) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	_ = pages.ExecuteTemplate(w, name, data) // the reader has gone when it fails
}

// button does what a button of the deploy tool is for.
func (s *Shop) button(do func() Deploy) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if site := r.Header.Get("Sec-Fetch-Site"); site != "" && site != "same-origin" {
			http.Error(w, "only from this page", http.StatusForbidden)
			return
		}
		do()
		http.Redirect(w, r, "/", http.StatusSeeOther)
	}
}

type running struct {
	Deploy
	Latency string
	Bad     bool
}

func (s *Shop) deployTool(w http.ResponseWriter, _ *http.Request) {
	now := s.now()
	var rows []running
	var checkout running
	for _, service := range slices.Sorted(maps.Keys(Services)) {
		latency, _ := s.metric("shop:request_latency_seconds:p95", service, now)
		r := running{s.deploysOf(service)[0], fmt.Sprintf("%.2f s", latency), latency > slowAbove}
		if rows = append(rows, r); service == "checkout" {
			checkout = r
		}
	}
	show(w, "deploys.html", map[string]any{"Rows": rows, "Checkout": checkout, "Good": GoodVersion, "Bad": BadVersion})
}

// changes is what a forge shows of a service: its deploys, or those between two of them.
func (s *Shop) changes(w http.ResponseWriter, r *http.Request) {
	service := r.PathValue("service")
	if _, ok := Services[service]; !ok {
		http.NotFound(w, r)
		return
	}
	deploys := s.deploysOf(service)
	if span, ok := strings.CutPrefix(r.PathValue("rest"), "compare/"); ok {
		base, head, _ := strings.Cut(span, "...")
		deploys = between(deploys, base, head)
	}
	show(w, "changes.html", map[string]any{"Service": service, "Deploys": deploys, "Rest": r.PathValue("rest")})
}

// between returns the deploys, newest first, after that of one commit up to that of another.
func between(deploys []Deploy, base, head string) []Deploy {
	to := slices.IndexFunc(deploys, func(d Deploy) bool { return d.SHA == head })
	if to < 0 {
		return nil
	}
	out := deploys[to:]
	if from := slices.IndexFunc(out, func(d Deploy) bool { return d.SHA == base }); from >= 0 {
		out = out[:from]
	}
	return out
}

const graphed = time.Hour

// graph draws a recorded series over the last hour, as the link below an answer promises.
func (s *Shop) graph(w http.ResponseWriter, r *http.Request) {
	expr := r.URL.Query().Get("g0.expr")
	data := map[string]any{"Expr": expr}
	if m := recorded.FindStringSubmatch(expr); m != nil {
		now := s.now()
		var values []float64
		for t := now.Add(-graphed); !t.After(now); t = t.Add(30 * time.Second) {
			if v, ok := s.metric(m[1], m[2], t); ok {
				values = append(values, v)
			}
		}
		if len(values) > 0 {
			data["Line"], data["Top"] = polyline(values, 600, 200), fmt.Sprintf("%.4g", slices.Max(values))
		}
	}
	show(w, "graph.html", data)
}

// polyline places values in a box, from left to right, zero at the bottom and the greatest at the top.
func polyline(values []float64, width, height float64) string {
	top := math.Max(slices.Max(values), math.SmallestNonzeroFloat64)
	var b strings.Builder
	for i, v := range values {
		fmt.Fprintf(&b, "%.1f,%.1f ", width*float64(i)/float64(max(1, len(values)-1)), height*(1-v/top))
	}
	return strings.TrimSpace(b.String())
}
