package bot

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"sitrep/bot/chat"
	"sitrep/bot/incident"
	"sitrep/bot/ops"
	"sitrep/bot/store"
)

// perform does one task, and returns what the record must learn of it. Where an earlier try may have come through, its effect is looked
// for first.
func (w *worker) perform(ctx context.Context, it *item, p *pace) ([]incident.Intent, error) {
	j := readJob(it)
	platform, ok := w.bot.platform(j.Platform)
	if !ok {
		return nil, &ops.Error{Op: "bot.perform", Kind: ops.Invalid, Msg: "The platform " + j.Platform + " is not configured any more."}
	}
	s, counts, err := w.bot.deps.Store.Load(ctx, it.Incident)
	if err != nil {
		return nil, &ops.Error{Op: "bot.perform", Kind: ops.Unavailable, Msg: "The store did not answer.", Err: err}
	}
	act := action{worker: w, it: it, job: j, platform: platform, s: s, counters: counts, pace: p}
	return act.do(ctx)
}

// action is a task with all that it needs.
type action struct {
	*worker
	it       *item
	job      job
	platform chat.Platform
	s        incident.State
	counters map[string]int64
	pace     *pace
}

func (a action) do(ctx context.Context) ([]incident.Intent, error) {
	if a.it.Kind == taskOpenRoom {
		return a.openRoom(ctx)
	}
	room, ok, err := a.place(ctx)
	if err != nil || !ok {
		return nil, err
	}
	switch a.it.Kind {
	case taskCard:
		return a.card(ctx, room)
	case taskPin:
		return nil, a.platform.Pin(ctx, room, chat.MessageID(a.job.Pin))
	case taskPost:
		_, err := a.post(ctx, room, key(a.it.ID), *a.job.Message)
		return nil, err
	case taskUpdate:
		return a.update(ctx, room)
	case taskInvite:
		return nil, a.platform.Invite(ctx, room, userIDs(a.job.Users))
	case taskRename:
		return nil, a.platform.RenameRoom(ctx, room, cutName(a.job.Name, a.platform.Features().RoomName))
	case taskPrivate:
		return nil, a.platform.SetPrivate(ctx, room, a.job.Private)
	case taskArchive:
		return nil, a.platform.ArchiveRoom(ctx, room)
	case taskReopen:
		return nil, a.platform.ReopenRoom(ctx, room)
	case taskPostmortem:
		return a.postmortem(ctx, room)
	}
	return nil, &ops.Error{Op: "bot.perform", Kind: ops.Invalid, Msg: "A newer sitrep left a task that this one does not know: " + a.it.Kind + "."}
}

// place returns where the task is to be done. It is false when the incident's room there is lost, so that nothing can be done any more; while
// a room is being opened, it is an error that passes.
func (a action) place(ctx context.Context) (chat.RoomID, bool, error) {
	switch {
	case a.job.User != "":
		room, err := a.platform.Direct(ctx, chat.UserID(a.job.User))
		return room, err == nil, err
	case a.job.Channel != "":
		return chat.RoomID(a.job.Channel), true, nil
	}
	room, wanted := a.s.Rooms[a.job.Platform]
	if wanted && room.ID == "" && room.Lost == "" {
		return "", false, &ops.Error{Op: "bot.place", Kind: ops.Throttled, Msg: "The room is not open yet.", RetryAfter: time.Second}
	}
	return chat.RoomID(room.ID), room.Usable(), nil
}

func (a action) openRoom(ctx context.Context) ([]incident.Intent, error) {
	room := a.s.Rooms[a.job.Platform]
	if room.Generation != a.job.Generation || room.ID != "" {
		return nil, nil
	}
	spec := chat.RoomSpec{
		Key: key(a.it.ID), Name: cutName(roomName(a.s), a.platform.Features().RoomName), Private: a.s.Private,
		Topic: "", Since: a.it.Created.Add(-clockSkew),
	}
	if !a.s.Private {
		spec.Topic = chat.Cut(fmt.Sprintf("%s %s: %s", a.s.Number, a.s.Severity, a.s.Title), 250)
	}
	opened, err := a.find(func() (chat.Room, error) { return a.platform.FindRoom(ctx, spec) },
		func() (chat.Room, error) { return a.platform.OpenRoom(ctx, spec) })
	if err != nil {
		return nil, err
	}
	return []incident.Intent{incident.RoomIsOpen{RoomOpened: incident.RoomOpened{
		Platform: a.job.Platform, Generation: a.job.Generation, Room: string(opened.ID), Name: opened.Name, URL: opened.URL,
	}}}, nil
}

func (a action) find(look, make func() (chat.Room, error)) (chat.Room, error) {
	if a.it.unsure {
		room, err := look()
		if err == nil || ops.KindOf(err) != ops.NotFound {
			return room, err
		}
	}
	return make()
}

