package slack_test

import (
	"context"
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

var ctx = context.Background()

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// sees returns what user sees of one room, one line for each message.
func sees(w *slackfake.Server, room chat.RoomID, user chat.UserID) string {
	var lines []string
	for _, m := range w.Messages(room, user) {
		line := m.Text
		if m.Private {
			line = "(private) " + line
		}
		if m.Thread != "" {
			line = "(thread) " + line
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

func incident(t *testing.T, s *slack.Slack, people ...chat.UserID) chat.RoomID {
	t.Helper()
	room, err := s.OpenRoom(ctx, chat.RoomSpec{Key: "k/room", Name: "inc-7-checkout", Since: time.Now()})
	ok(t, err)
	if len(people) > 0 {
		ok(t, s.Invite(ctx, room.ID, people))
	}
	return room.ID
}

// again is the same bot after a restart: it remembers nothing.
func again(t *testing.T, w *slackfake.Server) *slack.Slack {
	t.Helper()
	return open(t, slack.Config{Instance: "test"}, w)
}

func TestAPrivateAnswerToAButtonLeavesTheCardAlone(t *testing.T) {
	s, w := overSocket(t)
	inbox := run(t, s, w)
	ana := w.Person("ana")
	room := incident(t, s, ana)
	card, err := s.Post(ctx, chat.Post{Room: room, Key: "k/card", Message: chat.Message{Blocks: []chat.Block{
		{Text: "the card"}, {Buttons: []chat.Button{{Label: "Why", Verb: "why"}}},
	}}})
	ok(t, err)
	w.Press(ana, room, card.ID, "Why")
	in := inbox.Wait(t, chat.Command)
	for _, text := range []string{"looking", "because of p99"} {
		ok(t, s.Reply(ctx, chat.Reply{To: in.Reply, Key: "k/1", Message: chat.Text(text), Private: true}))
	}
	if got := sees(w, room, ana); !strings.HasPrefix(got, "the card\n") || !strings.Contains(got, "(private) because of p99") {
		t.Errorf("ana sees:\n%s", got)
	}
}

func TestAFileInAPrivateAnswerIsShownInPlace(t *testing.T) {
	s, w := overSocket(t)
	inbox := run(t, s, w)
	ana, room := w.Person("ana"), w.Channel("general")
	w.Type(ana, room, "postmortem")
	in := inbox.Wait(t, chat.Command)
	m := chat.Message{Blocks: []chat.Block{{Text: "the draft"}, {File: &chat.File{Name: "postmortem.md", Data: []byte("# Summary")}}}}
	ok(t, s.Reply(ctx, chat.Reply{To: in.Reply, Key: "k/1", Message: m, Private: true}))
	if got := sees(w, room, ana); got != "(private) the draft\n# Summary" {
		t.Errorf("ana sees:\n%s", got)
	}
}

func TestAnAnswerAfterItsTimeIsNotFound(t *testing.T) {
	s, w := overSocket(t)
	inbox := run(t, s, w)
	ana, room := w.Person("ana"), w.Channel("general")
	w.Type(ana, room, "help")
	in := inbox.Wait(t, chat.Command)
	r := chat.Reply{To: in.Reply, Key: "k/1", Message: chat.Text("help is here"), Private: true}
	for range 5 {
		ok(t, s.Reply(ctx, r))
	}
	if err := s.Reply(ctx, r); ops.KindOf(err) != ops.NotFound {
		t.Errorf("the sixth use of a response URL: %v, want an error of kind not found", err)
	}
	w.Type(ana, room, "help")
	r.To = inbox.Wait(t, chat.Command).Reply
	w.ExpireAnswers()
	if err := s.Reply(ctx, r); ops.KindOf(err) != ops.NotFound {
		t.Errorf("after half an hour: %v, want an error of kind not found", err)
	}
}

func TestAPublicAnswerWhereTheBotIsNot(t *testing.T) {
	s, w := overSocket(t)
	inbox := run(t, s, w)
	ana, room := w.Person("ana"), w.Channel("random")
	w.RemoveBot(room)
	w.Type(ana, room, "who checkout")
	in := inbox.Wait(t, chat.Command)
	for _, text := range []string{"looking", "ana is on call"} {
		ok(t, s.Reply(ctx, chat.Reply{To: in.Reply, Key: "k/1", Message: chat.Text(text)}))
	}
	if got := sees(w, room, w.Person("bo")); got != "ana is on call" {
		t.Errorf("bo sees:\n%s", got)
	}
}

func TestAMentionInAThreadIsAnsweredThere(t *testing.T) {
	s, w := overSocket(t)
	inbox := run(t, s, w)
	ana, bo := w.Person("ana"), w.Person("bo")
	room := incident(t, s, ana, bo)
	head := w.Say(ana, room, "it is slow")
	w.SayIn(ana, room, head, "@sitrep lead @bo")
	in := inbox.Wait(t, chat.Command)
	if in.Text != "lead @"+string(bo) {
		t.Errorf("heard %q", in.Text)
	}
	ok(t, s.Reply(ctx, chat.Reply{To: in.Reply, Key: "k/1", Message: chat.Text("bo leads")}))
	ok(t, s.Reply(ctx, chat.Reply{To: in.Reply, Key: "k/2", Message: chat.Text("for your eyes"), Private: true}))
	if got := sees(w, room, ana); !strings.HasSuffix(got, "(thread) bo leads\n(thread) (private) for your eyes") {
		t.Errorf("ana sees:\n%s", got)
	}
	if got := sees(w, room, bo); strings.Contains(got, "eyes") {
		t.Errorf("bo sees:\n%s", got)
	}
}

func TestAfterARestartAnAnswerIsReplacedInPlace(t *testing.T) {
	s, w := overSocket(t)
	inbox := run(t, s, w)
	ana := w.Person("ana")
	room := incident(t, s, ana)
	w.Type(ana, room, "logs")
	in := inbox.Wait(t, chat.Command)
	ok(t, s.Reply(ctx, chat.Reply{To: in.Reply, Key: "k/1", Message: chat.Text("looking")}))
	ok(t, again(t, w).Reply(ctx, chat.Reply{To: in.Reply, Key: "k/1", Message: chat.Text("3 lines")}))
	if got := sees(w, room, ana); got != "3 lines" {
		t.Errorf("ana sees:\n%s", got)
	}
}

func TestAfterARestartAnEditKeepsThePicture(t *testing.T) {
	s, w := overSocket(t)
	ana := w.Person("ana")
	room := incident(t, s, ana)
	head, err := s.Post(ctx, chat.Post{Room: room, Key: "k/1", Message: chat.Text("metrics")})
	ok(t, err)
	picture := chat.Message{Blocks: []chat.Block{{Text: "p99"}, {Image: &chat.File{Name: "p99.png", Alt: "up", Data: []byte("png")}}}}
	inThread, err := s.Post(ctx, chat.Post{Room: room, Thread: head.ID, Key: "k/2", Message: picture})
	ok(t, err)
	ok(t, again(t, w).Edit(ctx, room, inThread.ID, chat.Text("p99, mitigated")))
	messages := w.Messages(room, ana)
	last := messages[len(messages)-1]
	if !strings.HasPrefix(last.Text, "p99, mitigated") || len(last.Files) != 1 || last.Files[0].Name != "p99.png" {
		t.Errorf("ana sees %+v", last)
	}
}

func TestAPictureIsUploadedOnceForEveryAttempt(t *testing.T) {
	s, w := overSocket(t)
	room := incident(t, s)
	post := chat.Post{Room: room, Key: "k/1", Message: chat.Message{Blocks: []chat.Block{{Image: &chat.File{Name: "p99.png", Alt: "up", Data: []byte("png")}}}}}
	w.SetFault(chattest.Fault{Match: "chat.postMessage", Status: http.StatusInternalServerError, Times: 2})
	for range 2 {
		if _, err := s.Post(ctx, post); ops.KindOf(err) != ops.Unavailable {
			t.Fatalf("Post = %v", err)
		}
	}
	_, err := s.Post(ctx, post)
	ok(t, err)
	if n := count(w, "files.getUploadURLExternal"); n != 1 {
		t.Errorf("uploaded %d times", n)
	}
}

func count(w *slackfake.Server, name string) int {
	n := 0
	for _, c := range w.Calls() {
		if c.Name == name {
			n++
		}
	}
	return n
}

func TestTheHomePage(t *testing.T) {
	s, w := overSocket(t)
	inbox := run(t, s, w)
	ana := w.Person("ana")
	w.OpenHome(ana)
	if in := inbox.Wait(t, chat.HomeOpened); in.User.ID != ana {
		t.Fatalf("heard %+v", in)
	}
	ok(t, s.PublishHome(ctx, ana, chat.Message{Blocks: []chat.Block{{Header: "2 open incidents"}, {Text: "**INC-42** checkout"}}}))
	if got, _ := w.Home(ana); got != "2 open incidents\nINC-42 checkout" {
		t.Errorf("ana's home page says:\n%s", got)
	}
	ok(t, s.Reply(ctx, chat.Reply{To: chat.ReplyTo{Platform: slack.Name, User: ana}, Key: "k/1", Message: chat.Text("acknowledged"), Private: true}))
	direct, there := w.Direct(ana)
	if got := sees(w, direct, ana); !there || got != "acknowledged" {
		t.Errorf("who asked on the home page is answered directly, but ana sees %q", got)
	}
}

func TestTheShortcutPinsAMessage(t *testing.T) {
	s, w := overSocket(t)
	inbox := run(t, s, w)
	ana, bo := w.Person("ana"), w.Person("bo")
	room := incident(t, s, ana, bo)
	said := w.Say(bo, room, "the cache was cold")
	w.Shortcut(ana, room, said, "sitrep:test:timeline")
	in := inbox.Wait(t, chat.Pinned)
	if in.Text != "the cache was cold" || in.Author.ID != bo || in.Message != said || in.Permalink == "" {
		t.Fatalf("heard %+v", in)
	}
	ok(t, s.Reply(ctx, chat.Reply{To: in.Reply, Key: "k/1", Message: chat.Text("on the timeline"), Private: true}))
	if got := sees(w, room, ana); !strings.HasSuffix(got, "(private) on the timeline") {
		t.Errorf("ana sees:\n%s", got)
	}
}

func TestWhoLeavesARoomIsTold(t *testing.T) {
	s, w := overSocket(t)
	inbox := run(t, s, w)
	ana := w.Person("ana")
	room := incident(t, s, ana)
	if in := inbox.Wait(t, chat.UserJoinedRoom); in.User.ID != ana || in.Room != room {
		t.Errorf("heard %+v", in)
	}
	w.LeaveRoom(ana, room)
	if in := inbox.Wait(t, chat.UserLeftRoom); in.User.ID != ana || in.Room != room {
		t.Errorf("heard %+v", in)
	}
}

func TestAFormThatDoesNotOpenIsExcused(t *testing.T) {
	s, w := overSocket(t)
	inbox := run(t, s, w)
	inbox.SetPlan(func(chat.Inbound) chat.Plan {
		w.ExpireTriggers()
		return chat.Plan{Form: &chat.Form{Title: "Status", Verb: "status", Fields: []chat.FormField{{Name: "text", Label: "Text"}}}}
	})
	ana, room := w.Person("ana"), w.Channel("general")
	w.Type(ana, room, "status")
	until(t, "ana is told", func() bool { return strings.Contains(sees(w, room, ana), "(private) The form did not open.") })
	if n := len(inbox.Requests()); n != 0 {
		t.Errorf("%d requests were stored for a form", n)
	}
}

func TestAFormOpensOnceForTwoDeliveries(t *testing.T) {
	s, w := overSocket(t)
	inbox := run(t, s, w)
	inbox.SetPlan(func(in chat.Inbound) chat.Plan {
		if in.Text != "status" {
			return chat.Plan{}
		}
		return chat.Plan{Form: &chat.Form{Title: "Status", Verb: "status", Fields: []chat.FormField{{Name: "text", Label: "Text"}}}}
	})
	w.DeliverTwice(true)
	ana, room := w.Person("ana"), w.Channel("general")
	w.Type(ana, room, "status")
	w.Type(ana, room, "help")
	inbox.Wait(t, chat.Command)
	until(t, "both deliveries are seen to", func() bool { return count(w, "views.open") == 2 })
	if _, open := w.Form(ana); !open {
		t.Error("no form is open")
	}
	if got := sees(w, room, ana); got != "" {
		t.Errorf("ana sees:\n%s", got)
	}
}

func TestTwoPicturesOfOneNameBothArrive(t *testing.T) {
	s, w := overSocket(t)
	ana := w.Person("ana")
	room := incident(t, s, ana)
	m := chat.Message{Blocks: []chat.Block{
		{Image: &chat.File{Name: "p99.png", Alt: "before", Data: []byte("one")}},
		{Image: &chat.File{Name: "p99.png", Alt: "after", Data: []byte("two")}},
		{Image: &chat.File{Name: "empty.png", Alt: "nothing"}},
	}}
	posted, err := s.Post(ctx, chat.Post{Room: room, Key: "k/1", Message: m})
	ok(t, err)
	ok(t, s.Edit(ctx, room, posted.ID, m))
	if got := w.Messages(room, ana)[0].Files; len(got) != 2 || got[0].Alt != "before" || got[1].Alt != "after" || count(w, "files.getUploadURLExternal") != 2 {
		t.Errorf("ana sees %d pictures %+v", len(got), got)
	}
}
