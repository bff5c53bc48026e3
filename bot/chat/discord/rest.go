package discord

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/bwmarrin/discordgo"

	"sitrep/bot/chat"
	"sitrep/bot/ops"
)

const (
	answerLimit = 32 << 20
	callTimeout = 20 * time.Second
	userAgent   = "DiscordBot (https://sitrep.invalid, 1)"
)

// request is one REST call.
type request struct {
	op     string // for the error: "discord.Post"
	method string
	path   string // below the API's base, with its query
	body   any    // JSON, or nil
	files  []file
	need   string // the permission that the call needs, as Discord shows it
}

// do sends a request and decodes its answer into out, unless that is nil.
func (d *Discord) do(ctx context.Context, r request, out any) error {
	contentType, body, err := r.encode()
	if err != nil {
		return &ops.Error{Op: r.op, Kind: ops.Internal, Err: err}
	}
	// Discordgo's own limiter sleeps, deaf to the context, and sends one call at a time in each bucket; a fresh one does neither.
	bucket := discordgo.NewRatelimiter().LockBucket(r.path)
	answer, err := d.rest.RequestWithLockedBucket(r.method, discordgo.EndpointAPI+r.path, contentType, body, bucket, 0, discordgo.WithContext(ctx))
	if err != nil {
		return classify(r, err)
	}
	if out == nil || len(answer) == 0 {
		return nil
	}
	if err := json.Unmarshal(answer, out); err != nil {
		return &ops.Error{Op: r.op, Kind: ops.Unavailable, Msg: "Discord's answer could not be read.", Err: err}
	}
	return nil
}

func (r request) encode() (contentType string, body []byte, err error) {
	if r.body == nil {
		return "application/json", nil, nil
	}
	if body, err = json.Marshal(r.body); err != nil || len(r.files) == 0 {
		return "application/json", body, err
	}
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	head := textproto.MIMEHeader{}
	head.Set("Content-Disposition", `form-data; name="payload_json"`)
	head.Set("Content-Type", "application/json")
	part, err := w.CreatePart(head)
	if err != nil {
		return "", nil, err
	}
	if _, err := part.Write(body); err != nil {
		return "", nil, err
	}
	for i, f := range r.files {
		part, err := w.CreateFormFile(fmt.Sprintf("files[%d]", i), f.name)
		if err != nil {
			return "", nil, err
		}
		if _, err := part.Write(f.data); err != nil {
			return "", nil, err
		}
	}
	return w.FormDataContentType(), b.Bytes(), w.Close()
}

// transport sends discordgo's calls to the configured base, and takes over what discordgo does badly: limits of rate.
type transport struct {
	base string
	next http.RoundTripper
}

func newTransport(c Config) *transport {
	next := c.Transport
	if next == nil {
		next = http.DefaultTransport.(*http.Transport).Clone()
	}
	return &transport{base: strings.TrimSuffix(c.APIURL, "/") + "/", next: next}
}

func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	path, ok := strings.CutPrefix(r.URL.String(), discordgo.EndpointAPI)
	if !ok {
		return nil, errors.New("the call is not for Discord's API")
	}
	to, err := url.Parse(t.base + path)
	if err != nil {
		return nil, errors.New("the call's path is malformed")
	}
	r = r.Clone(r.Context())
	r.URL, r.Host = to, ""
	resp, err := t.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode == http.StatusTooManyRequests {
		defer resp.Body.Close()
		return nil, &ops.Error{Op: "discord", Kind: ops.Throttled, Msg: "Discord asks to wait.", RetryAfter: retryAfter(resp)}
	}
	for name := range resp.Header {
		if strings.HasPrefix(name, "X-Ratelimit-") {
			resp.Header.Del(name)
		}
	}
	resp.Body = struct {
		io.Reader
		io.Closer
	}{io.LimitReader(resp.Body, answerLimit), resp.Body}
	return resp, nil
}