// post writes a message once: where it may stand already, it is looked for.
func (a action) post(ctx context.Context, room chat.RoomID, mark chat.Key, m chat.Message) (chat.Posted, error) {
	p := chat.Post{Room: room, Key: mark, Message: m, Since: a.it.Created.Add(-clockSkew)}
	if a.it.unsure {
		posted, err := a.platform.FindPost(ctx, p)
		if err == nil || ops.KindOf(err) != ops.NotFound {
			return posted, err
		}
	}
	return a.platform.Post(ctx, p)
}

func (a action) card(ctx context.Context, room chat.RoomID) ([]incident.Intent, error) {
	view := a.bot.view(a.s)
	view.Counts = a.counters
	m := chat.Message{}
	if a.job.Channel != "" {
		m, _ = a.bot.texts().Announcement(view)
	} else {
		view.Platform = a.job.Platform
		m = a.bot.texts().Card(view)
	}
	if standing, ok := a.standing(room); ok {
		return a.editCard(ctx, room, standing, m)
	}
	return a.newCard(ctx, room, m)
}

// newCard posts the card of a place. It is marked by the place and not by the task, since any of several tasks may be the one that posts it.
func (a action) newCard(ctx context.Context, room chat.RoomID, m chat.Message) ([]incident.Intent, error) {
	mark := key(store.TaskID(fmt.Sprintf("%s/card/%s/%s", a.s.ID, a.job.Platform, room)))
	posted, err := a.post(ctx, room, mark, m)
	if err != nil {
		return nil, err
	}
	return []incident.Intent{incident.CardIsPosted{CardPosted: incident.CardPosted{
		Platform: a.job.Platform, Room: string(room), Message: string(posted.ID),
	}}}, nil
}

// standing returns the card that stands in a room.
func (a action) standing(room chat.RoomID) (chat.MessageID, bool) {
	for _, c := range a.s.Cards {
		if c.Platform == a.job.Platform && c.Room == string(room) {
			return chat.MessageID(c.Message), true
		}
	}
	return "", false
}

func (a action) editCard(ctx context.Context, room chat.RoomID, card chat.MessageID, m chat.Message) ([]incident.Intent, error) {
	m.Notify = nil
	shown, err := json.Marshal(m)
	if err != nil || string(shown) == a.pace.shown {
		return nil, err
	}
	err = a.platform.Edit(ctx, room, card, m)
	if ops.KindOf(err) == ops.NotFound && err != nil {
		// The card was deleted by hand, or the room was; to write it anew tells which.
		return a.newCard(ctx, room, m)
	}
	if err == nil {
		a.pace.shown = string(shown)
	}
	return nil, err
}

func (a action) update(ctx context.Context, room chat.RoomID) ([]incident.Intent, error) {
	posted, err := a.post(ctx, room, key(a.it.ID), *a.job.Message)
	if err != nil {
		return nil, err
	}
	a.counts.updates.Add(1)
	if due := a.due(); !due.IsZero() && a.bot.deps.Clock.Now().Sub(due) > time.Minute {
		a.counts.late.Add(1)
	}
	return []incident.Intent{incident.UpdateIsDelivered{UpdateDelivered: incident.UpdateDelivered{
		Audience: a.job.Audience, Seq: a.job.Seq, Platform: a.job.Platform, Channel: string(room),
		Message: string(posted.ID), URL: posted.URL,
	}}}, nil
}

// due is when the update was promised for.
func (a action) due() time.Time {
	for _, u := range a.s.Updates {
		if u.Audience == a.job.Audience && u.Seq == a.job.Seq {
			return u.Due
		}
	}
	return time.Time{}
}

func (a action) postmortem(ctx context.Context, room chat.RoomID) ([]incident.Intent, error) {
	events, err := a.bot.deps.Store.Events(ctx, a.s.ID, 0, 0)
	if err != nil {
		return nil, &ops.Error{Op: "bot.postmortem", Kind: ops.Unavailable, Msg: "The store did not answer.", Err: err}
	}
	name := fmt.Sprintf("postmortem-%d.md", a.s.Number)
	text := a.bot.texts().Postmortem(a.bot.view(a.s), events)
	_, err = a.post(ctx, room, key(a.it.ID), chat.Message{
		Summary: "Postmortem draft of " + a.s.Number.String(),
		Blocks: []chat.Block{
			{Text: "The postmortem of " + chat.Escape(a.s.Number.String()) + " is drafted. Every line names the entry of the timeline that it comes from."},
			{File: &chat.File{Name: name, Title: "Postmortem of " + a.s.Number.String(), Data: []byte(text)}},
		},
	})
	return nil, err
}

func userIDs(users []string) []chat.UserID {
	ids := make([]chat.UserID, len(users))
	for i, u := range users {
		ids[i] = chat.UserID(u)
	}
	return ids
}

// cutName shortens a room's name to what the platform takes; 0 means no limit.
func cutName(name string, limit int) string {
	if limit > 0 && len(name) > limit {
		return name[:limit]
	}
	return name
}
