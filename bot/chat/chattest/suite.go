package chattest

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"sitrep/bot/chat"
	"sitrep/bot/ops"
)

// Setup is one platform before one fresh server. What open starts, it ends with t.Cleanup.
type Setup struct {
	Platform chat.Platform
	World    World
	Intake   *Inbox // what Run is given; nil lets the suite make one
	// Skip names promises that the vendor's platform itself cannot keep: the subtest's name and the reason.
	Skip map[string]string
}

// Run holds a platform to each promise of chat.Platform. open is called once for each promise.
func Run(t *testing.T, open func(t *testing.T) Setup) {
	groups := map[string]map[string]func(*scene){
		"rooms": roomPromises, "posts": postPromises, "people": peoplePromises,
		"replies": replyPromises, "hears": hearPromises, "faults": faultPromises,
	}
	for _, group := range sorted(groups) {
		t.Run(group, func(t *testing.T) {
			for _, name := range sorted(groups[group]) {
				t.Run(name, func(t *testing.T) { groups[group][name](start(t, open)) })
			}
		})
	}
	t.Run("ends when its context ends, and leaves no goroutine", func(t *testing.T) { ends(t, open) })
}

func sorted[V any](m map[string]V) []string {
	var names []string
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// scene is a running platform and the words in which the promises are told.
type scene struct {
	*testing.T
	p     chat.Platform
	w     World
	inbox *Inbox
	ctx   context.Context
	stop  func() error
}

func start(t *testing.T, open func(t *testing.T) Setup) *scene {
	t.Helper()
	set := open(t)
	name := t.Name()[strings.LastIndex(t.Name(), "/")+1:]
	for skip, why := range set.Skip {
		if strings.ReplaceAll(skip, " ", "_") == name {
			t.Skip(why)
		}
	}
	if set.Intake == nil {
		set.Intake = NewInbox(set.Platform.Decode)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- set.Platform.Run(ctx, set.Intake) }()
	stopped := false
	s := &scene{T: t, p: set.Platform, w: set.World, inbox: set.Intake, ctx: ctx}
	s.stop = func() error {
		if stopped {
			return nil
		}
		stopped = true
		cancel()
		select {
		case err := <-ended:
			return err
		case <-time.After(Patience):
			return errors.New("Run did not return after its context ended")
		}
	}
	t.Cleanup(func() {
		set.World.SetFault(Fault{})
		set.World.OnCall(nil)
		if err := s.stop(); err != nil {
			t.Errorf("Run: %v", err)
		}
		for _, v := range set.World.Violations() {
			t.Errorf("the platform's rules were broken: %s", v)
		}
	})
	s.until("the platform connects", s.w.Connected)
	return s
}

func ends(t *testing.T, open func(t *testing.T) Setup) {
	before := goleak.IgnoreCurrent()
	t.Run("run", func(t *testing.T) {
		s := start(t, open)
		ana := s.w.Person("ana")
		s.w.Type(ana, s.w.Channel("general"), "help")
		s.inbox.Wait(t, chat.Command)
		if err := s.stop(); err != nil {
			t.Errorf("Run = %v, want nil", err)
		}
	})
	if err := goleak.Find(before); err != nil {
		t.Error(err)
	}
}

func (s *scene) until(what string, done func() bool) {
	s.Helper()
	if !poll(Patience, done) {
		s.Fatalf("waited in vain until %s", what)
	}
}

func (s *scene) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func (s *scene) kind(want ops.Kind, err error) *ops.Error {
	s.Helper()
	var e *ops.Error
	if !errors.As(err, &e) {
		s.Fatalf("error %v is no *ops.Error", err)
	}
	if e.Kind != want {
		s.Fatalf("error is of kind %v, want %v: %v", e.Kind, want, err)
	}
	return e
}

func (s *scene) open(spec chat.RoomSpec) chat.Room {
	s.Helper()
	if spec.Since.IsZero() {
		spec.Since = time.Now().Add(-time.Minute)
	}
	room, err := s.p.OpenRoom(s.ctx, spec)
	s.must(err)
	return room
}

func (s *scene) room() chat.RoomID {
	s.Helper()
	return s.open(chat.RoomSpec{Key: "k/room", Name: "inc-7-checkout", Topic: "Checkout is slow"}).ID
}

func (s *scene) post(room chat.RoomID, key chat.Key, m chat.Message) chat.Posted {
	s.Helper()
	posted, err := s.p.Post(s.ctx, chat.Post{Room: room, Key: key, Message: m, Since: time.Now().Add(-time.Minute)})
	s.must(err)
	return posted
}

// sees returns the messages in which user sees all of words, waiting until there is one.
func (s *scene) sees(user chat.UserID, room chat.RoomID, words ...string) Seen {
	s.Helper()
	var found Seen
	ok := poll(Patience, func() bool {
		all := s.seeing(user, room, words...)
		if len(all) > 0 {
			found = all[0]
		}
		return len(all) > 0
	})
	if !ok {
		s.Fatalf("%s sees no message with %q; they see %+v", user, words, s.w.Messages(room, user))
	}
	return found
}

func (s *scene) seeing(user chat.UserID, room chat.RoomID, words ...string) []Seen {
	var all []Seen
	for _, m := range s.w.Messages(room, user) {
		if !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(m.Text, w) }) {
			all = append(all, m)
		}
	}
	return all
}

func (s *scene) times(want int, user chat.UserID, room chat.RoomID, words ...string) {
	s.Helper()
	if got := s.seeing(user, room, words...); len(got) != want {
		s.Fatalf("%s sees %q %d times, want %d: %+v", user, words, len(got), want, got)
	}
}

// settle waits until all that was done before has been heard.
func (s *scene) settle() {
	s.Helper()
	zoe := s.w.Person("zoe")
	s.w.Type(zoe, s.w.Channel("settle"), "settle")
	s.until("what was typed last is heard", func() bool {
		return slices.ContainsFunc(s.inbox.Inbounds(s), func(in chat.Inbound) bool { return in.Text == "settle" })
	})
}
