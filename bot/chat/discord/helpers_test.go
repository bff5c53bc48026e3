package discord_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"go.uber.org/zap"

	"sitrep/bot/chat"
	"sitrep/bot/chat/chattest"
	"sitrep/bot/chat/discord"
	"sitrep/bot/chat/discord/discordfake"
	"sitrep/bot/ops"
)

// scene is a running platform before its fake.
type scene struct {
	*testing.T
	fake  *discordfake.Fake
	d     *discord.Discord
	inbox *chattest.Inbox
	ended chan error
	stop  context.CancelFunc
}

func running(t *testing.T, mode string, o discordfake.Options, change func(*discord.Config)) *scene {
	t.Helper()
	s := begin(t, mode, o, change)
	s.until("it is connected", s.fake.Connected)
	return s
}

// begin starts a platform without waiting for its connection.
func begin(t *testing.T, mode string, o discordfake.Options, change func(*discord.Config)) *scene {
	t.Helper()
	fake, d := open(t, mode, o, change)
	return start(t, fake, d)
}

// beginBefore starts a platform before a fake that was set up already.
func beginBefore(t *testing.T, fake *discordfake.Fake, change func(*discord.Config)) *scene {
	t.Helper()
	t.Cleanup(fake.Close)
	c := config(fake)
	change(&c)
	d, err := discord.New(c, zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	return start(t, fake, d)
}

func start(t *testing.T, fake *discordfake.Fake, d *discord.Discord) *scene {
	ctx, cancel := context.WithCancel(context.Background())
	s := &scene{T: t, fake: fake, d: d, inbox: chattest.NewInbox(d.Decode), ended: make(chan error, 1), stop: cancel}
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.ended <- d.Run(ctx, s.inbox)
	}()
	t.Cleanup(func() {
		cancel()
		<-done
	})
	return s
}

func (s *scene) until(what string, done func() bool) {
	s.Helper()
	deadline := time.Now().Add(chattest.Patience)
	for !done() {
		if time.Now().After(deadline) {
			s.Fatalf("waited in vain until %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func (s *scene) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func (s *scene) room(key chat.Key, name string, private bool) chat.RoomID {
	s.Helper()
	r, err := s.d.OpenRoom(s.Context(), chat.RoomSpec{Key: key, Name: name, Topic: "Checkout is slow", Private: private})
	s.must(err)
	return r.ID
}

func (s *scene) wellBehaved() {
	s.Helper()
	for _, v := range s.fake.Violations() {
		s.Errorf("Discord's rules were broken: %s", v)
	}
}

func wantKind(t *testing.T, err error, kind ops.Kind) *ops.Error {
	t.Helper()
	var e *ops.Error
	if !errors.As(err, &e) || e.Kind != kind {
		t.Fatalf("error = %v, want one of kind %v", err, kind)
	}
	return e
}
