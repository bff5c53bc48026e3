package slack

import (
	"errors"

	"sitrep/bot/chat"
)

func (d decoder) event(w wireEnvelope) (chat.Inbound, error) {
	if w.Type != "event_callback" || w.EventID == "" || w.Event.Type == "" {
		return chat.Inbound{}, errors.New("not an event")
	}
	e := w.Event
	in := chat.Inbound{User: chat.User{ID: userID(w.TeamID, e.user())}, Room: roomID(w.TeamID, e.Channel), At: stamp(e.EventTS)}
	switch e.Type {
	case "app_mention":
		return d.mentioned(in, w.TeamID, e), nil
	case "message":
		return d.message(in, w.TeamID, e), nil
	case "reaction_added":
		return d.reacted(in, w.TeamID, e), nil
	case "app_home_opened":
		if e.Tab == "home" {
			in.Kind, in.Room = chat.HomeOpened, ""
			return in, nil
		}
	case "user_change":
		if m := e.member(); m.Deleted && !m.IsBot {
			in.Kind, in.User.ID = chat.UserLeft, userID(w.TeamID, m.ID)
			return in, nil
		}
	default:
		return d.roomChanged(in, e), nil
	}
	return nothing, nil
}

func (d decoder) roomChanged(in chat.Inbound, e wireEvent) chat.Inbound {
	self := d.stored.Bot != "" && (e.user() == d.stored.Bot || e.ActorID == d.stored.Bot)
	gone := func(reason string) chat.Inbound {
		in.Kind, in.Reason = chat.RoomGone, reason
		return in
	}
	switch e.Type {
	case "channel_archive", "group_archive":
		if !self {
			return gone("archived")
		}
	case "channel_deleted", "group_deleted":
		return gone("deleted")
	case "channel_left", "group_left":
		return gone("removed")
	case "member_left_channel":
		if self {
			return gone("removed")
		}
		in.Kind = chat.UserLeftRoom
		return in
	case "member_joined_channel":
		if !self {
			in.Kind = chat.UserJoinedRoom
			return in
		}
	}
	return nothing
}

func (d decoder) mentioned(in chat.Inbound, team string, e wireEvent) chat.Inbound {
	// An edit mentions the bot once more, which must not run the verb again.
	if e.BotID != "" || len(e.Edited) > 0 && string(e.Edited) != "null" || e.user() == "" {
		return nothing
	}
	in.Kind, in.Text = chat.Command, readable(team, afterMention(e.Text, d.stored.Bot))
	in.Reply = d.reply(in, "", e.ThreadTS)
	return in
}

func (d decoder) message(in chat.Inbound, team string, e wireEvent) chat.Inbound {
	byBot := func(m *wireMessage) bool { return m == nil || m.BotID != "" || m.User == "" || m.User == d.stored.Bot }
	switch e.Subtype {
	case "message_changed":
		// Slack tells of its own changes too: a link's preview, a new answer in the thread.
		if byBot(e.Message) || e.Previous != nil && e.Previous.Text == e.Message.Text {
			return nothing
		}
		if e.Message.Subtype == "tombstone" {
			m := *e.Message
			if e.Previous != nil {
				m.User, m.ThreadTS = e.Previous.User, e.Previous.ThreadTS
			}
			return d.erased(in, team, &m, e.Channel)
		}
		in.User.ID = userID(team, e.Message.User)
		in.Kind, in.Text, in.Message = chat.PinEdited, readable(team, e.Message.Text), chat.MessageID(e.Message.TS)
		in.Permalink = permalink(d.stored.Site, e.Channel, e.Message.TS, e.Message.ThreadTS)
		return in
	case "message_deleted":
		if byBot(e.Previous) {
			return nothing
		}
		return d.erased(in, team, &wireMessage{User: e.Previous.User, TS: e.DeletedTS, ThreadTS: e.Previous.ThreadTS}, e.Channel)
	}
	return nothing
}

// erased names the author: Slack does not tell who deleted.
func (d decoder) erased(in chat.Inbound, team string, m *wireMessage, channel string) chat.Inbound {
	in.Kind, in.Message = chat.PinDeleted, chat.MessageID(m.TS)
	in.Author = chat.User{ID: userID(team, m.User)}
	in.Permalink = permalink(d.stored.Site, channel, m.TS, m.ThreadTS)
	return in
}

func (d decoder) reacted(in chat.Inbound, team string, e wireEvent) chat.Inbound {
	if e.Reaction != pushpin || e.Item.Type != "message" || e.user() == d.stored.Bot {
		return nothing
	}
	m := wireMessage{User: e.ItemUser, TS: e.Item.TS}
	if d.stored.Message != nil {
		m = *d.stored.Message
	}
	in.Room = roomID(team, e.Item.Channel)
	return d.pinned(in, team, e.Item.Channel, m)
}
