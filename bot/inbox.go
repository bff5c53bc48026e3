package bot

import (
	"context"
	"errors"
	"sync"
	"time"

	"go.uber.org/zap"

	"sitrep/bot/chat"
	"sitrep/bot/incident"
	"sitrep/bot/ops"
	"sitrep/bot/redact"
	"sitrep/bot/store"
)

// inbox stores what comes in before it is acknowledged, and then has it carried out and answered: what was said in one room in order, rooms
// side by side, alerts in batches.
type inbox struct {
	bot *Bot
	wg  sync.WaitGroup

	mu     sync.Mutex
	after  uint64 // the last request that was taken from the store
	queues map[string][]*incoming
	open   int
}

// incoming is a request on its way to its answer.
type incoming struct {
	store.Request
	in     chat.Inbound
	unsure bool // an earlier process may have answered it
}

const alertQueue = "alerts" // no platform's room is called that: their queues have the platform's name and a "/"

func newInbox(b *Bot) *inbox { return &inbox{bot: b, queues: make(map[string][]*incoming)} }

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
func (x *inbox) Plan(ctx context.Context, in chat.Inbound) chat.Plan {
	return x.bot.handler.Plan(ctx, in)
}

// Complete suggests values for what is being typed.
func (x *inbox) Complete(ctx context.Context, in chat.Inbound, option, word string) []chat.Choice {
	return x.bot.handler.Complete(ctx, in, option, word)
}

// takeUp takes what an earlier process has left unanswered.
func (x *inbox) takeUp(ctx, work context.Context) error { return x.takeAll(ctx, work, true) }

func (x *inbox) take(ctx, work context.Context) error { return x.takeAll(ctx, work, false) }

func (x *inbox) takeAll(ctx, work context.Context, unsure bool) error {
	for {
		requests, err := x.bot.deps.Store.Requests(ctx, x.last(), 500)
		if err != nil {
			return err
		}
		for _, r := range requests {
			x.queue(work, r, unsure)
		}
		if len(requests) < 500 {
			return nil
		}
	}
}

func (x *inbox) last() uint64 {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.after
}

// queue puts a request at the end of its queue, and has the queue worked if it is not yet.
func (x *inbox) queue(work context.Context, r store.Request, unsure bool) {
	it := &incoming{Request: r, unsure: unsure}
	name := alertQueue
	if p, ok := x.bot.platform(r.Source); ok {
		in, err := p.Decode(chat.Request{ID: r.ID, Source: r.Source, Kind: r.Kind, Header: r.Header, Body: r.Body, At: r.At})
		if err != nil {
			x.bot.log.Error("stored request cannot be read", logRequest(r, err)...)
			in.Kind = chat.Nothing
		}
		it.in = in
		name = r.Source + "/" + string(in.Room) + "/" + string(in.User.ID)
		if in.Room != "" {
			name = r.Source + "/" + string(in.Room)
		}
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.after = r.Seq
	x.open++
	_, working := x.queues[name]
	x.queues[name] = append(x.queues[name], it)
	if !working {
		x.wg.Go(func() { x.workQueue(work, name) })
	}
}

// workQueue works a queue until it is empty.
func (x *inbox) workQueue(ctx context.Context, name string) {
	for {
		batch := x.peek(name)
		if batch == nil || ctx.Err() != nil {
			return
		}
		var err error
		if name == alertQueue {
			err = x.alerts(ctx, batch)
		} else {
			batch = batch[:1]
			err = x.carryOut(ctx, batch[0])
		}
		if err == nil {
			err = x.bot.deps.Store.CloseRequests(ctx, ids(batch)...)
		}
		if err != nil {
			if ctx.Err() != nil {
				return
			}
			x.bot.log.Warn("requests could not be carried out; they will be tried again", zap.String("queue", name), zap.Error(err))
			for _, it := range batch {
				it.unsure = true
			}
			if x.bot.deps.Clock.Wait(ctx, x.bot.deps.Clock.Now().Add(time.Second)) != nil {
				return
			}
			continue
		}
		x.drop(name, len(batch))
	}
}

const alertsAtOnce = 500

// peek returns what stands at the head of a queue, and ends the queue when it is empty.
func (x *inbox) peek(name string) []*incoming {
	x.mu.Lock()
	defer x.mu.Unlock()
	q := x.queues[name]
	if len(q) == 0 {
		delete(x.queues, name)
		return nil
	}
	return q[:min(len(q), alertsAtOnce):min(len(q), alertsAtOnce)]
}

func (x *inbox) drop(name string, n int) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.queues[name] = x.queues[name][n:]
	x.open -= n
}

func (x *inbox) pending() int {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.open
}

// drain returns when every queue is empty.
func (x *inbox) drain() { x.wg.Wait() }

func ids(batch []*incoming) []string {
	out := make([]string, len(batch))
	for i, it := range batch {
		out[i] = it.ID
	}
	return out
}

func (x *inbox) alerts(ctx context.Context, batch []*incoming) error {
	requests := make([]store.Request, len(batch))
	for i, it := range batch {
		requests[i] = it.Request
	}
	return x.bot.alertBatch(ctx, requests)
}

// carryOut does what a request asks for. Its error means that it must be tried again.
func (x *inbox) carryOut(ctx context.Context, it *incoming) error {
	switch it.in.Kind {
	case chat.Command:
		x.command(ctx, it)
	case chat.HomeOpened:
		x.home(ctx, it)
	default:
		return x.happened(ctx, it)
	}
	return nil
}

