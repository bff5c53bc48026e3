package chattest

import (
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitrep/bot/chat"
	"sitrep/bot/ops"
)

var hearPromises = map[string]func(*scene){
	"a typed verb is a command, and says who and where": func(s *scene) {
		room, ana := s.w.Channel("general"), s.w.Person("ana")
		s.w.Type(ana, room, `new "Checkout is slow" sev2`)
		in := s.inbox.Wait(s, chat.Command)
		if in.Text != `new "Checkout is slow" sev2` || in.User.ID != ana || in.Room != room || in.Platform != s.p.Name() || in.At.IsZero() {
			s.Fatalf("heard %+v", in)
		}
		for _, r := range s.inbox.Requests() {
			if r.Source != s.p.Name() || r.At.IsZero() || r.ID == "" {
				s.Fatalf("stored %+v", r)
			}
		}
	},
	"a mention is a command, and can be answered": func(s *scene) {
		room, ana := s.w.Channel("general"), s.w.Person("ana")
		s.w.Say(ana, room, "@sitrep who checkout")
		in := s.inbox.Wait(s, chat.Command)
		if strings.TrimSpace(in.Text) != "who checkout" || in.User.ID != ana || in.Room != room {
			s.Fatalf("heard %+v", in)
		}
		s.must(s.p.Reply(s.ctx, chat.Reply{To: in.Reply, Key: "k/1", Message: chat.Text("ana is on call")}))
		s.sees(ana, room, "ana is on call")
	},
	"people who talk to each other give no command": func(s *scene) {
		room, ana := s.w.Channel("general"), s.w.Person("ana")
		s.w.Say(ana, room, "is sitrep asleep? status unknown")
		s.settle()
		if got := s.commands(); len(got) != 1 {
			s.Fatalf("talk was taken for a command: %+v", got)
		}
	},
	"a button says its verb": func(s *scene) {
		room, ana := s.room(), s.w.Person("ana")
		s.must(s.p.Invite(s.ctx, room, []chat.UserID{ana}))
		verb := "ack #42 " + strings.Repeat("x", 92)
		posted := s.post(room, "k/1", chat.Message{Blocks: []chat.Block{
			{Text: "the card"},
			{Buttons: []chat.Button{{Label: "Acknowledge", Verb: verb}, {Label: "Resolve", Verb: "resolve #42", Danger: true, Confirm: "Sure?"}}},
		}})
		s.w.Press(ana, room, posted.ID, "Acknowledge")
		s.w.Press(ana, room, posted.ID, "Resolve")
		for _, want := range []string{verb, "resolve #42"} {
			in := s.inbox.Wait(s, chat.Command)
			if in.Text != want || in.User.ID != ana || in.Room != room || in.Message != posted.ID {
				s.Fatalf("pressing for %q was heard as %+v", want, in)
			}
		}
	},
	"a pinned message comes with its text, author and link": func(s *scene) {
		room, ana, bo := s.room(), s.w.Person("ana"), s.w.Person("bo")
		s.must(s.p.Invite(s.ctx, room, []chat.UserID{ana, bo}))
		said := s.w.Say(bo, room, "the cache was cold")
		s.w.PinWithReaction(ana, room, said)
		in := s.inbox.Wait(s, chat.Pinned)
		if in.Text != "the cache was cold" || in.User.ID != ana || in.Author.ID != bo || in.Room != room || in.Message != said || in.Permalink == "" {
			s.Fatalf("heard %+v", in)
		}
	},
	"an edited and a deleted message are told": func(s *scene) {
		room, ana := s.room(), s.w.Person("ana")
		s.must(s.p.Invite(s.ctx, room, []chat.UserID{ana}))
		said := s.w.Say(ana, room, "the cache was cold")
		s.w.PinWithReaction(ana, room, said)
		s.inbox.Wait(s, chat.Pinned)
		s.w.Rewrite(ana, room, said, "the cache was warm")
		if in := s.inbox.Wait(s, chat.PinEdited); in.Message != said || in.Text != "the cache was warm" || in.Room != room {
			s.Fatalf("the edit was heard as %+v", in)
		}
		s.w.Erase(ana, room, said)
		if in := s.inbox.Wait(s, chat.PinDeleted); in.Message != said || in.Room != room {
			s.Fatalf("the deletion was heard as %+v", in)
		}
	},
	"what is delivered twice has one id": func(s *scene) {
		room, ana := s.room(), s.w.Person("ana")
		s.must(s.p.Invite(s.ctx, room, []chat.UserID{ana}))
		s.w.DeliverTwice(true)
		s.w.Type(ana, room, "ack")
		s.w.Say(ana, room, "@sitrep lead me")
		said := s.w.Say(ana, room, "the cache was cold")
		s.w.PinWithReaction(ana, room, said)
		s.settle()
		s.inbox.Wait(s, chat.Pinned)
		count := map[string]int{}
		for _, in := range s.inbox.Inbounds(s) {
			count[string(in.Kind)+" "+strings.TrimSpace(in.Text)]++
		}
		for _, what := range []string{"command ack", "command lead me", "pinned the cache was cold"} {
			if count[what] != 1 {
				s.Errorf("%q has %d ids, want 1", what, count[what])
			}
		}
	},
	"a room deleted by hand is told": func(s *scene) {
		room := s.room()
		s.w.DeleteRoom(room)
		s.gone(room, "deleted")
	},
	"a room archived by hand is told": func(s *scene) {
		room := s.room()
		s.w.ArchiveRoom(room)
		s.gone(room, "archived")
	},
	"the bot's removal from a room is told": func(s *scene) {
		room := s.room()
		s.w.RemoveBot(room)
		s.gone(room, "removed")
	},
	"a person's leaving is told": func(s *scene) {
		ana := s.w.Person("ana")
		s.w.Leave(ana)
		if in := s.inbox.Wait(s, chat.UserLeft); in.User.ID != ana {
			s.Fatalf("heard %+v", in)
		}
	},
	"decoding is pure, and refuses what it does not know": func(s *scene) {
		s.w.Type(s.w.Person("ana"), s.w.Channel("general"), "help")
		s.inbox.Wait(s, chat.Command)
		for _, r := range s.inbox.Requests() {
			first, err := s.p.Decode(r)
			s.must(err)
			second, err := s.p.Decode(r)
			s.must(err)
			if diff := cmp.Diff(first, second); diff != "" {
				s.Fatalf("decoded twice (-first +second):\n%s", diff)
			}
			r.Body = []byte(`{"`)
			_, err = s.p.Decode(r)
			s.kind(ops.Invalid, err)
			_, err = s.p.Decode(chat.Request{ID: "1", Source: s.p.Name(), Kind: "no such kind", Body: []byte("{}"), At: time.Now()})
			s.kind(ops.Invalid, err)
		}
	},
}

func (s *scene) gone(room chat.RoomID, reason string) {
	s.Helper()
	if in := s.inbox.Wait(s, chat.RoomGone); in.Room != room || in.Reason != reason {
		s.Fatalf("heard %+v, want room %s %s", in, room, reason)
	}
}
