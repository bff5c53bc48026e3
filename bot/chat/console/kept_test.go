package console_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap/zaptest"

	"sitrep/bot/chat"
	"sitrep/bot/chat/chattest"
	"sitrep/bot/chat/console"
	"sitrep/bot/chat/console/consoletest"
)

func TestEverythingOutlivesTheProcess(t *testing.T) {
	s := play(t, console.Config{Token: token, Channels: []string{"#status"}})
	room, ana := s.room(), s.world.Person("ana")
	s.post(room, "k/1", chat.Text("the card"))
	s.post("#status", "k/1", chat.Text("we look into it"))
	s.world.Say(ana, room, "on it")
	before := s.world.Messages(room, ana)

	c, err := console.New(console.Config{Token: token}, s.keeper, zaptest.NewLogger(t))
	if err != nil {
		t.Fatal(err)
	}
	again := &stage{T: t, c: c, keeper: s.keeper, inbox: chattest.NewInbox(c.Decode), world: consoletest.New(t, c.Routes(), token, s.keeper)}
	again.run()
	if diff := cmp.Diff(before, again.world.Messages(room, ana)); diff != "" {
		t.Errorf("after a restart (-before +after):\n%s", diff)
	}
	if diff := cmp.Diff(s.world.Rooms(), again.world.Rooms()); diff != "" {
		t.Errorf("after a restart (-before +after):\n%s", diff)
	}
	again.post(room, "k/1", chat.Text("the card"))
	again.world.Say(ana, room, "still on it")
	if got := again.world.Messages(room, ana); len(got) != 3 || got[2].Text != "still on it" || got[2].ID == got[1].ID {
		t.Errorf("after a restart and one more line ana sees %+v", got)
	}
}

func TestADeletedRoomIsForgotten(t *testing.T) {
	s := play(t, console.Config{Token: token})
	room, ana := s.room(), s.world.Person("ana")
	s.world.Say(ana, room, "the secret plan")
	s.post(room, "k/1", chat.Message{Blocks: []chat.Block{{Text: "the secret card"}, {File: &chat.File{Name: "a.txt", Data: []byte("the secret file")}}}})
	s.world.DeleteRoom(room)
	for _, kind := range []string{"console.message", "console.file"} {
		err := s.keeper.EachRecord(context.Background(), kind, "", func(key string, value []byte) error {
			t.Errorf("%s %s is still there: %s", kind, key, value)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// events reads a stream until it has heard want messages, and returns their texts and the last id.
func (s *stage) events(user, last string, want int) (texts []string, id string) {
	s.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), chattest.Patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.world.URL()+"/console/api/events?user="+user, nil)
	if err != nil {
		s.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Last-Event-ID", last)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		s.Fatal(err)
	}
	defer res.Body.Close()
	id = last
	lines := bufio.NewScanner(res.Body)
	event := ""
	for len(texts) < want && lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), ": ")
		switch name {
		case "id":
			id = value
		case "event":
			event = value
		case "data":
			var m struct{ Text string }
			if err := json.Unmarshal([]byte(value), &m); err != nil {
				s.Fatal(err)
			}
			if event == "message" {
				texts = append(texts, m.Text)
			}
		}
	}
	if len(texts) < want {
		s.Fatalf("the stream ended after %v, want %d messages", texts, want)
	}
	return texts, id
}

func TestEventsGoOnWhereTheyWereCut(t *testing.T) {
	s := play(t, console.Config{Token: token})
	room := s.room()
	s.world.Person("ana")
	first := s.post(room, "k/1", chat.Text("one"))
	s.post(room, "k/2", chat.Text("two"))
	texts, id := s.events("ana", "0", 2)
	if diff := cmp.Diff([]string{"one", "two"}, texts); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	s.world.DropConnections()
	s.world.Type("bo", room, "help")
	in := s.inbox.Wait(t, chat.Command)
	if err := s.c.Reply(context.Background(), chat.Reply{To: in.Reply, Key: "k/3", Message: chat.Text("for bo alone"), Private: true}); err != nil {
		t.Fatal(err)
	}
	if err := s.c.Edit(context.Background(), room, first.ID, chat.Text("one, edited")); err != nil {
		t.Fatal(err)
	}
	if err := s.c.Edit(context.Background(), room, first.ID, chat.Text("one, edited twice")); err != nil {
		t.Fatal(err)
	}
	texts, _ = s.events("ana", id, 2)
	if diff := cmp.Diff([]string{"/inc help", "one, edited twice"}, texts); diff != "" {
		t.Errorf("after the cut (-want +got):\n%s", diff)
	}
}

