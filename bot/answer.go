package bot

import (
	"context"
	"errors"

	"go.uber.org/zap"

	"sitrep/bot/chat"
	"sitrep/bot/incident"
	"sitrep/bot/ops"
	"sitrep/bot/redact"
)

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
	err := safely("bot.home", func() error {
		return p.PublishHome(ctx, it.in.User.ID, x.bot.handler.Home(ctx, it.Source, it.in.User))
	})
	if err != nil {
		x.bot.log.Warn("home page could not be shown", logRequest(it.Request, err)...)
	}
}

// command runs a verb, and shows its answer in one message: first what is being done, then the result in its place.
func (x *inbox) command(ctx context.Context, it *incoming) {
	p, _ := x.bot.platform(it.Source)
	plan := x.Plan(ctx, *it.in)
	r := chat.Reply{To: it.in.Reply, Key: chat.Key(digest(it.ID)), Private: plan.Private, Unsure: it.unsure}
	progress := func(m chat.Message) {
		r.Message = m
		if err := p.Reply(ctx, r); err == nil {
			r.Unsure = false
		}
	}
	r.Message, r.Private = x.handle(ctx, it, progress)
	if it.in.Reply == (chat.ReplyTo{}) {
		return
	}
	x.answer(ctx, p, it, r)
}

// handle carries out a verb. One that breaks is answered all the same, and is not tried again.
func (x *inbox) handle(ctx context.Context, it *incoming, progress func(chat.Message)) (m chat.Message, private bool) {
	err := safely("bot.handle", func() error {
		m, private = x.bot.handler.Handle(ctx, *it.in, progress)
		return nil
	})
	if err == nil {
		return m, private
	}
	ref := digest(it.ID)[:6]
	x.bot.log.Error("a command broke", append(logRequest(it.Request, err), zap.String("ref", ref))...)
	return chat.Text("sitrep could not do that (ref " + ref + "). Whoever runs it finds the cause under that reference in its log."), true
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
	if r.Private || r.To.Private || room == "" {
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
	in := *it.in
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
