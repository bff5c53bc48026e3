package slackfake

import (
	"slices"
	"strings"

	"sitrep/bot/chat"
	"sitrep/bot/chat/chattest"
)

// Person adds a person and returns their id; a name that is there already is the same person.
func (s *Server) Person(name string) chat.UserID {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, u := range s.users {
		if u.name == name && !u.bot && !u.deleted {
			return userID(u.id)
		}
	}
	u := &user{id: s.id("U"), name: name}
	s.users[u.id] = u
	return userID(u.id)
}

// Channel makes a channel with the bot in it; a name that is there already is the same channel.
func (s *Server) Channel(name string) chat.RoomID {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.channels {
		if c.name == name && c.direct == "" && !c.gone {
			return roomID(c.id)
		}
	}
	c := s.newChannel("C", name, admin)
	c.join(admin)
	return roomID(c.id)
}

// Rooms returns all channels that exist, archived ones too.
func (s *Server) Rooms() map[chat.RoomID]chattest.RoomInfo {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := map[chat.RoomID]chattest.RoomInfo{}
	for id, c := range s.channels {
		if c.gone || c.direct != "" {
			continue
		}
		info := chattest.RoomInfo{Name: c.name, Topic: entities.Replace(c.topic), Archived: c.archived, Private: c.private}
		for _, m := range c.order {
			if m != botUser && c.members[m] {
				info.Members = append(info.Members, userID(m))
			}
		}
		out[roomID(id)] = info
	}
	return out
}

// Direct returns the room of the bot and one person, and false while neither has written there.
func (s *Server) Direct(user chat.UserID) (chat.RoomID, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.direct(bare(user))
	if c == nil || len(c.messages) == 0 {
		return "", false
	}
	return roomID(c.id), true
}

// Messages returns what user sees in a room, oldest first.
func (s *Server) Messages(room chat.RoomID, user chat.UserID) []chattest.Seen {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, who := s.channels[bare(room)], bare(user)
	if c == nil || c.gone || (c.private || c.direct != "") && !c.members[who] {
		return nil
	}
	var seen []chattest.Seen
	for _, m := range c.messages {
		if m.only == "" || m.only == who {
			seen = append(seen, s.seen(c, m))
		}
	}
	return seen
}

func (s *Server) seen(c *channel, m *message) chattest.Seen {
	out := chattest.Seen{
		ID: chat.MessageID(m.ts), FromBot: m.fromBot, Text: s.read(m), Files: s.attached(m), Private: m.only != "",
		Pinned: m.pinned, Edited: m.edited,
	}
	if m.thread != m.ts {
		out.Thread = chat.MessageID(m.thread)
	}
	if !m.fromBot {
		out.Author = userID(m.user)
	}
	for _, b := range m.blocks {
		for _, e := range b.Elements {
			if e.Type == "button" {
				out.Buttons = append(out.Buttons, entities.Replace(string(e.Text)))
			}
		}
	}
	for _, id := range s.pings(c, m) {
		if m.only == "" || m.only == id {
			out.Pings = append(out.Pings, userID(id))
		}
	}
	return out
}

// read is all that can be read of a message, top to bottom; mu is held. A message with blocks does not show its text.
func (s *Server) read(m *message) string {
	if len(m.blocks) == 0 {
		return s.shown(object{Text: text(m.text)})
	}
	var lines []string
	for _, b := range m.blocks {
		for _, o := range texts(b) {
			lines = append(lines, s.shown(o))
		}
	}
	return strings.Join(lines, "\n")
}

// mentions writes what a person types as Slack's clients send it: names of people and of the bot become mentions.
func (s *Server) mentions(in string) string {
	out := escapes.Replace(in)
	for _, u := range s.users {
		if !u.deleted {
			out = strings.ReplaceAll(out, "@"+string(userID(u.id)), "<@"+u.id+">")
		}
	}
	names := make([]*user, 0, len(s.users))
	for _, u := range s.users {
		names = append(names, u)
	}
	slices.SortFunc(names, func(a, b *user) int { return len(b.name) - len(a.name) })
	for _, u := range names {
		if u.deleted {
			continue
		}
		out = wordly(out, "@"+u.name, "<@"+u.id+">")
	}
	return out
}

// wordly replaces whole words that do not stand in a mention already.
func wordly(in, word, with string) string {
	fields := strings.SplitAfter(in, " ")
	for i, f := range fields {
		if trimmed := strings.TrimRight(f, " ,.:;!?\n"); trimmed == word {
			fields[i] = with + f[len(trimmed):]
		}
	}
	return strings.Join(fields, "")
}

