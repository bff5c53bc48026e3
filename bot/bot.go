package bot

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"sitrep/bot/chat"
	"sitrep/bot/incident"
	"sitrep/bot/ops"
	"sitrep/bot/store"
	"sitrep/templates"
)

// Handler says what commands mean. Its methods may be called concurrently.
type Handler interface {
	Plan(ctx context.Context, in chat.Inbound) chat.Plan
	Complete(ctx context.Context, in chat.Inbound, option, word string) []chat.Choice
	// Handle carries out a command and returns its answer. What it gives to progress is shown in the answer's place meanwhile.
	Handle(ctx context.Context, in chat.Inbound, progress func(chat.Message)) (m chat.Message, private bool)
	// Home is what a person sees on the bot's home page.
	Home(ctx context.Context, platform string, user chat.User) chat.Message
	// Person tells who a user of a platform is.
	Person(platform string, user chat.User) incident.Person
}

// Deps is what a Bot works with. Functions are asked anew each time, so that a reload takes effect at once.
type Deps struct {
	Store     store.Store
	Clock     Clock
	Platforms []chat.Platform
	Settings  func() *Settings
	Catalog   func() ops.Catalog
	Sources   func() ops.Set
	Texts     func() *templates.Set
	Log       *zap.Logger
	// Grace is how long what is in flight may take when the bot stops; 0 means ten seconds.
	Grace time.Duration
}

// Bot is the runtime. Make it with New, give it its Handler, then Run it once.
type Bot struct {
	deps    Deps
	log     *zap.Logger
	engine  *Engine
	worker  *worker
	inbox   *inbox
	handler Handler
	ready   atomic.Bool
}

// New makes a bot, which does nothing until it is run.
func New(deps Deps) *Bot {
	if deps.Grace == 0 {
		deps.Grace = 10 * time.Second
	}
	b := &Bot{deps: deps, log: deps.Log}
	e := effects{texts: deps.Texts, view: b.view, announce: func() []incident.Channel { return b.settings().Announce }}
	b.engine = newEngine(deps.Store, deps.Clock, deps.Settings, e.tasks)
	b.worker = newWorker(b)
	b.inbox = newInbox(b)
	return b
}

// Engine returns what carries out commands.
func (b *Bot) Engine() *Engine { return b.engine }

// SetHandler says what commands mean. It is called once, before Run.
func (b *Bot) SetHandler(h Handler) { b.handler = h }

// Inbox returns where platforms and webhooks hand in what they hear.
func (b *Bot) Inbox() chat.Intake { return b.inbox }

func (b *Bot) settings() *Settings   { return b.deps.Settings() }
func (b *Bot) texts() *templates.Set { return b.deps.Texts() }

func (b *Bot) view(s incident.State) templates.View {
	return templates.View{State: s, Now: b.deps.Clock.Now(), Zone: b.settings().Zone, Catalog: b.deps.Catalog()}
}

func (b *Bot) platform(name string) (chat.Platform, bool) {
	for _, p := range b.deps.Platforms {
		if p.Name() == name {
			return p, true
		}
	}
	return nil, false
}

// Ready returns nil when the bot can take what comes in.
func (b *Bot) Ready() error {
	if !b.ready.Load() {
		return errors.New("starting, or stopping")
	}
	return nil
}

// Stats is what a bot has to do and has done since it was made.
type Stats struct {
	Requests int // that wait for their answer
	Tasks    int // that wait to be done

	Done      int64 // tasks done
	Retried   int64 // tries of tasks that failed and are made again
	Throttled int64 // tries that a platform refused for a while, which are among the retried
	GivenUp   int64 // tasks that will not be done; each stands on its incident's timeline
	Updates   int64 // updates that were delivered to a channel
	Late      int64 // of these, more than a minute after they were due
}

// Stats returns the figures of this moment.
func (b *Bot) Stats() Stats {
	c := &b.worker.counts
	return Stats{
		Requests: b.inbox.pending(), Tasks: b.worker.lanes.pending(), Done: c.done.Load(), Retried: c.retried.Load(),
		Throttled: c.throttled.Load(), GivenUp: c.givenUp.Load(), Updates: c.updates.Load(), Late: c.late.Load(),
	}
}

// Run takes up what an earlier process has left, then works until ctx ends: platforms stop first, and what is in flight is finished.
// It returns an error only when what is left cannot be taken up.
func (b *Bot) Run(ctx context.Context) error {
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer b.finishInFlight(stop)
	if err := b.takeUp(ctx, work); err != nil {
		return err
	}
	woken := make(chan struct{}, 1)
	var parts sync.WaitGroup
	parts.Go(func() { b.runFeed(ctx, work, woken) })
	parts.Go(func() { b.runTimers(ctx, woken) })
	parts.Go(func() { b.runHeartbeat(ctx) })
	for _, p := range b.deps.Platforms {
		parts.Go(func() { b.runPlatform(ctx, p) })
	}
	b.ready.Store(true)
	parts.Wait()
	b.ready.Store(false)
	return nil
}

