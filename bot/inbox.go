package bot

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"go.uber.org/zap"

	"sitrep/bot/chat"
	"sitrep/bot/ops"
	"sitrep/bot/store"
)

// inbox stores what comes in before it is acknowledged, and then has it carried out and answered: what was said in one room in order, rooms
// side by side, alerts in batches.
type inbox struct {
	bot *Bot
	wg  sync.WaitGroup

	mu     sync.Mutex
	after  store.Cursor // the last request of each shard that was taken from the store
	queues map[string][]*incoming
	open   int
}

// incoming is a request on its way to its answer.
type incoming struct {
	store.Request
	in     *chat.Inbound // nil for an alert
	unsure bool          // an earlier process may have answered it
	bare   bool          // its header and body are still only in the store
}

const (
	alertQueue   = "alerts"          // no platform's room is called that: their queues have the platform's name and a "/"
	aside        = " aside"          // ends the name of the queue of what cannot be carried out for now
	alertsAtOnce = 500               // in one batch
	alertsInside = 10 * alertsAtOnce // whose bodies are kept; those of the others stay in the store until their turn
)

func newInbox(b *Bot) *inbox {
	return &inbox{bot: b, after: store.FromStart(nil), queues: make(map[string][]*incoming)}
}

// Receive stores a request; when it returns nil, the request will be carried out and answered, whatever happens to this process.
func (x *inbox) Receive(ctx context.Context, r chat.Request) error {
	_, err := x.bot.deps.Store.Receive(ctx, store.Request{
		ID: r.ID, Source: r.Source, Kind: r.Kind, Header: r.Header, Body: r.Body, At: r.At,
	})
	switch {
	case errors.Is(err, store.ErrFull):
		return &ops.Error{Op: "bot.Receive", Kind: ops.Unavailable, Msg: "sitrep's disk is full, so nothing can be stored.", Err: err}
	case err != nil:
		return &ops.Error{Op: "bot.Receive", Kind: ops.Unavailable, Msg: "sitrep could not store that. Please try again.", Err: err}
	}
	return nil
}

// Plan says how a command will be answered.
func (x *inbox) Plan(ctx context.Context, in chat.Inbound) (p chat.Plan) {
	x.guard("bot.Plan", in, func() { p = x.bot.handler.Plan(ctx, in) })
	return p
}

// Complete suggests values for what is being typed.
func (x *inbox) Complete(ctx context.Context, in chat.Inbound, option, word string) (choices []chat.Choice) {
	x.guard("bot.Complete", in, func() { choices = x.bot.handler.Complete(ctx, in, option, word) })
	return choices
}

// guard calls f, and logs it when it breaks.
func (x *inbox) guard(op string, in chat.Inbound, f func()) {
	err := safely(op, func() error { f(); return nil })
	if err != nil {
		x.bot.log.Error("handler is broken", zap.String("request", in.Request), zap.String("platform", in.Platform), zap.Error(err))
	}
}

// takeUp takes what an earlier process has left unanswered.
func (x *inbox) takeUp(ctx, work context.Context) error { return x.takeAll(ctx, work, true) }

func (x *inbox) take(ctx, work context.Context) error { return x.takeAll(ctx, work, false) }

// takeAll queues what was received since the last time. Requests are carried out under work; once ctx has ended, none is tried again.
func (x *inbox) takeAll(ctx, work context.Context, unsure bool) error {
	for {
		requests, err := x.bot.deps.Store.Requests(ctx, x.last(), 500)
		if err != nil {
			return err
		}
		for _, r := range requests {
			x.queue(ctx, work, r, unsure)
		}
		if len(requests) < 500 {
			return nil
		}
	}
}

func (x *inbox) last() store.Cursor {
	x.mu.Lock()
	defer x.mu.Unlock()
	return maps.Clone(x.after)
}

