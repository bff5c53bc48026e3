// Package vendorhttp is the one HTTP client through which sitrep talks to vendors: it limits time, rate and size, repeats
// reads that failed for a passing reason, keeps secrets out of errors, and gives every failure its kind.
//
// It knows no vendor and no configuration; it keeps no state beyond its rate limit, and repeats nothing that writes.
//
// The rules it follows are those of HTTP itself (https://www.rfc-editor.org/rfc/rfc9110).
package vendorhttp

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"go.uber.org/zap"
	"golang.org/x/time/rate"
)

// UserAgent is sent with every request.
const UserAgent = "sitrep"

// What an Options that does not say gets.
const (
	DefaultTimeout  = 10 * time.Second
	DefaultTries    = 3
	DefaultMaxBytes = 8 << 20
)

// maxWait is the longest that a read waits before it is repeated: someone is looking at the chat for the answer.
const maxWait = 2 * time.Second

// Options says how to talk to one vendor. The zero value works and sends no credentials.
type Options struct {
	HTTP     *http.Client  // its Transport does the work; nil for Go's default
	Header   http.Header   // set on every request: credentials, tenant
	Secrets  []string      // kept out of errors; what Header's Authorization holds is added by itself
	Timeout  time.Duration // of one attempt, to the last byte; 0 for DefaultTimeout
	Tries    int           // attempts of a read in all; 0 for DefaultTries
	Rate     float64       // requests a second at most; 0 for no limit
	MaxBytes int64         // of an answer; 0 for DefaultMaxBytes
	Log      *zap.Logger   // told of what is repeated; nil for none
	Now      func() time.Time
	Wait     func(context.Context, time.Duration) error // nil to wait for real
}

// New returns a client for one vendor, safe for concurrent use. An answer's body is complete and in memory when it
// returns. It follows redirects only within the same host, since every request carries the credentials.
func New(o Options) *http.Client {
	t := &transport{
		base: http.DefaultTransport, header: o.Header, hide: newRedactor(o.Secrets, o.Header),
		timeout: or(o.Timeout, DefaultTimeout), tries: or(o.Tries, DefaultTries), maxBytes: or(o.MaxBytes, DefaultMaxBytes),
		log: o.Log, now: o.Now, wait: o.Wait,
	}
	if o.HTTP != nil && o.HTTP.Transport != nil {
		t.base = o.HTTP.Transport
	}
	if o.Rate > 0 {
		t.limit = rate.NewLimiter(rate.Limit(o.Rate), max(1, int(o.Rate)))
	}
	if t.log == nil {
		t.log = zap.NewNop()
	}
	if t.now == nil {
		t.now = time.Now
	}
	if t.wait == nil {
		t.wait = waitForReal
	}
	return &http.Client{Transport: t, CheckRedirect: sameHost}
}

func or[T int | int64 | time.Duration](v, otherwise T) T {
	if v > 0 {
		return v
	}
	return otherwise
}

func waitForReal(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func sameHost(req *http.Request, via []*http.Request) error {
	first := via[0].URL
	if req.URL.Host != first.Host || req.URL.Scheme != first.Scheme {
		return fault(errRedirected, "it sends on to another address: is the configured one right?", nil)
	}
	if len(via) > 3 {
		return fault(errRedirected, "it sends on in a circle: is the configured address right?", nil)
	}
	return nil
}

// Bearer returns the value of an Authorization header for a token, and an empty string for an empty token.
func Bearer(token string) string {
	if token == "" {
		return ""
	}
	return "Bearer " + token
}

// Basic returns the value of an Authorization header for a user and password, and an empty string for no user.
func Basic(user, password string) string {
	if user == "" {
		return ""
	}
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}

// Base reads the configured address of a vendor: http or https, a host, perhaps a path; no slash at its end.
// Its errors do not repeat the address, which may hold a password.
func Base(key, raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s is not a URL", key)
	case u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		return nil, fmt.Errorf("%s must be an address such as https://host.example.com", key)
	case u.User != nil:
		return nil, fmt.Errorf("%s must not hold a user or password; there are keys for them", key)
	case u.RawQuery != "" || u.Fragment != "":
		return nil, fmt.Errorf("%s must end with its path", key)
	}
	u.Path = strings.TrimRight(u.Path, "/")
	return u, nil
}
