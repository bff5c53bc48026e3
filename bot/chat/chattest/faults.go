package chattest

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"sitrep/bot/chat"
	"sitrep/bot/ops"
)

var faultPromises = map[string]func(*scene){
	"a limit is told, nothing was done, and it passes": func(s *scene) {
		room, ana := s.room(), s.w.Person("ana")
		s.w.SetFault(Fault{Status: http.StatusTooManyRequests, RetryAfter: time.Second})
		_, err := s.p.Post(s.ctx, chat.Post{Room: room, Key: "k/1", Message: chat.Text("too much")})
		e := s.kind(ops.Throttled, err)
		if e.RetryAfter < time.Second {
			s.Fatalf("RetryAfter = %v, want at least a second", e.RetryAfter)
		}
		s.w.SetFault(Fault{})
		s.times(0, ana, room, "too much")
		time.Sleep(e.RetryAfter)
		s.post(room, "k/1", chat.Text("too much"))
		s.sees(ana, room, "too much")
	},
	"a server's failure leaves the outcome unknown": func(s *scene) {
		room := s.room()
		for _, status := range []int{http.StatusInternalServerError, http.StatusServiceUnavailable} {
			s.w.SetFault(Fault{Status: status})
			_, err := s.p.Post(s.ctx, chat.Post{Room: room, Key: "k/1", Message: chat.Text("hello?")})
			s.kind(ops.Unavailable, err)
			_, err = s.p.OpenRoom(s.ctx, chat.RoomSpec{Key: "k/2", Name: "inc-8-x"})
			s.kind(ops.Unavailable, err)
		}
	},
	"a server that hangs is left when the context ends": func(s *scene) {
		room := s.room()
		s.w.SetFault(Fault{Hang: true})
		ctx, cancel := context.WithTimeout(s.ctx, 300*time.Millisecond)
		defer cancel()
		ended := make(chan error, 1)
		go func() {
			_, err := s.p.Post(ctx, chat.Post{Room: room, Key: "k/1", Message: chat.Text("hello?")})
			ended <- err
		}()
		select {
		case err := <-ended:
			s.kind(ops.Unavailable, err)
		case <-time.After(Patience):
			s.Fatal("Post did not return when its context ended")
		}
	},
	"a message whose answer was lost is found": func(s *scene) {
		room, ana := s.room(), s.w.Person("ana")
		post := chat.Post{Room: room, Key: "k/1", Message: chat.Text("written in the dark"), Since: time.Now().Add(-time.Minute)}
		err := s.answerLost("written in the dark", func(ctx context.Context) error {
			_, err := s.p.Post(ctx, post)
			return err
		})
		s.kind(ops.Unavailable, err)
		found, err := s.p.FindPost(s.ctx, post)
		s.must(err)
		if m := s.sees(ana, room, "written in the dark"); m.ID != found.ID {
			s.Fatalf("found %+v, ana sees %+v", found, m)
		}
	},
	"an answer whose fate is unknown is not doubled": func(s *scene) {
		room, ana, _, in := s.asked("status")
		r := chat.Reply{To: in.Reply, Key: "k/1", Message: chat.Text("answered in the dark")}
		err := s.answerLost("answered in the dark", func(ctx context.Context) error { return s.p.Reply(ctx, r) })
		s.kind(ops.Unavailable, err)
		r.Unsure = true
		s.must(s.p.Reply(s.ctx, r))
		s.sees(ana, room, "answered in the dark")
		s.times(1, ana, room, "answered in the dark")
	},
	"what could not be stored is not accepted": func(s *scene) {
		room, ana := s.room(), s.w.Person("ana")
		s.must(s.p.Invite(s.ctx, room, []chat.UserID{ana}))
		s.inbox.Fail(errFull)
		before := len(s.w.Messages(room, ana))
		// Type may wait for the acknowledgement, as a person's client does.
		typed := make(chan struct{})
		go func() { defer close(typed); s.w.Type(ana, room, "ack") }()
		s.until("the platform hands it in", func() bool { return s.inbox.Refused() > 0 })
		s.until("the person is told, or it is delivered again", func() bool {
			return s.inbox.Refused() > 1 || s.toldOfFailure(room, ana, before)
		})
		s.inbox.Fail(nil)
		s.until("the person is told, or it comes when there is room again", func() bool {
			return len(s.commands()) == 1 || s.toldOfFailure(room, ana, before)
		})
		<-typed
	},
	"events come again after a cut connection": func(s *scene) {
		room, ana := s.w.Channel("general"), s.w.Person("ana")
		s.w.DropConnections()
		for i := range 20 {
			s.until("the platform connects again", s.w.Connected)
			s.w.Type(ana, room, fmt.Sprintf("help %d", i))
			if in, ok := s.inbox.WaitWithin(s, chat.Command, 3*time.Second); ok {
				if !strings.HasPrefix(in.Text, "help ") {
					s.Fatalf("heard %+v", in)
				}
				return
			}
		}
		s.Fatal("nothing is heard after the cut")
	},
}

// answerLost runs do while the server acts on the call that writes text, but never answers it.
func (s *scene) answerLost(text string, do func(context.Context) error) error {
	s.Helper()
	ctx, cancel := context.WithCancel(s.ctx)
	defer cancel()
	release := make(chan struct{})
	var once sync.Once
	s.w.OnCall(func(c Call) {
		if c.After && strings.Contains(c.Text, text) {
			once.Do(cancel)
			<-release
		}
	})
	ended := make(chan error, 1)
	go func() { ended <- do(ctx) }()
	defer func() {
		s.w.OnCall(nil)
		close(release)
	}()
	select {
	case err := <-ended:
		return err
	case <-time.After(Patience):
		s.Fatalf("the call that writes %q did not return", text)
		return nil
	}
}

func (s *scene) toldOfFailure(room chat.RoomID, user chat.UserID, before int) bool {
	all := s.w.Messages(room, user)
	return len(all) > before && all[len(all)-1].Private
}
