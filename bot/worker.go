package bot

import (
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"sitrep/bot/chat"
	"sitrep/bot/incident"
	"sitrep/bot/ops"
	"sitrep/bot/store"
)

const (
	cardEvery   = 3 * time.Second // a card is edited at most so often
	callTimeout = 15 * time.Second
	clockSkew   = 2 * time.Minute // how far a platform's clock may be from ours when we look for a message
	tellAfter   = 3               // tries until people are told that something keeps failing
	giveUpAfter = 5               // tries of what fails by a fault of our own
)

// worker does tasks: in order within a lane, lanes side by side, again after what may pass.
type worker struct {
	bot      *Bot
	lanes    *lanes
	after    store.Cursor             // the last task of each shard that was taken from the store
	slots    map[string]chan struct{} // how many calls may be in flight, by platform, so that one that hangs takes none from the others
	stopping chan struct{}            // closed when no more calls are to be made

	counts struct{ done, retried, throttled, givenUp, updates, late atomic.Int64 }
}

const callsAtOnce = 64 // to one platform

func newWorker(b *Bot) *worker {
	w := &worker{bot: b, after: store.FromStart(nil), slots: make(map[string]chan struct{}), stopping: make(chan struct{})}
	w.slots[""] = make(chan struct{}, callsAtOnce) // for platforms that are not configured any more
	for _, p := range b.deps.Platforms {
		w.slots[p.Name()] = make(chan struct{}, callsAtOnce)
	}
	w.lanes = newLanes(w.workLane)
	return w
}

// take brings the tasks that commits have left since the last time into their lanes. unsure says that an earlier process may have
// begun them.
func (w *worker) take(ctx context.Context, work context.Context, unsure bool) error {
	for {
		tasks, err := w.bot.deps.Store.Tasks(ctx, w.after, 500)
		if err != nil {
			return err
		}
		for _, t := range tasks {
			w.lanes.add(work, &item{Task: t, unsure: unsure})
			w.after[t.Incident.Shard()] = t.Seq
		}
		if len(tasks) < 500 {
			return nil
		}
	}
}

// workLane does a lane's tasks until there is none left or ctx ends. It stays until its place could be written to at full speed again, so
// that the next task finds the same pace.
func (w *worker) workLane(ctx context.Context, l *lane) {
	clock := w.bot.deps.Clock
	pace := pace{}
	for {
		now := clock.Now()
		it := l.next(pace.cardWaits(now))
		at := pace.rested(now)
		if it != nil {
			at = pace.allowed(it, now)
		}
		var err error
		switch {
		case at.After(now):
			err = w.pause(ctx, l, at)
		case it != nil:
			err = w.one(ctx, l, it, &pace)
		case l.end():
			return
		}
		if err != nil {
			return
		}
	}
}

// pause waits until at, or until the lane gets another task, which may be one that need not wait.
func (w *worker) pause(ctx context.Context, l *lane, at time.Time) error {
	return waitOr(ctx, w.bot.deps.Clock, at, l.added)
}

var errStopping = errors.New("sitrep is stopping")

