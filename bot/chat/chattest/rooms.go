package chattest

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"sitrep/bot/chat"
	"sitrep/bot/ops"
)

var roomPromises = map[string]func(*scene){
	"a channel that the bot is in can be reached, and one that is not there cannot": func(s *scene) {
		r, ok := s.p.(chat.Reacher)
		if !ok {
			s.Skip("the platform cannot tell")
		}
		if err := r.Reach(s.ctx, s.w.Channel("status")); err != nil {
			s.Fatalf("a channel with the bot in it: %v", err)
		}
		for _, nowhere := range []chat.RoomID{"nowhere", "", "T0/C0NOWHERE", "1"} {
			if err := r.Reach(s.ctx, nowhere); err == nil || ops.Tell(err) == "" {
				s.Fatalf("%q: got %v, want an error that says how to mend it", nowhere, err)
			}
		}
	},
	"a room is opened with its name, topic and link": func(s *scene) {
		room := s.open(chat.RoomSpec{Key: "k/1", Name: "inc-7-checkout", Topic: "Checkout is slow"})
		info, ok := s.w.Rooms()[room.ID]
		if !ok {
			s.Fatalf("there is no room %q", room.ID)
		}
		if info.Name != "inc-7-checkout" || room.Name != info.Name || !strings.Contains(info.Topic, "Checkout is slow") || info.Private {
			s.Fatalf("opened %+v, people see %+v", room, info)
		}
	},
	"a name that is taken gets a suffix, and the other room is left alone": func(s *scene) {
		name := "inc-7-" + strings.Repeat("x", s.p.Features().RoomName-len("inc-7-"))
		theirs := s.w.Channel(name)
		_, err := s.p.FindRoom(s.ctx, chat.RoomSpec{Key: "k/1", Name: name, Since: time.Now().Add(-time.Minute)})
		s.kind(ops.NotFound, err)
		room := s.open(chat.RoomSpec{Key: "k/1", Name: name})
		if room.ID == theirs {
			s.Fatal("somebody else's room was reused")
		}
		got := s.w.Rooms()[room.ID].Name
		if got == name || !strings.HasPrefix(got, "inc-7-xxx") || utf8.RuneCountInString(got) > s.p.Features().RoomName {
			s.Fatalf("the room is called %q beside %q", got, name)
		}
		if info := s.w.Rooms()[theirs]; info.Name != name || info.Topic != "" {
			s.Fatalf("somebody else's room was changed to %+v", info)
		}
	},
	"an archived room's name is not reused": func(s *scene) {
		first := s.open(chat.RoomSpec{Key: "k/1", Name: "inc-7-checkout"})
		s.must(s.p.ArchiveRoom(s.ctx, first.ID))
		second := s.open(chat.RoomSpec{Key: "k/2", Name: "inc-7-checkout"})
		if first.ID == second.ID || !s.w.Rooms()[first.ID].Archived {
			s.Fatalf("the archived room was reused: %+v, %+v", first, second)
		}
	},
	"a room is found by its key": func(s *scene) {
		spec := chat.RoomSpec{Key: "k/1", Name: "inc-7-checkout", Since: time.Now().Add(-time.Minute)}
		_, err := s.p.FindRoom(s.ctx, spec)
		s.kind(ops.NotFound, err)
		room := s.open(spec)
		other := s.open(chat.RoomSpec{Key: "k/2", Name: "inc-7-checkout"})
		for key, want := range map[chat.Key]chat.RoomID{"k/1": room.ID, "k/2": other.ID} {
			spec.Key = key
			found, err := s.p.FindRoom(s.ctx, spec)
			s.must(err)
			if found.ID != want {
				s.Fatalf("FindRoom(%s) = %+v, want %s", key, found, want)
			}
		}
	},
	"a room is renamed": func(s *scene) {
		room := s.room()
		s.must(s.p.RenameRoom(s.ctx, room, "inc-7-payments"))
		s.until("the room has its new name", func() bool { return s.w.Rooms()[room].Name == "inc-7-payments" })
		found, err := s.p.FindRoom(s.ctx, chat.RoomSpec{Key: "k/room", Name: "inc-7-checkout", Since: time.Now().Add(-time.Minute)})
		s.must(err)
		if found.ID != room {
			s.Fatalf("after its renaming the room is not found by its key: %+v", found)
		}
	},
	"a room is archived and opened again, and either twice is success": func(s *scene) {
		room, ana := s.room(), s.w.Person("ana")
		s.post(room, "k/1", chat.Text("before"))
		for range 2 {
			s.must(s.p.ArchiveRoom(s.ctx, room))
		}
		s.until("the room is archived", func() bool { return s.w.Rooms()[room].Archived })
		s.sees(ana, room, "before")
		for range 2 {
			s.must(s.p.ReopenRoom(s.ctx, room))
		}
		s.until("the room is open", func() bool { return !s.w.Rooms()[room].Archived })
		s.post(room, "k/2", chat.Text("after"))
		s.sees(ana, room, "after")
		s.settle()
		for _, in := range s.inbox.Inbounds(s) {
			if in.Kind == chat.RoomGone {
				s.Fatalf("the platform's own archiving was taken for somebody's: %+v", in)
			}
		}
	},
	"a private room is private": func(s *scene) {
		if !s.p.Features().PrivateRooms {
			s.Skip("the platform has no private rooms")
		}
		ana := s.w.Person("ana")
		room := s.open(chat.RoomSpec{Key: "k/1", Name: "inc-8-leak", Private: true})
		if !s.w.Rooms()[room.ID].Private {
			s.Fatal("the room is public")
		}
		s.must(s.p.Invite(s.ctx, room.ID, []chat.UserID{ana}))
		s.post(room.ID, "k/2", chat.Text("between us"))
		s.sees(ana, room.ID, "between us")
	},
	"a room is closed to all but its members, or the way to do it is told": func(s *scene) {
		room := s.room()
		for _, private := range []bool{true, false} {
			err := s.p.SetPrivate(s.ctx, room, private)
			if err != nil {
				if e := s.kind(ops.Invalid, err); e.Msg == "" {
					s.Fatalf("nobody is told how a person does it: %v", err)
				}
				continue
			}
			s.until("the room changed", func() bool { return s.w.Rooms()[room].Private == private })
		}
	},
	"people are invited, and twice is success": func(s *scene) {
		room, ana, bo := s.room(), s.w.Person("ana"), s.w.Person("bo")
		s.must(s.p.Invite(s.ctx, room, []chat.UserID{ana}))
		s.must(s.p.Invite(s.ctx, room, []chat.UserID{ana, bo}))
		s.until("both are in the room", func() bool {
			members := s.w.Rooms()[room].Members
			return slices.Contains(members, ana) && slices.Contains(members, bo)
		})
	},
	"what is done to a room that is gone is not found": func(s *scene) {
		room, ana := s.room(), s.w.Person("ana")
		s.w.DeleteRoom(room)
		_, err := s.p.Post(s.ctx, chat.Post{Room: room, Key: "k/1", Message: chat.Text("anyone?")})
		s.kind(ops.NotFound, err)
		s.kind(ops.NotFound, s.p.RenameRoom(s.ctx, room, "inc-7-x"))
		s.kind(ops.NotFound, s.p.Invite(s.ctx, room, []chat.UserID{ana}))
		_, err = s.p.FindRoom(s.ctx, chat.RoomSpec{Key: "k/room", Name: "inc-7-checkout", Since: time.Now().Add(-time.Minute)})
		s.kind(ops.NotFound, err)
	},
}

