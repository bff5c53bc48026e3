package chattest

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitrep/bot/chat"
	"sitrep/bot/ops"
)

var postPromises = map[string]func(*scene){
	"every kind of block is seen": func(s *scene) {
		room, ana := s.room(), s.w.Person("ana")
		posted := s.post(room, "k/1", everyBlock())
		m := s.sees(ana, room, "Checkout is slow", "p99 went up", "sev2", "GET /cart 503", "since 14:05")
		if m.ID != posted.ID || !m.FromBot || m.Private || m.Edited {
			s.Fatalf("posted %+v, ana sees %+v", posted, m)
		}
		if diff := cmp.Diff([]string{"Acknowledge", "Runbook"}, m.Buttons); diff != "" {
			s.Fatalf("buttons (-want +got):\n%s", diff)
		}
		if len(m.Pings) != 0 {
			s.Fatalf("a message without Notify called %v", m.Pings)
		}
	},
	"a message is found by its key": func(s *scene) {
		room := s.room()
		p := chat.Post{Room: room, Key: "k/1", Message: everyBlock(), Since: time.Now().Add(-time.Minute)}
		_, err := s.p.FindPost(s.ctx, p)
		s.kind(ops.NotFound, err)
		posted := s.post(room, "k/1", p.Message)
		s.post(room, "k/2", chat.Text("another"))
		found, err := s.p.FindPost(s.ctx, p)
		s.must(err)
		if found.ID != posted.ID {
			s.Fatalf("FindPost = %+v, want %+v", found, posted)
		}
	},
	"a message is replaced, and its pictures stay": func(s *scene) {
		room, ana := s.room(), s.w.Person("ana")
		posted := s.post(room, "k/1", withFiles("first words"))
		s.must(s.p.Edit(s.ctx, room, posted.ID, chat.Text("second words")))
		m := s.sees(ana, room, "second words")
		if m.ID != posted.ID || strings.Contains(m.Text, "first words") {
			s.Fatalf("after the edit ana sees %+v", m)
		}
		s.until("the picture and the file are there", func() bool { return len(files(s, ana, room)) == 2 })
	},
	"pictures and files arrive whole": func(s *scene) {
		room, ana := s.room(), s.w.Person("ana")
		m := withFiles("look")
		s.post(room, "k/1", m)
		s.sees(ana, room, "look")
		s.until("the picture and the file are there", func() bool { return len(files(s, ana, room)) == 2 })
		got := map[string]SeenFile{}
		for _, f := range files(s, ana, room) {
			got[f.Name] = f
		}
		for _, want := range []*chat.File{m.Blocks[1].Image, m.Blocks[2].File} {
			if f := got[want.Name]; !bytes.Equal(f.Data, want.Data) || !strings.Contains(f.Alt, want.Alt) {
				s.Errorf("%s came as %d bytes with alt %q, want %d bytes with %q", want.Name, len(f.Data), f.Alt, len(want.Data), want.Alt)
			}
		}
	},
	"a message is pinned, and twice is success": func(s *scene) {
		room, ana := s.room(), s.w.Person("ana")
		posted := s.post(room, "k/1", chat.Text("the card"))
		s.must(s.p.Pin(s.ctx, room, posted.ID))
		s.must(s.p.Pin(s.ctx, room, posted.ID))
		s.until("the card is pinned", func() bool { return s.sees(ana, room, "the card").Pinned })
	},
	"a message answers in a thread": func(s *scene) {
		room, ana := s.room(), s.w.Person("ana")
		head := s.post(room, "k/1", chat.Text("the card"))
		_, err := s.p.Post(s.ctx, chat.Post{Room: room, Thread: head.ID, Key: "k/2", Message: chat.Text("the detail")})
		s.must(err)
		if m := s.sees(ana, room, "the detail"); m.Thread != head.ID {
			s.Fatalf("the detail stands in thread %q, want %q", m.Thread, head.ID)
		}
	},
	"hostile text calls nobody and stays readable": func(s *scene) {
		room, ana := s.room(), s.w.Person("ana")
		s.must(s.p.Invite(s.ctx, room, []chat.UserID{ana}))
		bad := hostile(ana)
		s.post(room, "k/1", chat.Message{Summary: bad, Blocks: []chat.Block{
			{Header: bad},
			{Text: chat.Escape(bad)},
			{Text: bad},
			{Code: "``` " + bad},
			{Context: chat.Escape(bad)},
			{Fields: []chat.Field{{Name: bad, Value: chat.Escape(bad)}}},
			{Buttons: []chat.Button{{Label: chat.Cut(bad, 30), Verb: "ack"}}},
		}})
		s.sees(ana, room, "everyone", "the end")
		for _, m := range s.w.Messages(room, ana) {
			if len(m.Pings) > 0 {
				s.Fatalf("the text called %v: %+v", m.Pings, m)
			}
		}
	},
	"only those in Notify are called": func(s *scene) {
		room, ana, bo := s.room(), s.w.Person("ana"), s.w.Person("bo")
		s.must(s.p.Invite(s.ctx, room, []chat.UserID{ana, bo}))
		m := chat.Text("wake up " + chat.Escape(hostile(bo)))
		m.Notify = []chat.UserID{ana}
		s.post(room, "k/1", m)
		if diff := cmp.Diff([]chat.UserID{ana}, s.sees(ana, room, "wake up").Pings); diff != "" {
			s.Fatalf("called (-want +got):\n%s", diff)
		}
	},
	"an overlong message is cut and accepted": func(s *scene) {
		room, ana := s.room(), s.w.Person("ana")
		posted := s.post(room, "k/1", overlong())
		s.sees(ana, room, "begins here")
		s.must(s.p.Edit(s.ctx, room, posted.ID, overlong()))
		s.sees(ana, room, "begins here")
	},
	"a message that is gone is not found": func(s *scene) {
		room := s.room()
		posted := s.post(room, "k/1", chat.Text("soon gone"))
		s.w.DeleteRoom(room)
		s.kind(ops.NotFound, s.p.Edit(s.ctx, room, posted.ID, chat.Text("x")))
		s.kind(ops.NotFound, s.p.Pin(s.ctx, room, posted.ID))
		_, err := s.p.FindPost(s.ctx, chat.Post{Room: room, Key: "k/1", Message: chat.Text("soon gone"), Since: time.Now().Add(-time.Minute)})
		s.kind(ops.NotFound, err)
	},
}

