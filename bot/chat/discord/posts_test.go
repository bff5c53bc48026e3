package discord_test

import (
	"testing"
	"time"

	"sitrep/bot/chat"
	"sitrep/bot/chat/discord"
	"sitrep/bot/chat/discord/discordfake"
)

func TestARepeatedPostStandsOnceForAsLongAsDiscordRemembers(t *testing.T) {
	t.Parallel()
	s := still(t)
	ana, room := s.fake.Person("ana"), s.fake.Channel("general")
	p := chat.Post{Room: room, Key: "inc7.3/card", Message: chat.Text("the card"), Since: time.Now()}
	first, err := s.d.Post(t.Context(), p)
	s.must(err)
	again, err := s.d.Post(t.Context(), p)
	s.must(err)
	if again != first || len(s.fake.Messages(room, ana)) != 1 {
		t.Errorf("posted %v, then %v", first, again)
	}
	s.fake.Advance(3 * time.Minute)
	for range 120 {
		s.fake.Say(ana, room, "talk")
	}
	found, err := s.d.FindPost(t.Context(), p)
	s.must(err)
	if found != first {
		t.Errorf("found %v, want %v", found, first)
	}
	p.Key = "inc7.4/card"
	if _, err := s.d.FindPost(t.Context(), p); err == nil {
		t.Error("a message that was not written is found among 121")
	}
	s.wellBehaved()
}

func TestAThreadIsARoomOfItsOwn(t *testing.T) {
	t.Parallel()
	s := running(t, discord.Gateway, discordfake.Options{}, nil)
	ana, room := s.fake.Person("ana"), s.room("k/1", "inc-7", false)
	head, err := s.d.Post(t.Context(), chat.Post{Room: room, Key: "k/2", Message: chat.Text("the card")})
	s.must(err)
	var detail chat.Posted
	for _, key := range []chat.Key{"k/3", "k/4"} {
		detail, err = s.d.Post(t.Context(), chat.Post{Room: room, Thread: head.ID, Key: key, Message: chat.Text("the detail")})
		s.must(err)
	}
	found, err := s.d.FindPost(t.Context(), chat.Post{Room: room, Thread: head.ID, Key: "k/4", Since: time.Now().Add(-time.Minute)})
	s.must(err)
	s.must(s.d.Edit(t.Context(), room, found.ID, chat.Text("the detail, edited")))
	s.must(s.d.Pin(t.Context(), room, detail.ID))
	seen := s.fake.Messages(room, ana)
	if last := seen[len(seen)-1]; len(seen) != 3 || last.ID != detail.ID || last.Text != "the detail, edited" || !last.Pinned || last.Thread != head.ID {
		t.Errorf("ana sees %+v", seen)
	}

	said := s.fake.Say(ana, chat.RoomID(head.ID), "@sitrep status")
	in := s.inbox.Wait(t, chat.Command)
	if in.Room != room || in.Reply.Thread != head.ID {
		t.Errorf("heard %+v", in)
	}
	s.must(s.d.Reply(t.Context(), chat.Reply{To: in.Reply, Key: "k/5", Message: chat.Text("it stands well")}))
	seen = s.fake.Messages(room, ana)
	if last := seen[len(seen)-1]; last.Text != "it stands well" || last.Thread != head.ID {
		t.Errorf("ana sees %+v", last)
	}
	s.fake.PinWithReaction(ana, room, said)
	if in := s.inbox.Wait(t, chat.Pinned); in.Room != room || in.Message != said {
		t.Errorf("pinned %+v, want %s", in, said)
	}
	s.wellBehaved()
}
