package bot

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"sitrep/bot/incident"
	"sitrep/bot/ops"
	"sitrep/bot/store"
)

// always fails the calls that begin so.
func always(prefix string, err error) func(string) error {
	return func(call string) error {
		if strings.HasPrefix(call, prefix) {
			return err
		}
		return nil
	}
}

func TestAPlatformThatHangsTakesNothingFromTheOthers(t *testing.T) {
	w := newWorld(t, "hung", "fine")
	w.grace = 10 * time.Millisecond
	w.platforms[0].hold = func(ctx context.Context) { <-ctx.Done() }
	w.run()
	const incidents = callsAtOnce + 10
	for i := range incidents {
		w.alert(fmt.Sprint("a", i), fmt.Sprintf("f%d firing service-%d slow", i, i))
	}
	w.eventually("all rooms of the other", func() bool { return len(w.platforms[1].calls("open")) == incidents })
}

func TestCardsAreEditedEveryThreeSecondsAtMostAlsoWhenNothingElseWaits(t *testing.T) {
	w := newWorld(t, "fake")
	w.run()
	w.alert("a1", "f1 firing checkout slow")
	w.settle()
	w.clock.Advance(time.Minute)
	edits := func() []string { return w.platforms[0].calls("edit R1") }
	before := len(edits())
	w.do(1, incident.SetSeverity{To: incident.Sev2})
	w.eventually("one edit", func() bool { return len(edits()) == before+1 })
	w.eventually("nothing waits", func() bool { return w.bot.Stats().Tasks == 0 })
	w.do(1, incident.SetSeverity{To: incident.Sev3})
	w.quiet()
	w.eventually("the card is waiting", func() bool { return w.bot.Stats().Tasks == 1 })
	if n := len(edits()) - before; n != 1 {
		t.Errorf("%d edits while the clock stood still", n)
	}
	w.clock.Advance(cardEvery)
	w.eventually("nothing waits", func() bool { return w.bot.Stats().Tasks == 0 })
	got := edits()[before:]
	if len(got) != 2 || !strings.Contains(strings.ToLower(got[1]), "sev3") {
		t.Errorf("edits: %q", got)
	}
}

func TestACardThatWasDeletedByHandIsWrittenAnewOnce(t *testing.T) {
	w := newWorld(t, "fake")
	w.run()
	w.alert("a1", "f1 firing checkout slow")
	w.settle()
	w.platforms[0].missing(w.state(1).Cards[0].Message, "another")
	for _, sev := range []incident.Severity{incident.Sev2, incident.Sev3, incident.Sev4} {
		w.do(1, incident.SetSeverity{To: sev})
		w.settle()
	}
	if d := w.platforms[0].doubled; len(d) != 1 {
		t.Errorf("the card was written anew %d times: %q", len(d), d)
	}
	if got := w.platforms[0].calls("edit R1"); !strings.Contains(strings.ToLower(got[len(got)-1]), "sev4") {
		t.Errorf("the last edit is %q", got[len(got)-1])
	}
}

func TestWhatIsMissingInARoomIsNotTheRoom(t *testing.T) {
	for _, call := range []string{"pin", "invite"} {
		t.Run(call, func(t *testing.T) {
			w := newWorld(t, "fake")
			w.platforms[0].fail = always(call, &ops.Error{Op: "fake", Kind: ops.NotFound, Msg: "It is not there."})
			w.run()
			w.alert("a1", "f1 firing checkout slow")
			w.quiet()
			if s := w.state(1); len(w.platforms[0].calls("open")) != 1 || s.Rooms["fake"].Lost != "" {
				t.Errorf("the room is lost: %v", s.Rooms)
			}
		})
	}
}

func TestWhatWaitedWhenAnIncidentBecamePrivateIsNotSaid(t *testing.T) {
	w := newWorld(t, "fake", "public")
	w.settings.RoomPlatforms = []string{"fake"}
	w.settings.Announce = []incident.Channel{{Platform: "public", ID: "ALL"}}
	w.settings.Audiences[0].Channels = []incident.Channel{{Platform: "public", ID: "STATUS"}}
	w.platforms[1].fail = always("post", &ops.Error{Op: "fake", Kind: ops.Throttled, RetryAfter: time.Minute})
	w.run()
	w.alert("a1", "f1 firing checkout leak")
	w.eventually("the room", func() bool { return len(w.platforms[0].calls("post R1")) > 0 })
	w.do(1, incident.SetStatus{Text: "customers of X"})
	w.eventually("both channels are waiting", func() bool { return w.bot.Stats().Throttled == 2 })
	w.do(1, incident.SetPrivate{Private: true})
	w.platforms[1].failing(nil)
	w.settle()
	if got := w.platforms[1].calls(""); len(got) > 0 {
		t.Errorf("a private incident leaked:\n%s", strings.Join(got, "\n"))
	}
	if got := w.platforms[0].calls("rename R1 inc-1"); len(got) != 1 || strings.Contains(got[0], "leak") {
		t.Errorf("the room's name was not taken back: %q", got)
	}
}

