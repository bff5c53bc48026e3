package bot

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitrep/bot/chat"
	"sitrep/bot/incident"
	"sitrep/bot/ops"
)

func unavailable(string) error {
	return &ops.Error{Op: "fake", Kind: ops.Unavailable, Msg: "no answer"}
}

// nth fails the n-th call whose name begins so, once.
func nth(prefix string, n int, err error) func(string) error {
	return func(call string) error {
		if strings.HasPrefix(call, prefix) {
			if n--; n == 0 {
				return err
			}
		}
		return nil
	}
}

func TestAnAlertOpensARoomWithItsCardAndWhoIsOnCall(t *testing.T) {
	w := newWorld(t, "fake")
	w.run()
	w.alert("a1", "f1 firing checkout too slow")
	w.quiet()
	got := w.platforms[0].calls("")
	want := []string{"open inc-1-too-slow", "post R1 ", "invite R1 [U1]", "pin R1"}
	for _, prefix := range want {
		if !slices.ContainsFunc(got, func(c string) bool { return strings.HasPrefix(c, prefix) }) {
			t.Errorf("no call %q in\n%s", prefix, strings.Join(got, "\n"))
		}
	}
	if s := w.state(1); s.Severity != incident.Sev1 || s.Service != "checkout" || s.Firing() != 1 {
		t.Errorf("state: %+v", s)
	}
}

func TestAlertsOfAGroupAreOneIncident(t *testing.T) {
	w := newWorld(t, "fake")
	w.run()
	for i := range 200 {
		w.alert(fmt.Sprint("a", i), fmt.Sprintf("f%d firing checkout slow in zone %d", i%20, i%20))
	}
	w.alert("p1", "f1 firing payments no answer")
	w.quiet()
	if n := len(w.platforms[0].calls("open")); n != 2 {
		t.Errorf("%d rooms, want one for each service", n)
	}
	s := w.state(1)
	_, counts, err := w.store.Load(context.Background(), s.ID)
	if err != nil || len(s.Alerts) != 20 || counts["alerts"] != 200 || counts["repeats"] != 180 {
		t.Errorf("%d alerts, counters %v, %v", len(s.Alerts), counts, err)
	}
}

func TestTheSameDeliveryCountsOnce(t *testing.T) {
	w := newWorld(t, "fake")
	w.run()
	for range 5 {
		w.alert("a1", "f1 firing checkout slow")
	}
	w.quiet()
	w.alert("a1", "f1 firing checkout slow")
	w.quiet()
	_, counts, _ := w.store.Load(context.Background(), w.state(1).ID)
	if counts["alerts"] != 1 {
		t.Errorf("counted %d times", counts["alerts"])
	}
}

func TestAClearedAlertThatNobodyKnowsDeclaresNothing(t *testing.T) {
	w := newWorld(t, "fake")
	w.run()
	w.alert("a1", "f1 cleared checkout slow")
	w.alert("a2", "f1 firing payments no answer") // so that there is something to wait for
	w.quiet()
	if open, _ := w.bot.Engine().Open(context.Background()); len(open) != 1 || open[0].Service != "payments" {
		t.Errorf("declared %v", open)
	}
}