// enter waits for a place among the calls in flight to a platform.
func (w *worker) enter(ctx context.Context, platform string) (leave func(), err error) {
	slots, ok := w.slots[platform]
	if !ok {
		slots = w.slots[""]
	}
	select {
	case <-w.stopping:
		return nil, errStopping
	default:
	}
	select {
	case slots <- struct{}{}:
		return func() { <-slots }, nil
	case <-w.stopping:
		return nil, errStopping
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// one tries one task, with those that it is merged with, and records what came of it. Its error means that the lane is to be left.
func (w *worker) one(ctx context.Context, l *lane, head *item, p *pace) error {
	leave, err := w.enter(ctx, readJob(head).Platform)
	if err != nil {
		return err
	}
	defer leave()
	group := l.group(head)
	it, ids := group[len(group)-1], idsOf(group)
	var intents []incident.Intent
	err = safely("bot.perform", func() (err error) {
		call, cancel := context.WithTimeout(ctx, callTimeout)
		defer cancel()
		intents, err = w.perform(call, it, head, p)
		return err
	})
	if ctx.Err() != nil {
		return ctx.Err()
	}
	p.did(it, w.bot.deps.Clock.Now())
	if err != nil {
		return w.failed(ctx, l, it, ids, err, p)
	}
	w.counts.done.Add(1)
	// Another process may have recorded that it failed; the core drops this where nothing had.
	intents = append(intents, incident.EffectWorks{What: what(it.Kind), Target: w.target(it)})
	return w.settle(ctx, l, it, ids, intents)
}

// settle records the outcome and takes the tasks away. It tries until the store takes it, since what was done must not be done again.
func (w *worker) settle(ctx context.Context, l *lane, it *item, ids []store.TaskID, intents []incident.Intent) error {
	for try := 0; ; try++ {
		err := w.bot.engine.finish(ctx, it.Incident, intents, ids)
		if err == nil {
			l.remove(ids)
			return nil
		}
		w.bot.log.Warn("outcome of a task could not be stored", zap.String("task", string(it.ID)), zap.Error(err))
		if err := w.bot.deps.Clock.Wait(ctx, w.bot.deps.Clock.Now().Add(backoff(try))); err != nil {
			return err
		}
	}
}

// failed decides what follows from an error: wait and try again, or tell people and give it up.
func (w *worker) failed(ctx context.Context, l *lane, it *item, ids []store.TaskID, err error, p *pace) error {
	it.tries++
	kind := ops.KindOf(err)
	log := w.bot.log.With(zap.String("task", string(it.ID)), zap.String("kind", it.Kind), zap.Int("tries", it.tries), zap.Error(err))
	failure := incident.EffectHasFailed{EffectFailed: incident.EffectFailed{What: what(it.Kind), Target: w.target(it), Msg: tell(err)}}
	switch {
	case kind == ops.Throttled, kind == ops.Unavailable, kind == ops.Internal && it.tries < giveUpAfter:
		it.unsure = it.unsure || kind != ops.Throttled
		p.park(w.bot.deps.Clock.Now(), retryAfter(err, it.tries))
		log.Warn("task will be tried again")
		w.counts.retried.Add(1)
		if kind == ops.Throttled {
			w.counts.throttled.Add(1)
		}
		if it.tries == tellAfter && kind != ops.Throttled {
			return w.settleNothing(ctx, it, failure)
		}
		return nil
	}
	lost, gone := w.lostRoom(ctx, it, kind)
	if gone && writes(it.Kind) {
		log.Warn("room is gone; the message waits for another one")
		return w.settleNothing(ctx, it, lost)
	}
	w.counts.givenUp.Add(1)
	switch {
	case gone:
		return w.settle(ctx, l, it, ids, []incident.Intent{lost})
	case it.Kind == taskOpenRoom:
		log.Error("room cannot be opened")
		j := readJob(it)
		return w.settle(ctx, l, it, ids, []incident.Intent{failure, incident.RoomIsLost{Platform: j.Platform, Reason: incident.NotOpened}})
	}
	log.Error("task given up")
	return w.settle(ctx, l, it, ids, []incident.Intent{failure})
}

// settleNothing records a failure without taking the task away.
func (w *worker) settleNothing(ctx context.Context, it *item, failure incident.Intent) error {
	if err := w.bot.engine.finish(ctx, it.Incident, []incident.Intent{failure}, nil); err != nil {
		w.bot.log.Warn("failure could not be recorded", zap.String("task", string(it.ID)), zap.Error(err))
	}
	return ctx.Err()
}

// lostRoom reports whether the error means that the incident's own room is no longer there. Where something in the room, or a person, may be
// what is not there, the next message tells.
func (w *worker) lostRoom(ctx context.Context, it *item, kind ops.Kind) (incident.Intent, bool) {
	j := readJob(it)
	if kind != ops.NotFound || j.Channel != "" || j.User != "" || it.Kind == taskOpenRoom || it.Kind == taskPin || it.Kind == taskInvite {
		return nil, false
	}
	s, _, err := w.bot.deps.Store.Load(ctx, it.Incident)
	if err != nil || !s.Rooms[j.Platform].Usable() {
		return nil, false
	}
	return incident.RoomIsLost{Platform: j.Platform, Room: s.Rooms[j.Platform].ID, Reason: "removed"}, true
}

func (w *worker) target(it *item) string {
	j := readJob(it)
	switch {
	case j.User != "":
		return j.Platform + ", direct message"
	case j.Channel != "":
		return j.Platform + ", channel " + j.Channel
	}
	return j.Platform
}

func readJob(it *item) job {
	var j job
	_ = json.Unmarshal(it.Payload, &j) // effects wrote it
	return j
}

// what names a kind of task to people.
func what(kind string) string {
	switch kind {
	case taskOpenRoom:
		return "Opening the room"
	case taskCard, taskPin:
		return "Showing the card"
	case taskPost, taskUpdate:
		return "Posting a message"
	case taskInvite:
		return "Inviting people"
	case taskRename:
		return "Renaming the room"
	case taskPrivate:
		return "Changing who sees the room"
	case taskArchive, taskReopen:
		return "Archiving the room"
	case taskPostmortem:
		return "Posting the postmortem"
	}
	return kind
}

// tell returns what people are told of a task that failed.
func tell(err error) string {
	if msg := ops.Tell(err); msg != "" {
		return msg
	}
	return "it could not be done; the log of sitrep says why"
}

// retryAfter returns how long to wait: as the other side asked, else longer with every try.
func retryAfter(err error, tries int) time.Duration {
	var e *ops.Error
	if errors.As(err, &e) && e.RetryAfter > 0 {
		return e.RetryAfter
	}
	return backoff(tries)
}

func backoff(tries int) time.Duration {
	d := 500 * time.Millisecond << min(tries, 7)
	return d/2 + rand.N(d/2+1) //nolint:gosec // it keeps tries apart, and guards nothing
}

// pace is how fast one place may be written to.
type pace struct {
	parked   time.Time // nothing before this
	lastCard time.Time
	shown    string // the card as it stands, to leave out edits that change nothing
	credit   float64
	counted  time.Time
}

// Messages in one place: one a second in the long run, with a few at once allowed, which is what chat platforms document for a channel.
const (
	postsPerSecond = 1.0
	postsAtOnce    = 5.0
)

func (p *pace) cardWaits(now time.Time) bool { return now.Before(p.lastCard.Add(cardEvery)) }

// allowed returns when the task may be done.
func (p *pace) allowed(it *item, now time.Time) time.Time {
	at := p.parked
	if it.Kind == taskCard && p.lastCard.Add(cardEvery).After(at) {
		at = p.lastCard.Add(cardEvery)
	}
	if writes(it.Kind) {
		p.refill(now)
		if p.credit < 1 {
			if t := now.Add(credits(1 - p.credit)); t.After(at) {
				at = t
			}
		}
	}
	return at
}

func writes(kind string) bool {
	return kind == taskPost || kind == taskUpdate || kind == taskPostmortem
}

func (p *pace) refill(now time.Time) {
	if p.counted.IsZero() {
		p.credit = postsAtOnce
	} else {
		p.credit = min(postsAtOnce, p.credit+max(0, now.Sub(p.counted).Seconds())*postsPerSecond)
	}
	p.counted = now
}

// rested returns when the place can be written to as if nothing had been written yet.
func (p *pace) rested(now time.Time) time.Time {
	at := p.lastCard.Add(cardEvery)
	if p.counted.IsZero() {
		return at
	}
	p.refill(now)
	if full := now.Add(credits(postsAtOnce - p.credit)); full.After(at) {
		at = full
	}
	return at
}

// credits returns how long it takes until so many more messages may be written.
func credits(n float64) time.Duration {
	return time.Duration(n / postsPerSecond * float64(time.Second))
}

func (p *pace) did(it *item, now time.Time) {
	if writes(it.Kind) {
		p.credit--
	}
	if it.Kind == taskCard {
		p.lastCard = now
	}
}

func (p *pace) park(now time.Time, d time.Duration) { p.parked = now.Add(d) }

// key is the name under which a platform marks what a task has made.
func key(id store.TaskID) chat.Key { return chat.Key(digest(string(id))) }

// stopIdle waits until no call is in flight. What still waits for its turn is done by the next process.
func (w *worker) stopIdle() {
	close(w.stopping)
	for _, slots := range w.slots {
		for range cap(slots) {
			slots <- struct{}{}
		}
	}
}