func TestAChannelThatWasDownIsCaughtUpWithInOneUpdate(t *testing.T) {
	w := newWorld(t, "fake", "status")
	w.settings.RoomPlatforms = []string{"fake"}
	w.settings.Audiences[0].Channels = []incident.Channel{{Platform: "status", ID: "STATUS"}}
	w.platforms[1].fail = unavailable
	w.run()
	w.alert("a1", "f1 firing checkout slow")
	w.eventually("the room", func() bool { return len(w.platforms[0].calls("post R1")) > 0 })
	for i, words := range []string{"the first", "the second", "the third", "the fourth"} {
		w.clock.Advance(15 * time.Minute)
		w.do(1, incident.SetStatus{Text: words})
		w.eventually("it goes on elsewhere", func() bool { return len(w.platforms[0].calls("post R1")) > i })
	}
	w.platforms[1].failing(nil)
	w.settle()
	posts := w.platforms[1].calls("post STATUS")
	if len(posts) > 2 { // the first was tried, and may have come through, so it stands alone
		t.Errorf("a burst:\n%s", strings.Join(posts, "\n"))
	}
	events, _ := w.bot.Engine().Events(context.Background(), w.state(1).ID)
	if n := strings.Count(strings.Join(kinds(events), " "), "update_delivered"); n != len(w.state(1).Updates) {
		t.Errorf("%d of %d updates are delivered", n, len(w.state(1).Updates))
	}
}

func TestUpdatesInOneTellWhatEachOfThemTold(t *testing.T) {
	now := time.Date(2026, 3, 4, 5, 0, 0, 0, time.UTC)
	got := inOne([]incident.Update{
		{Seq: 1, Due: now.Add(-time.Hour), Changes: []incident.Change{{Text: "Status changed: found it"}}, Text: "found it"},
		{Seq: 2, Text: "said by hand"},
		{Seq: 3, Text: "all is well", Changes: []incident.Change{{Text: "Mitigated"}}},
	}, now)
	var said []string
	for _, c := range got.Changes {
		said = append(said, c.Text)
	}
	if text := strings.Join(said, "|"); text != "Status changed: found it|said by hand|Mitigated" || got.Text != "all is well" || got.Late != time.Hour {
		t.Errorf("%q, %q, late %s", text, got.Text, got.Late)
	}
}

func TestARoomThatCanNeverBeOpenedIsToldAndStopsNothing(t *testing.T) {
	w := newWorld(t, "fine", "denied")
	w.platforms[1].fail = always("open", &ops.Error{Op: "fake", Kind: ops.Denied, Msg: "The scope channels:manage is missing."})
	w.run()
	w.alert("a1", "f1 firing checkout slow")
	w.quiet()
	s := w.state(1)
	if s.Rooms["denied"].Lost != incident.NotOpened || !s.Rooms["fine"].Usable() || s.Failing["Opening the room denied"] == "" {
		t.Errorf("rooms %v, failing %v", s.Rooms, s.Failing)
	}
	if n := w.bot.Stats().GivenUp; n != 1 {
		t.Errorf("%d given up", n)
	}
}

func TestTasksThatNobodyCanDoAreToldAndHoldUpNothing(t *testing.T) {
	w := newWorld(t, "fake")
	w.run()
	w.alert("a1", "f1 firing checkout slow")
	w.quiet()
	id := w.state(1).ID
	lane := string(id) + "|fake|room"
	err := w.store.Commit(context.Background(), store.Commit{Incident: id, Tasks: []store.Task{
		{ID: "t1", Incident: id, Lane: lane, Kind: "teleport", Payload: []byte(`{"platform":"fake"}`)},
		{ID: "t2", Incident: id, Lane: lane, Kind: taskPost, Payload: []byte(`{"platform":"gone","message":{"blocks":[]}}`)},
		{ID: "t3", Incident: id, Lane: lane, Kind: taskPost, Payload: []byte(`{"platform":"fake"}`)}, // has no message, which breaks
		{ID: "t4", Incident: id, Lane: lane, Kind: taskPost, Payload: []byte(`not JSON`)},
		{ID: "t5", Incident: id, Lane: lane, Kind: taskPost, Payload: []byte(`{"platform":"fake","message":{"blocks":[{"text":"the last"}]}}`)},
	}})
	if err != nil {
		t.Fatal(err)
	}
	w.eventually("the last of the lane", func() bool {
		w.clock.Advance(time.Minute)
		return len(w.platforms[0].calls("post R1 the last")) == 1
	})
	w.settle()
	for _, what := range []string{"teleport fake", "Posting a message gone", "Posting a message "} {
		if w.state(1).Failing[what] == "" {
			t.Errorf("%q is not told: %v", what, w.state(1).Failing)
		}
	}
}

func TestAnErrorOfOurOwnIsGivenUpAfterAFewTries(t *testing.T) {
	w := newWorld(t, "fake")
	w.platforms[0].fail = func(call string) error {
		if strings.HasPrefix(call, "invite") {
			panic("broken platform")
		}
		return nil
	}
	w.run()
	w.alert("a1", "f1 firing checkout slow")
	w.eventually("it is given up", func() bool {
		w.clock.Advance(time.Minute)
		return w.bot.Stats().GivenUp == 1
	})
	w.settle()
	if s := w.bot.Stats(); s.Retried != giveUpAfter-1 {
		t.Errorf("%d retries", s.Retried)
	}
}