func TestAnAlertAfterTheEndReopensWithinTheWindowAndDeclaresAnewAfterIt(t *testing.T) {
	w := newWorld(t, "fake")
	w.run()
	w.alert("a1", "f1 firing checkout slow")
	w.quiet()
	resolve := func(n incident.Number) {
		_, err := w.bot.Engine().Do(context.Background(), w.state(n).ID, incident.Command{
			Meta: incident.Meta{At: w.clock.Now(), Source: "test"}, Intent: incident.Close{Reason: incident.ByResolution},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	w.alert("a2", "f1 cleared checkout slow")
	w.quiet()
	resolve(1)
	w.clock.Advance(10 * time.Minute)
	w.alert("a3", "f1 firing checkout slow")
	w.quiet()
	if s := w.state(1); !s.Open() || s.Firing() != 1 {
		t.Fatalf("not reopened: %s %d", s.Status, s.Firing())
	}
	resolve(1)
	w.clock.Advance(2 * time.Hour)
	w.alert("a4", "f1 firing checkout slow")
	w.quiet()
	if s := w.state(2); !s.Open() || s.Firing() != 1 {
		t.Errorf("no new incident: %+v", s)
	}
	if s := w.state(1); s.Open() {
		t.Error("the old one was opened again")
	}
}

func TestUpdatesPostThemselvesOnTime(t *testing.T) {
	w := newWorld(t, "fake")
	w.settings.Audiences = []incident.Plan{{
		Audience: "stakeholders", Cadence: incident.StakeholderCadence(), Channels: []incident.Channel{{Platform: "fake", ID: "STATUS"}},
	}}
	w.run()
	w.alert("a1", "f1 firing checkout slow")
	w.quiet()
	w.clock.Advance(5 * time.Minute)
	w.eventually("a draft", func() bool { return w.bot.draftOf(w.state(1)) == 1 })
	w.clock.Advance(5 * time.Minute)
	w.eventually("an update", func() bool { return len(w.platforms[0].calls("post STATUS")) == 1 })
	w.quiet()
	u := w.state(1).Updates[0]
	if want := w.clock.Now(); !u.Due.Equal(want) || u.Late != 0 || !u.Next.Equal(want.Add(20*time.Minute)) {
		t.Errorf("due %s, late %s, next %s", u.Due, u.Late, u.Next)
	}
}

func (b *Bot) draftOf(s incident.State) int { p, _ := s.Plan("stakeholders"); return p.Drafted }

func TestAfterDowntimeOneUpdateCatchesUp(t *testing.T) {
	w := newWorld(t, "fake")
	w.settings.Audiences[0].Channels = []incident.Channel{{Platform: "fake", ID: "STATUS"}}
	w.run()
	w.alert("a1", "f1 firing checkout slow")
	w.quiet()
	w.halt()
	w.clock.Advance(3 * time.Hour)
	w.run()
	w.eventually("the update", func() bool { return len(w.platforms[0].calls("post STATUS")) > 0 })
	w.settle()
	s := w.state(1)
	if len(s.Updates) != 1 || s.Updates[0].Late < 2*time.Hour {
		t.Errorf("updates: %+v", s.Updates)
	}
	events, _ := w.bot.Engine().Events(context.Background(), s.ID)
	if !slices.Contains(kinds(events), "restarted.v1") {
		t.Errorf("the record does not say that sitrep was away: %v", kinds(events))
	}
}

func TestWhatMayHaveComeThroughIsLookedForAndNotRepeated(t *testing.T) {
	for _, call := range []string{"open", "post R1"} {
		t.Run(call, func(t *testing.T) {
			w := newWorld(t, "fake")
			w.platforms[0].after = nth(call, 1, unavailable(""))
			w.run()
			w.alert("a1", "f1 firing checkout slow")
			w.eventually("a first try", func() bool { return len(w.platforms[0].calls(call)) == 1 })
			w.clock.Advance(time.Minute)
			w.quiet()
			if n := len(w.platforms[0].calls(call)); n != 1 {
				t.Errorf("done %d times", n)
			}
		})
	}
}

func TestAStepLeftByAnEarlierProcessIsLookedFor(t *testing.T) {
	w := newWorld(t, "fake")
	w.platforms[0].after = func(call string) error {
		if strings.HasPrefix(call, "post R1") {
			return unavailable(call) // took effect, and nobody heard of it
		}
		return nil
	}
	w.run()
	w.alert("a1", "f1 firing checkout slow")
	w.eventually("the card", func() bool { return len(w.platforms[0].calls("post R1")) == 1 })
	w.halt()
	w.platforms[0].after = nil
	w.run()
	w.quiet()
	if got := w.platforms[0].calls("post R1"); len(got) != 1 {
		t.Errorf("posted %d times:\n%s", len(got), strings.Join(got, "\n"))
	}
	if len(w.state(1).Cards) != 1 {
		t.Error("the card's place is not known")
	}
}

func TestRetryAfterIsKeptAndParksNothingElse(t *testing.T) {
	w := newWorld(t, "one", "two")
	w.platforms[0].fail = nth("open", 1, &ops.Error{Op: "fake", Kind: ops.Throttled, RetryAfter: 30 * time.Second})
	w.run()
	w.alert("a1", "f1 firing checkout slow")
	w.eventually("the other room", func() bool { return len(w.platforms[1].calls("post")) > 0 })
	w.clock.Advance(29 * time.Second)
	time.Sleep(20 * time.Millisecond)
	if n := len(w.platforms[0].calls("open")); n != 0 {
		t.Errorf("called %d times before Retry-After had passed", n)
	}
	w.clock.Advance(time.Second)
	w.eventually("the room", func() bool { return len(w.platforms[0].calls("open")) == 1 })
}

func TestCardEditsAreCoalesced(t *testing.T) {
	w := newWorld(t, "fake")
	w.run()
	w.alert("a1", "f1 firing checkout slow")
	w.quiet()
	w.clock.Advance(time.Minute)
	id := w.state(1).ID
	for i := range 30 {
		sev := incident.Severity(1 + (i+1)%4)
		_, err := w.bot.Engine().Do(context.Background(), id, incident.Command{
			Meta: incident.Meta{At: w.clock.Now(), Source: "fake", Room: "R1", Actor: incident.Person{ID: "p", Name: "P"}}, Intent: incident.SetSeverity{To: sev},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for range 20 {
		w.clock.Advance(3 * time.Second)
		time.Sleep(2 * time.Millisecond)
	}
	w.clock.Advance(time.Hour)
	w.quiet()
	if n := w.platforms[0].edits; n == 0 || n > 12 {
		t.Errorf("%d edits for 30 changes", n)
	}
	last := w.platforms[0].calls("edit")
	if got := last[len(last)-1]; !strings.Contains(strings.ToLower(got), w.state(1).Severity.String()) {
		t.Errorf("the card shows %q, the incident is %s", got, w.state(1).Severity)
	}
}

func TestARoomThatIsGoneIsReplacedOnce(t *testing.T) {
	w := newWorld(t, "fake")
	w.run()
	w.alert("a1", "f1 firing checkout slow")
	w.quiet()
	gone := func(id, room string) {
		err := w.bot.Inbox().Receive(context.Background(), chat.Request{
			ID: id, Source: "fake", Kind: string(chat.RoomGone), Body: []byte(room + "|deleted"), At: w.clock.Now(),
		})
		if err != nil {
			t.Fatal(err)
		}
		w.quiet()
	}
	gone("g1", "R1")
	if got := w.platforms[0].calls("open"); len(got) != 2 {
		t.Fatalf("rooms: %v", got)
	}
	if s := w.state(1); !s.Rooms["fake"].Usable() || s.Rooms["fake"].ID != "R2" {
		t.Errorf("room: %+v", s.Rooms)
	}
	gone("g2", "R2")
	if got := w.platforms[0].calls("open"); len(got) != 2 {
		t.Errorf("a third room: %v", got)
	}
}

func TestAFailureThatWillNotPassIsToldAndStopsNothing(t *testing.T) {
	w := newWorld(t, "fake")
	w.platforms[0].fail = func(call string) error {
		if strings.HasPrefix(call, "invite") {
			return &ops.Error{Op: "fake", Kind: ops.Denied, Msg: "The scope channels:manage is missing."}
		}
		return nil
	}
	w.run()
	w.alert("a1", "f1 firing checkout slow")
	w.quiet()
	want := map[string]string{"Inviting people fake": "The scope channels:manage is missing."}
	if diff := cmp.Diff(want, w.state(1).Failing); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestACommandIsAnsweredOnceAndHappensOnce(t *testing.T) {
	w := newWorld(t, "fake")
	w.run()
	w.alert("a1", "f1 firing checkout slow")
	w.quiet()
	for range 3 {
		err := w.bot.Inbox().Receive(context.Background(), chat.Request{ID: "c1", Source: "fake", Kind: string(chat.Command), Body: []byte("R1|ack"), At: w.clock.Now()})
		if err != nil {
			t.Fatal(err)
		}
	}
	w.quiet()
	if diff := cmp.Diff([]string{"you are on it"}, w.platforms[0].replies); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestAPrivateIncidentIsAnnouncedNowhere(t *testing.T) {
	w := newWorld(t, "fake")
	w.settings.Announce = []incident.Channel{{Platform: "fake", ID: "ALL"}}
	w.settings.Routes = []Route{{Name: "secret", Private: true}}
	w.settings.Audiences[0].Channels = []incident.Channel{{Platform: "fake", ID: "STATUS"}}
	w.run()
	w.alert("a1", "f1 firing checkout leak at a customer")
	w.quiet()
	w.clock.Advance(time.Hour)
	w.eventually("an update in the room", func() bool { return len(w.state(1).Updates) > 0 })
	w.quiet()
	for _, c := range w.platforms[0].calls("") {
		if strings.Contains(c, "ALL") || strings.Contains(c, "STATUS") || strings.HasPrefix(c, "open") && strings.Contains(c, "leak") {
			t.Errorf("a private incident leaked: %s", c)
		}
	}
}

func TestNobodyLeads(t *testing.T) {
	w := newWorld(t, "fake")
	w.run()
	w.alert("a1", "f1 firing checkout slow")
	w.quiet()
	for n := 1; n <= 3; n++ {
		w.clock.Advance(5 * time.Minute)
		w.eventually("a reminder", func() bool { return w.state(1).Nags == n })
		w.quiet()
	}
	w.clock.Advance(time.Hour)
	w.quiet()
	said := w.platforms[0].calls("post R1 \u26a0\ufe0f Nobody leads")
	called := w.platforms[0].calls("call U1")
	if len(said) != 3 || len(called) != 1 {
		t.Errorf("said %d times, called %d times:\n%s", len(said), len(called), strings.Join(w.platforms[0].calls(""), "\n"))
	}
}

// The first try of the announcement comes through unheard, and before it is found the room is opened: the card must show it.
func TestACardThatIsFoundShowsHowThingsStandNow(t *testing.T) {
	w := newWorld(t, "fake")
	w.settings.Announce = []incident.Channel{{Platform: "fake", ID: "ALL"}}
	w.platforms[0].after = nth("post ALL", 1, unavailable(""))
	w.run()
	w.alert("a1", "f1 firing checkout slow")
	w.eventually("the room", func() bool {
		return len(w.platforms[0].calls("post R1")) > 0 && len(w.platforms[0].calls("post ALL")) == 1
	})
	w.clock.Advance(time.Minute)
	w.eventually("the announcement follows", func() bool { return len(w.platforms[0].calls("edit ALL")) == 1 })
	if n := len(w.platforms[0].calls("post ALL")); n != 1 {
		t.Errorf("announced %d times", n)
	}
	if cards := w.state(1).Cards; len(cards) != 2 {
		t.Errorf("cards: %v", cards)
	}
}
