package discord_test

import (
	"fmt"
	"testing"
	"time"

	"sitrep/bot/chat"
	"sitrep/bot/chat/chattest"
	"sitrep/bot/chat/discord"
	"sitrep/bot/chat/discord/discordfake"
	"sitrep/bot/ops"
)

func impatient(c *discord.Config) { c.OpenTimeout, c.Silence = 3*time.Second, 6*time.Second }

// hears types until something is heard, as people do when a bot does not answer.
func (s *scene) hears(text string) chat.Inbound {
	s.Helper()
	ana, room := s.fake.Person("ana"), s.fake.Channel("general")
	for range 40 {
		s.fake.Type(ana, room, text)
		if in, ok := s.inbox.WaitWithin(s, chat.Command, time.Second); ok {
			return in
		}
	}
	s.Fatal("nothing is heard")
	return chat.Inbound{}
}

func TestASessionThatIsToldToReconnectFirstIsReplaced(t *testing.T) {
	t.Parallel()
	fake := discordfake.New(discordfake.Options{})
	fake.ReplyReconnectFirst(1)
	s := beginBefore(t, fake, impatient)
	s.until("a new session is ready", fake.Connected)
	if in := s.hears("help"); in.Text != "help" {
		t.Errorf("heard %+v", in)
	}
}

func TestADeafSessionIsReplaced(t *testing.T) {
	t.Parallel()
	s := running(t, discord.Gateway, discordfake.Options{Heartbeat: 200 * time.Millisecond}, impatient)
	s.fake.GoDeaf()
	s.until("a new session is ready", s.fake.Connected)
	s.hears("help")
	if n := s.fake.Identifies(); n < 2 {
		t.Errorf("there have been %d sessions, want the deaf one and a successor", n)
	}
}

func TestAQuietSessionIsLeftAlone(t *testing.T) {
	t.Parallel()
	s := running(t, discord.Gateway, discordfake.Options{}, func(c *discord.Config) { c.Silence = 3 * time.Second })
	time.Sleep(7 * time.Second)
	s.hears("help")
	if n := s.fake.Identifies(); n != 1 {
		t.Errorf("a session in which nobody spoke was replaced: there have been %d", n)
	}
}

func TestWhatHappensDuringACutIsHeardAfterIt(t *testing.T) {
	t.Parallel()
	for name, cut := range map[string]func(*discordfake.Fake){
		"dropped":           (*discordfake.Fake).DropConnections,
		"told to reconnect": (*discordfake.Fake).Reconnect,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := running(t, discord.Gateway, discordfake.Options{}, nil)
			room := s.room("k/1", "inc-7", false)
			cut(s.fake)
			s.fake.DeleteRoom(room)
			if in := s.inbox.Wait(t, chat.RoomGone); in.Room != room {
				t.Errorf("heard %+v", in)
			}
			if n := s.fake.Identifies(); n != 1 {
				t.Errorf("the session was not resumed: there have been %d", n)
			}
		})
	}
}

func TestAForgottenSessionBeginsAnew(t *testing.T) {
	t.Parallel()
	s := running(t, discord.Gateway, discordfake.Options{}, nil)
	s.fake.Invalidate()
	s.until("a new session is ready", s.fake.Connected)
	s.hears("help")
}

func TestRunGivesUpWhatNoReconnectingMends(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		o      discordfake.Options
		change func(*discord.Config)
		want   string
	}{
		"token revoked":       {change: func(c *discord.Config) { c.Token = "revoked" }, want: "Discord refuses the bot's token."},
		"intents not allowed": {o: discordfake.Options{Intents: 1 << 15}, want: "Discord refuses the intents: switch on “Server Members Intent” and “Message Content Intent” under “Bot” in the developer portal."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := begin(t, discord.Gateway, tt.o, tt.change)
			select {
			case err := <-s.ended:
				if e := wantKind(t, err, ops.Denied); e.Msg != tt.want {
					t.Errorf("told %q, want %q", e.Msg, tt.want)
				}
			case <-time.After(chattest.Patience):
				t.Fatal("Run goes on")
			}
		})
	}
}

func TestWhatWasHeardIsHandedInWhileTheProcessEnds(t *testing.T) {
	t.Parallel()
	s := running(t, discord.Gateway, discordfake.Options{}, nil)
	ana, room := s.fake.Person("ana"), s.fake.Channel("general")
	said := s.fake.Say(ana, room, "the cache was cold")
	held, release := make(chan struct{}, 10), make(chan struct{})
	s.fake.OnCall(func(c chattest.Call) {
		if c.Name == "GET /channels/{id}/messages/{message}" && !c.After {
			held <- struct{}{}
			<-release
		}
	})
	s.fake.PinWithReaction(ana, room, said)
	<-held
	s.stop()
	close(release)
	s.inbox.Wait(t, chat.Pinned)
}

func TestWhatIsTypedInOneRoomIsHeardInItsOrder(t *testing.T) {
	t.Parallel()
	s := running(t, discord.Gateway, discordfake.Options{}, nil)
	ana, room := s.fake.Person("ana"), s.fake.Channel("general")
	const many = 60
	for i := range many {
		s.fake.Type(ana, room, fmt.Sprint("note ", i))
	}
	for i := range many {
		if in := s.inbox.Wait(t, chat.Command); in.Text != fmt.Sprint("note ", i) {
			t.Fatalf("heard %q as number %d", in.Text, i)
		}
	}
}
