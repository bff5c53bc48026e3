// Package integrationtest proves an integration: a fake server of the vendor that is held to the vendor's own document,
// and a suite that every integration which asks over HTTP must pass.
//
// It is test equipment and imported by tests alone. It does not test what an integration finds out; that is said in each
// vendor's own tests, on the same Server.
package integrationtest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.yaml.in/yaml/v3"

	"sitrep/bot/contract"
	"sitrep/bot/ops"
	"sitrep/integrations"
)

// Now is the time that integrations opened on a Server take it to be.
var Now = time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)

// Secret is what stands for {{secret}} in a configuration.
const Secret = "s3cr3t/T0ken+x"

// Request is one request as the vendor saw it.
type Request struct {
	Method string
	Path   string
	Query  url.Values
	Header http.Header
	Body   string
}

// Server is a fake of a vendor. It answers what a test scripts, and fails the test on any other request and, when
// contract.Env is set, on any exchange that the vendor's document does not allow.
type Server struct {
	URL string

	t   testing.TB
	doc *contract.Doc

	mu       sync.Mutex
	routes   map[string]http.HandlerFunc
	fail     http.HandlerFunc
	requests []Request
}

// NewServer starts a fake held to the document called name; an empty name means that the vendor has none.
// It stops with the test, which fails if a document was there and no exchange was held against it.
func NewServer(t testing.TB, name string) *Server {
	t.Helper()
	doc := load(t, name)
	s := start(t, doc)
	t.Cleanup(func() {
		if len(s.Requests()) > 0 {
			count(t, name, doc)
		}
	})
	return s
}

func load(t testing.TB, name string) *contract.Doc {
	t.Helper()
	if name == "" {
		return nil
	}
	doc, err := contract.LoadStrict(name)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func start(t testing.TB, doc *contract.Doc) *Server {
	s := &Server{t: t, doc: doc, routes: map[string]http.HandlerFunc{}}
	srv := httptest.NewServer(http.HandlerFunc(s.serve))
	s.URL = srv.URL
	t.Cleanup(srv.Close)
	return s
}

// count tells how much a document was used: a suite that checked nothing has shown nothing.
func count(t testing.TB, name string, doc *contract.Doc) {
	if doc == nil {
		return
	}
	t.Logf("contract %s: %d exchanges validated", name, doc.Checked())
	if doc.Checked() == 0 {
		t.Errorf("%s is set and no exchange was validated against %s", contract.Env, name)
	}
}

// Handle answers a route ("GET /api/v1/query", without the query string) by h.
func (s *Server) Handle(route string, h http.HandlerFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.routes[route] = h
}

// Reply answers a route with a status and a JSON body.
func (s *Server) Reply(route string, status int, body string) {
	s.Handle(route, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		io.WriteString(w, body)
	})
}

// ReplyFile answers a route with 200 and the JSON in a file.
func (s *Server) ReplyFile(route, file string) {
	s.t.Helper()
	body, err := os.ReadFile(file)
	if err != nil {
		s.t.Fatal(err)
	}
	s.Reply(route, http.StatusOK, string(body))
}

// FailWith answers every request by h until it is called with nil. Such an answer is not held against the document: it
// may come from anything in front of the vendor.
func (s *Server) FailWith(h http.HandlerFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail = h
}

// Requests returns what was asked, in order.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Request(nil), s.requests...)
}

// Open opens an integration on the server. In config, YAML, {{url}} stands for the server's address and {{secret}} for
// Secret. A repeated request is not waited for.
func (s *Server) Open(spec integrations.Spec, config string, catalog ops.Catalog) ops.Offer {
	s.t.Helper()
	return s.open(spec, config, catalog, nil)
}

func (s *Server) open(spec integrations.Spec, config string, catalog ops.Catalog, log *zap.Logger) ops.Offer {
	s.t.Helper()
	config = strings.NewReplacer("{{url}}", s.URL, "{{secret}}", Secret).Replace(config)
	var node yaml.Node
	if err := yaml.Unmarshal([]byte(config), &node); err != nil {
		s.t.Fatal(err)
	}
	env := integrations.Env{
		Name: spec.Kind, Log: log, Catalog: catalog,
		Now:  func() time.Time { return Now },
		Wait: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
	}
	offer, err := spec.Open(env, node.Content[0])
	if err != nil {
		s.t.Fatal(err)
	}
	return offer
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	s.mu.Lock()
	s.requests = append(s.requests, Request{r.Method, r.URL.Path, r.URL.Query(), r.Header.Clone(), string(body)})
	h, fail := s.routes[r.Method+" "+r.URL.Path], s.fail
	s.mu.Unlock()
	switch {
	case fail != nil:
		s.hold(s.doc.Check(r, body, 0, nil, nil))
		fail(w, r)
	case h == nil:
		s.t.Errorf("unexpected request %s %s", r.Method, r.URL)
		http.NotFound(w, r)
	default:
		rec := httptest.NewRecorder()
		h(rec, r)
		s.hold(s.doc.Check(r, body, rec.Code, rec.Header(), rec.Body.Bytes()))
		for k, v := range rec.Header() {
			w.Header()[k] = v
		}
		w.WriteHeader(rec.Code)
		w.Write(rec.Body.Bytes())
	}
}

func (s *Server) hold(err error) {
	if err != nil {
		s.t.Error(err)
	}
}

// Said returns a request's method, path and query as one readable line, for goldens.
func (r Request) Said() string {
	q, _ := url.QueryUnescape(r.Query.Encode())
	return strings.TrimSuffix(fmt.Sprintf("%s %s?%s", r.Method, r.Path, q), "?")
}