// queue puts a request at the end of its queue.
func (x *inbox) queue(ctx, work context.Context, r store.Request, unsure bool) {
	it := &incoming{Request: r, unsure: unsure}
	name := alertQueue
	if p, ok := x.bot.platform(r.Source); ok {
		it.in = x.decode(p, r)
		name = r.Source + "/" + string(it.in.Room) + "/" + string(it.in.User.ID)
		if it.in.Room != "" {
			name = r.Source + "/" + string(it.in.Room)
		}
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.after[r.Shard()] = r.Seq
	x.open++
	if name == alertQueue && len(x.queues[name]) >= alertsInside {
		it.Header, it.Body, it.bare = nil, nil, true
	}
	x.add(ctx, work, name, it)
}

// add has the queue worked if it is not yet. x.mu is held.
func (x *inbox) add(ctx, work context.Context, name string, items ...*incoming) {
	_, working := x.queues[name]
	x.queues[name] = append(x.queues[name], items...)
	if !working {
		x.wg.Go(func() { x.workQueue(ctx, work, name) })
	}
}

// decode reads a request of a platform. One that cannot be read asks for nothing.
func (x *inbox) decode(p chat.Platform, r store.Request) *chat.Inbound {
	var in chat.Inbound
	err := safely("bot.decode", func() (err error) {
		in, err = p.Decode(chat.Request{ID: r.ID, Source: r.Source, Kind: r.Kind, Header: r.Header, Body: r.Body, At: r.At})
		return err
	})
	if err != nil {
		x.bot.log.Error("stored request cannot be read", logRequest(r, err)...)
		in.Kind = chat.Nothing
	}
	return &in
}

// workQueue works a queue until it is empty. What fails is tried again; what fails though the store works is put aside for that, so that it
// holds up nothing else.
func (x *inbox) workQueue(ctx, work context.Context, name string) {
	wait := time.Second
	if strings.HasSuffix(name, aside) {
		wait = lookAgain
	}
	for {
		batch := x.peek(name)
		if batch == nil {
			return
		}
		again, err := x.work(work, batch)
		if work.Err() != nil || x.finish(work, name, batch, again) != nil {
			return
		}
		if err == nil {
			continue
		}
		x.bot.log.Warn("requests could not be carried out; they will be tried again", zap.String("queue", name), zap.Error(err))
		if wait != lookAgain && x.bot.beat(work) == nil {
			x.putAside(ctx, work, name, len(again))
			continue
		}
		if x.bot.deps.Clock.Wait(ctx, x.bot.deps.Clock.Now().Add(wait)) != nil {
			return
		}
	}
}

// peek returns what stands at the head of a queue, and ends the queue when it is empty.
func (x *inbox) peek(name string) []*incoming {
	x.mu.Lock()
	defer x.mu.Unlock()
	q := x.queues[name]
	n := 1
	switch {
	case len(q) == 0:
		delete(x.queues, name)
		return nil
	case q[0].in == nil:
		n = min(len(q), alertsAtOnce)
	}
	return slices.Clone(q[:n])
}

// work carries out what stands at the head of a queue, and returns what of it must be tried again.
func (x *inbox) work(ctx context.Context, batch []*incoming) (again []*incoming, err error) {
	if batch[0].in != nil {
		if err = safely("bot.carryOut", func() error { return x.carryOut(ctx, batch[0]) }); err != nil {
			again = batch
		}
		return again, err
	}
	if err := x.fetch(ctx, batch); err != nil {
		return batch, err
	}
	requests := make([]store.Request, len(batch))
	for i, it := range batch {
		requests[i] = it.Request
	}
	failed, err := x.bot.alertBatch(ctx, requests)
	for _, it := range batch {
		if failed[it.ID] {
			again = append(again, it)
		}
	}
	return again, err
}

// fetch reads the bodies that were left in the store while too much was waiting.
func (x *inbox) fetch(ctx context.Context, batch []*incoming) error {
	missing := make(map[string]store.Request)
	for i, it := range batch {
		if !it.bare {
			continue
		}
		if _, read := missing[it.ID]; !read {
			// It is the first one after that place, if it is still there.
			requests, err := x.bot.deps.Store.Requests(ctx, store.Cursor{it.Shard(): it.Seq - 1}, len(batch)-i)
			if err != nil {
				return err
			}
			for _, r := range requests {
				missing[r.ID] = r
			}
		}
		if read, ok := missing[it.ID]; ok {
			it.Request, it.bare = read, false
		}
	}
	return nil
}

// finish takes away what was carried out, and leaves what must be tried again at the head of the queue. It tries until the store takes it,
// since what was answered must not be answered again.
func (x *inbox) finish(ctx context.Context, name string, batch, again []*incoming) error {
	var done []string
	for _, it := range batch {
		if !slices.Contains(again, it) {
			done = append(done, it.ID)
		}
	}
	for try := 0; len(done) > 0; try++ {
		err := x.bot.deps.Store.CloseRequests(ctx, done...)
		if err == nil {
			break
		}
		x.bot.log.Warn("requests that were carried out could not be closed", zap.String("queue", name), zap.Error(err))
		if err := x.bot.deps.Clock.Wait(ctx, x.bot.deps.Clock.Now().Add(backoff(try))); err != nil {
			return err
		}
	}
	for _, it := range again {
		it.unsure = true
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.open -= len(done)
	q := x.queues[name]
	clear(q[:len(done)])
	q = q[len(done):]
	copy(q, again)
	x.queues[name] = q
	return nil
}

// putAside moves the first n requests of a queue to the one of those that must wait.
func (x *inbox) putAside(ctx, work context.Context, name string, n int) {
	x.mu.Lock()
	defer x.mu.Unlock()
	q := x.queues[name]
	moved := slices.Clone(q[:n])
	clear(q[:n])
	x.queues[name] = q[n:]
	x.add(ctx, work, name+aside, moved...)
}

func (x *inbox) pending() int {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.open
}

// drain returns when every queue is empty, or has only what must wait for another try.
func (x *inbox) drain() { x.wg.Wait() }
