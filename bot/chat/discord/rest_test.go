package discord

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"

	"sitrep/bot/chat"
	"sitrep/bot/ops"
)

func TestAFailureHasItsName(t *testing.T) {
	for _, tt := range []struct {
		name   string
		status int
		body   string
		header string
		err    error
		want   ops.Kind
		told   string
		wait   time.Duration
	}{
		{name: "unknown channel", status: 404, body: `{"code":10003,"message":"Unknown Channel"}`, want: ops.NotFound},
		{name: "missing access", status: 403, body: `{"code":50001,"message":"Missing Access"}`, want: ops.Denied, told: "“Send Messages”"},
		{name: "missing permissions", status: 403, body: `{"code":50013,"message":"Missing Permissions"}`, want: ops.Denied, told: "“Send Messages”"},
		{name: "no direct messages", status: 403, body: `{"code":50007,"message":"Cannot send messages to this user"}`, want: ops.Denied, told: "no direct messages"},
		{name: "token revoked", status: 401, body: `{"code":0,"message":"401: Unauthorized"}`, want: ops.Denied, told: "token"},
		{name: "interaction over", status: 401, body: `{"code":50027,"message":"Invalid Webhook Token"}`, want: ops.NotFound},
		{name: "malformed", status: 400, body: `{"code":50035,"message":"Invalid Form Body"}`, want: ops.Invalid, told: "Invalid Form Body"},
		{name: "limit with fractions", status: 429, body: `{"retry_after":1.5,"message":"x","global":false}`, header: "2", want: ops.Throttled, wait: 1500 * time.Millisecond},
		{name: "limit of the proxy", status: 429, body: `<html>`, header: "7", want: ops.Throttled, wait: 7 * time.Second},
		{name: "bad gateway", status: 502, body: `<html>`, want: ops.Unavailable},
		{name: "server's fault", status: 500, body: `{}`, want: ops.Unavailable},
		{name: "answer cut short", status: 200, body: `{"id":`, want: ops.Unavailable},
		{name: "no connection", err: errors.New("connection reset"), want: ops.Unavailable},
	} {
		t.Run(tt.name, func(t *testing.T) {
			calls := 0
			d, err := New(Config{Token: "secret-token", ApplicationID: "9", GuildID: "3", Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
				calls++
				if got := r.URL.String(); got != "https://discord.com/api/v10/channels/5/messages" || r.Header.Get("Authorization") != "Bot secret-token" {
					t.Errorf("called %s", got)
				}
				if tt.err != nil {
					return nil, tt.err
				}
				return &http.Response{
					StatusCode: tt.status, Status: http.StatusText(tt.status), Header: http.Header{"Retry-After": {tt.header}, "X-Ratelimit-Reset": {"x"}, "X-Ratelimit-Remaining": {"0"}},
					Body: io.NopCloser(strings.NewReader(tt.body)), Request: r,
				}, nil
			})}, zap.NewNop())
			if err != nil {
				t.Fatal(err)
			}
			_, err = d.Post(t.Context(), chat.Post{Room: "5", Key: "k/1", Message: chat.Text("x")})
			var e *ops.Error
			if !errors.As(err, &e) || e.Kind != tt.want || e.RetryAfter != tt.wait || !strings.Contains(e.Msg, tt.told) || e.Msg == "" {
				t.Errorf("error = %+v", err)
			}
			if strings.Contains(err.Error(), "secret-token") || calls != 1 {
				t.Errorf("%d calls, and %v", calls, err)
			}
		})
	}
}

func TestAnInteractionsTokenIsInNoError(t *testing.T) {
	d, err := New(Config{Token: "secret-token", ApplicationID: "9", GuildID: "3", Transport: roundTrip(func(*http.Request) (*http.Response, error) {
		return nil, errors.New("connection reset")
	})}, zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	err = d.Reply(t.Context(), chat.Reply{To: chat.ReplyTo{Token: "secret-of-the-interaction"}, Message: chat.Text("x")})
	if ops.KindOf(err) != ops.Unavailable || strings.Contains(err.Error(), "secret") {
		t.Errorf("error = %v", err)
	}
}
