package vendorhttp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/cenkalti/backoff/v5"
	"go.uber.org/zap"
	"golang.org/x/time/rate"

	"sitrep/bot/ops"
)

type transport struct {
	base     http.RoundTripper
	header   http.Header
	hide     redactor
	timeout  time.Duration
	tries    int
	maxBytes int64
	limit    *rate.Limiter
	log      *zap.Logger
	now      func() time.Time
	wait     func(context.Context, time.Duration) error
}

// RoundTrip sends a request and reads its whole answer, again if it is a read and the failure may pass.
func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	req = t.dressed(req)
	pause := &backoff.ExponentialBackOff{
		InitialInterval: 200 * time.Millisecond, RandomizationFactor: 0.5, Multiplier: 2, MaxInterval: maxWait,
	}
	for try := 1; ; try++ {
		resp, err := t.once(req)
		if try == t.tries || !isRead(req) || !mayPass(resp, err) {
			return resp, err
		}
		d := pause.NextBackOff()
		if resp != nil {
			d = max(d, retryAfter(resp.Header, t.now()))
		}
		if d > maxWait {
			return resp, err
		}
		t.log.Warn("vendor did not answer, will ask again", zap.String("method", req.Method),
			zap.String("host", req.URL.Host), zap.String("path", t.hide.text(req.URL.Path)),
			zap.String("outcome", t.outcome(resp, err)), zap.Duration("wait", d))
		if t.wait(req.Context(), d) != nil {
			return resp, err
		}
	}
}

// dressed returns a copy, because a RoundTripper must leave the request alone.
func (t *transport) dressed(req *http.Request) *http.Request {
	req = req.Clone(req.Context())
	for k, v := range t.header {
		req.Header[http.CanonicalHeaderKey(k)] = v
	}
	req.Header.Set("User-Agent", UserAgent)
	return req
}

func (t *transport) once(req *http.Request) (*http.Response, error) {
	if err := t.queue(req.Context()); err != nil {
		return nil, t.explain(req.Context(), err)
	}
	ctx, cancel := context.WithTimeout(req.Context(), t.timeout)
	defer cancel()
	resp, err := t.base.RoundTrip(req.WithContext(ctx))
	if err != nil {
		return nil, t.explain(req.Context(), err)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, t.maxBytes+1))
	resp.Body.Close()
	if err != nil {
		return nil, t.explain(req.Context(), err)
	}
	if int64(len(body)) > t.maxBytes {
		return nil, fault(errTooLarge, fmt.Sprintf("the answer is larger than %d MB: narrow the query or the window", t.maxBytes>>20), nil)
	}
	if resp.StatusCode >= 400 {
		body = t.hide.bytes(body) // it is quoted to people
	}
	if d := retryAfter(resp.Header, t.now()); d > 0 {
		resp.Header.Set("Retry-After", strconv.Itoa(int(d.Round(time.Second)/time.Second))) // a date needs our clock
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp, nil
}

// queue waits for the rate limit's turn.
func (t *transport) queue(ctx context.Context) error {
	if t.limit == nil {
		return ctx.Err()
	}
	now := t.now()
	turn := t.limit.ReserveN(now, 1)
	d := turn.DelayFrom(now)
	if d == 0 {
		return ctx.Err()
	}
	if err := t.wait(ctx, d); err != nil {
		turn.CancelAt(t.now())
		return err
	}
	return nil
}

// Failures without an answer are told apart by these, which stand at the end of the error's chain.
var (
	errRedirected = errors.New("redirected elsewhere")
	errTooLarge   = errors.New("answer too large")
	errTimedOut   = errors.New("no answer in time")
	errCut        = errors.New("answer cut short")
)

func fault(sort error, msg string, cause error) *ops.Error {
	kind := ops.Unavailable
	if errors.Is(sort, errTooLarge) || errors.Is(sort, errRedirected) {
		kind = ops.Invalid
	}
	if cause == nil {
		cause = sort
	} else if sort != nil {
		cause = fmt.Errorf("%w: %w", sort, cause)
	}
	return &ops.Error{Op: "vendorhttp", Kind: kind, Msg: msg, Err: cause}
}

// explain names a failure that left no answer. outer is the caller's context, to tell its end from our own time-out.
func (t *transport) explain(outer context.Context, err error) error {
	safe := t.hide.error(err)
	switch {
	case errors.Is(outer.Err(), context.Canceled):
		return fault(nil, "the request was given up", safe)
	case outer.Err() != nil, errors.Is(err, context.DeadlineExceeded):
		return fault(errTimedOut, "it did not answer in time", safe)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fault(errCut, "its answer was cut short", safe)
	}
	return fault(nil, "it cannot be reached", safe)
}

func isRead(req *http.Request) bool {
	return req.Method == http.MethodGet || req.Method == http.MethodHead
}

// mayPass reports whether the same read may succeed in a moment. A time-out is not repeated: the next would take as long.
func mayPass(resp *http.Response, err error) bool {
	if err != nil {
		return ops.KindOf(err) == ops.Unavailable && !errors.Is(err, errTimedOut) &&
			!errors.Is(err, context.Canceled) && !errors.Is(err, errRedirected)
	}
	return resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode >= 500 && resp.StatusCode != http.StatusNotImplemented
}

func (t *transport) outcome(resp *http.Response, err error) string {
	if err != nil {
		return err.Error()
	}
	return strconv.Itoa(resp.StatusCode)
}

// retryAfter reads a Retry-After header, which is in seconds or a date.
func retryAfter(h http.Header, now time.Time) time.Duration {
	v := h.Get("Retry-After")
	if s, err := strconv.Atoi(v); err == nil && s > 0 {
		return time.Duration(s) * time.Second
	}
	if at, err := http.ParseTime(v); err == nil && at.After(now) {
		return at.Sub(now)
	}
	return 0
}
