package discord_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"sitrep/bot/chat"
	"sitrep/bot/chat/discord"
	"sitrep/bot/chat/discord/discordfake"
	"sitrep/bot/ops"
)

// still is a platform that is not connected, for what needs no connection.
func still(t *testing.T) *scene {
	fake, d := open(t, discord.Gateway, discordfake.Options{}, nil)
	return &scene{T: t, fake: fake, d: d}
}

func TestCategoriesRollOver(t *testing.T) {
	t.Parallel()
	s := still(t)
	rooms := []chat.RoomID{}
	for i := range 51 {
		rooms = append(rooms, s.room(chat.Key(fmt.Sprint("k/", i)), fmt.Sprint("inc-", i), false))
	}
	for i, want := range map[int]string{0: "Incidents", 49: "Incidents", 50: "Incidents 2"} {
		if got := s.fake.Category(rooms[i]); got != want {
			t.Errorf("room %d stands under %q, want %q", i, got, want)
		}
	}
	for i, room := range rooms {
		s.must(s.d.ArchiveRoom(t.Context(), room))
		if want := map[bool]string{true: "Incidents archive 1", false: "Incidents archive 2"}[i < 50]; s.fake.Category(room) != want {
			t.Errorf("archived room %d stands under %q, want %q", i, s.fake.Category(room), want)
		}
	}
	s.must(s.d.ReopenRoom(t.Context(), rooms[0]))
	if got := s.fake.Category(rooms[0]); got != "Incidents" {
		t.Errorf("the reopened room stands under %q", got)
	}
	s.wellBehaved()
}

func TestAFullServerIsTold(t *testing.T) {
	t.Parallel()
	s := still(t)
	s.fake.Fill(460)
	for _, f := range s.d.Check(t.Context()) {
		if full := strings.Contains(f.What, "460 of 500 channels"); full == f.OK {
			t.Errorf("at 460 channels: %+v", f)
		}
	}
	s.fake.Fill(500)
	_, err := s.d.OpenRoom(t.Context(), chat.RoomSpec{Key: "k/1", Name: "inc-1"})
	if e := wantKind(t, err, ops.Invalid); !strings.Contains(e.Msg, "500 channels") {
		t.Errorf("told %q", e.Msg)
	}
}

func TestRenamingTooOftenIsThrottled(t *testing.T) {
	t.Parallel()
	s := still(t)
	room := s.room("k/1", "inc-1", false)
	for i := range 2 {
		s.must(s.d.RenameRoom(t.Context(), room, fmt.Sprint("inc-1-", i)))
	}
	e := wantKind(t, s.d.RenameRoom(t.Context(), room, "inc-1-x"), ops.Throttled)
	if e.RetryAfter < 9*time.Minute {
		t.Errorf("RetryAfter = %v, want ten minutes or nearly", e.RetryAfter)
	}
	s.fake.Advance(e.RetryAfter)
	s.must(s.d.RenameRoom(t.Context(), room, "inc-1-x"))
	s.wellBehaved()
}

func TestAPrivateRoomFailsClosed(t *testing.T) {
	t.Parallel()
	s := still(t)
	ana, bo := s.fake.Person("ana"), s.fake.Person("bo")
	room := s.room("k/1", "inc-8", true)
	s.must(s.d.Invite(t.Context(), room, []chat.UserID{ana}))
	say := func(key chat.Key) {
		t.Helper()
		_, err := s.d.Post(t.Context(), chat.Post{Room: room, Key: key, Message: chat.Text("between us")})
		s.must(err)
	}
	say("k/2")
	s.must(s.d.ArchiveRoom(t.Context(), room))
	say("k/3")
	s.must(s.d.ReopenRoom(t.Context(), room))
	if info := s.fake.Rooms()[room]; !info.Private || info.Archived {
		t.Errorf("after archiving and reopening the room is %+v", info)
	}
	if n := len(s.fake.Messages(room, ana)); n != 2 {
		t.Errorf("ana sees %d messages", n)
	}
	if n := len(s.fake.Messages(room, bo)); n != 0 {
		t.Errorf("bo, who was not invited, sees %d messages", n)
	}
	s.must(s.d.SetPrivate(t.Context(), room, false))
	if n := len(s.fake.Messages(room, bo)); n != 2 {
		t.Errorf("bo sees %d messages of the public room", n)
	}
	s.wellBehaved()
}

func TestAMissingPermissionIsNamed(t *testing.T) {
	t.Parallel()
	all, names := discord.Permissions()
	bits := map[string]int64{"Manage Channels": 1 << 4, "Manage Roles": 1 << 28, "Pin Messages": 1 << 51}
	for name, do := range map[string]func(s *scene, room chat.RoomID) error{
		"Manage Channels": func(s *scene, room chat.RoomID) error { return s.d.RenameRoom(s.Context(), room, "x") },
		"Manage Roles": func(s *scene, room chat.RoomID) error {
			return s.d.Invite(s.Context(), room, []chat.UserID{s.fake.Person("ana")})
		},
		"Pin Messages": func(s *scene, room chat.RoomID) error { return s.d.Pin(s.Context(), room, "1") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := still(t)
			room := s.room("k/1", "inc-1", false)
			s.fake.SetPermissions(all &^ bits[name])
			if e := wantKind(t, do(s, room), ops.Denied); !strings.Contains(e.Msg, "“"+name+"”") {
				t.Errorf("told %q", e.Msg)
			}
			var lacking []string
			for _, f := range s.d.Check(t.Context()) {
				if !f.OK {
					lacking = append(lacking, f.What)
				}
			}
			if len(lacking) != 1 || lacking[0] != "permission "+name {
				t.Errorf("Check names %q", lacking)
			}
		})
	}
	if len(names) != 10 {
		t.Errorf("needed: %q", names)
	}
}

func TestAnotherBotsRoomIsNotOurs(t *testing.T) {
	t.Parallel()
	s := running(t, discord.Gateway, discordfake.Options{}, nil)
	c := config(s.fake)
	c.Instance = "staging"
	other, err := discord.New(c, nil)
	s.must(err)
	theirs, err := other.OpenRoom(t.Context(), chat.RoomSpec{Key: "k/1", Name: "inc-1"})
	s.must(err)
	if _, err := s.d.FindRoom(t.Context(), chat.RoomSpec{Key: "k/1"}); ops.KindOf(err) != ops.NotFound {
		t.Errorf("the other bot's room is taken for ours: %v", err)
	}
	s.fake.DeleteRoom(theirs.ID)
	mine := s.room("k/1", "inc-1", false)
	s.fake.DeleteRoom(mine)
	if in := s.inbox.Wait(t, chat.RoomGone); in.Room != mine {
		t.Errorf("heard %+v", in)
	}
}

func TestSomeoneWhoLeftKeepsNobodyOut(t *testing.T) {
	t.Parallel()
	s := still(t)
	ana, room := s.fake.Person("ana"), s.room("k/1", "inc-1", true)
	err := s.d.Invite(t.Context(), room, []chat.UserID{"999", ana})
	wantKind(t, err, ops.NotFound)
	if got := s.fake.Rooms()[room].Members; len(got) != 1 || got[0] != ana {
		t.Errorf("in the room are %v", got)
	}
}
