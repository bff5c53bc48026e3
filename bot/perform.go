package bot

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"sitrep/bot/chat"
	"sitrep/bot/incident"
	"sitrep/bot/ops"
	"sitrep/bot/store"
)

// perform does one task, which stands for those of its group from head on, and returns what the record must learn of it. Where an earlier try
// may have come through, its effect is looked for first.
func (w *worker) perform(ctx context.Context, it, head *item, p *pace) ([]incident.Intent, error) {
	j := readJob(it)
	platform, ok := w.bot.platform(j.Platform)
	if !ok {
		return nil, &ops.Error{Op: "bot.perform", Kind: ops.Invalid, Msg: "The platform " + j.Platform + " is not configured any more."}
	}
	s, counts, err := w.bot.deps.Store.Load(ctx, it.Incident)
	if err != nil {
		return nil, &ops.Error{Op: "bot.perform", Kind: ops.Unavailable, Msg: "The store did not answer.", Err: err}
	}
	act := action{worker: w, it: it, job: j, since: readJob(head).Seq, platform: platform, s: s, counters: counts, pace: p}
	return act.do(ctx)
}

// action is a task with all that it needs.
type action struct {
	*worker
	it       *item
	job      job
	since    int // with an update: the first that it stands for
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
		_, err := a.post(ctx, room, key(a.it.ID), a.message())
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

// place returns where the task is to be done. It is false when the incident's room there is lost, so that nothing can be done any more, and
// when the incident has become private since the task was recorded, and its place is not; while a room is being opened, it is an error that
// passes.
func (a action) place(ctx context.Context) (chat.RoomID, bool, error) {
	switch {
	case a.s.Private && a.tellsOthers():
		return "", false, nil
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

// tellsOthers reports whether the task says something to others than those who take part. A card there is taken back in place.
func (a action) tellsOthers() bool {
	return a.job.Channel != "" && a.it.Kind != taskCard || a.job.User != "" && a.job.Audience != ""
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

func (a action) find(look, open func() (chat.Room, error)) (chat.Room, error) {
	if a.it.unsure {
		room, err := look()
		if err == nil || ops.KindOf(err) != ops.NotFound {
			return room, err
		}
	}
	return open()
}

// post writes a message once: where it may stand already, it is looked for.
func (a action) post(ctx context.Context, room chat.RoomID, mark chat.Key, m chat.Message) (chat.Posted, error) {
	p := a.newPost(room, mark, m)
	if a.it.unsure {
		posted, err := a.platform.FindPost(ctx, p)
		if err == nil || ops.KindOf(err) != ops.NotFound {
			return posted, err
		}
	}
	return a.platform.Post(ctx, p)
}

func (a action) newPost(room chat.RoomID, mark chat.Key, m chat.Message) chat.Post {
	return chat.Post{Room: room, Key: mark, Message: m, Since: a.it.Created.Add(-clockSkew)}
}

// card shows how things stand: in the card that is there, else in a new one. A card is marked by its place and not by the task, since any of
// several tasks may be the one that posts it.
func (a action) card(ctx context.Context, room chat.RoomID) ([]incident.Intent, error) {
	view := a.bot.view(a.s)
	view.Counts = a.counters
	var m chat.Message
	shown := true
	if a.job.Channel != "" {
		m, shown = a.bot.texts().Announcement(view)
	} else {
		view.Platform = a.job.Platform
		m = a.bot.texts().Card(view)
	}
	if standing, ok := a.standing(room); ok {
		gone, err := a.editCard(ctx, room, standing, m)
		if !gone {
			return nil, err
		}
	}
	p := a.newPost(room, key(store.TaskID(fmt.Sprintf("%s/card/%s/%s", a.s.ID, a.job.Platform, room))), m)
	if a.it.unsure {
		posted, err := a.platform.FindPost(ctx, p)
		if err == nil {
			return nil, a.adoptCard(ctx, room, posted.ID, m)
		}
		if ops.KindOf(err) != ops.NotFound {
			return nil, err
		}
	}
	if !shown {
		return nil, nil // there is nothing to take back
	}
	posted, err := a.platform.Post(ctx, p)
	if err != nil {
		return nil, err
	}
	return []incident.Intent{a.cardIsAt(room, posted.ID)}, nil
}

// adoptCard records a card that an earlier try has posted, and then shows in it how things stand now. An edit may take away the mark by which it
// was found, so it is recorded before.
func (a action) adoptCard(ctx context.Context, room chat.RoomID, card chat.MessageID, m chat.Message) error {
	if err := a.bot.engine.finish(ctx, a.s.ID, []incident.Intent{a.cardIsAt(room, card)}, nil); err != nil {
		return &ops.Error{Op: "bot.adoptCard", Kind: ops.Unavailable, Msg: "The store did not answer.", Err: err}
	}
	a.pace.shown = "" // what is known to be shown was another card
	_, err := a.editCard(ctx, room, card, m)
	return err
}

func (a action) cardIsAt(room chat.RoomID, card chat.MessageID) incident.Intent {
	return incident.CardIsPosted{CardPosted: incident.CardPosted{Platform: a.job.Platform, Room: string(room), Message: string(card)}}
}

// standing returns the card that stands in a room: the last one, since one that was deleted by hand is written anew.
func (a action) standing(room chat.RoomID) (chat.MessageID, bool) {
	for _, c := range slices.Backward(a.s.Cards) {
		if c.Platform == a.job.Platform && c.Room == string(room) {
			return chat.MessageID(c.Message), true
		}
	}
	return "", false
}

// editCard shows what has changed. When the card is gone, it was deleted by hand, or its room was: to write it anew tells which.
func (a action) editCard(ctx context.Context, room chat.RoomID, card chat.MessageID, m chat.Message) (gone bool, err error) {
	m.Notify = nil
	shown, err := json.Marshal(m)
	if err != nil || string(shown) == a.pace.shown {
		return false, err
	}
	err = a.platform.Edit(ctx, room, card, m)
	if err != nil {
		return ops.KindOf(err) == ops.NotFound, err
	}
	a.pace.shown = string(shown)
	return false, nil
}

// message returns what is to be posted: what was recorded, but of an update that comes late, or for others too, what it has to say by now.
func (a action) message() chat.Message {
	now, told := a.bot.deps.Clock.Now(), a.told()
	if len(told) == 0 || len(told) == 1 && !late(told[0], now) {
		return *a.job.Message
	}
	return a.bot.texts().Update(a.bot.view(a.s), inOne(told, now))
}

// told are the updates that the task is about, the oldest first.
func (a action) told() []incident.Update {
	var told []incident.Update
	for _, u := range a.s.Updates {
		if u.Audience == a.job.Audience && a.since <= u.Seq && u.Seq <= a.job.Seq {
			told = append(told, u)
		}
	}
	return told
}

// late reports whether an update comes so late that it must say so.
func late(u incident.Update, now time.Time) bool {
	return !u.Due.IsZero() && now.Sub(u.Due) > time.Minute
}

// inOne makes one update of several that could not be posted in time: the last, with what the others told, and how late the first is.
func inOne(told []incident.Update, now time.Time) incident.Update {
	u := told[len(told)-1]
	var changes []incident.Change
	for _, old := range told[:len(told)-1] {
		changes = append(changes, old.Changes...)
		if said := func(c incident.Change) bool { return strings.Contains(c.Text, old.Text) }; old.Text != "" && !slices.ContainsFunc(old.Changes, said) {
			changes = append(changes, incident.Change{At: old.At, Text: old.Text})
		}
	}
	u.Changes = append(changes, u.Changes...)
	for _, old := range told {
		if late(old, now) {
			u.Due, u.Late = old.Due, now.Sub(old.Due)
			break
		}
	}
	return u
}

func (a action) update(ctx context.Context, room chat.RoomID) ([]incident.Intent, error) {
	posted, err := a.post(ctx, room, key(a.it.ID), a.message())
	if err != nil {
		return nil, err
	}
	var delivered []incident.Intent
	for _, u := range a.told() {
		a.counts.updates.Add(1)
		if late(u, a.bot.deps.Clock.Now()) {
			a.counts.late.Add(1)
		}
		delivered = append(delivered, incident.UpdateIsDelivered{UpdateDelivered: incident.UpdateDelivered{
			Audience: u.Audience, Seq: u.Seq, Platform: a.job.Platform, Channel: string(room), Message: string(posted.ID), URL: posted.URL,
		}})
	}
	return delivered, nil
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