func files(s *scene, user chat.UserID, room chat.RoomID) []SeenFile {
	var all []SeenFile
	for _, m := range s.w.Messages(room, user) {
		all = append(all, m.Files...)
	}
	return all
}

func everyBlock() chat.Message {
	return chat.Message{Summary: "Checkout is slow", Tone: chat.Bad, Blocks: []chat.Block{
		{Header: "Checkout is slow"},
		{Text: "The **p99 went up**, see [the graph](https://graphs.example/p99)."},
		{Fields: []chat.Field{{Name: "Severity", Value: "sev2"}, {Name: "Lead", Value: "*nobody yet*"}}},
		{Code: "GET /cart 503"},
		{Context: "since " + chat.Time(time.Unix(1_700_000_000, 0), "14:05") + " or since 14:05"},
		{Buttons: []chat.Button{
			{Label: "Acknowledge", Verb: "ack #42", Primary: true},
			{Label: "Runbook", URL: "https://runbooks.example/checkout"},
		}},
	}}
}

func withFiles(text string) chat.Message {
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 32, 16))); err != nil {
		panic(err)
	}
	return chat.Message{Blocks: []chat.Block{
		{Text: text},
		{Image: &chat.File{Name: "latency.png", Title: "Latency", Alt: "p99 went from 0.2 s to 2.4 s", Data: b.Bytes()}},
		{File: &chat.File{Name: "postmortem.md", Title: "Postmortem", Data: []byte("# Postmortem\n\nUnknown.\n")}},
	}}
}

func hostile(user chat.UserID) string {
	_, bare, ok := strings.Cut(string(user), "/")
	if !ok {
		bare = string(user)
	}
	return fmt.Sprintf("@everyone @here @channel <!channel> <!here> <!everyone> <!subteam^S1> <@%s> <@!%s> @ana *b* `c` the end", bare, bare)
}

func overlong() chat.Message {
	m := chat.Message{Summary: strings.Repeat("begins here ", 1000), Blocks: []chat.Block{{Header: strings.Repeat("begins here ", 1000)}}}
	var fields []chat.Field
	for i := range 40 {
		m.Blocks = append(m.Blocks, chat.Block{Text: "begins here **" + strings.Repeat("word ", 2000) + "**"})
		fields = append(fields, chat.Field{Name: fmt.Sprintf("Field %d %s", i, strings.Repeat("n", 300)), Value: strings.Repeat("value ", 500)})
	}
	return chat.Message{Summary: m.Summary, Blocks: append(m.Blocks,
		chat.Block{Fields: fields},
		chat.Block{Code: strings.Repeat("a line of a log\n", 3000)},
		chat.Block{Context: strings.Repeat("small print ", 1000)},
		chat.Block{Buttons: []chat.Button{{Label: strings.Repeat("press ", 20), Verb: "ack #42", Confirm: strings.Repeat("sure? ", 200)}}},
	)}
}
