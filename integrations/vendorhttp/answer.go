package vendorhttp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"
	"unicode"

	"sitrep/bot/ops"
)

// GetJSON reads url and decodes its JSON answer into out. Its error is an *ops.Error of op.
func GetJSON(ctx context.Context, c *http.Client, op, url string, out any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return &ops.Error{Op: op, Kind: ops.Internal, Msg: "the address of the request is wrong"}
	}
	return DoJSON(c, op, req, out)
}

// DoJSON sends req and decodes its JSON answer into out, or ignores it when out is nil. Its error is an *ops.Error of op.
func DoJSON(c *http.Client, op string, req *http.Request, out any) error {
	req.Header.Set("Accept", "application/json")
	header, body, err := do(c, op, req)
	if err != nil || out == nil {
		return err
	}
	if media, _, _ := mime.ParseMediaType(header.Get("Content-Type")); !strings.HasSuffix(media, "json") {
		return NotJSON(op, fmt.Errorf("content type %q", media))
	}
	if err := json.Unmarshal(body, out); err != nil {
		return NotJSON(op, err)
	}
	return nil
}

// do sends req and returns the answer's header and body when the status is 2xx.
func do(c *http.Client, op string, req *http.Request) (http.Header, []byte, error) {
	resp, err := c.Do(req)
	if err != nil {
		return nil, nil, Fail(op, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, nil, Fail(op, err)
	}
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return nil, nil, StatusError(op, resp.StatusCode, resp.Header, body)
	}
	return resp.Header, body, nil
}

// Fail turns an error of a client made by New into an *ops.Error of op. It drops the request's address, in which a
// secret may stand, and is for callers that use a vendor's own library on top of New.
func Fail(op string, err error) *ops.Error {
	var known *ops.Error
	if errors.As(err, &known) {
		out := *known
		out.Op = op
		return &out
	}
	var syntax *json.SyntaxError
	var shape *json.UnmarshalTypeError
	if errors.As(err, &syntax) || errors.As(err, &shape) || errors.Is(err, io.ErrUnexpectedEOF) {
		return NotJSON(op, err)
	}
	for _, end := range []error{context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, end) {
			return &ops.Error{Op: op, Kind: ops.Unavailable, Msg: "it did not answer in time", Err: end}
		}
	}
	return &ops.Error{Op: op, Kind: ops.Unavailable, Msg: "it cannot be reached"}
}

// NotJSON is the error for an answer that is not what the vendor's API gives.
func NotJSON(op string, cause error) *ops.Error {
	return &ops.Error{
		Op: op, Kind: ops.Unavailable, Err: cause,
		Msg: "the answer is not what its API gives: is the address right, or a login page in front of it?",
	}
}

// StatusError says what an answer that is no success means. Its header must come from a client made by New,
// which turns a Retry-After that is a date into seconds.
func StatusError(op string, status int, h http.Header, body []byte) *ops.Error {
	e := &ops.Error{Op: op, Err: fmt.Errorf("status %d", status)}
	said := detail(h.Get("Content-Type"), body)
	switch {
	case status == http.StatusUnauthorized:
		e.Kind, e.Msg = ops.Denied, "it refused the credentials"+said
	case status == http.StatusForbidden, status == http.StatusPaymentRequired:
		e.Kind, e.Msg = ops.Denied, "the credentials do not allow this"+said
	case status == http.StatusNotFound, status == http.StatusGone:
		e.Kind, e.Msg = ops.NotFound, "it does not know what was asked for"+said
	case status == http.StatusTooManyRequests, status == 420:
		e.Kind, e.Msg, e.RetryAfter = ops.Throttled, "it asks for fewer requests", retryAfter(h, time.Time{})
	case status == http.StatusRequestTimeout:
		e.Kind, e.Msg = ops.Unavailable, "it did not answer in time"
	case status >= 400 && status < 500:
		e.Kind, e.Msg = ops.Invalid, "it refused the request"+said
	default:
		e.Kind, e.Msg, e.RetryAfter = ops.Unavailable, fmt.Sprintf("it answered %d", status)+said, retryAfter(h, time.Time{})
	}
	return e
}

// detailMax is how many characters of a vendor's own words are shown.
const detailMax = 200

// detail returns what a vendor says of its failure as ": words", or nothing. HTML pages say nothing.
func detail(contentType string, body []byte) string {
	media, _, _ := mime.ParseMediaType(contentType)
	var words string
	switch {
	case strings.HasSuffix(media, "json"):
		var v any
		if json.Unmarshal(body, &v) == nil {
			words = message(v)
		}
	case media == "text/plain":
		words = string(body)
	}
	words = strings.Join(strings.FieldsFunc(words, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " ")
	if words == "" {
		return ""
	}
	if r := []rune(words); len(r) > detailMax {
		words = string(r[:detailMax]) + "…"
	}
	return ": " + words
}

// message finds the words in the shapes that vendors give their errors.
func message(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case []any:
		if len(v) > 0 {
			return message(v[0])
		}
	case map[string]any:
		for _, key := range []string{"error_description", "message", "error", "errors", "errorMessages", "detail", "reason"} {
			if words := message(v[key]); words != "" {
				return words
			}
		}
	}
	return ""
}