var peoplePromises = map[string]func(*scene){
	"a person is written to directly": func(s *scene) {
		if !s.p.Features().Direct {
			s.Skip("the platform has no direct messages")
		}
		ana := s.w.Person("ana")
		room, err := s.p.Direct(s.ctx, ana)
		s.must(err)
		again, err := s.p.Direct(s.ctx, ana)
		s.must(err)
		if room != again {
			s.Fatalf("Direct = %s, then %s", room, again)
		}
		s.post(room, "k/1", chat.Text("your update is due"))
		s.sees(ana, room, "your update is due")
		if got, ok := s.w.Direct(ana); !ok || got != room {
			s.Fatalf("ana's room with the bot is %q, %v; Direct returned %q", got, ok, room)
		}
	},
	"a person is shown by name, and a stranger is not found": func(s *scene) {
		ana, bo := s.w.Person("ana"), s.w.Person("bo")
		u, err := s.p.Lookup(s.ctx, ana)
		s.must(err)
		if u.ID != ana || u.Name != "ana" {
			s.Fatalf("Lookup = %+v", u)
		}
		_, err = s.p.Lookup(s.ctx, bo[:len(bo)-1]+"9999")
		s.kind(ops.NotFound, err)
	},
	"a home page is published, or nothing is done": func(s *scene) {
		s.must(s.p.PublishHome(s.ctx, s.w.Person("ana"), chat.Text("2 open incidents")))
	},
	"a healthy connection checks well": func(s *scene) {
		found := s.p.Check(s.ctx)
		if len(found) == 0 {
			s.Fatal("Check looked at nothing")
		}
		for _, f := range found {
			if !f.OK {
				s.Errorf("%+v", f)
			}
		}
	},
}
