package chattest

import (
	"fmt"
	"strings"

	"github.com/google/go-cmp/cmp"

	"sitrep/bot/chat"
)

var replyPromises = map[string]func(*scene){
	"a private answer is seen by its asker alone": func(s *scene) {
		if !s.p.Features().Private {
			s.Skip("the platform has no private answers")
		}
		s.inbox.SetPlan(func(chat.Inbound) chat.Plan { return chat.Plan{Private: true} })
		room, ana, bo, in := s.asked("help")
		s.must(s.p.Reply(s.ctx, chat.Reply{To: in.Reply, Key: "k/1", Message: chat.Text("for your eyes"), Private: true}))
		if m := s.sees(ana, room, "for your eyes"); !m.Private {
			s.Fatalf("the answer is not private: %+v", m)
		}
		s.times(0, bo, room, "for your eyes")
	},
	"a public answer is seen by all": func(s *scene) {
		room, ana, bo, in := s.asked("metrics checkout")
		s.must(s.p.Reply(s.ctx, chat.Reply{To: in.Reply, Key: "k/1", Message: withFiles("p99 is 2.4 s")}))
		for _, user := range []chat.UserID{ana, bo} {
			s.sees(user, room, "p99 is 2.4 s")
			s.until("the picture and the file are there", func() bool { return len(files(s, user, room)) == 2 })
		}
	},
	"an answer is replaced in place": func(s *scene) {
		for _, private := range []bool{false, s.p.Features().Private} {
			s.inbox.SetPlan(func(chat.Inbound) chat.Plan { return chat.Plan{Private: private} })
			room, ana, _, in := s.asked("logs checkout")
			first, second := fmt.Sprint("searching, private ", private), fmt.Sprint("found it, private ", private)
			s.must(s.p.Reply(s.ctx, chat.Reply{To: in.Reply, Key: "k/1", Message: chat.Text(first), Private: private}))
			s.sees(ana, room, first)
			s.must(s.p.Reply(s.ctx, chat.Reply{To: in.Reply, Key: "k/1", Message: chat.Text(second), Private: private}))
			s.sees(ana, room, second)
			s.times(0, ana, room, first)
			s.times(1, ana, room, second)
		}
	},
	"an answer whose fate was unknown is not doubled": func(s *scene) {
		room, ana, _, in := s.asked("status")
		r := chat.Reply{To: in.Reply, Key: "k/1", Message: chat.Text("we look into it")}
		s.must(s.p.Reply(s.ctx, r))
		s.sees(ana, room, "we look into it")
		r.Unsure = true
		s.must(s.p.Reply(s.ctx, r))
		s.times(1, ana, room, "we look into it")
	},
	"two answers to one command both stand": func(s *scene) {
		room, ana, _, in := s.asked("status")
		s.must(s.p.Reply(s.ctx, chat.Reply{To: in.Reply, Key: "k/1", Message: chat.Text("first answer")}))
		s.must(s.p.Reply(s.ctx, chat.Reply{To: in.Reply, Key: "k/2", Message: chat.Text("second answer")}))
		s.sees(ana, room, "first answer")
		s.sees(ana, room, "second answer")
	},
	"a form opens filled in, and what is sent arrives": func(s *scene) {
		s.needForms()
		form := statusForm()
		s.inbox.SetPlan(func(in chat.Inbound) chat.Plan { return planFor(in, form) })
		room, ana := s.room(), s.w.Person("ana")
		s.must(s.p.Invite(s.ctx, room, []chat.UserID{ana}))
		s.w.Type(ana, room, "status")
		s.submit(ana, room, form)
	},
	"a form opens from a button": func(s *scene) {
		s.needForms()
		form := statusForm()
		s.inbox.SetPlan(func(in chat.Inbound) chat.Plan { return planFor(in, form) })
		room, ana := s.room(), s.w.Person("ana")
		s.must(s.p.Invite(s.ctx, room, []chat.UserID{ana}))
		posted := s.post(room, "k/1", chat.Message{Blocks: []chat.Block{
			{Text: "the card"}, {Buttons: []chat.Button{{Label: "Post an update", Verb: "status"}}},
		}})
		s.w.Press(ana, room, posted.ID, "Post an update")
		s.submit(ana, room, form)
	},
}

