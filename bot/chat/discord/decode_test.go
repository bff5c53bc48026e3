package discord

import (
	"encoding/json"
	"strings"
	"testing"
	"testing/quick"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"

	"sitrep/bot/chat"
	"sitrep/bot/ops"
)

const (
	id      = "1574455497434595330" // made at idTime
	member7 = `"member":{"nick":"Ana R.","user":{"id":"7","username":"ana","global_name":"Ana"}}`
)

var (
	idTime   = time.Date(2026, 11, 23, 16, 4, 2, 557e6, time.UTC)
	received = time.Date(2026, 11, 23, 16, 5, 0, 0, time.UTC)
	ana      = chat.User{ID: "7", Name: "Ana R."}
)

func platform(t *testing.T) *Discord {
	t.Helper()
	d, err := New(Config{Token: "secret-token", ApplicationID: "9", GuildID: "3", Instance: "test"}, zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestDecode(t *testing.T) {
	reply := chat.ReplyTo{Platform: Name, Room: "5", User: "7", Token: "tok", Expires: idTime.Add(15 * time.Minute)}
	inThread, quietly := reply, reply
	inThread.Thread, quietly.Private = "6", true
	packed, _ := customID(buttonID, "test", strings.Repeat("ack ", 25))
	for _, tt := range []struct {
		name, kind, body string
		header           map[string]string
		want             chat.Inbound
	}{
		{
			name: "typed freely", kind: kindInteraction,
			body: `{"type":2,` + member7 + `,"channel":{"id":"5","name":"inc-7"},"data":{"type":1,"options":[{"name":"do","type":1,"options":[{"name":"command","type":3,"value":"lead <@!8> now"}]}]}`,
			want: chat.Inbound{Kind: chat.Command, User: ana, Room: "5", RoomName: "inc-7", Text: "lead @8 now", Reply: reply},
		},
		{
			name: "typed options of every type", kind: kindInteraction,
			body: `{"type":2,` + member7 + `,"channel_id":"5","data":{"type":1,"options":[{"name":"scale","type":1,"options":[{"name":"who","type":6,"value":"8"},{"name":"n","type":4,"value":3},{"name":"dry","type":5,"value":true}]}]}`,
			want: chat.Inbound{Kind: chat.Command, User: ana, Room: "5", Text: "scale", Values: map[string]string{"who": "@8", "n": "3", "dry": "true"}, Reply: reply},
		},
		{
			name: "in a thread", kind: kindInteraction,
			body: `{"type":2,` + member7 + `,"channel":{"id":"6","type":11,"parent_id":"5","name":"Details"},"data":{"type":1,"options":[{"name":"ack","type":1}]}`,
			want: chat.Inbound{Kind: chat.Command, User: ana, Room: "5", Text: "ack", Reply: inThread},
		},
		{
			name: "a private answer was promised", kind: kindInteraction, header: map[string]string{private: "1"},
			body: `{"type":2,` + member7 + `,"channel_id":"5","data":{"type":1,"options":[{"name":"help","type":1}]}`,
			want: chat.Inbound{Kind: chat.Command, User: ana, Room: "5", Text: "help", Reply: quietly},
		},
		{
			name: "a command without anything", kind: kindInteraction,
			body: `{"type":2,` + member7 + `,"channel_id":"5","data":{"type":1}`,
			want: chat.Inbound{Kind: chat.Command, User: ana, Room: "5", Reply: reply},
		},
		{
			name: "a button in a thread", kind: kindInteraction,
			body: `{"type":3,` + member7 + `,"channel":{"id":"6","type":11,"parent_id":"5"},"message":{"id":"66"},"data":{"custom_id":"b|test|ack #42"}`,
			want: chat.Inbound{Kind: chat.Command, User: ana, Room: "5", Text: "ack #42", Message: "6/66", Permalink: "https://discord.com/channels/3/6/66", Reply: inThread},
		},
		{
			name: "a button with a long verb", kind: kindInteraction,
			body: `{"type":3,` + member7 + `,"channel_id":"5","message":{"id":"66"},"data":{"custom_id":"` + packed + `"}`,
			want: chat.Inbound{Kind: chat.Command, User: ana, Room: "5", Text: strings.Repeat("ack ", 25), Message: "66", Permalink: "https://discord.com/channels/3/5/66", Reply: reply},
		},
		{
			name: "another bot's button", kind: kindInteraction,
			body: `{"type":3,` + member7 + `,"channel_id":"5","data":{"custom_id":"b|staging|ack #42"}`,
			want: chat.Inbound{Kind: chat.Nothing, User: ana, Room: "5", Reply: reply},
		},
		{
			name: "a form", kind: kindInteraction,
			body: `{"type":5,` + member7 + `,"channel_id":"5","data":{"custom_id":"f|test|status #42","components":[{"type":1,"components":[{"type":4,"custom_id":"text","value":"a|b"}]}]}`,
			want: chat.Inbound{Kind: chat.Command, User: ana, Room: "5", Text: "status #42", Values: map[string]string{"text": "a|b"}, Reply: reply},
		},
		{
			name: "a direct command", kind: kindInteraction,
			body: `{"type":2,"user":{"id":"7","username":"ana"},"channel":{"id":"5","type":1},"data":{"type":1,"options":[{"name":"help","type":1}]}`,
			want: chat.Inbound{Kind: chat.Command, User: chat.User{ID: "7", Name: "ana"}, Room: "5", Text: "help", Reply: reply},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			body := tt.body + `,"id":"` + id + `","token":"tok"}`
			tt.want.Request, tt.want.Platform, tt.want.At = id, Name, idTime
			decodes(t, chat.Request{ID: id, Kind: tt.kind, Header: tt.header, Body: []byte(body), At: received}, tt.want)
		})
	}
}

func TestDecodeEvents(t *testing.T) {
	at := time.Date(2026, 11, 23, 16, 0, 0, 0, time.UTC)
	const said = `{"id":"66","channel_id":"6","guild_id":"3","author":{"id":"8","username":"bo"},"content":"the cache of <@7> was cold","mentions":[{"id":"7","username":"ana"}],"timestamp":"2026-11-23T16:00:00+00:00"`
	for _, tt := range []struct {
		name, kind string
		h          heard
		want       chat.Inbound
	}{
		{
			"a mention in a thread", kindMessage,
			heard{Room: "5", Bot: "2", Event: json.RawMessage(`{"id":"66","channel_id":"6","guild_id":"3","author":{"id":"7","username":"ana"},` + member7 + `,"content":" <@!2>  lead <@8>","timestamp":"2026-11-23T16:00:00+00:00"}`)},
			chat.Inbound{Kind: chat.Command, User: ana, Room: "5", Text: "lead @8", At: at, Reply: chat.ReplyTo{Platform: Name, Room: "5", Thread: "6", User: "7", Token: "m/66"}},
		},
		{
			"a pin", kindReaction,
			heard{Room: "6", Message: json.RawMessage(said + "}"), Event: json.RawMessage(`{"user_id":"7","channel_id":"6","message_id":"66",` + member7 + `}`)},
			chat.Inbound{Kind: chat.Pinned, User: ana, Room: "6", Text: "the cache of @ana was cold", Message: "66", Permalink: "https://discord.com/channels/3/6/66", Author: chat.User{ID: "8", Name: "bo"}, At: received},
		},
		{
			"an edit", kindEdit,
			heard{Event: json.RawMessage(said + `,"edited_timestamp":"2026-11-23T16:00:00+00:00"}`)},
			chat.Inbound{Kind: chat.PinEdited, User: chat.User{ID: "8", Name: "bo"}, Author: chat.User{ID: "8", Name: "bo"}, Room: "6", Text: "the cache of @ana was cold", Message: "66", Permalink: "https://discord.com/channels/3/6/66", At: at},
		},
		{
			"a deletion in a thread", kindDelete,
			heard{Room: "5", Event: json.RawMessage(`{"id":"66","channel_id":"6"}`)},
			chat.Inbound{Kind: chat.PinDeleted, Room: "5", Message: "6/66", At: received},
		},
		{
			"a room that is gone", kindRoomGone,
			heard{Reason: "deleted", Event: json.RawMessage(`{"id":"5","name":"inc-7"}`)},
			chat.Inbound{Kind: chat.RoomGone, Room: "5", RoomName: "inc-7", Reason: "deleted", At: received},
		},
		{
			"a person who left", kindMember,
			heard{Event: json.RawMessage(`{"user":{"id":"7","global_name":"Ana"}}`)},
			chat.Inbound{Kind: chat.UserLeft, User: chat.User{ID: "7", Name: "Ana"}, At: received},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			body, err := json.Marshal(tt.h)
			if err != nil {
				t.Fatal(err)
			}
			tt.want.Request, tt.want.Platform = "r", Name
			decodes(t, chat.Request{ID: "r", Kind: tt.kind, Body: body, At: received}, tt.want)
		})
	}
}

