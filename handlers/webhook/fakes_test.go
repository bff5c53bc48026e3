package webhook_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"sitrep/bot/ops"
	"sitrep/handlers/webhook"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

var now = time.Date(2026, 11, 23, 14, 5, 0, 0, time.UTC)

// source lets in who knows the word, and takes one alert for each word of the body.
type source struct{}

func (source) Verify(w ops.Webhook) error {
	if w.Header.Get("Authorization") != "Bearer t0ken" {
		return &ops.Error{Op: "fake.Verify", Kind: ops.Denied, Msg: "the detail that strangers must not see"}
	}
	return nil
}

func (source) ParseAlerts(w ops.Webhook) (ops.Delivery, error) {
	body := string(w.Body)
	switch {
	case body == "boom":
		panic("the decoder is broken")
	case w.Header.Get("Authorization") != "" || w.Header.Get("Cookie") != "":
		return ops.Delivery{}, errors.New("decoding was shown credentials")
	case !strings.HasPrefix(body, "alert"):
		return ops.Delivery{}, &ops.Error{Op: "fake.ParseAlerts", Kind: ops.Invalid, Msg: "the body must begin with alert"}
	}
	return ops.Delivery{ID: body, Alerts: make([]ops.Alert, len(strings.Fields(body)))}, nil
}

// inbox keeps what it receives, unless it is down.
type inbox struct {
	mu   sync.Mutex
	kept []webhook.Request
	down error
	held chan struct{} // when set, Receive waits until it is closed
	in   chan struct{} // told when Receive waits
}

func (x *inbox) Receive(ctx context.Context, r webhook.Request) error {
	if x.held != nil {
		x.in <- struct{}{}
		select {
		case <-x.held:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.down == nil {
		x.kept = append(x.kept, r)
	}
	return x.down
}

func (x *inbox) requests() []webhook.Request {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.kept
}

// site is a server with its fakes.
type site struct {
	*webhook.Server
	inbox    *inbox
	registry *prometheus.Registry
	logs     *observer.ObservedLogs
}

func newSite(change func(*webhook.Config)) *site {
	core, logs := observer.New(zap.DebugLevel)
	s := &site{inbox: &inbox{}, registry: prometheus.NewRegistry(), logs: logs}
	cfg := webhook.Config{
		Sources: func() ops.Set { return ops.Set{{Name: "am", Offer: ops.Offer{Alerts: source{}}}, {Name: "prometheus"}} },
		Inbox:   s.inbox, Registry: s.registry, Log: zap.New(core), MaxBody: 1000,
		Now: func() time.Time { return now },
	}
	if change != nil {
		change(&cfg)
	}
	s.Server = webhook.New(cfg)
	return s
}

// send makes a request and returns the answer; headers are given in pairs.
func (s *site) send(method, path, body string, header ...string) *http.Response {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w.Result()
}

func text(t testing.TB, r *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// count reads a counter from the registry; labels are given as values in any order.
func (s *site) count(t testing.TB, name string, labels ...string) float64 {
	t.Helper()
	families, err := s.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			found := 0
			for _, l := range m.GetLabel() {
				for _, want := range labels {
					if l.GetValue() == want {
						found++
					}
				}
			}
			if f.GetName() == name && found == len(labels) {
				return m.GetCounter().GetValue()
			}
		}
	}
	return 0
}