// Say has a person write plain text.
func (s *Server) Say(user chat.UserID, room chat.RoomID, typed string) chat.MessageID {
	return s.SayIn(user, room, "", typed)
}

// SayIn is Say in a message's thread.
func (s *Server) SayIn(user chat.UserID, room chat.RoomID, thread chat.MessageID, typed string) chat.MessageID {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.channels[bare(room)]
	m := &message{user: bare(user), text: s.mentions(typed), thread: string(thread), previews: true}
	s.add(c, m)
	if strings.Contains(m.text, "<@"+botUser+">") {
		e := s.wire(m, false)
		e["type"], e["channel"], e["event_ts"] = "app_mention", c.id, m.ts
		s.emit("app_mention", "app_mentions:read", e)
	}
	return chat.MessageID(m.ts)
}

// Rewrite has the author edit a message.
func (s *Server) Rewrite(_ chat.UserID, room chat.RoomID, id chat.MessageID, typed string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.channels[bare(room)]
	m := c.find(string(id))
	before := s.wire(m, false)
	m.text, m.edited = s.mentions(typed), true
	s.changed(c, m, before)
}

// Erase has the author delete a message.
func (s *Server) Erase(_ chat.UserID, room chat.RoomID, id chat.MessageID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.channels[bare(room)]
	m := c.find(string(id))
	c.messages = slices.DeleteFunc(c.messages, func(x *message) bool { return x == m })
	ts := s.ts()
	s.emit("message", kindOf(c)+":history", result{
		"type": "message", "subtype": "message_deleted", "hidden": true, "channel": c.id, "ts": ts, "event_ts": ts,
		"deleted_ts": m.ts, "previous_message": s.wire(m, false),
	})
}

// PinWithReaction has a person put 📌 on a message.
func (s *Server) PinWithReaction(user chat.UserID, room chat.RoomID, id chat.MessageID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	author := ""
	if m := s.channels[bare(room)].find(string(id)); m != nil {
		author = m.user
	}
	s.emit("reaction_added", "reactions:read", result{
		"type": "reaction_added", "user": bare(user), "reaction": "pushpin", "item_user": author, "event_ts": s.ts(),
		"item": result{"type": "message", "channel": bare(room), "ts": string(id)},
	})
}

// DeleteRoom has a person delete a channel.
func (s *Server) DeleteRoom(room chat.RoomID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.channels[bare(room)]
	c.gone = true
	event := "channel_deleted"
	if c.private {
		event = "group_deleted"
	}
	s.emit(event, kindOf(c)+":read", result{"type": event, "channel": c.id, "actor_id": admin, "event_ts": s.ts()})
}

// ArchiveRoom has a person archive a channel.
func (s *Server) ArchiveRoom(room chat.RoomID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.archiveBy(s.channels[bare(room)], admin)
}

// RemoveBot has a person take the bot out of a channel.
func (s *Server) RemoveBot(room chat.RoomID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.channels[bare(room)]
	delete(c.members, botUser)
	event := "channel_left"
	if c.private {
		event = "group_left"
	}
	s.emit(event, kindOf(c)+":read", result{"type": event, "channel": c.id, "actor_id": admin, "event_ts": s.ts()})
}

// LeaveRoom takes a person out of one channel.
func (s *Server) LeaveRoom(user chat.UserID, room chat.RoomID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.channels[bare(room)]
	delete(c.members, bare(user))
	c.order = slices.DeleteFunc(c.order, func(id string) bool { return id == bare(user) })
	s.emit("member_left_channel", kindOf(c)+":read", result{
		"type": "member_left_channel", "user": bare(user), "channel": c.id, "channel_type": "C", "team": team, "event_ts": s.ts(),
	})
}

// Leave takes a person out of the workspace for good.
func (s *Server) Leave(user chat.UserID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.users[bare(user)]
	u.deleted = true
	s.emit("user_change", "users:read", result{"type": "user_change", "user": describeUser(u), "event_ts": s.ts()})
}

// OpenHome has a person open the bot's home page.
func (s *Server) OpenHome(user chat.UserID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.emit("app_home_opened", "", result{"type": "app_home_opened", "user": bare(user), "channel": "D0HOME", "tab": "home", "event_ts": s.ts()})
}

// Home returns what a person reads on the bot's home page, and false while nothing was published there.
func (s *Server) Home(user chat.UserID) (string, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v := s.homes[bare(user)]
	if v == nil {
		return "", false
	}
	return s.read(&message{blocks: v.Blocks}), true
}
