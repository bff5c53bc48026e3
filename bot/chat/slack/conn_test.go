package slack_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"sitrep/bot/chat"
	"sitrep/bot/chat/chattest"
	"sitrep/bot/chat/slack"
	"sitrep/bot/chat/slack/slackfake"
	"sitrep/bot/ops"
)

// run runs the platform until the test ends, and returns what it hears.
func run(t *testing.T, s *slack.Slack, w *slackfake.Server) *chattest.Inbox {
	t.Helper()
	inbox := chattest.NewInbox(s.Decode)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx, inbox) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
		for _, v := range w.Violations() {
			t.Errorf("Slack's rules were broken: %s", v)
		}
	})
	until(t, "the platform connects", w.Connected)
	return inbox
}

func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(chattest.Patience); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain until %s", what)
		}
	}
}

func TestASocketIsBroughtBack(t *testing.T) {
	for name, cut := range map[string]func(*slackfake.Server){
		"cut": (*slackfake.Server).DropConnections,
		"refreshed, as Slack asks every few hours": (*slackfake.Server).AskToReconnect,
		"cut, and the reconnects fail for a while": func(w *slackfake.Server) {
			w.SetFault(chattest.Fault{Match: "apps.connections.open", Status: http.StatusServiceUnavailable, Times: 3})
			w.DropConnections()
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, w := overSocket(t)
			inbox := run(t, s, w)
			cut(w)
			w.Say(w.Person("ana"), w.Channel("general"), "@sitrep who checkout")
			if in := inbox.Wait(t, chat.Command); in.Text != "who checkout" {
				t.Fatalf("heard %+v", in)
			}
		})
	}
}

func TestARevokedTokenEndsRun(t *testing.T) {
	w := slackfake.New(slackfake.Options{})
	t.Cleanup(w.Close)
	for name, cfg := range map[string]slack.Config{
		"bot token": {BotToken: "xoxb-revoked", AppToken: slackfake.AppToken}, "app token": {BotToken: slackfake.BotToken, AppToken: "xapp-revoked"},
	} {
		cfg.APIURL = w.APIURL()
		s, err := slack.New(cfg, logger(t))
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Run(context.Background(), chattest.NewInbox(s.Decode)); ops.KindOf(err) != ops.Denied {
			t.Errorf("%s: Run = %v, want an error of kind denied", name, err)
		}
	}
}

// An event that was acknowledged is not delivered again; so one that comes again was not acknowledged.
func TestAnEventIsAcknowledgedOnlyWhenStored(t *testing.T) {
	for name, open := range map[string]func(*testing.T) (*slack.Slack, *slackfake.Server){"socket": overSocket, "http": overHTTP} {
		t.Run(name, func(t *testing.T) {
			s, w := open(t)
			inbox := run(t, s, w)
			inbox.Fail(errors.New("disk full"))
			w.Say(w.Person("ana"), w.Channel("general"), "@sitrep ack")
			until(t, "it is refused", func() bool { return inbox.Refused() > 0 })
			inbox.Fail(nil)
			if in := inbox.Wait(t, chat.Command); in.Text != "ack" {
				t.Fatalf("heard %+v", in)
			}
			if n := len(inbox.Requests()); n != 1 {
				t.Errorf("stored %d times, want once: what was acknowledged came again", n)
			}
		})
	}
}

func TestHTTPRefusesWhatSlackHasNotSent(t *testing.T) {
	now := time.Now()
	signed := func(at time.Time, change func(http.Header)) func([]byte) http.Header {
		return func(body []byte) http.Header {
			h := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
			slackfake.Sign(h, body, at)
			change(h)
			return h
		}
	}
	as := func(http.Header) {}
	good := url.Values{"team_id": {"T1"}, "user_id": {"U1"}, "channel_id": {"C1"}, "trigger_id": {"t1"}, "text": {"ack"}, "command": {"/inc"}}.Encode()
	s, w := overHTTP(t)
	inbox := run(t, s, w)
	routes := mount(s.Routes())
	for _, test := range []struct {
		name   string
		body   string
		header func([]byte) http.Header
		want   int
	}{
		{"signed", good, signed(now, as), http.StatusOK},
		{"no signature", good, signed(now, func(h http.Header) { h.Del("X-Slack-Signature") }), http.StatusUnauthorized},
		{"no timestamp", good, signed(now, func(h http.Header) { h.Del("X-Slack-Request-Timestamp") }), http.StatusUnauthorized},
		{"wrong signature", good, signed(now, func(h http.Header) { h.Set("X-Slack-Signature", "v0="+strings.Repeat("0", 64)) }), http.StatusUnauthorized},
		{"another body's signature", good, func([]byte) http.Header { return signed(now, as)([]byte("else")) }, http.StatusUnauthorized},
		{"replayed after six minutes", good, signed(now.Add(-6*time.Minute), as), http.StatusUnauthorized},
		{"from the future", good, signed(now.Add(6*time.Minute), as), http.StatusUnauthorized},
		{"timestamp replaced", good, func(b []byte) http.Header {
			h := signed(now.Add(-6*time.Minute), as)(b)
			h.Set("X-Slack-Request-Timestamp", "9999999999")
			return h
		}, http.StatusUnauthorized},
		{"too large", strings.Repeat("x", 1<<20+1), signed(now, as), http.StatusRequestEntityTooLarge},
		{"no form", good, signed(now, func(h http.Header) { h.Set("Content-Type", "text/plain") }), http.StatusBadRequest},
		{"certificate check", "ssl_check=1", signed(now, as), http.StatusOK},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodPost, "/slack/commands", strings.NewReader(test.body))
			r.Header = test.header([]byte(test.body))
			rec := httptest.NewRecorder()
			routes.ServeHTTP(rec, r)
			if rec.Code != test.want {
				t.Errorf("answered %d %s, want %d", rec.Code, rec.Body, test.want)
			}
		})
	}
	if n := len(inbox.Requests()); n != 1 {
		t.Errorf("%d requests were stored, want the good one alone", n)
	}
}

func TestHTTPAnswersTheChallengeAndWaitsForRun(t *testing.T) {
	s, _ := overHTTP(t)
	routes := mount(s.Routes())
	post := func(body string) *http.Response {
		r := httptest.NewRequest(http.MethodPost, "/slack/events", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		slackfake.Sign(r.Header, []byte(body), time.Now())
		rec := httptest.NewRecorder()
		routes.ServeHTTP(rec, r)
		return rec.Result()
	}
	r := post(`{"type":"url_verification","challenge":"c-123"}`)
	var b bytes.Buffer
	if io.Copy(&b, r.Body); r.StatusCode != http.StatusOK || b.String() != "c-123" {
		t.Errorf("the challenge is answered %d %q", r.StatusCode, b.String())
	}
	if r := post(`{"type":"event_callback","event_id":"Ev1","event":{"type":"app_mention"}}`); r.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("before Run an event is answered %d, want 503", r.StatusCode)
	}
}

func TestOnlySocketModeHasNoRoutes(t *testing.T) {
	s, _ := overSocket(t)
	if got := s.Routes(); len(got) != 0 {
		t.Errorf("Socket Mode has routes: %v", got)
	}
}