// asked has ana type a verb in a new room with bo in it, and returns what was heard of it.
func (s *scene) asked(text string) (room chat.RoomID, ana, bo chat.UserID, in chat.Inbound) {
	s.Helper()
	room, ana, bo = s.room(), s.w.Person("ana"), s.w.Person("bo")
	s.must(s.p.Invite(s.ctx, room, []chat.UserID{ana, bo}))
	s.w.Type(ana, room, text)
	in = s.inbox.Wait(s, chat.Command)
	if in.Reply == (chat.ReplyTo{}) {
		s.Fatal("a command came without a way to answer it")
	}
	return room, ana, bo, in
}

func (s *scene) needForms() {
	s.Helper()
	if !s.p.Features().Forms {
		s.Skip("the platform has no forms")
	}
}

func (s *scene) submit(ana chat.UserID, room chat.RoomID, form chat.Form) {
	s.Helper()
	s.until("a form opens", func() bool { _, ok := s.w.Form(ana); return ok })
	got, _ := s.w.Form(ana)
	if got.Title != form.Title {
		s.Fatalf("the form is called %q, want %q", got.Title, form.Title)
	}
	for i, want := range form.Fields {
		if i >= len(got.Fields) || got.Fields[i].Name != want.Name || got.Fields[i].Value != want.Value || !strings.Contains(got.Fields[i].Label, want.Label) {
			s.Fatalf("field %d should be %+v; the form is %+v", i, want, got)
		}
	}
	if n := len(s.commands()); n != 0 {
		s.Fatalf("%d commands were stored before the form was sent", n)
	}
	s.w.Submit(ana, map[string]string{"text": "We rolled *back*.\nWatching."})
	in := s.inbox.Wait(s, chat.Command)
	want := map[string]string{"text": "We rolled *back*.\nWatching.", "state": "identified"}
	for name, value := range in.Values {
		if value == "" {
			delete(in.Values, name)
		}
	}
	if diff := cmp.Diff(want, in.Values); diff != "" {
		s.Fatalf("values (-want +got):\n%s", diff)
	}
	if in.Text != "status #42" || in.User.ID != ana || in.Room != room {
		s.Fatalf("the form came as %+v", in)
	}
	s.must(s.p.Reply(s.ctx, chat.Reply{To: in.Reply, Key: "k/9", Message: chat.Text("update posted")}))
	s.sees(ana, room, "update posted")
	if _, open := s.w.Form(ana); open {
		s.Fatal("the form is still open")
	}
}

func (s *scene) commands() []chat.Inbound {
	s.Helper()
	var all []chat.Inbound
	for _, in := range s.inbox.Inbounds(s) {
		if in.Kind == chat.Command {
			all = append(all, in)
		}
	}
	return all
}

func planFor(in chat.Inbound, form chat.Form) chat.Plan {
	if in.Text == "status" && len(in.Values) == 0 {
		return chat.Plan{Form: &form}
	}
	return chat.Plan{}
}

func statusForm() chat.Form {
	return chat.Form{Title: "Post an update", Verb: "status #42", Submit: "Post", Fields: []chat.FormField{
		{Name: "text", Label: "What is known", Hint: "Plain words", Value: "We look into it.", Required: true, Long: true, Max: 1000},
		{Name: "state", Label: "State", Value: "identified", Choices: []chat.Choice{
			{Label: "Investigating", Value: "investigating"}, {Label: "Identified", Value: "identified"},
		}},
		{Name: "next", Label: "Next update"},
	}}
}
