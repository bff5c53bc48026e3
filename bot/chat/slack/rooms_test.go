package slack_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"sitrep/bot/chat"
	"sitrep/bot/chat/chattest"
	"sitrep/bot/chat/slack"
	"sitrep/bot/chat/slack/slackfake"
	"sitrep/bot/ops"
)

func TestARoomWhoseMarkingFailedIsFoundAndMarked(t *testing.T) {
	for name, fault := range map[string]chattest.Fault{
		"limited": {Match: "setPurpose", Status: http.StatusTooManyRequests, RetryAfter: time.Second},
		"failing": {Match: "setPurpose", Status: http.StatusBadGateway},
	} {
		t.Run(name, func(t *testing.T) {
			s, w := overSocket(t)
			theirs := w.Channel("inc-7-checkout")
			spec := chat.RoomSpec{Key: "k/room", Name: "inc-7-checkout", Topic: "slow & sad", Since: time.Now()}
			w.SetFault(fault)
			_, err := s.OpenRoom(ctx, spec)
			var e *ops.Error
			if !errors.As(err, &e) || e.Kind != ops.Unavailable {
				t.Fatalf("OpenRoom = %v, want an error of kind unavailable: the room is there", err)
			}
			w.SetFault(chattest.Fault{})
			time.Sleep(e.RetryAfter)
			found, err := again(t, w).FindRoom(ctx, spec)
			ok(t, err)
			if info := w.Rooms()[found.ID]; found.ID == theirs || info.Name != "inc-7-checkout-2" || info.Topic != "slow & sad" {
				t.Errorf("found %+v, people see %+v", found, info)
			}
			same, err := s.FindRoom(ctx, spec)
			ok(t, err)
			if same.ID != found.ID || len(w.Rooms()) != 2 {
				t.Errorf("then found %+v among %d rooms", same, len(w.Rooms()))
			}
			spec.Key = "k/other"
			if _, err := s.FindRoom(ctx, spec); ops.KindOf(err) != ops.NotFound {
				t.Errorf("the room is found for another key: %v", err)
			}
		})
	}
}

func TestARoomIsFoundThroughAllPages(t *testing.T) {
	s, w := overSocket(t)
	for i := range 450 {
		w.Channel("team-" + strings.Repeat("x", i%7) + time.Duration(i).String())
	}
	room := incident(t, s)
	found, err := s.FindRoom(ctx, chat.RoomSpec{Key: "k/room", Name: "inc-7-checkout", Since: time.Now()})
	ok(t, err)
	if found.ID != room || count(w, "users.conversations") != 3 || count(w, "conversations.list") != 0 {
		t.Errorf("found %+v with %d calls", found, count(w, "users.conversations"))
	}
}

func TestTwoBotsIgnoreEachOther(t *testing.T) {
	w := slackfake.New(asManifest(t))
	t.Cleanup(w.Close)
	blue, green := open(t, slack.Config{Instance: "blue"}, w), open(t, slack.Config{Instance: "green"}, w)
	room := incident(t, blue)
	spec := chat.RoomSpec{Key: "k/room", Name: "inc-7-checkout", Since: time.Now()}
	if _, err := green.FindRoom(ctx, spec); ops.KindOf(err) != ops.NotFound {
		t.Errorf("green finds blue's room: %v", err)
	}
	post := chat.Post{Room: room, Key: "k/1", Message: chat.Text("hello")}
	_, err := blue.Post(ctx, post)
	ok(t, err)
	if _, err := green.FindPost(ctx, post); ops.KindOf(err) != ops.NotFound {
		t.Errorf("green finds blue's message: %v", err)
	}
}

func TestCheckNamesWhatIsMissing(t *testing.T) {
	opts := asManifest(t)
	var kept []string
	for _, scope := range opts.Scopes {
		if scope != "pins:write" && scope != "im:history" {
			kept = append(kept, scope)
		}
	}
	opts.Scopes = kept
	w := slackfake.New(opts)
	t.Cleanup(w.Close)
	s := open(t, slack.Config{}, w)
	var bad []string
	for _, f := range s.Check(ctx) {
		if !f.OK {
			bad = append(bad, f.What)
			if !strings.Contains(f.Mend, "install the app again") {
				t.Errorf("%s is mended by %q", f.What, f.Mend)
			}
		}
	}
	if got := strings.Join(bad, ", "); got != "scope im:history, scope pins:write" {
		t.Errorf("Check finds missing: %s", got)
	}
	room := incident(t, s)
	posted, err := s.Post(ctx, chat.Post{Room: room, Key: "k/1", Message: chat.Text("the card")})
	ok(t, err)
	if err := s.Pin(ctx, room, posted.ID); ops.KindOf(err) != ops.Denied || !strings.Contains(ops.Tell(err), "pins:write") {
		t.Errorf("Pin = %v, want an error of kind denied that names the scope", err)
	}
}

func TestCheckTellsAWrongAppToken(t *testing.T) {
	w := slackfake.New(slackfake.Options{})
	t.Cleanup(w.Close)
	s, err := slack.New(slack.Config{BotToken: slackfake.BotToken, AppToken: "xapp-wrong", APIURL: w.APIURL()}, logger(t))
	ok(t, err)
	found := s.Check(ctx)
	last := found[len(found)-1]
	if last.OK || !strings.Contains(last.Mend, "connections:write") {
		t.Errorf("Check ends with %+v", last)
	}
}

func TestAMessageInAThreadIsFoundByItsKey(t *testing.T) {
	s, w := overSocket(t)
	room := incident(t, s)
	head, err := s.Post(ctx, chat.Post{Room: room, Key: "k/1", Message: chat.Text("the card")})
	ok(t, err)
	post := chat.Post{Room: room, Thread: head.ID, Key: "k/2", Message: chat.Text("the detail"), Since: time.Now()}
	if _, err := s.FindPost(ctx, post); ops.KindOf(err) != ops.NotFound {
		t.Errorf("before it is written: %v", err)
	}
	written, err := s.Post(ctx, post)
	ok(t, err)
	found, err := again(t, w).FindPost(ctx, post)
	ok(t, err)
	if found != written || !strings.Contains(found.URL, "thread_ts="+string(head.ID)) {
		t.Errorf("wrote %+v, found %+v", written, found)
	}
}

func TestADirectMessageIsFoundByItsKey(t *testing.T) {
	s, w := overSocket(t)
	room, err := s.Direct(ctx, w.Person("ana"))
	ok(t, err)
	post := chat.Post{Room: room, Key: "k/1", Message: chat.Text("your update is due"), Since: time.Now()}
	written, err := s.Post(ctx, post)
	ok(t, err)
	found, err := s.FindPost(ctx, post)
	ok(t, err)
	if found != written {
		t.Errorf("wrote %+v, found %+v", written, found)
	}
}
