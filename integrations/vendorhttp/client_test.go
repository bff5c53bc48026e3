package vendorhttp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"sitrep/bot/ops"
)

var noon = time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)

// waits records what would have been waited for.
type waits []time.Duration

func (w *waits) wait(ctx context.Context, d time.Duration) error {
	*w = append(*w, d)
	return ctx.Err()
}

// serve answers with each of replies in turn, the last one again and again, and counts the requests.
func serve(t *testing.T, replies ...http.HandlerFunc) (url string, count *atomic.Int64) {
	t.Helper()
	count = new(atomic.Int64)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		replies[min(int(count.Add(1)), len(replies))-1](w, r)
	}))
	t.Cleanup(srv.Close)
	return srv.URL, count
}

func reply(status int, body string, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

func cutShort(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", "100")
	io.WriteString(w, `{"a":`)
}

func testClient(w *waits) *http.Client {
	return New(Options{Now: func() time.Time { return noon }, Wait: w.wait, MaxBytes: 1 << 20})
}

func TestEveryFailureHasItsKind(t *testing.T) {
	big := reply(200, `"`+strings.Repeat("x", 1<<20)+`"`)
	for _, c := range []struct {
		name    string
		reply   http.HandlerFunc
		kind    ops.Kind
		msg     string
		retry   time.Duration
		repeats int
	}{
		{"400, in words", reply(400, `{"error":"bad query"}`), ops.Invalid, "it refused the request: bad query", 0, 0},
		{"401", reply(401, `{"message":"Bad credentials"}`), ops.Denied, "it refused the credentials: Bad credentials", 0, 0},
		{"403, nested", reply(403, `{"errors":[{"detail":"no scope"}]}`), ops.Denied, "the credentials do not allow this: no scope", 0, 0},
		{"404, silent", reply(404, ``), ops.NotFound, "it does not know what was asked for", 0, 0},
		{"422, plain, many lines", reply(422, "a\n\tb\x00c", "Content-Type", "text/plain"), ops.Invalid, "it refused the request: a b c", 0, 0},
		{"429, long", reply(429, ``, "Retry-After", "30"), ops.Throttled, "it asks for fewer requests", 30 * time.Second, 0},
		{"429, a date", reply(429, ``, "Retry-After", noon.Add(time.Minute).Format(http.TimeFormat)), ops.Throttled, "it asks for fewer requests", time.Minute, 0},
		{"429, silent", reply(429, ``), ops.Throttled, "it asks for fewer requests", 0, 2},
		{"500, a page", reply(500, `<html>boom`, "Content-Type", "text/html"), ops.Unavailable, "it answered 500", 0, 2},
		{"503", reply(503, `{}`, "Retry-After", "1"), ops.Unavailable, "it answered 503", time.Second, 2},
		{"501 will not pass", reply(501, ``), ops.Unavailable, "it answered 501", 0, 0},
		{"cut short", cutShort, ops.Unavailable, "its answer was cut short", 0, 2},
		{"half of a JSON text", reply(200, `{"a":`), ops.Unavailable, "the answer is not what its API gives: is the address right, or a login page in front of it?", 0, 0},
		{"a login page", reply(200, `<html>`, "Content-Type", "text/html"), ops.Unavailable, "the answer is not what its API gives: is the address right, or a login page in front of it?", 0, 0},
		{"too large", big, ops.Invalid, "the answer is larger than 1 MB: narrow the query or the window", 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			url, count := serve(t, c.reply)
			var slept waits
			var out any
			err := GetJSON(t.Context(), testClient(&slept), "kitchen.Order", url, &out)
			var e *ops.Error
			if !errors.As(err, &e) {
				t.Fatalf("got %v, want an *ops.Error", err)
			}
			got := ops.Error{Op: e.Op, Kind: e.Kind, Msg: e.Msg, RetryAfter: e.RetryAfter}
			want := ops.Error{Op: "kitchen.Order", Kind: c.kind, Msg: c.msg, RetryAfter: c.retry}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if count.Load() != int64(c.repeats)+1 || len(slept) != c.repeats {
				t.Errorf("asked %d times and waited %d, want %d repeats", count.Load(), len(slept), c.repeats)
			}
		})
	}
}

func TestAReadIsRepeatedUntilItSucceeds(t *testing.T) {
	url, count := serve(t, reply(429, ``, "Retry-After", "2"), cutShort, reply(200, `{"a":1}`))
	var slept waits
	var out struct{ A int }
	if err := GetJSON(t.Context(), testClient(&slept), "op", url, &out); err != nil || out.A != 1 || count.Load() != 3 {
		t.Errorf("got %v after %d requests: %v", out, count.Load(), err)
	}
	if slept[0] != 2*time.Second {
		t.Errorf("waited %v, want the 2s that were asked for", slept[0])
	}
}

func TestAWriteIsNeverRepeated(t *testing.T) {
	url, count := serve(t, reply(503, ``))
	req, _ := http.NewRequest(http.MethodPost, url, strings.NewReader("{}"))
	err := DoJSON(testClient(new(waits)), "op", req, nil)
	if ops.KindOf(err) != ops.Unavailable || count.Load() != 1 {
		t.Errorf("got %v after %d requests", err, count.Load())
	}
}

