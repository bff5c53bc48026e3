package bot

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitrep/bot/chat"
	"sitrep/bot/incident"
	"sitrep/bot/store"
)

func TestAVerbThatBreaksIsAnsweredAndStopsNothing(t *testing.T) {
	w := newWorld(t, "fake")
	w.run()
	w.say("c1", "R1", "boom")
	w.say("c2", "R1", "ack")
	w.eventually("two answers", func() bool { return len(w.platforms[0].answers()) == 2 })
	got := w.platforms[0].answers()
	if !strings.HasPrefix(got[0], "sitrep could not do that (ref ") || got[1] != "no incident" {
		t.Errorf("answers: %q", got)
	}
}

func TestACommandThatTheStopCutShortIsCarriedOutByTheNextProcess(t *testing.T) {
	w := newWorld(t, "fake")
	w.grace = 50 * time.Millisecond
	w.run()
	w.say("c1", "R1", "hang")
	w.eventually("it is taken", func() bool { return w.bot.Stats().Requests == 1 })
	w.halt()
	w.run()
	if n := w.bot.Stats().Requests; n != 1 {
		t.Errorf("%d requests are open after the restart, want the one that was cut short", n)
	}
}

func TestCommandsOfARoomAreAnsweredInOrder(t *testing.T) {
	w := newWorld(t, "fake")
	w.run()
	w.alert("a1", "f1 firing checkout slow")
	w.quiet()
	var want []string
	for i := range 20 {
		w.say(fmt.Sprint("c", i), "R1", "ack")
		want = append(want, "you are on it")
		if i > 0 {
			want[i] = "#1 was acknowledged already."
		}
	}
	w.quiet()
	if diff := cmp.Diff(want, w.platforms[0].answers()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestWhatHappenedInOneRoomAndCannotBeRecordedHoldsUpNoCommand(t *testing.T) {
	w := newWorld(t, "fake")
	w.run()
	w.alert("a1", "f1 firing checkout slow")
	w.quiet()
	pin := func(_ string, c store.Commit) error {
		for _, r := range c.Requests {
			if strings.HasPrefix(r, "p1@") {
				return errStore
			}
		}
		return nil
	}
	w.faults.set(pin, nil)
	err := w.bot.Inbox().Receive(context.Background(), chat.Request{
		ID: "p1", Source: "fake", Kind: string(chat.Pinned), Body: []byte("R1|seen"), At: w.clock.Now(),
	})
	if err != nil {
		t.Fatal(err)
	}
	w.say("c1", "R1", "ack")
	w.eventually("the command's answer", func() bool { return len(w.platforms[0].answers()) == 1 })
	w.faults.set(nil, nil)
	w.eventually("the pin", func() bool {
		w.clock.Advance(lookAgain)
		return len(w.state(1).Pins) == 1
	})
}

func TestMostOfAStormWaitsInTheStoreAndNotInMemory(t *testing.T) {
	w := newWorld(t, "fake")
	w.run()
	x := newInbox(w.bot)
	x.queues[alertQueue] = nil // as if it were worked already
	const storm = alertsInside + 700
	body := []byte(strings.Repeat("x", 100))
	for i := range storm {
		x.queue(context.Background(), context.Background(), store.Request{ID: fmt.Sprint(i), Source: "am", Body: body, Seq: uint64(i + 1)}, false)
	}
	kept := 0
	for _, it := range x.queues[alertQueue] {
		kept += len(it.Body)
	}
	if kept != alertsInside*len(body) || x.pending() != storm {
		t.Errorf("%d bytes of %d requests are kept", kept, x.pending())
	}
}

func TestWhatWasLeftInTheStoreIsReadAgainInItsTurn(t *testing.T) {
	w := newWorld(t, "fake")
	ctx := context.Background()
	w.run()
	w.faults.set(only("commit"), nil) // so that nothing is carried out before it has been looked at
	var batch []*incoming
	for i := range 5 {
		w.alert(fmt.Sprint("a", i), fmt.Sprintf("f%d firing checkout slow", i))
	}
	requests, err := w.store.Requests(ctx, nil, 0)
	if err != nil || len(requests) != 5 {
		t.Fatal(len(requests), err)
	}
	for i, r := range requests {
		it := &incoming{Request: r}
		if i != 1 {
			it.Body, it.Header, it.bare = nil, nil, true
		}
		batch = append(batch, it)
	}
	if err := w.bot.inbox.fetch(ctx, batch); err != nil {
		t.Fatal(err)
	}
	for i, it := range batch {
		if diff := cmp.Diff(requests[i], it.Request); diff != "" || it.bare {
			t.Errorf("request %d (-want +got)\n%s", i, diff)
		}
	}
	w.faults.set(nil, nil)
}

func TestSomeoneWhoLeftTheOrganisationIsTakenOut(t *testing.T) {
	w := newWorld(t, "fake")
	w.run()
	w.alert("a1", "f1 firing checkout slow")
	w.quiet()
	w.say("c1", "R1", "ack")
	w.quiet()
	w.do(1, incident.AssignRole{Role: incident.Lead, Person: incident.Person{ID: "fake:U1", Name: "Ana"}})
	err := w.bot.Inbox().Receive(context.Background(), chat.Request{ID: "l1", Source: "fake", Kind: string(chat.UserLeft), Body: []byte("|"), At: w.clock.Now()})
	if err != nil {
		t.Fatal(err)
	}
	w.quiet()
	if s := w.state(1); !s.Lead().Zero() || s.Member("fake:U1") {
		t.Errorf("lead %v, members %v", s.Lead(), s.Members)
	}
}