// CloseIdleConnections is what http.Client calls.
func (t *transport) CloseIdleConnections() {
	if c, ok := t.next.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

// The body tells fractions of a second, the header whole seconds.
func retryAfter(resp *http.Response) time.Duration {
	var body struct {
		RetryAfter float64 `json:"retry_after"`
	}
	raw, _ := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	if json.Unmarshal(raw, &body) != nil || body.RetryAfter <= 0 {
		body.RetryAfter, _ = strconv.ParseFloat(resp.Header.Get("Retry-After"), 64)
	}
	return max(time.Duration(body.RetryAfter*float64(time.Second)), time.Second/10)
}

func newSession(c Config, t http.RoundTripper) *discordgo.Session {
	// New has no way to fail: it makes a struct.
	s, _ := discordgo.New("Bot " + c.Token)
	s.Client = &http.Client{Transport: t, Timeout: callTimeout}
	s.UserAgent = userAgent
	s.ShouldRetryOnRateLimit = false
	s.ShouldReconnectOnError = false
	s.MaxRestRetries = 0
	s.StateEnabled = false
	// Discordgo logs to the process's log, past ours; what matters comes back as errors and events.
	s.LogLevel = -1
	return s
}

// The codes of Discord's errors that mean something of their own to a caller.
const (
	channelsFull        = 30013
	alreadyAcknowledged = 40060
	missingAccess       = 50001
	cannotDirect        = 50007
	missingPermissions  = 50013
	deadToken           = 50027
	threadExists        = 160004
)

// classify names a failed call. It leaves out URLs, which may hold an interaction's token.
func classify(r request, err error) error {
	e := &ops.Error{Op: r.op, Kind: ops.Unavailable, Msg: "Discord gave no answer that can be trusted."}
	var known *ops.Error
	var rest *discordgo.RESTError
	var sent *url.Error
	switch {
	case errors.As(err, &known):
		e.Kind, e.Msg, e.RetryAfter = known.Kind, known.Msg, known.RetryAfter
	case errors.As(err, &rest):
		e.Err = &refusal{status: rest.Response.StatusCode, code: code(rest), text: reason(rest)}
		e.Kind, e.Msg = judge(r, rest)
	case errors.As(err, &sent):
		e.Err = sent.Err
	default:
		e.Err = err
	}
	return e
}

func judge(r request, rest *discordgo.RESTError) (ops.Kind, string) {
	status := rest.Response.StatusCode
	switch code(rest) {
	case deadToken:
		return ops.NotFound, "The time to answer there is over."
	case channelsFull:
		return ops.Invalid, "The server has 500 channels, which is as many as Discord allows: delete archived rooms that nobody needs."
	case cannotDirect:
		return ops.Denied, "This person takes no direct messages from the bot."
	case missingAccess, missingPermissions:
		return ops.Denied, lacks(r.need)
	}
	switch {
	case status == http.StatusUnauthorized:
		return ops.Denied, "Discord refuses the bot's token."
	case status == http.StatusForbidden:
		return ops.Denied, lacks(r.need)
	case status == http.StatusNotFound:
		return ops.NotFound, "That does not exist on Discord, or not any more."
	case status >= 500:
		return ops.Unavailable, "Discord has a fault of its own."
	}
	return ops.Invalid, "Discord refuses that: " + reason(rest)
}

func lacks(need string) string {
	if need == "" {
		need = "View Channels"
	}
	return "The bot lacks a permission on Discord: give its role “" + need + "”, on the server or in that channel."
}

// refusal is what Discord answered, in short.
type refusal struct {
	status, code int
	text         string
}

func (r *refusal) Error() string {
	return fmt.Sprintf("HTTP %d, code %d: %s", r.status, r.code, r.text)
}

func code(rest *discordgo.RESTError) int {
	if rest.Message == nil {
		return 0
	}
	return rest.Message.Code
}

func reason(rest *discordgo.RESTError) string {
	if rest.Message == nil || rest.Message.Message == "" {
		return http.StatusText(rest.Response.StatusCode)
	}
	return strings.TrimSpace(chat.Cut(string(rest.ResponseBody), 300))
}

func hasCode(err error, code int) bool {
	var r *refusal
	return errors.As(err, &r) && r.code == code
}
