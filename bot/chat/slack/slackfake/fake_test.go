package slackfake

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"sitrep/bot/chat/chattest"
	"sitrep/bot/contract"
)

type answer struct {
	OK       bool   `json:"ok"`
	Error    string `json:"error"`
	Needed   string `json:"needed"`
	TS       string `json:"ts"`
	Channel  any    `json:"channel"`
	Messages []struct {
		Text     string          `json:"text"`
		Metadata json.RawMessage `json:"metadata"`
	} `json:"messages"`
	UploadURL string `json:"upload_url"`
	FileID    string `json:"file_id"`
	status    int
	after     string
}

func call(t *testing.T, s *Server, method string, keysAndValues ...string) answer {
	t.Helper()
	form := url.Values{"token": {BotToken}}
	for i := 0; i < len(keysAndValues); i += 2 {
		form.Set(keysAndValues[i], keysAndValues[i+1])
	}
	r, err := http.PostForm(s.APIURL()+method, form)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	a := answer{status: r.StatusCode, after: r.Header.Get("Retry-After")}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	if json.Unmarshal(body, &a) != nil && r.StatusCode == http.StatusOK {
		t.Fatalf("%s answered %s", method, body)
	}
	return a
}

func start(t *testing.T, opts Options) *Server {
	t.Helper()
	s := New(opts)
	t.Cleanup(s.Close)
	return s
}

func section(text string) string {
	return string(encode([]any{map[string]any{"type": "section", "text": map[string]any{"type": "mrkdwn", "text": text}}}))
}

func sections(n int) string {
	var all []any
	for range n {
		all = append(all, map[string]any{"type": "section", "text": map[string]any{"type": "mrkdwn", "text": "x"}})
	}
	return string(encode(all))
}

func image(id string) string {
	return `[{"type":"image","alt_text":"x","slack_file":{"id":"` + id + `"}}]`
}

func TestItIsNoKinderThanSlack(t *testing.T) {
	s := start(t, Options{})
	room := bare(s.Channel("general"))
	ana := bare(s.Person("ana"))
	long := strings.Repeat("x", 81)
	upload := call(t, s, "files.getUploadURLExternal", "filename", "a.png", "length", "3")
	archived := call(t, s, "conversations.create", "name", "old").Channel.(map[string]any)["id"].(string)
	call(t, s, "conversations.archive", "channel", archived)
	for _, test := range []struct {
		name, method, want string
		args               []string
	}{
		{"51 blocks", "chat.postMessage", "invalid_blocks", []string{"channel", room, "text", "x", "blocks", sections(51)}},
		{"a section of 3001 characters", "chat.postMessage", "invalid_blocks", []string{"channel", room, "text", "x", "blocks", section(strings.Repeat("x", 3001))}},
		{"an empty section", "chat.postMessage", "invalid_blocks", []string{"channel", room, "text", "x", "blocks", section("")}},
		{"a text of 40001 characters", "chat.postMessage", "msg_too_long", []string{"channel", room, "text", strings.Repeat("x", 40001)}},
		{"nothing to say", "chat.postMessage", "no_text", []string{"channel", room}},
		{"a thread that is not there", "chat.postMessage", "thread_not_found", []string{"channel", room, "text", "x", "thread_ts", "1.0"}},
		{"a channel that is not there", "chat.postMessage", "channel_not_found", []string{"channel", "C999", "text", "x"}},
		{"an archived channel", "chat.postMessage", "is_archived", []string{"channel", archived, "text", "x"}},
		{"inviting to an archived channel", "conversations.invite", "is_archived", []string{"channel", archived, "users", ana}},
		{"archiving twice", "conversations.archive", "already_archived", []string{"channel", archived}},
		{"an archived channel's name", "conversations.create", "name_taken", []string{"name", "old"}},
		{"a long name", "conversations.create", "invalid_name_maxlength", []string{"name", long}},
		{"capitals in a name", "conversations.create", "invalid_name_specials", []string{"name", "Inc"}},
		{"a file that is not there", "chat.postMessage", "invalid_blocks", []string{"channel", room, "text", "x", "blocks", image("F999")}},
		{"a file that was not completed", "chat.postMessage", "invalid_blocks", []string{"channel", room, "text", "x", "blocks", image(upload.FileID)}},
		{"completing what was not uploaded", "files.completeUploadExternal", "file_not_found", []string{"files", `[{"id":"` + upload.FileID + `"}]`}},
		{"a trigger that is not there", "views.open", "expired_trigger_id", []string{"trigger_id", "1", "view", "{}"}},
		{"a whisper to somebody who is not there", "chat.postEphemeral", "user_not_in_channel", []string{"channel", room, "user", ana, "text", "x"}},
		{"a token of nobody", "auth.test", "invalid_auth", []string{"token", "xoxb-other"}},
		{"listing the workspace", "conversations.list", "unknown_method", nil},
	} {
		if got := call(t, s, test.method, test.args...); got.OK || got.Error != test.want {
			t.Errorf("%s: %s answered %q, want %q", test.name, test.method, got.Error, test.want)
		}
	}
}

