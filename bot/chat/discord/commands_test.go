package discord_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitrep/bot/chat"
	"sitrep/bot/chat/discord"
	"sitrep/bot/chat/discord/discordfake"
	"sitrep/bot/ops"
)

func TestTypedOptionsCarryTheirNames(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{discord.Gateway, discord.HTTP} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			s := running(t, mode, discordfake.Options{}, nil)
			ana, bo, room := s.fake.Person("ana"), s.fake.Person("bo"), s.fake.Channel("general")
			s.fake.TypeOptions(ana, room, "status", map[string]string{"text": "We *roll* back", "state": "identified"})
			in := s.inbox.Wait(t, chat.Command)
			if diff := cmp.Diff(map[string]string{"text": "We *roll* back", "state": "identified"}, in.Values); diff != "" || in.Text != "status" {
				t.Errorf("heard %q with (-want +got):\n%s", in.Text, diff)
			}
			s.fake.TypeOptions(ana, room, "lead", map[string]string{"who": string(bo)})
			in = s.inbox.Wait(t, chat.Command)
			if in.Values["who"] != "@"+string(bo) {
				t.Errorf("the person came as %q", in.Values["who"])
			}
			s.fake.Type(ana, room, "lead <@"+string(bo)+"> please")
			in = s.inbox.Wait(t, chat.Command)
			if in.Text != "lead @"+string(bo)+" please" {
				t.Errorf("a mention came as %q", in.Text)
			}
			s.wellBehaved()
		})
	}
}

func TestWhatIsTypedIsCompleted(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{discord.Gateway, discord.HTTP} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			s := running(t, mode, discordfake.Options{}, nil)
			ana, room := s.fake.Person("ana"), s.fake.Channel("general")
			var asked []string
			s.inbox.SetComplete(func(in chat.Inbound, option, word string) []chat.Choice {
				asked = append(asked, in.Text+"/"+option+"/"+word)
				out := []chat.Choice{{Label: strings.Repeat("long ", 40), Value: "check"}, {Label: "too long to choose", Value: strings.Repeat("x", 101)}}
				for i := range 40 {
					out = append(out, chat.Choice{Label: "service", Value: fmt.Sprint("s", i)})
				}
				return out
			})
			if got := s.fake.Complete(ana, room, "logs", "service", "che"); len(got) != 25 || got[0].Value != "check" {
				t.Errorf("suggested %d: %v", len(got), got)
			}
			if got := s.fake.Complete(ana, room, "do", "command", "logs ch"); len(got) != 25 {
				t.Errorf("suggested %d: %v", len(got), got)
			}
			if diff := cmp.Diff([]string{"logs/service/che", "logs ch//logs ch"}, asked); diff != "" {
				t.Errorf("asked (-want +got):\n%s", diff)
			}
			if n := len(s.inbox.Requests()); n != 0 {
				t.Errorf("%d requests were stored for suggestions", n)
			}
			s.wellBehaved()
		})
	}
}

func TestManyLongVerbsAreRegisteredWithinTheLimits(t *testing.T) {
	t.Parallel()
	var many []chat.CommandSpec
	for i := range 40 {
		spec := chat.CommandSpec{Name: fmt.Sprintf("verb-%d", i), Summary: strings.Repeat("does much ", 30)}
		for j := range 5 {
			spec.Options = append(spec.Options, chat.OptionSpec{Name: fmt.Sprintf("option-%d", j), Summary: strings.Repeat("says much ", 30), Required: j == 4})
		}
		many = append(many, spec)
	}
	many = append(many, chat.CommandSpec{Name: "Not A Name"})
	s := running(t, discord.Gateway, discordfake.Options{}, func(c *discord.Config) { c.Commands = many })
	ana, room := s.fake.Person("ana"), s.fake.Channel("general")
	s.fake.TypeOptions(ana, room, "verb-0", map[string]string{"option-0": "x"})
	s.inbox.Wait(t, chat.Command)
	s.fake.Type(ana, room, "verb-39 x")
	s.inbox.Wait(t, chat.Command)
	s.wellBehaved()
}

