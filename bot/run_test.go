package bot

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"
	"go.uber.org/zap"

	"sitrep/bot/incident"
	"sitrep/bot/store"
	"sitrep/bot/store/bolt"
)

func TestWhenItStopsNothingIsLeftRunning(t *testing.T) {
	before := goleak.IgnoreCurrent()
	w := newWorld(t, "fake")
	w.run()
	w.alert("a1", "f1 firing checkout slow")
	w.quiet()
	w.do(1, incident.SetSeverity{To: incident.Sev2}) // so that a lane rests and a card waits
	w.halt()
	goleak.VerifyNone(t, before)
}

// unreadable is a store whose inbox cannot be read.
type unreadable struct{ store.Store }

func (unreadable) Record(context.Context, string, string) ([]byte, error) { return nil, errStore }

func TestABotThatCannotStartSaysWhyAndLeavesNothingRunning(t *testing.T) {
	before := goleak.IgnoreCurrent()
	st, err := bolt.Open(filepath.Join(t.TempDir(), "bot.db"), bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	b := New(Deps{Store: unreadable{st}, Clock: newHandClock(), Log: zap.NewNop(), Settings: func() *Settings { return &Settings{} }})
	if err := b.Run(context.Background()); err == nil || b.Ready() == nil {
		t.Errorf("Run: %v, Ready: %v", err, b.Ready())
	}
	if err := st.Close(); err != nil {
		t.Error(err)
	}
	goleak.VerifyNone(t, before)
}

func TestPace(t *testing.T) {
	now := time.Date(2026, 3, 4, 3, 0, 0, 0, time.UTC)
	post, card := &item{Task: store.Task{Kind: taskPost}}, &item{Task: store.Task{Kind: taskCard}}
	var p pace
	for i := range int(postsAtOnce) {
		if at := p.allowed(post, now); at.After(now) {
			t.Fatalf("message %d must wait until %s", i, at)
		}
		p.did(post, now)
	}
	if at := p.allowed(post, now); !at.Equal(now.Add(time.Second)) {
		t.Errorf("one more is allowed at %s, want in a second", at)
	}
	if at := p.allowed(card, now); at.After(now) {
		t.Errorf("the first card must wait until %s", at)
	}
	p.did(card, now)
	if at := p.allowed(card, now); !at.Equal(now.Add(cardEvery)) {
		t.Errorf("the next card is allowed at %s", at)
	}
	if at := p.rested(now); !at.Equal(now.Add(postsAtOnce * time.Second)) {
		t.Errorf("rested at %s", at)
	}
	p.refill(now.Add(-time.Hour)) // a clock that is put back
	if at := p.allowed(post, now.Add(-time.Hour)); at.After(now.Add(-time.Hour + time.Second)) {
		t.Errorf("after the clock was put back, a message waits until %s", at)
	}
	p.park(now, time.Minute)
	if at := p.allowed(&item{Task: store.Task{Kind: taskPin}}, now); !at.Equal(now.Add(time.Minute)) {
		t.Errorf("what is parked is allowed at %s", at)
	}
}

func TestWhatALaneDoesNext(t *testing.T) {
	l := &lane{}
	task := func(id string, kind, merge string, urgent, unsure bool) *item {
		return &item{Task: store.Task{ID: store.TaskID(id), Kind: kind, Merge: merge, Urgent: urgent}, unsure: unsure}
	}
	c1, p1, c2, u := task("c1", taskCard, taskCard, false, false), task("p1", taskPost, "", false, false),
		task("c2", taskCard, taskCard, false, false), task("u", taskOpenRoom, "", true, false)
	l.tasks = []*item{c1, p1, c2}
	if got := l.next(false); got != c1 {
		t.Errorf("first is %s", got.ID)
	}
	if got := l.next(true); got != p1 {
		t.Errorf("while cards wait the first is %s", got.ID)
	}
	if got := l.group(c1); len(got) != 2 || got[1] != c2 {
		t.Errorf("merged: %v", idsOf(got))
	}
	c1.unsure = true
	if got := l.group(c1); len(got) != 1 {
		t.Errorf("one that may have been done is merged: %v", idsOf(got))
	}
	l.tasks = append(l.tasks, u)
	if got := l.next(false); got != u {
		t.Errorf("an urgent one does not come first, but %s", got.ID)
	}
	l.remove(idsOf([]*item{c1, u}))
	if got := l.next(false); len(l.tasks) != 2 || got != p1 {
		t.Errorf("left: %v", idsOf(l.tasks))
	}
}
