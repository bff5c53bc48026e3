package discordfake

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"sitrep/bot/chat"
	"sitrep/bot/chat/chattest"
)

const (
	kindText, kindDM, kindCategory, kindThread = 0, 1, 4, 11
	inCategory, inGuild                        = 50, 500
)

type channel struct {
	id, name, topic, parent string
	kind                    int
	rules                   []overwrite
	messages                []*message
	renamed                 []time.Time
	recipient               string // of a direct channel
	last                    string // the newest message's id, kept when it is deleted
}

type overwrite struct {
	ID    string
	Type  int
	Allow int64
	Deny  int64
}

// The permissions that the fake knows of.
const (
	mayManageChannels, mayView, maySend         = 1 << 4, 1 << 10, 1 << 11
	mayEmbed, mayAttach, mayHistory             = 1 << 14, 1 << 15, 1 << 16
	mayManageRoles, mayStartThread              = 1 << 28, 1 << 35
	mayWriteThread, mayPin, mayAdminister       = 1 << 38, 1 << 51, 1 << 3
	everyonePermissions                   int64 = mayView | maySend | mayHistory
	botPermissions                        int64 = mayManageChannels | mayView | maySend | mayEmbed | mayAttach | mayHistory | mayManageRoles |
		mayStartThread | mayWriteThread | mayPin
)

// may returns what a member may do in a channel, the way Discord computes it.
func (f *Fake) may(c *channel, user string) int64 {
	if c.kind == kindThread {
		c = f.channels[c.parent]
	}
	if c == nil {
		return 0
	}
	if c.kind == kindDM {
		return everyonePermissions | mayEmbed | mayAttach | mayPin
	}
	p := everyonePermissions
	if user == f.bot {
		p |= f.permissions
	}
	if p&mayAdminister != 0 {
		return -1
	}
	var allow, deny int64
	for _, o := range c.rules {
		switch {
		case o.ID == f.guild:
			p = p&^o.Deny | o.Allow
		case o.ID == f.role && user == f.bot:
			allow, deny = allow|o.Allow, deny|o.Deny
		}
	}
	p = p&^deny | allow
	for _, o := range c.rules {
		if o.ID == user {
			p = p&^o.Deny | o.Allow
		}
	}
	if p&mayView == 0 {
		return 0
	}
	return p
}

func (c *channel) rule(id string) *overwrite {
	for i := range c.rules {
		if c.rules[i].ID == id {
			return &c.rules[i]
		}
	}
	return nil
}

func (c *channel) setRule(o overwrite) {
	if old := c.rule(o.ID); old != nil {
		*old = o
		return
	}
	c.rules = append(c.rules, o)
}

func (c *channel) find(id string) *message {
	for _, m := range c.messages {
		if m.id == id {
			return m
		}
	}
	return nil
}

func (f *Fake) addChannel(c channel) *channel {
	c.id = f.id()
	f.channels[c.id] = &c
	return &c
}

// Channel makes a text channel that is no incident's room.
func (f *Fake) Channel(name string) chat.RoomID {
	f.mu.Lock()
	defer f.mu.Unlock()
	c := f.addChannel(channel{name: name, kind: kindText})
	f.dispatch("CHANNEL_CREATE", f.channelJSON(c))
	return chat.RoomID(c.id)
}

// Fill adds channels until the server has n.
func (f *Fake) Fill(n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := f.guildChannels(); i < n; i++ {
		f.addChannel(channel{name: "old-" + strconv.Itoa(i), kind: kindText})
	}
}

func (f *Fake) guildChannels() int {
	n := 0
	for _, c := range f.channels {
		if c.kind == kindText || c.kind == kindCategory {
			n++
		}
	}
	return n
}

func (f *Fake) children(category string) int {
	n := 0
	for _, c := range f.channels {
		if c.parent == category && c.kind != kindThread {
			n++
		}
	}
	return n
}

