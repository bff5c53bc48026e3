package slack

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	api "github.com/slack-go/slack"
	"go.uber.org/zap"

	"sitrep/bot/chat"
	"sitrep/bot/ops"
)

func offline(t *testing.T) *Slack {
	t.Helper()
	s, err := New(Config{BotToken: "xoxb-1", AppToken: "xapp-1", Instance: "test"}, zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

var at = time.Unix(1_700_000_100, 0).UTC()

func event(inner string) string {
	return `{"type":"event_callback","team_id":"T1","event_id":"Ev1","event":` + inner + `}`
}

func TestDecode(t *testing.T) {
	reply := func(room, user, thread, token string) chat.ReplyTo {
		return chat.ReplyTo{
			Platform: Name, Room: chat.RoomID(room), User: chat.UserID(user), Thread: chat.MessageID(thread), Token: token,
			Private: true, Expires: at.Add(tokenLife),
		}
	}
	ana := chat.User{ID: "T1/U1", Name: "ana"}
	when := time.Unix(1_700_000_000, 100_000).UTC()
	tests := []struct {
		name, kind, payload string
		message             *wireMessage
		want                chat.Inbound // Request and Platform are filled in
	}{
		{
			name: "slash command with mentions, a link and entities", kind: kindCommand,
			payload: `{"team_id":"T1","channel_id":"C1","channel_name":"general","user_id":"U1","user_name":"ana","command":"/inc","text":" lead <@U2|bo> <#C9|ops> a &amp; b &lt;c&gt; <https://x.example/?a=1&amp;b=2|x> ","response_url":"https://hooks/1","trigger_id":"t1"}`,
			want: chat.Inbound{
				Kind: chat.Command, User: ana, Room: "T1/C1", RoomName: "general", At: at,
				Text: "lead @T1/U2 #ops a & b <c> https://x.example/?a=1&b=2", Reply: reply("T1/C1", "T1/U1", "", "https://hooks/1"),
			},
		},
		{
			name: "slash command in a private room", kind: kindCommand,
			payload: `{"team_id":"T1","channel_id":"G1","channel_name":"privategroup","user_id":"U1","user_name":"ana","text":"","trigger_id":"t1"}`,
			want:    chat.Inbound{Kind: chat.Command, User: ana, Room: "T1/G1", At: at, Reply: reply("T1/G1", "T1/U1", "", "")},
		},
		{
			name: "button in a thread", kind: kindInteraction,
			payload: `{"type":"block_actions","trigger_id":"t1","team":{"id":"T1"},"user":{"id":"U1","username":"ana"},"channel":{"id":"C1","name":"inc-7"},"response_url":"https://hooks/1","container":{"message_ts":"2.0","thread_ts":"1.0"},"actions":[{"action_id":"sitrep:test:1","value":"ack #42","action_ts":"1700000000.000100"}]}`,
			want: chat.Inbound{
				Kind: chat.Command, User: ana, Room: "T1/C1", RoomName: "inc-7", Text: "ack #42", Message: "2.0", At: when,
				Reply: reply("T1/C1", "T1/U1", "1.0", buttonToken+"https://hooks/1"),
			},
		},
		{
			name: "button on the home page", kind: kindInteraction,
			payload: `{"type":"block_actions","trigger_id":"t1","team":{"id":"T1"},"user":{"id":"U1","username":"ana","team_id":"T1"},"container":{"type":"view"},"actions":[{"action_id":"sitrep:test:1","value":"new"}]}`,
			want:    chat.Inbound{Kind: chat.Command, User: ana, Text: "new", At: at, Reply: reply("", "T1/U1", "", "")},
		},
		{
			name: "button of another bot", kind: kindInteraction,
			payload: `{"type":"block_actions","trigger_id":"t1","team":{"id":"T1"},"user":{"id":"U1"},"actions":[{"action_id":"sitrep:other:1","value":"ack"}]}`,
			want:    chat.Inbound{Kind: chat.Nothing, At: at},
		},
		{
			name: "link button", kind: kindInteraction,
			payload: `{"type":"block_actions","trigger_id":"t1","team":{"id":"T1"},"user":{"id":"U1"},"actions":[{"action_id":"sitrep:test:1"}]}`,
			want:    chat.Inbound{Kind: chat.Nothing, At: at},
		},
		{
			name: "form", kind: kindInteraction,
			payload: `{"type":"view_submission","trigger_id":"t1","team":{"id":"T1"},"user":{"id":"U1","username":"ana"},"view":{"callback_id":"sitrep:test:0","private_metadata":"{\"v\":\"status #42\",\"r\":\"T1/C1\",\"t\":\"1.0\",\"k\":\"https://hooks/1\"}","state":{"values":{"text":{"a":{"type":"plain_text_input","value":"a & <b>"}},"state":{"a":{"selected_option":{"value":"identified"}}},"next":{"a":{"value":null}}}}}}`,
			want: chat.Inbound{
				Kind: chat.Command, User: ana, Room: "T1/C1", Text: "status #42", Values: map[string]string{"text": "a & <b>", "state": "identified"},
				At: at, Reply: reply("T1/C1", "T1/U1", "1.0", "https://hooks/1"),
			},
		},
		{
			name: "message shortcut", kind: kindInteraction,
			payload: `{"type":"message_action","callback_id":"sitrep:test:timeline","trigger_id":"t1","team":{"id":"T1"},"user":{"id":"U1","username":"ana"},"channel":{"id":"C1","name":"inc-7"},"response_url":"https://hooks/1","message":{"user":"U2","text":"it was &lt;DNS&gt;","ts":"1.5"}}`,
			want: chat.Inbound{
				Kind: chat.Pinned, User: ana, Room: "T1/C1", RoomName: "inc-7", Text: "it was <DNS>", Message: "1.5", Author: chat.User{ID: "T1/U2"},
				Permalink: "https://acme.slack.com/archives/C1/p15", At: at, Reply: reply("T1/C1", "T1/U1", "", "https://hooks/1"),
			},
		},
		{
			name: "mention in a thread", kind: kindEvent,
			payload: event(`{"type":"app_mention","user":"U1","channel":"C1","text":"hey <@U0BOT> lead <@U2>","ts":"2.0","thread_ts":"1.0","event_ts":"1700000000.000100"}`),
			want: chat.Inbound{
				Kind: chat.Command, User: chat.User{ID: "T1/U1"}, Room: "T1/C1", Text: "lead @T1/U2", At: when, Reply: reply("T1/C1", "T1/U1", "1.0", ""),
			},
		},
		{
			name: "mention that was edited", kind: kindEvent,
			payload: event(`{"type":"app_mention","user":"U1","channel":"C1","text":"<@U0BOT> ack","ts":"2.0","edited":{"ts":"3.0"}}`),
			want:    chat.Inbound{Kind: chat.Nothing, At: at},
		},
		{
			name: "pushpin", kind: kindEvent, message: &wireMessage{User: "U2", Text: "the cache was cold", TS: "1.5", ThreadTS: "1.0"},
			payload: event(`{"type":"reaction_added","user":"U1","reaction":"pushpin","item":{"type":"message","channel":"C1","ts":"1.5"},"item_user":"U2","event_ts":"1700000000.000100"}`),
			want: chat.Inbound{
				Kind: chat.Pinned, User: chat.User{ID: "T1/U1"}, Room: "T1/C1", Text: "the cache was cold", Message: "1.5", At: when,
				Author: chat.User{ID: "T1/U2"}, Permalink: "https://acme.slack.com/archives/C1/p15?thread_ts=1.0&cid=C1",
			},
		},
		{name: "another reaction", kind: kindEvent, payload: event(`{"type":"reaction_added","user":"U1","reaction":"tada","item":{"type":"message","channel":"C1","ts":"1.5"}}`), want: chat.Inbound{Kind: chat.Nothing, At: at}},
		{name: "plain talk", kind: kindEvent, payload: event(`{"type":"message","user":"U1","channel":"C1","text":"hi","ts":"1.0"}`), want: chat.Inbound{Kind: chat.Nothing, At: at}},
		{
			name: "edited message", kind: kindEvent,
			payload: event(`{"type":"message","subtype":"message_changed","channel":"C1","event_ts":"1700000000.000100","message":{"user":"U1","text":"warm","ts":"1.5"},"previous_message":{"user":"U1","text":"cold","ts":"1.5"}}`),
			want:    chat.Inbound{Kind: chat.PinEdited, User: chat.User{ID: "T1/U1"}, Room: "T1/C1", Text: "warm", Message: "1.5", At: when, Permalink: "https://acme.slack.com/archives/C1/p15"},
		},
		{
			name: "a preview was added to a message", kind: kindEvent,
			payload: event(`{"type":"message","subtype":"message_changed","channel":"C1","message":{"user":"U1","text":"same","ts":"1.5"},"previous_message":{"user":"U1","text":"same","ts":"1.5"}}`),
			want:    chat.Inbound{Kind: chat.Nothing, At: at},
		},
		{
			name: "our own card was edited", kind: kindEvent,
			payload: event(`{"type":"message","subtype":"message_changed","channel":"C1","message":{"user":"U0BOT","bot_id":"B1","text":"new","ts":"1.5"},"previous_message":{"text":"old"}}`),
			want:    chat.Inbound{Kind: chat.Nothing, At: at},
		},
		{
			name: "deleted message that headed a thread", kind: kindEvent,
			payload: event(`{"type":"message","subtype":"message_changed","channel":"C1","message":{"subtype":"tombstone","user":"USLACKBOT","text":"This message was deleted.","ts":"1.5"},"previous_message":{"user":"U2","text":"old","ts":"1.5"}}`),
			want:    chat.Inbound{Kind: chat.PinDeleted, Room: "T1/C1", Message: "1.5", Author: chat.User{ID: "T1/U2"}, At: at, Permalink: "https://acme.slack.com/archives/C1/p15"},
		},
		{name: "archived by hand", kind: kindEvent, payload: event(`{"type":"channel_archive","channel":"C1","user":"U1"}`), want: chat.Inbound{Kind: chat.RoomGone, Reason: "archived", Room: "T1/C1", User: chat.User{ID: "T1/U1"}, At: at}},
		{name: "archived by us", kind: kindEvent, payload: event(`{"type":"channel_archive","channel":"C1","user":"U0BOT"}`), want: chat.Inbound{Kind: chat.Nothing, At: at}},
		{name: "private room deleted", kind: kindEvent, payload: event(`{"type":"group_deleted","channel":"G1"}`), want: chat.Inbound{Kind: chat.RoomGone, Reason: "deleted", Room: "T1/G1", At: at}},
		{name: "bot removed", kind: kindEvent, payload: event(`{"type":"member_left_channel","channel":"C1","user":"U0BOT"}`), want: chat.Inbound{Kind: chat.RoomGone, Reason: "removed", Room: "T1/C1", User: chat.User{ID: "T1/U0BOT"}, At: at}},
		{name: "person left a room", kind: kindEvent, payload: event(`{"type":"member_left_channel","channel":"C1","user":"U1"}`), want: chat.Inbound{Kind: chat.UserLeftRoom, Room: "T1/C1", User: chat.User{ID: "T1/U1"}, At: at}},
		{name: "bot joined", kind: kindEvent, payload: event(`{"type":"member_joined_channel","channel":"C1","user":"U0BOT"}`), want: chat.Inbound{Kind: chat.Nothing, At: at}},
		{name: "person deactivated", kind: kindEvent, payload: event(`{"type":"user_change","user":{"id":"U1","deleted":true}}`), want: chat.Inbound{Kind: chat.UserLeft, User: chat.User{ID: "T1/U1"}, At: at}},
		{name: "person changed their status", kind: kindEvent, payload: event(`{"type":"user_change","user":{"id":"U1"}}`), want: chat.Inbound{Kind: chat.Nothing, At: at}},
		{name: "home opened", kind: kindEvent, payload: event(`{"type":"app_home_opened","user":"U1","channel":"D1","tab":"home"}`), want: chat.Inbound{Kind: chat.HomeOpened, User: chat.User{ID: "T1/U1"}, At: at}},
		{name: "messages tab opened", kind: kindEvent, payload: event(`{"type":"app_home_opened","user":"U1","channel":"D1","tab":"messages"}`), want: chat.Inbound{Kind: chat.Nothing, At: at}},
	}
	s := offline(t)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			body, err := json.Marshal(stored{Payload: []byte(test.payload), Bot: "U0BOT", Site: "https://acme.slack.com/", Private: true, Message: test.message})
			if err != nil {
				t.Fatal(err)
			}
			got, err := s.Decode(chat.Request{ID: "r1", Source: Name, Kind: test.kind, Body: body, At: at})
			if err != nil {
				t.Fatal(err)
			}
			test.want.Request, test.want.Platform = "r1", Name
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestDecodeRefuses(t *testing.T) {
	s := offline(t)
	for name, r := range map[string]chat.Request{
		"no JSON":                   {Kind: kindEvent, Body: []byte(`{"`)},
		"unknown kind":              {Kind: "fax", Body: []byte(`{"payload":{}}`)},
		"event without id":          {Kind: kindEvent, Body: []byte(`{"payload":{"type":"event_callback","event":{"type":"app_mention"}}}`)},
		"payload of another shape":  {Kind: kindCommand, Body: []byte(`{"payload":[1]}`)},
		"command of nobody":         {Kind: kindCommand, Body: []byte(`{"payload":{"trigger_id":"1"}}`)},
		"interaction of nobody":     {Kind: kindInteraction, Body: []byte(`{"payload":{"type":"block_actions"}}`)},
		"form with broken metadata": {Kind: kindInteraction, Body: []byte(`{"payload":{"type":"view_submission","user":{"id":"U1"},"view":{"callback_id":"sitrep:test:0","private_metadata":"?"}}}`)},
	} {
		if _, err := s.Decode(r); ops.KindOf(err) != ops.Invalid {
			t.Errorf("%s: %v, want an error of kind invalid", name, err)
		}
	}
}

func TestRequestIDIsSlacksOwn(t *testing.T) {
	if got := requestID(kindEvent, []byte(`{"event_id":"Ev1","trigger_id":"t1"}`)); got != "Ev1" {
		t.Errorf("an event's id is %q", got)
	}
	if got := requestID(kindCommand, []byte(`{"trigger_id":"t1"}`)); got != "t1" {
		t.Errorf("a command's id is %q", got)
	}
}

func TestFaultSortsErrors(t *testing.T) {
	said := func(code string) error { return api.SlackErrorResponse{Err: code, Needed: "pins:write"} }
	for _, test := range []struct {
		err  error
		kind ops.Kind
		msg  string
	}{
		{&api.RateLimitedError{RetryAfter: 7 * time.Second}, ops.Throttled, "wait"},
		{said("ratelimited"), ops.Throttled, "wait"},
		{said("channel_not_found"), ops.NotFound, "room"},
		{said("is_archived"), ops.NotFound, "archived"},
		{said("not_in_channel"), ops.NotFound, "invite"},
		{said("message_not_found"), ops.NotFound, "message"},
		{said("missing_scope"), ops.Denied, "pins:write"},
		{said("invalid_auth"), ops.Denied, "token"},
		{said("internal_error"), ops.Unavailable, "trouble"},
		{said("invalid_blocks"), ops.Invalid, "invalid_blocks"},
		{api.StatusCodeError{Code: http.StatusBadGateway}, ops.Unavailable, "trouble"},
		{api.StatusCodeError{Code: http.StatusNotFound}, ops.NotFound, "any more"},
		{errors.New("connection reset"), ops.Unavailable, "answer"},
	} {
		err := fault("slack.test", test.err)
		var e *ops.Error
		if !errors.As(err, &e) || e.Kind != test.kind || !strings.Contains(e.Msg, test.msg) {
			t.Errorf("%v became %v, want kind %v with %q", test.err, err, test.kind, test.msg)
		}
	}
	var e *ops.Error
	if errors.As(fault("x", &api.RateLimitedError{RetryAfter: 7 * time.Second}), &e); e.RetryAfter != 7*time.Second {
		t.Errorf("RetryAfter = %v, want 7 s", e.RetryAfter)
	}
	secret := &url.Error{Op: "Post", URL: "https://hooks.slack.com/commands/secret", Err: errors.New("timeout")}
	if text := fault("slack.response_url", secret).Error(); strings.Contains(text, "secret") {
		t.Errorf("an error tells the response URL: %s", text)
	}
}

func TestConfigIsValidated(t *testing.T) {
	good := Config{BotToken: "xoxb-1", AppToken: "xapp-1"}
	if err := good.Validate(); err != nil {
		t.Errorf("a good configuration is refused: %v", err)
	}
	for name, change := range map[string]func(*Config){
		"no bot token":                  func(c *Config) { c.BotToken = "" },
		"a person's token":              func(c *Config) { c.BotToken = "xoxp-1" },
		"socket mode without app token": func(c *Config) { c.AppToken = "" },
		"HTTP without secret":           func(c *Config) { c.Mode = HTTP },
		"unknown mode":                  func(c *Config) { c.Mode = "rtm" },
		"instance with a colon":         func(c *Config) { c.Instance = "a:b" },
		"command without a slash":       func(c *Config) { c.Command = "inc" },
	} {
		c := good
		change(&c)
		if err := c.Validate(); ops.KindOf(err) != ops.Invalid {
			t.Errorf("%s: %v, want an error of kind invalid", name, err)
		}
	}
}

func TestChannelNames(t *testing.T) {
	for in, want := range map[string]string{
		"inc-7-checkout": "inc-7-checkout", "INC 7: Größe & Co": "inc-7-gr-e-co", "!!!": "incident", strings.Repeat("x", 90): strings.Repeat("x", 80),
	} {
		if got := channelName(in); got != want {
			t.Errorf("channelName(%q) = %q, want %q", in, got, want)
		}
	}
	if got := suffixed(strings.Repeat("x", 80), 12); got != strings.Repeat("x", 77)+"-12" {
		t.Errorf("suffixed = %q", got)
	}
}

func TestRecentForgetsTheOldest(t *testing.T) {
	r := newRecent[string, int](2)
	r.set("a", 1)
	r.set("b", 2)
	r.get("a")
	r.set("c", 3)
	if _, ok := r.get("b"); ok {
		t.Error("b is still there")
	}
	if v, ok := r.get("a"); !ok || v != 1 {
		t.Error("a, which was used last, is gone")
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(kindEvent, event(`{"type":"message","subtype":"message_changed"}`))
	f.Add(kindEvent, event(`{"type":"message","subtype":"message_deleted","previous_message":{"user":"U1"}}`))
	f.Add(kindEvent, event(`{"type":"app_mention","user":"U1","text":"<@U0BOT|x <@U0BOT>> <!date^1> <> <@"}`))
	f.Add(kindEvent, event(`{"type":"user_change","user":[]}`))
	f.Add(kindCommand, `{"user_id":"U1","trigger_id":"1","text":"<|> <#> <!>"}`)
	f.Add(kindInteraction, `{"type":"block_actions","user":{"id":"U1"},"actions":[{}]}`)
	f.Add(kindInteraction, `{"type":"view_submission","user":{"id":"U1"},"view":{"callback_id":"sitrep:test:0","private_metadata":"{}"}}`)
	s, err := New(Config{BotToken: "xoxb-1", AppToken: "xapp-1", Instance: "test"}, zap.NewNop())
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, kind, payload string) {
		body, err := json.Marshal(stored{Payload: json.RawMessage(payload), Bot: "U0BOT"})
		if err != nil {
			return // no JSON: Slack's payload is kept as JSON or not at all
		}
		in, err := s.Decode(chat.Request{ID: "r1", Kind: kind, Body: body, At: at})
		if err != nil && ops.KindOf(err) != ops.Invalid {
			t.Errorf("an error of kind %v: %v", ops.KindOf(err), err)
		}
		if err == nil && (in.Kind == "" || in.Request != "r1") {
			t.Errorf("decoded to %+v", in)
		}
	})
}
