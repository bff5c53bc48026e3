package github

import (
	"cmp"
	"errors"
	"io"
	"time"

	api "github.com/google/go-github/v60/github"

	"sitrep/bot/ops"
	"sitrep/integrations/vendorhttp"
)

// fail tells a failure of the library in sitrep's terms, and returns nil for nil. GitHub says 403 where others say 429.
func (c *client) fail(op string, err error) error {
	var limit *api.RateLimitError
	var abuse *api.AbuseRateLimitError
	var answer *api.ErrorResponse
	switch {
	case err == nil:
		return nil
	case errors.As(err, &limit):
		return &ops.Error{
			Op: op, Kind: ops.Throttled, Msg: "the hourly limit of requests is used up",
			RetryAfter: max(limit.Rate.Reset.Sub(c.now()).Round(time.Second), time.Second),
		}
	case errors.As(err, &abuse):
		wait := time.Minute // what GitHub's documentation asks for when the answer does not say
		return &ops.Error{Op: op, Kind: ops.Throttled, Msg: "it asks for fewer requests", RetryAfter: *cmp.Or(abuse.RetryAfter, &wait)}
	case errors.As(err, &answer):
		body, _ := io.ReadAll(answer.Response.Body) // in memory already
		return vendorhttp.StatusError(op, answer.Response.StatusCode, answer.Response.Header, body)
	}
	return vendorhttp.Fail(op, err)
}