func TestACommandThatIsNotStoredIsNotShown(t *testing.T) {
	s := play(t, console.Config{Token: token})
	room := s.room()
	s.inbox.Fail(errors.New("disk full"))
	status, body, _ := s.do("POST", "/console/api/rooms/"+string(room)+"/messages", `{"id":"one","user":"ana","text":"/inc ack"}`, bearer, isJSON)
	if status != http.StatusServiceUnavailable || !strings.Contains(body, "nothing was done") || strings.Contains(body, "disk full") {
		t.Errorf("answered %d %s", status, body)
	}
	if got := s.world.Messages(room, "ana"); len(got) != 0 {
		t.Errorf("the room shows %+v", got)
	}
	s.inbox.Fail(nil)
	for range 2 {
		if status, body, _ = s.do("POST", "/console/api/rooms/"+string(room)+"/messages", `{"id":"one","user":"ana","text":"/inc ack"}`, bearer, isJSON); status != http.StatusAccepted {
			t.Errorf("sent again it is answered %d %s", status, body)
		}
	}
	if got := s.world.Messages(room, "ana"); len(got) != 1 {
		t.Errorf("sent three times, the room shows %+v", got)
	}
}

func TestMessagesComeInPages(t *testing.T) {
	s := play(t, console.Config{Token: token})
	room := s.room()
	for i := range 450 {
		s.post(room, chat.Key(fmt.Sprintf("k/%d", i)), chat.Text(fmt.Sprintf("n%d", i)))
	}
	read := func(query string) (first, last string, seqs [2]uint64, more bool) {
		_, body, _ := s.do("GET", "/console/api/rooms/"+string(room)+"/messages?"+query, "", bearer)
		var page struct {
			Messages []struct {
				Text string
				Seq  uint64
			}
			More bool
		}
		if err := json.Unmarshal([]byte(body), &page); err != nil || len(page.Messages) == 0 {
			t.Fatalf("%v in %s", err, body)
		}
		end := page.Messages[len(page.Messages)-1]
		return page.Messages[0].Text, end.Text, [2]uint64{page.Messages[0].Seq, end.Seq}, page.More
	}
	first, last, seqs, more := read("")
	if first != "n250" || last != "n449" || !more {
		t.Errorf("the newest are %s to %s, more %v", first, last, more)
	}
	first, last, seqs, more = read(fmt.Sprintf("before=%d", seqs[0]))
	if first != "n50" || last != "n249" || !more {
		t.Errorf("those before are %s to %s, more %v", first, last, more)
	}
	first, last, _, more = read(fmt.Sprintf("after=%d", seqs[1]))
	if first != "n250" || last != "n449" || more {
		t.Errorf("those after are %s to %s, more %v", first, last, more)
	}
}

func TestCompletion(t *testing.T) {
	s := play(t, console.Config{Token: token})
	s.inbox.SetComplete(func(in chat.Inbound, option, word string) []chat.Choice {
		return []chat.Choice{{Label: fmt.Sprintf("%s|%s|%s", in.User.ID, option, word), Value: "deploys"}}
	})
	for text, want := range map[string]string{
		"/inc%20de":      `{"choices":[{"label":"ana||de","value":"deploys"}]}`,
		"/inc%20logs%20": `{"choices":[{"label":"ana||logs ","value":"deploys"}]}`,
		"hello":          `{"choices":[]}`,
	} {
		if _, body, _ := s.do("GET", "/console/api/complete?user=ana&text="+text, "", bearer); body != want {
			t.Errorf("complete %q = %s, want %s", text, body, want)
		}
	}
}