func TestMetadataIsToldOnlyWhenAskedFor(t *testing.T) {
	s := start(t, Options{})
	room := bare(s.Channel("general"))
	call(t, s, "chat.postMessage", "channel", room, "text", "x", "metadata", `{"event_type":"sitrep","event_payload":{"key":"k"}}`)
	for flag, want := range map[string]bool{"0": false, "1": true} {
		got := call(t, s, "conversations.history", "channel", room, "include_all_metadata", flag)
		if len(got.Messages) != 1 || len(got.Messages[0].Metadata) > 0 != want {
			t.Errorf("with include_all_metadata=%s the history is %+v", flag, got.Messages)
		}
	}
}

func TestAWhisperIsInNoHistory(t *testing.T) {
	s := start(t, Options{})
	room, ana, bo := s.Channel("general"), s.Person("ana"), s.Person("bo")
	for _, who := range []string{bare(ana), bare(bo)} {
		call(t, s, "conversations.invite", "channel", bare(room), "users", who)
	}
	if got := call(t, s, "chat.postEphemeral", "channel", bare(room), "user", bare(ana), "text", "psst"); !got.OK {
		t.Fatal(got.Error)
	}
	if got := call(t, s, "conversations.history", "channel", bare(room)); len(got.Messages) != 0 {
		t.Errorf("the history tells %+v", got.Messages)
	}
	if len(s.Messages(room, ana)) != 1 || len(s.Messages(room, bo)) != 0 {
		t.Errorf("ana sees %v, bo sees %v", s.Messages(room, ana), s.Messages(room, bo))
	}
}

func TestAMissingScopeIsNamed(t *testing.T) {
	s := start(t, Options{Scopes: []string{"chat:write", "channels:manage"}})
	private := call(t, s, "conversations.create", "name", "secret", "is_private", "true")
	if private.Error != "missing_scope" || private.Needed != "groups:write" {
		t.Errorf("a private channel without groups:write: %+v", private)
	}
}

func TestACallBeforeRetryAfterIsAViolation(t *testing.T) {
	s := start(t, Options{})
	room := bare(s.Channel("general"))
	s.SetFault(chattest.Fault{Status: http.StatusTooManyRequests, RetryAfter: time.Second, Times: 1, Match: "postMessage"})
	limited := call(t, s, "chat.postMessage", "channel", room, "text", "x")
	if seconds, err := strconv.Atoi(limited.after); limited.status != http.StatusTooManyRequests || err != nil || seconds != 1 {
		t.Fatalf("the limit is told by %+v", limited)
	}
	if len(s.Messages(s.Channel("general"), s.Person("ana"))) != 0 {
		t.Error("what was refused was done")
	}
	call(t, s, "chat.postMessage", "channel", room, "text", "x")
	if got := fmt.Sprint(s.Violations()); !strings.Contains(got, "before its Retry-After") {
		t.Errorf("violations: %s", got)
	}
}

func TestAPictureIsReadyAMomentAfterItsUpload(t *testing.T) {
	s := start(t, Options{})
	room := bare(s.Channel("general"))
	up := call(t, s, "files.getUploadURLExternal", "filename", "a.png", "length", "3")
	r, err := http.Post(up.UploadURL, "application/octet-stream", strings.NewReader("png"))
	if err != nil || r.StatusCode != http.StatusOK {
		t.Fatal(r, err)
	}
	r.Body.Close()
	call(t, s, "files.completeUploadExternal", "files", `[{"id":"`+up.FileID+`"}]`)
	post := func() string {
		return call(t, s, "chat.postMessage", "channel", room, "text", "x", "blocks", image(up.FileID)).Error
	}
	if got := post(); got != "invalid_blocks" {
		t.Errorf("at once: %q", got)
	}
	for deadline := time.Now().Add(10 * time.Second); post() != ""; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the picture is never ready")
		}
	}
}

func TestWhoIsCalled(t *testing.T) {
	s := start(t, Options{})
	room, ana, bo := s.Channel("general"), s.Person("ana"), s.Person("bo")
	call(t, s, "conversations.invite", "channel", bare(room), "users", bare(ana)+","+bare(bo))
	everybody := len(s.channels[bare(room)].order) - 1
	for text, want := range map[string]int{
		"<@" + bare(ana) + ">": 1, "<!channel>": everybody, "<!here|here>": everybody, "@everyone": everybody, "&lt;!channel&gt;": 0, "nobody": 0,
	} {
		ts := call(t, s, "chat.postMessage", "channel", bare(room), "text", "x", "blocks", section(text)).TS
		for _, m := range s.Messages(room, ana) {
			if string(m.ID) == ts && len(m.Pings) != want {
				t.Errorf("%q calls %v, want %d", text, m.Pings, want)
			}
		}
	}
}

func TestAnExchangeAgainstTheDocumentIsAViolation(t *testing.T) {
	doc, err := contract.Load("slack")
	if err != nil {
		t.Fatal(err)
	}
	if doc == nil {
		t.Skip(contract.Env + " names no folder of documents")
	}
	s := start(t, Options{})
	room := bare(s.Channel("general"))
	before := s.Checked()
	call(t, s, "chat.postMessage", "channel", room, "text", "x", "blocks", section("fine"))
	if s.Checked() == before || len(s.Violations()) > 0 {
		t.Fatalf("a good exchange: %d checked, violations %v", s.Checked()-before, s.Violations())
	}
	call(t, s, "chat.postMessage", "channel", room, "text", "x", "blocks", `[{"type":"section","text":{"type":"mrkdwn","text":"x"},"colour":"red"}]`)
	if len(s.Violations()) == 0 {
		t.Error("a block with a field that Slack does not know is no violation")
	}
}