func decodes(t *testing.T, r chat.Request, want chat.Inbound) {
	t.Helper()
	got, err := platform(t).Decode(r)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAVerbSurvivesItsButton(t *testing.T) {
	survives := func(verb string) bool {
		verb = strings.ToValidUTF8(chat.Cut(verb, 40), "?")
		for _, v := range []string{verb, verb + "\x00", verb + strings.Repeat("x", 60)} {
			id, ok := customID(buttonID, "test", v)
			kind, back, opened := openID(id, "test")
			if ok && (!opened || kind != buttonID || back != v) {
				return false
			}
		}
		return true
	}
	if err := quick.Check(survives, nil); err != nil {
		t.Error(err)
	}
}

func TestAConfigurationIsRefusedWithItsReason(t *testing.T) {
	good := Config{Token: "secret-token", ApplicationID: "9", GuildID: "3"}
	for name, change := range map[string]func(*Config){
		"guild_id":       func(c *Config) { c.GuildID = "my guild" },
		"application_id": func(c *Config) { c.ApplicationID = "" },
		"token":          func(c *Config) { c.Token = "" },
		"mode":           func(c *Config) { c.Mode = "carrier pigeon" },
		"public_key":     func(c *Config) { c.Mode, c.PublicKey = HTTP, "abc" },
		"instance":       func(c *Config) { c.Instance = "a|b" },
		"api_url":        func(c *Config) { c.APIURL = "localhost" },
	} {
		c := good
		change(&c)
		err := c.Validate()
		if ops.KindOf(err) != ops.Invalid || !strings.Contains(ops.Tell(err), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := good.Validate(); err != nil {
		t.Error(err)
	}
	if s := good.String() + good.GoString(); strings.Contains(s, "secret-token") {
		t.Errorf("the configuration prints its token: %s", s)
	}
}
