package shop

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Handler serves the APIs: Prometheus under /prometheus, Loki under /loki-server, GitHub under /github/api/v3, and the pages that people see, the
// deploy tool under / first.
func (s *Shop) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /prometheus/api/v1/query_range", s.queryRange)
	mux.HandleFunc("GET /prometheus/api/v1/status/buildinfo", func(w http.ResponseWriter, _ *http.Request) {
		reply(w, object{"status": "success", "data": object{
			"version": "3.0.0", "revision": "shop", "branch": "main", "buildUser": "shop", "buildDate": "20260101-00:00:00", "goVersion": "go1.26",
		}})
	})
	mux.HandleFunc("GET /loki-server/loki/api/v1/query_range", s.queryLogs)
	mux.HandleFunc("GET /loki-server/loki/api/v1/labels", func(w http.ResponseWriter, _ *http.Request) {
		reply(w, object{"status": "success", "data": []string{"service_name"}})
	})
	s.github(mux)
	s.pages(mux)
	return mux
}

type object = map[string]any

func reply(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_ = json.NewEncoder(w).Encode(v) // the reader has gone when it fails
}

func badQuery(w http.ResponseWriter, format string, args ...any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusBadRequest)
	_ = json.NewEncoder(w).Encode(object{"status": "error", "errorType": "bad_data", "error": fmt.Sprintf(format, args...)})
}

var recorded = regexp.MustCompile(`^\s*([a-zA-Z_:][a-zA-Z0-9_:]*)\s*\{\s*service\s*=\s*"([^"]*)"\s*\}\s*$`)

// queryRange answers for the shop's recorded series, such as shop:requests:rate{service="checkout"}: the shop has no engine for PromQL.
func (s *Shop) queryRange(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	m := recorded.FindStringSubmatch(q.Get("query"))
	if m == nil {
		badQuery(w, `the shop answers for its recorded series only, such as shop:requests:rate{service="checkout"}`)
		return
	}
	from, err1 := unix(q.Get("start"), time.Second)
	to, err2 := unix(q.Get("end"), time.Second)
	step, err3 := stepOf(q.Get("step"))
	if err1 != nil || err2 != nil || err3 != nil || to.Before(from) || to.Sub(from)/step > 11000 {
		badQuery(w, "start, end or step cannot be used")
		return
	}
	if now := s.now(); to.After(now) {
		to = now
	}
	values := []any{}
	for t := from; !t.After(to); t = t.Add(step) {
		if v, ok := s.metric(m[1], m[2], t); ok {
			values = append(values, []any{float64(t.UnixMilli()) / 1000, strconv.FormatFloat(v, 'f', 5, 64)})
		}
	}
	result := []any{}
	if len(values) > 0 {
		result = append(result, object{"metric": object{"__name__": m[1], "service": m[2]}, "values": values})
	}
	reply(w, object{"status": "success", "data": object{"resultType": "matrix", "result": result}})
}

// unix reads a moment that was written as a number of units since 1970.
func unix(text string, unit time.Duration) (time.Time, error) {
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return time.Time{}, err
	}
	if unit == time.Nanosecond {
		n, err := strconv.ParseInt(text, 10, 64)
		return time.Unix(0, n), err
	}
	return time.UnixMilli(int64(f * 1000)), nil
}

func stepOf(text string) (time.Duration, error) {
	if d, err := time.ParseDuration(text); err == nil && d > 0 {
		return d, nil
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || f <= 0 {
		return 0, fmt.Errorf("step %q", text)
	}
	return time.Duration(f * float64(time.Second)), nil
}

var (
	selector = regexp.MustCompile(`^\s*\{\s*service_name\s*=\s*"((?:[^"\\]|\\.)*)"\s*\}`)
	filter   = regexp.MustCompile(`^\s*\|=\s*("(?:[^"\\]|\\.)*"|` + "`[^`]*`" + `)`)
)

// queryLogs answers for a service's lines with line filters, {service_name="checkout"} |= "timeout".
func (s *Shop) queryLogs(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	rest := q.Get("query")
	m := selector.FindStringSubmatch(rest)
	if m == nil {
		http.Error(w, `parse error: the shop answers for {service_name="…"} |= "…" only`, http.StatusBadRequest)
		return
	}
	rest = rest[len(m[0]):]
	var words []string
	for strings.TrimSpace(rest) != "" {
		f := filter.FindStringSubmatch(rest)
		if f == nil {
			http.Error(w, "parse error: unexpected "+strconv.Quote(rest), http.StatusBadRequest)
			return
		}
		word, _ := strconv.Unquote(f[1]) // the pattern admits only what can be unquoted, or finds nothing
		words, rest = append(words, word), rest[len(f[0]):]
	}
	from, err1 := unix(q.Get("start"), time.Nanosecond)
	to, err2 := unix(q.Get("end"), time.Nanosecond)
	limit, err3 := strconv.Atoi(q.Get("limit"))
	if err1 != nil || err2 != nil || err3 != nil {
		http.Error(w, "start, end or limit cannot be used", http.StatusBadRequest)
		return
	}
	replyLogs(w, m[1], s.lines(m[1], words, from, to, limit))
}

func replyLogs(w http.ResponseWriter, service string, lines []line) {
	streams := map[string][]any{}
	for _, l := range lines {
		streams[l.level] = append(streams[l.level], []any{strconv.FormatInt(l.at.UnixNano(), 10), l.text})
	}
	result := []any{}
	for _, level := range []string{"error", "warn", "info"} {
		if len(streams[level]) > 0 {
			result = append(result, object{"stream": object{"service_name": service, "level": level}, "values": streams[level]})
		}
	}
	reply(w, object{"status": "success", "data": object{"resultType": "streams", "result": result, "stats": object{}}})
}