func (x *inbox) home(ctx context.Context, it *incoming) {
	p, _ := x.bot.platform(it.Source)
	m := x.bot.handler.Home(ctx, it.Source, it.in.User)
	if err := p.PublishHome(ctx, it.in.User.ID, m); err != nil {
		x.bot.log.Warn("home page could not be shown", logRequest(it.Request, err)...)
	}
}

// command runs a verb, and shows its answer in one message: first what is being done, then the result in its place.
func (x *inbox) command(ctx context.Context, it *incoming) {
	p, _ := x.bot.platform(it.Source)
	plan := x.bot.handler.Plan(ctx, it.in)
	r := chat.Reply{To: it.in.Reply, Key: chat.Key(digest(it.ID)), Private: plan.Private, Unsure: it.unsure}
	progress := func(m chat.Message) {
		r.Message = m
		if err := p.Reply(ctx, r); err == nil {
			r.Unsure = false
		}
	}
	r.Message, r.Private = x.bot.handler.Handle(ctx, it.in, progress)
	if it.in.Reply == (chat.ReplyTo{}) {
		return
	}
	x.answer(ctx, p, it, r)
}

const answerTries = 8

// answer shows the answer. Once its token has died it goes to the room, if everyone may read it, else to the person directly.
func (x *inbox) answer(ctx context.Context, p chat.Platform, it *incoming, r chat.Reply) {
	for try := 0; ; try++ {
		err := p.Reply(ctx, r)
		if err != nil && ops.KindOf(err) == ops.NotFound {
			err = x.answerElsewhere(ctx, p, it, r)
		}
		if err == nil {
			return
		}
		kind := ops.KindOf(err)
		if (kind != ops.Throttled && kind != ops.Unavailable) || try >= answerTries {
			x.bot.log.Error("answer could not be shown", logRequest(it.Request, err)...)
			return
		}
		r.Unsure = r.Unsure || kind == ops.Unavailable
		if x.bot.deps.Clock.Wait(ctx, x.bot.deps.Clock.Now().Add(retryAfter(err, try))) != nil {
			return
		}
	}
}

func (x *inbox) answerElsewhere(ctx context.Context, p chat.Platform, it *incoming, r chat.Reply) error {
	room := it.in.Room
	if r.Private || room == "" {
		direct, err := p.Direct(ctx, it.in.User.ID)
		if err != nil {
			return err
		}
		room = direct
	}
	post := chat.Post{Room: room, Key: r.Key, Message: r.Message, Since: it.At.Add(-clockSkew)}
	post.Message.Notify = []chat.UserID{it.in.User.ID}
	if _, err := p.FindPost(ctx, post); err == nil || ops.KindOf(err) != ops.NotFound {
		return err
	}
	_, err := p.Post(ctx, post)
	return err
}

// happened records what people did to messages and rooms. Most of it concerns no incident.
func (x *inbox) happened(ctx context.Context, it *incoming) error {
	in := it.in
	meta := incident.Meta{At: in.At, Source: it.Source, Room: string(in.Room), Request: it.ID, Permalink: in.Permalink}
	message := it.Source + " " + string(in.Room) + " " + string(in.Message)
	switch in.Kind {
	case chat.Pinned:
		meta.Actor = x.bot.handler.Person(it.Source, in.User)
		pin := incident.Pin{Message: message, Text: redact.Words(in.Text), When: in.At}
		if in.Author.ID != "" {
			pin.Author = x.bot.handler.Person(it.Source, in.Author)
		}
		return x.inRoom(ctx, in, meta, pin)
	case chat.PinEdited:
		return x.inRoom(ctx, in, meta, incident.EditPin{Message: message, Text: redact.Words(in.Text)})
	case chat.PinDeleted:
		return x.inRoom(ctx, in, meta, incident.DeletePin{Message: message})
	case chat.RoomGone:
		return x.inRoom(ctx, in, meta, incident.RoomIsLost{Platform: it.Source, Room: string(in.Room), Reason: in.Reason})
	case chat.UserJoinedRoom:
		meta.Actor = x.bot.handler.Person(it.Source, in.User)
		return x.inRoom(ctx, in, meta, incident.Join{Person: meta.Actor})
	case chat.UserLeft:
		return x.left(ctx, in, meta)
	}
	return nil
}

// inRoom carries out a command on the incident of the room, if it is one's.
func (x *inbox) inRoom(ctx context.Context, in chat.Inbound, meta incident.Meta, intent incident.Intent) error {
	id, err := x.bot.engine.InRoom(ctx, in.Platform, in.Room)
	if err != nil || id == "" {
		return err
	}
	return ignoreRefused(x.bot.engine.Do(ctx, id, incident.Command{Meta: meta, Intent: intent}))
}

// left takes someone who has left the organisation out of every open incident.
func (x *inbox) left(ctx context.Context, in chat.Inbound, meta incident.Meta) error {
	person := x.bot.handler.Person(in.Platform, in.User)
	open, err := x.bot.engine.Open(ctx)
	for _, s := range open {
		err = errors.Join(err, ignoreRefused(x.bot.engine.Do(ctx, s.ID, incident.Command{
			Meta: meta, Intent: incident.Leave{Person: person, Gone: true},
		})))
	}
	return err
}

func ignoreRefused(_ incident.State, err error) error {
	if refused := (*incident.Refused)(nil); errors.As(err, &refused) {
		return nil
	}
	return err
}
