package integrationtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"sitrep/bot/contract"
	"sitrep/bot/ops"
	"sitrep/integrations"
)

// Vendor is an integration under test.
type Vendor struct {
	Spec     integrations.Spec
	Contract string // the name of the vendor's document, or empty when it has none
	Config   string // YAML for Server.Open; it must use {{url}} and {{secret}} and leave "timeout" to the suite
	Catalog  ops.Catalog
	Script   func(*Server) // what the vendor answers when all is well
	Calls    []Call

	doc *contract.Doc // nil for none
}

// Call uses one capability.
type Call struct {
	Name  string // the method: errors carry "<kind>.<Name>" as Op
	Limit int    // how many lines or changes may come back at most
	Do    func(context.Context, ops.Offer) (any, error)
}

// patience is how long a call may take before the suite says that it hangs.
const patience = 30 * time.Second

// Run proves that the integration answers, that every way of failing is told as what it means, that no secret leaks
// into errors or the log, that a cancelled context ends a call, and that results are ordered and limited.
func Run(t *testing.T, v Vendor) {
	if !strings.Contains(v.Config, "{{secret}}") {
		t.Fatal("the configuration must use {{secret}}, or no leak can be found")
	}
	v.doc = load(t, v.Contract)
	for _, call := range v.Calls {
		t.Run(call.Name, func(t *testing.T) {
			t.Run("answers", func(t *testing.T) { answers(t, v, call) })
			for _, f := range failures {
				t.Run(f.name, func(t *testing.T) { fails(t, v, call, f) })
			}
			t.Run("given up by the caller", func(t *testing.T) { givenUp(t, v, call) })
		})
	}
	t.Run("Check", func(t *testing.T) { checks(t, v) })
	count(t, v.Contract, v.doc)
}

func answers(t *testing.T, v Vendor, call Call) {
	s := start(t, v.doc)
	v.Script(s)
	result, err := call.Do(t.Context(), s.Open(v.Spec, v.Config, v.Catalog))
	if err != nil {
		t.Fatal(err)
	}
	for _, fault := range disorder(result, call.Limit) {
		t.Error(fault)
	}
	for _, r := range s.Requests() {
		if got := r.Header.Get("User-Agent"); got != "sitrep" {
			t.Errorf("%s %s came from %q: every request goes through vendorhttp", r.Method, r.Path, got)
		}
	}
}

// disorder says what is wrong with the order or the number of results.
func disorder(result any, limit int) (faults []string) {
	times := func(n int, at func(int) time.Time, newestFirst bool) {
		if n == 0 {
			faults = append(faults, "nothing came back: the script must hold something to find")
		}
		if limit > 0 && n > limit {
			faults = append(faults, fmt.Sprintf("%d results, want at most %d", n, limit))
		}
		for i := 1; i < n; i++ {
			if newestFirst && at(i).After(at(i-1)) || !newestFirst && at(i).Before(at(i-1)) {
				faults = append(faults, fmt.Sprintf("result %d (%v) stands after %v", i, at(i), at(i-1)))
			}
		}
	}
	switch r := result.(type) {
	case ops.LogResult:
		times(len(r.Lines), func(i int) time.Time { return r.Lines[i].At }, true)
	case ops.DeployResult:
		times(len(r.Changes), func(i int) time.Time { return r.Changes[i].At }, true)
	case ops.MetricResult:
		for _, s := range r.Series {
			times(len(s.Points), func(i int) time.Time { return s.Points[i].At }, false)
		}
		if len(r.Series) == 0 {
			faults = append(faults, "no series came back: the script must hold one")
		}
	}
	return faults
}

type failure struct {
	name   string
	reply  http.HandlerFunc
	kinds  []ops.Kind
	retry  time.Duration
	config string // added to the vendor's
}

var failures = []failure{
	{name: "400", reply: refuse(400), kinds: []ops.Kind{ops.Invalid}},
	{name: "401", reply: refuse(401), kinds: []ops.Kind{ops.Denied}},
	{name: "403", reply: refuse(403), kinds: []ops.Kind{ops.Denied}},
	{name: "404", reply: refuse(404), kinds: []ops.Kind{ops.NotFound}},
	{name: "429 with Retry-After", reply: refuse(429, "Retry-After", "30"), kinds: []ops.Kind{ops.Throttled}, retry: 30 * time.Second},
	{name: "429 without", reply: refuse(429), kinds: []ops.Kind{ops.Throttled}},
	{name: "500", reply: refuse(500), kinds: []ops.Kind{ops.Unavailable}},
	{name: "503", reply: refuse(503), kinds: []ops.Kind{ops.Unavailable}},
	{name: "no answer in time", reply: hang, kinds: []ops.Kind{ops.Unavailable}, config: "\ntimeout: 50ms\n"},
	{name: "cut body", reply: cutShort, kinds: []ops.Kind{ops.Unavailable}},
	{name: "a login page", reply: loginPage, kinds: []ops.Kind{ops.Unavailable}},
	{name: "JSON of another shape", reply: otherShape, kinds: []ops.Kind{ops.Unavailable}},
	{name: "10 MB", reply: tenMegabytes, kinds: []ops.Kind{ops.Invalid, ops.Unavailable}},
}