func TestTheMessageMenuPutsAMessageOnTheTimeline(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{discord.Gateway, discord.HTTP} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			s := running(t, mode, discordfake.Options{}, nil)
			ana, bo, room := s.fake.Person("ana"), s.fake.Person("bo"), s.fake.Channel("general")
			said := s.fake.Say(bo, room, "ask <@"+string(ana)+">")
			s.fake.Shortcut(ana, room, said, "Add to timeline")
			in := s.inbox.Wait(t, chat.Pinned)
			if in.Text != "ask @ana" || in.Author.ID != bo || in.User.ID != ana || in.Message != said || in.Permalink == "" || in.Reply != (chat.ReplyTo{}) {
				t.Errorf("heard %+v", in)
			}
			s.until("ana is told", func() bool {
				seen := s.fake.Messages(room, ana)
				return len(seen) == 2 && seen[1].Private && strings.Contains(seen[1].Text, "Noted")
			})
			s.wellBehaved()
		})
	}
}

func TestAnAnswerAfterTheTokenHasDiedIsNotFound(t *testing.T) {
	t.Parallel()
	s := running(t, discord.Gateway, discordfake.Options{}, nil)
	ana, room := s.fake.Person("ana"), s.fake.Channel("general")
	s.fake.Type(ana, room, "postmortem")
	in := s.inbox.Wait(t, chat.Command)
	s.fake.Advance(16 * time.Minute)
	err := s.d.Reply(context.Background(), chat.Reply{To: in.Reply, Key: "k/1", Message: chat.Text("late")})
	wantKind(t, err, ops.NotFound)
	if strings.Contains(err.Error(), in.Reply.Token) {
		t.Errorf("the error tells the token: %v", err)
	}
}

func TestAPrivateAnswerToAMentionIsADirectMessage(t *testing.T) {
	t.Parallel()
	s := running(t, discord.Gateway, discordfake.Options{}, nil)
	ana, bo, room := s.fake.Person("ana"), s.fake.Person("bo"), s.fake.Channel("general")
	s.fake.Say(ana, room, "@sitrep help")
	in := s.inbox.Wait(t, chat.Command)
	for _, text := range []string{"looking it up", "for your eyes"} {
		s.must(s.d.Reply(t.Context(), chat.Reply{To: in.Reply, Key: "k/1", Message: chat.Text(text), Private: true}))
		s.fake.Advance(3 * time.Minute)
	}
	if seen := s.fake.Messages(room, bo); len(seen) != 1 {
		t.Errorf("bo sees %+v", seen)
	}
	direct, ok := s.fake.Direct(ana)
	if seen := s.fake.Messages(direct, ana); !ok || len(seen) != 1 || seen[0].Text != "for your eyes" {
		t.Errorf("ana sees %+v", seen)
	}
	s.fake.Say(ana, direct, "status #7")
	if in := s.inbox.Wait(t, chat.Command); in.Text != "status #7" || in.Room != direct {
		t.Errorf("a direct message was heard as %+v", in)
	}
}

func TestAnotherBotsButtonIsNoCommand(t *testing.T) {
	t.Parallel()
	s := running(t, discord.Gateway, discordfake.Options{}, nil)
	other, err := discord.New(func() discord.Config { c := config(s.fake); c.Instance = "staging"; return c }(), nil)
	s.must(err)
	ana, room := s.fake.Person("ana"), s.fake.Channel("general")
	posted, err := other.Post(t.Context(), chat.Post{Room: room, Key: "k/1", Message: chat.Message{Blocks: []chat.Block{{Buttons: []chat.Button{{Label: "Ack", Verb: "ack"}}}}}})
	s.must(err)
	s.fake.Press(ana, room, posted.ID, "Ack")
	s.until("ana is told", func() bool { return len(s.fake.Messages(room, ana)) == 2 })
	if n := len(s.inbox.Requests()); n != 0 {
		t.Errorf("%d requests were stored", n)
	}
}