// Category returns the name of the category that a room stands under.
func (f *Fake) Category(room chat.RoomID) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	c := f.channels[string(room)]
	if c == nil || f.channels[c.parent] == nil {
		return ""
	}
	return f.channels[c.parent].name
}

// Rooms returns all text channels. One that nobody may write to any more counts as archived.
func (f *Fake) Rooms() map[chat.RoomID]chattest.RoomInfo {
	f.mu.Lock()
	defer f.mu.Unlock()
	rooms := map[chat.RoomID]chattest.RoomInfo{}
	for _, c := range f.channels {
		if c.kind != kindText {
			continue
		}
		info := chattest.RoomInfo{Name: c.name, Topic: c.topic}
		if everyone := c.rule(f.guild); everyone != nil {
			info.Archived, info.Private = everyone.Deny&maySend != 0, everyone.Deny&mayView != 0
		}
		for _, o := range c.rules {
			if f.people[o.ID] != nil && o.Allow&mayView != 0 {
				info.Members = append(info.Members, chat.UserID(o.ID))
			}
		}
		rooms[chat.RoomID(c.id)] = info
	}
	return rooms
}

// Direct returns the channel of direct messages of the bot and one person.
func (f *Fake) Direct(user chat.UserID) (chat.RoomID, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range f.channels {
		if c.kind == kindDM && c.recipient == string(user) && len(c.messages) > 0 {
			return chat.RoomID(c.id), true
		}
	}
	return "", false
}

// DeleteRoom deletes a channel by hand.
func (f *Fake) DeleteRoom(room chat.RoomID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	c := f.channels[string(room)]
	delete(f.channels, c.id)
	f.dispatch("CHANNEL_DELETE", f.channelJSON(c))
}

// ArchiveRoom locks a channel and moves it away, by hand.
func (f *Fake) ArchiveRoom(room chat.RoomID) {
	f.change(room, func(c *channel) {
		old := f.addChannel(channel{name: "Done with", kind: kindCategory})
		c.parent = old.id
		c.setRule(overwrite{ID: f.guild, Deny: maySend})
	})
}

// RemoveBot hides a channel from the bot.
func (f *Fake) RemoveBot(room chat.RoomID) {
	f.change(room, func(c *channel) { c.setRule(overwrite{ID: f.bot, Type: 1, Deny: mayView}) })
}

func (f *Fake) change(room chat.RoomID, change func(*channel)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	c := f.channels[string(room)]
	change(c)
	f.dispatch("CHANNEL_UPDATE", f.channelJSON(c))
}

// Messages returns what a person sees in a room and its threads.
func (f *Fake) Messages(room chat.RoomID, user chat.UserID) []chattest.Seen {
	f.mu.Lock()
	defer f.mu.Unlock()
	var all []*message
	for _, c := range f.channels {
		if c.id != string(room) && !(c.kind == kindThread && c.parent == string(room)) || f.may(c, string(user))&mayView == 0 {
			continue
		}
		for _, m := range c.messages {
			if m.flags&flagEphemeral == 0 || m.meant == string(user) {
				all = append(all, m)
			}
		}
	}
	slices.SortFunc(all, func(a, b *message) int {
		return cmp.Or(cmp.Compare(len(a.id), len(b.id)), strings.Compare(a.id, b.id))
	})
	var seen []chattest.Seen
	for _, m := range all {
		seen = append(seen, f.seen(m))
	}
	return seen
}

// name returns the id by which the bot knows a message: one in a thread carries the thread.
func (f *Fake) name(m *message) chat.MessageID {
	if c := f.channels[m.channel]; c != nil && c.kind == kindThread {
		return chat.MessageID(m.channel + "/" + m.id)
	}
	return chat.MessageID(m.id)
}

// message finds a message by the id that the bot's side uses.
func (f *Fake) message(room chat.RoomID, id chat.MessageID) *message {
	in, bare := string(room), string(id)
	if thread, rest, ok := strings.Cut(bare, "/"); ok {
		in, bare = thread, rest
	}
	c := f.channels[in]
	if c == nil {
		return nil
	}
	return c.find(bare)
}