func TestNobodyListening(t *testing.T) {
	var slept waits
	err := GetJSON(t.Context(), testClient(&slept), "op", "http://127.0.0.1:1/", nil)
	if ops.KindOf(err) != ops.Unavailable || ops.Tell(err) != "it cannot be reached" || len(slept) != 2 {
		t.Errorf("got %v after %d waits", err, len(slept))
	}
	if !strings.Contains(err.Error(), "refused") {
		t.Errorf("%q does not tell the operator why", err)
	}
}

func hang(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

func TestATimeOutIsNotRepeated(t *testing.T) {
	url, count := serve(t, hang)
	c := New(Options{Timeout: 20 * time.Millisecond, Wait: new(waits).wait})
	err := GetJSON(t.Context(), c, "op", url, nil)
	if ops.KindOf(err) != ops.Unavailable || ops.Tell(err) != "it did not answer in time" || count.Load() != 1 {
		t.Errorf("got %v after %d requests", err, count.Load())
	}
}

func TestTheCallersContextIsHonoured(t *testing.T) {
	url, count := serve(t, hang, reply(200, `{}`))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := GetJSON(ctx, testClient(new(waits)), "op", url, nil)
	if !errors.Is(err, context.Canceled) || count.Load() != 0 {
		t.Errorf("got %v after %d requests", err, count.Load())
	}
}

func TestTheRateIsKept(t *testing.T) {
	url, _ := serve(t, reply(200, `{}`))
	var slept waits
	c := New(Options{Rate: 2, Now: func() time.Time { return noon }, Wait: slept.wait})
	for range 4 {
		if err := GetJSON(t.Context(), c, "op", url, nil); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(waits{500 * time.Millisecond, time.Second}, slept); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestCredentialsStayWithTheirHost(t *testing.T) {
	var stolen http.Header
	thief := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { stolen = r.Header; w.WriteHeader(200) }))
	defer thief.Close()
	here, _ := serve(t, reply(302, ``, "Location", "/next"), reply(200, `{"a":1}`))
	away, _ := serve(t, reply(302, ``, "Location", thief.URL))
	c := New(Options{Header: http.Header{"X-Api-Key": {"k"}}})

	var out struct{ A int }
	if err := GetJSON(t.Context(), c, "op", here, &out); err != nil || out.A != 1 {
		t.Errorf("within the host: got %v, %v", out, err)
	}
	if err := GetJSON(t.Context(), c, "op", away, nil); ops.KindOf(err) != ops.Invalid {
		t.Errorf("to another host: got %v, want Invalid", err)
	}
	if stolen != nil {
		t.Errorf("another host was asked, with %v", stolen)
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestNoSecretInErrorsOrLog(t *testing.T) {
	basic := Basic("ana", "s3cret pass")
	echo := func(status int) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(status)
			fmt.Fprintf(w, `{"error":"no %s, no %s, at %s"}`, r.Header.Get("Authorization"), r.Header.Get("X-Key"), r.URL.RawQuery)
		}
	}
	core, logs := observer.New(zap.DebugLevel)
	c := New(Options{
		Header:  http.Header{"Authorization": {basic}, "x-key": {"k3y"}},
		Secrets: []string{"k3y", "s3cret pass"}, Log: zap.New(core), Wait: new(waits).wait,
	})
	var said strings.Builder
	for _, h := range []http.HandlerFunc{echo(401), echo(500), cutShort} {
		url, _ := serve(t, h)
		fmt.Fprintln(&said, GetJSON(t.Context(), c, "op", url+"/k3y?q=s3cret+pass", nil))
	}
	fmt.Fprintln(&said, GetJSON(t.Context(), c, "op", "http://127.0.0.1:1/k3y", nil))
	broken := roundTrip(func(r *http.Request) (*http.Response, error) {
		return nil, fmt.Errorf("proxy cannot reach %s for k3y with %s", r.URL, r.Header.Get("Authorization"))
	})
	c = New(Options{
		HTTP: &http.Client{Transport: broken}, Header: http.Header{"Authorization": {basic}},
		Secrets: []string{"k3y", "s3cret pass"}, Log: zap.New(core), Wait: new(waits).wait,
	})
	fmt.Fprintln(&said, GetJSON(t.Context(), c, "op", "http://vendor.example.com/k3y", nil))
	if !strings.Contains(said.String(), "proxy cannot reach") {
		t.Errorf("the operator is not told why: %s", said.String())
	}
	for _, entry := range logs.All() {
		fmt.Fprintln(&said, entry.Message, entry.ContextMap())
	}
	if logs.Len() == 0 {
		t.Error("nothing logged of what was repeated")
	}
	for _, secret := range []string{"k3y", "s3cret", strings.TrimPrefix(basic, "Basic ")} {
		if strings.Contains(said.String(), secret) {
			t.Errorf("%q in\n%s", secret, said.String())
		}
	}
}

func TestBase(t *testing.T) {
	if u, err := Base("url", "https://h.example.com/prom/"); err != nil || u.String() != "https://h.example.com/prom" {
		t.Errorf("got %v, %v", u, err)
	}
	for _, bad := range []string{"", "h.example.com", "ftp://h", "https://", "https://u:hunter2@h", "https://h?token=hunter2", "https://h#x", "http://h:%hunter2"} {
		if u, err := Base("url", bad); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: got %v, %v", bad, u, err)
		}
	}
}