func fails(t *testing.T, v Vendor, call Call, f failure) {
	s := start(t, v.doc)
	s.FailWith(f.reply)
	core, logs := observer.New(zap.DebugLevel)
	_, err := within(t, func() (any, error) {
		return call.Do(t.Context(), s.open(v.Spec, v.Config+f.config, v.Catalog, zap.New(core)))
	})
	var e *ops.Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want an *ops.Error", err)
	}
	if want := v.Spec.Kind + "." + call.Name; e.Op != want {
		t.Errorf("Op is %q, want %q", e.Op, want)
	}
	if !slices.Contains(f.kinds, e.Kind) || e.RetryAfter != f.retry {
		t.Errorf("got %v after %v, want %v after %v (%v)", e.Kind, e.RetryAfter, f.kinds, f.retry, err)
	}
	if e.Msg == "" {
		t.Errorf("nothing to tell a person: %v", err)
	}
	if len(s.Requests()) == 0 {
		t.Error("nothing was asked")
	}
	noSecret(t, s, err, logs)
}

// noSecret looks for the secret as it was configured and for whatever credentials the vendor was sent.
func noSecret(t *testing.T, s *Server, err error, logs *observer.ObservedLogs) {
	t.Helper()
	said := fmt.Sprintf("%v %+v %#v %s", err, err, err, ops.Tell(err))
	for _, l := range logs.All() {
		said += fmt.Sprintln(l.Message, l.ContextMap())
	}
	secrets := []string{Secret}
	for _, r := range s.Requests() {
		if _, credentials, ok := strings.Cut(r.Header.Get("Authorization"), " "); ok {
			secrets = append(secrets, credentials)
		}
	}
	for _, secret := range secrets {
		if strings.Contains(said, secret) {
			t.Errorf("a secret in the error or the log: %s", said)
		}
	}
}

func givenUp(t *testing.T, v Vendor, call Call) {
	s := start(t, v.doc)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	s.FailWith(func(w http.ResponseWriter, r *http.Request) {
		cancel()
		hang(w, r)
	})
	_, err := within(t, func() (any, error) { return call.Do(ctx, s.Open(v.Spec, v.Config, v.Catalog)) })
	if ops.KindOf(err) != ops.Unavailable {
		t.Errorf("got %v, want an *ops.Error of kind Unavailable", err)
	}
	if n := len(s.Requests()); n != 1 {
		t.Errorf("asked %d times after the caller had gone, want once", n)
	}
}

func within(t *testing.T, do func() (any, error)) (result any, err error) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		result, err = do()
	}()
	select {
	case <-done:
	case <-time.After(patience):
		t.Fatal("the call hangs")
	}
	return result, err
}

func checks(t *testing.T, v Vendor) {
	s := start(t, v.doc)
	v.Script(s)
	check := s.Open(v.Spec, v.Config, v.Catalog).Check
	if check == nil {
		t.Fatal("the offer has no Check")
	}
	good := check.Check(t.Context())
	if len(good) == 0 {
		t.Error("nothing was looked at")
	}
	for _, f := range good {
		if !f.OK || f.What == "" {
			t.Errorf("all is well, and yet: %+v", f)
		}
	}
	s.FailWith(refuse(401))
	faults := 0
	for _, f := range check.Check(t.Context()) {
		if !f.OK {
			faults++
			if f.What == "" || f.Mend == "" || strings.Contains(f.What+f.Mend, Secret) {
				t.Errorf("a finding must name what was looked at and how to mend it, and no secret: %+v", f)
			}
		}
	}
	if faults == 0 {
		t.Error("credentials that are refused were not found out")
	}
}

// refuse echoes the credentials, as some vendors do.
func refuse(status int, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		fmt.Fprintf(w, `{"status":"error","error":"no: %[1]s %[2]s","message":"no: %[1]s %[2]s"}`, r.Header.Get("Authorization"), Secret)
	}
}

func hang(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

func cutShort(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", "1000")
	io.WriteString(w, `{"status":`)
}

func loginPage(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html")
	io.WriteString(w, "<html><form>Sign in</form></html>")
}

func otherShape(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	io.WriteString(w, `"hello"`)
}

func tenMegabytes(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	io.WriteString(w, `["`+strings.Repeat("x", 10<<20)+`"]`)
}
