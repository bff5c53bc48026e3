// Package webhook is sitrep's HTTP side: it mounts the alert sources and the platforms' own routes under common limits, and tells health and metrics.
//
// It decides nothing about alerts. A webhook is authenticated and checked by its source, stored, and only then acknowledged; what was
// stored is worked on elsewhere.
//
// Status codes: https://www.rfc-editor.org/rfc/rfc9110#name-status-codes
package webhook

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"

	"sitrep/bot/ops"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.uber.org/zap"
)

// Inbox stores what came in. Receive returns nil once the request can no longer be lost, or was stored before under the same ID. It may be
// called concurrently.
type Inbox interface {
	Receive(context.Context, Request) error
}

// Request is a webhook that was authenticated and understood. Header has only what decoding it again needs, and no credentials.
type Request struct {
	ID     string // the source's name and its delivery's id; the same when it is delivered again
	Source string // the integration's name in the configuration
	Header http.Header
	Body   []byte
	At     time.Time // when it was received
}

// Route is an endpoint of a platform, which authenticates its requests by itself.
type Route struct {
	Pattern string // as for http.ServeMux: "POST /slack/events"
	Handler http.Handler
}

// Config is what a Server is made of. Inbox is required; the rest has defaults.
type Config struct {
	Sources  func() ops.Set // required; asked at each request: those that offer Alerts are served at POST /webhooks/{name}
	Routes   []Route
	Inbox    Inbox
	Ready    func() error         // nil for always ready; see /readyz
	Registry *prometheus.Registry // where metrics are registered, and what /metrics serves; nil for one of its own
	Log      *zap.Logger          // nil for none
	Now      func() time.Time     // nil for time.Now

	MaxBody     int64         // bytes of a request's body at most; 0 for 1 MiB
	ReadTimeout time.Duration // how long a body may take to arrive; 0 for 10 s
	Grace       time.Duration // how long Run waits for requests in flight; 0 for 10 s
}

func (c Config) withDefaults() Config {
	if c.Ready == nil {
		c.Ready = func() error { return nil }
	}
	if c.Registry == nil {
		c.Registry = prometheus.NewRegistry()
	}
	if c.Log == nil {
		c.Log = zap.NewNop()
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.MaxBody <= 0 {
		c.MaxBody = 1 << 20
	}
	if c.ReadTimeout <= 0 {
		c.ReadTimeout = 10 * time.Second
	}
	if c.Grace <= 0 {
		c.Grace = 10 * time.Second
	}
	return c
}

// headerTimeout is how long a request's header may take to arrive.
const headerTimeout = 10 * time.Second

// Server answers HTTP. Make it with New.
type Server struct {
	cfg     Config
	mux     *http.ServeMux
	metrics metrics
}

// New makes a Server. It panics when two routes conflict or the registry has its metrics already, as both are mistakes of the program.
func New(cfg Config) *Server {
	cfg = cfg.withDefaults()
	s := &Server{cfg: cfg, mux: http.NewServeMux(), metrics: newMetrics(cfg.Registry)}
	s.mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { say(w, http.StatusOK, "ok") })
	s.mux.HandleFunc("GET /readyz", s.ready)
	s.mux.Handle("GET /metrics", promhttp.HandlerFor(cfg.Registry, promhttp.HandlerOpts{}))
	s.mux.HandleFunc("POST /webhooks/{name}", s.receive)
	for _, r := range cfg.Routes {
		s.mux.Handle(r.Pattern, r.Handler)
	}
	return s
}

// Run serves on l until ctx ends; then it accepts nothing more and waits up to Grace for what is in flight. It closes l. The error tells
// why serving ended by itself, or that requests were cut off.
func (s *Server) Run(ctx context.Context, l net.Listener) error {
	requests, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	srv := &http.Server{
		Handler:           s,
		ReadHeaderTimeout: headerTimeout,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          zap.NewStdLog(s.cfg.Log),
		BaseContext:       func(net.Listener) context.Context { return requests },
	}
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(l) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	grace, done := context.WithTimeout(requests, s.cfg.Grace)
	defer done()
	err := srv.Shutdown(grace)
	if err != nil {
		cut()
		err = errors.Join(errors.New("requests were cut off"), srv.Close())
	}
	if served := <-failed; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}

// ready tells the reason to whoever asks, as far as it is meant for people.
func (s *Server) ready(w http.ResponseWriter, _ *http.Request) {
	err := s.cfg.Ready()
	if err == nil {
		say(w, http.StatusOK, "ready")
		return
	}
	reason := "not ready"
	if told := ops.Tell(err); told != "" {
		reason += ": " + told
	}
	say(w, http.StatusServiceUnavailable, reason)
}

// say answers with one line of text.
func say(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Cache-Control", "no-store")
	http.Error(w, text, status)
}
