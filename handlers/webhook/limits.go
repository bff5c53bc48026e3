package webhook

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
)

// ServeHTTP answers one request within the limits, which hold for the platforms' routes too: the body is read whole, in time and up to
// MaxBody, before a handler sees it. A handler that panics is answered with 500.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	begin := s.cfg.Now()
	rec := &recorder{ResponseWriter: w}
	defer func() {
		if cause := recover(); cause != nil {
			s.recovered(rec, r, cause)
		}
		s.metrics.observe(r.Pattern, rec.status(), s.cfg.Now().Sub(begin))
	}()
	if !s.readBody(rec, r) {
		return
	}
	s.mux.ServeHTTP(rec, r)
}

func (s *Server) recovered(rec *recorder, r *http.Request, cause any) {
	if err, ok := cause.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		panic(cause)
	}
	s.cfg.Log.Error("handler panicked", zap.String("route", r.Pattern), zap.Any("cause", cause), zap.Stack("stack"))
	if rec.code == 0 {
		say(rec, http.StatusInternalServerError, "something went wrong here")
	}
}

// readBody replaces the request's body by one in memory, or answers what is wrong with it. Once the body has ended net/http lifts the
// deadline by itself, so that a stream of events may be read for hours.
func (s *Server) readBody(w http.ResponseWriter, r *http.Request) bool {
	if r.Body == nil || r.Body == http.NoBody {
		return true
	}
	if enc := r.Header.Get("Content-Encoding"); enc != "" && enc != "identity" {
		s.refuse(w, "encoding", http.StatusUnsupportedMediaType, "compressed bodies are not taken: send it without Content-Encoding")
		return false
	}
	if r.ContentLength > s.cfg.MaxBody {
		s.tooLarge(w)
		return false
	}
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(s.cfg.ReadTimeout)) // a writer without a connection has no slow sender
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, s.cfg.MaxBody))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		s.tooLarge(w)
	case errors.Is(err, os.ErrDeadlineExceeded):
		w.Header().Set("Connection", "close")
		s.refuse(w, "slow", http.StatusRequestTimeout, "the body did not arrive in time")
	case err != nil:
		s.refuse(w, "broken", http.StatusBadRequest, "the body could not be read")
	default:
		r.Body = io.NopCloser(bytes.NewReader(body))
		return true
	}
	return false
}

func (s *Server) tooLarge(w http.ResponseWriter) {
	w.Header().Set("Connection", "close")
	s.refuse(w, "large", http.StatusRequestEntityTooLarge, fmt.Sprintf("the body is larger than %d bytes, which is all that is taken", s.cfg.MaxBody))
}

// refuse answers a request that no handler saw.
func (s *Server) refuse(w http.ResponseWriter, reason string, status int, text string) {
	s.metrics.rejected.WithLabelValues("", reason).Inc()
	say(w, status, text)
}

// recorder remembers the status that was sent.
type recorder struct {
	http.ResponseWriter
	code int
}

func (r *recorder) WriteHeader(code int) {
	if r.code == 0 && code >= 200 {
		r.code = code
	}
	r.ResponseWriter.WriteHeader(code)
}

func (r *recorder) Write(p []byte) (int, error) {
	if r.code == 0 {
		r.code = http.StatusOK
	}
	return r.ResponseWriter.Write(p)
}

// Flush is what a stream of events needs.
func (r *recorder) Flush() { _ = http.NewResponseController(r.ResponseWriter).Flush() }

// Unwrap is for http.ResponseController.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// status is what net/http sends when a handler says nothing.
func (r *recorder) status() int {
	if r.code == 0 {
		return http.StatusOK
	}
	return r.code
}

// metrics are what an operator watches of the HTTP side.
type metrics struct {
	requests  *prometheus.CounterVec
	durations *prometheus.HistogramVec
	rejected  *prometheus.CounterVec
	alerts    *prometheus.CounterVec
}

func newMetrics(r prometheus.Registerer) metrics {
	m := metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "sitrep_http_requests_total", Help: "Requests answered, by route and status.",
		}, []string{"route", "status"}),
		durations: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "sitrep_http_request_duration_seconds", Help: "How long requests took, by route.",
			Buckets: []float64{.001, .005, .025, .1, .5, 1, 3, 10},
		}, []string{"route"}),
		rejected: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "sitrep_webhook_rejected_total", Help: "Requests refused, by alert source (empty when none was reached) and reason.",
		}, []string{"source", "reason"}),
		alerts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "sitrep_webhook_alerts_total", Help: "Alerts stored, by alert source.",
		}, []string{"source"}),
	}
	r.MustRegister(m.requests, m.durations, m.rejected, m.alerts)
	return m
}

func (m metrics) observe(route string, status int, took time.Duration) {
	if route == "" {
		route = "none" // what strangers ask for must not become a label
	}
	m.requests.WithLabelValues(route, strconv.Itoa(status)).Inc()
	m.durations.WithLabelValues(route).Observe(took.Seconds())
}