// takeUp goes on with what an earlier process has left.
func (b *Bot) takeUp(ctx, work context.Context) error {
	if err := b.sayAway(ctx); err != nil {
		return fmt.Errorf("finding out how long sitrep was away: %w", err)
	}
	if err := b.worker.take(ctx, work, true); err != nil {
		return fmt.Errorf("taking up tasks: %w", err)
	}
	if err := b.inbox.takeUp(ctx, work); err != nil {
		return fmt.Errorf("taking up requests: %w", err)
	}
	return nil
}

// finishInFlight lets requests be answered and calls be finished, for as long as the grace lasts.
func (b *Bot) finishInFlight(stop context.CancelFunc) {
	late := time.AfterFunc(b.deps.Grace, stop)
	defer late.Stop()
	b.inbox.drain()
	b.worker.stopIdle()
	stop()
	b.inbox.wg.Wait()
	b.worker.lanes.wg.Wait()
}

// runPlatform holds a platform's connection. A platform that cannot be used stops nothing else.
func (b *Bot) runPlatform(ctx context.Context, p chat.Platform) {
	err := p.Run(ctx, b.inbox)
	if ctx.Err() == nil {
		b.log.Error("chat platform stopped; incidents go on without it", zap.String("platform", p.Name()), zap.Error(err))
	}
}

// runFeed brings what was committed to the worker, and what was received to the inbox.
func (b *Bot) runFeed(ctx, work context.Context, woken chan<- struct{}) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-b.deps.Store.Changed():
		}
		select {
		case woken <- struct{}{}:
		default:
		}
		b.feed(ctx, work)
	}
}

// feed tries until the store can be read, or ctx ends.
func (b *Bot) feed(ctx, work context.Context) {
	for ctx.Err() == nil {
		err := errors.Join(b.worker.take(ctx, work, false), b.inbox.take(ctx, work))
		if err == nil {
			return
		}
		if b.deps.Clock.Wait(ctx, b.deps.Clock.Now().Add(time.Second)) == nil {
			b.log.Warn("store could not be read; trying again", zap.Error(err))
		}
	}
}

const (
	runtimeRecords = "runtime"
	aliveRecord    = "alive"
	heartbeat      = 15 * time.Second
	awayMatters    = time.Minute
)

// runHeartbeat keeps a record of when sitrep was last alive, so that its successor can say how long it was away.
func (b *Bot) runHeartbeat(ctx context.Context) {
	for ctx.Err() == nil {
		if err := b.beat(ctx); err != nil && ctx.Err() == nil {
			b.log.Warn("heartbeat could not be stored", zap.Error(err))
		}
		_ = b.deps.Clock.Wait(ctx, b.deps.Clock.Now().Add(heartbeat)) // the loop looks at ctx
	}
}

// beat records that sitrep is alive. It fails when nothing can be stored.
func (b *Bot) beat(ctx context.Context) error {
	now, err := b.deps.Clock.Now().MarshalText()
	if err != nil {
		return err
	}
	return b.deps.Store.PutRecord(ctx, runtimeRecords, aliveRecord, now)
}

// sayAway tells open incidents that sitrep was away, when that was long enough to matter. One that cannot be told stops nothing.
func (b *Bot) sayAway(ctx context.Context) error {
	data, err := b.deps.Store.Record(ctx, runtimeRecords, aliveRecord)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	var last time.Time
	if err != nil || last.UnmarshalText(data) != nil {
		return err
	}
	away := b.deps.Clock.Now().Sub(last)
	if away < awayMatters {
		return nil
	}
	ids, err := b.deps.Store.Open(ctx)
	if err != nil {
		return err
	}
	var g errgroup.Group
	g.SetLimit(32)
	for _, id := range ids {
		g.Go(func() error {
			if err := b.engine.finish(ctx, id, []incident.Intent{incident.HasRestarted{Away: away}}, nil); err != nil {
				b.log.Error("incident could not be told that sitrep was away", zap.String("incident", string(id)), zap.Error(err))
			}
			return nil
		})
	}
	return g.Wait()
}

func httpHeader(h map[string]string) http.Header {
	out := make(http.Header, len(h))
	for k, v := range h {
		out.Set(k, v)
	}
	return out
}

func logRequest(r store.Request, err error) []zap.Field {
	return []zap.Field{zap.String("request", r.ID), zap.String("source", r.Source), zap.Error(err)}
}
