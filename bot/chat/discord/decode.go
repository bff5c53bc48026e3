package discord

import (
	"encoding/json"
	"regexp"
	"strings"
	"time"

	"sitrep/bot/chat"
	"sitrep/bot/ops"
)

// The kinds of chat.Request that this platform stores.
const (
	kindInteraction = "interaction"
	kindMessage     = "message"
	kindReaction    = "reaction"
	kindEdit        = "edit"
	kindDelete      = "delete"
	kindRoomGone    = "room_gone"
	kindMember      = "member"
)

// private is the header of a request whose answer was promised to the asker alone.
const private = "private"

// heard is the body of a request that came over the gateway: the event as it was sent, with what had to be looked up then,
// because Decode looks nothing up.
type heard struct {
	Event   json.RawMessage `json:"event"`
	Message json.RawMessage `json:"message,omitempty"` // that got the reaction
	Room    string          `json:"room,omitempty"`    // of the thread that it stands in
	Bot     string          `json:"bot,omitempty"`     // our own id
	Reason  string          `json:"reason,omitempty"`
}

// Decode says what a stored request means. Its error is of kind Invalid.
func (d *Discord) Decode(r chat.Request) (chat.Inbound, error) {
	decoders := map[string]func(chat.Request, heard) (chat.Inbound, error){
		kindMessage: d.decodeMessage, kindReaction: d.decodeReaction, kindEdit: d.decodeEdit,
		kindDelete: d.decodeDelete, kindRoomGone: d.decodeRoomGone, kindMember: d.decodeMember,
	}
	var in chat.Inbound
	var err error
	if r.Kind == kindInteraction {
		in, err = d.decodeInteraction(r)
	} else if decode := decoders[r.Kind]; decode != nil {
		var h heard
		if err = json.Unmarshal(r.Body, &h); err == nil {
			in, err = decode(r, h)
		}
	} else {
		return chat.Inbound{}, &ops.Error{Op: "discord.Decode", Kind: ops.Invalid, Msg: "There is no request of the kind “" + r.Kind + "”."}
	}
	if err != nil {
		return chat.Inbound{}, &ops.Error{Op: "discord.Decode", Kind: ops.Invalid, Msg: "The request from Discord cannot be read.", Err: err}
	}
	in.Request, in.Platform = r.ID, Name
	if in.At.IsZero() {
		in.At = r.At
	}
	return in, nil
}

func (d *Discord) decodeInteraction(r chat.Request) (chat.Inbound, error) {
	var i interaction
	if err := json.Unmarshal(r.Body, &i); err != nil {
		return chat.Inbound{}, err
	}
	at := i.place()
	in := chat.Inbound{
		Kind: chat.Nothing, User: i.who(), Room: chat.RoomID(at.room), At: snowflakeTime(i.ID),
		Reply: chat.ReplyTo{
			Platform: Name, Room: chat.RoomID(at.room), Thread: chat.MessageID(at.thread), User: i.who().ID,
			Token: i.Token, Private: r.Header[private] != "", Expires: snowflakeTime(i.ID).Add(tokenLife),
		},
	}
	if at.thread == "" {
		in.RoomName = i.Channel.Name
	}
	if i.Message != nil {
		in.Message = at.messageID(i.Message.ID)
		in.Permalink = d.permalink(at.channel(), i.Message.ID)
	}
	switch i.Type {
	case askCommand, askComplete:
		d.decodeCommand(&in, i)
	case askButton, askForm:
		d.decodeID(&in, i)
	}
	return in, nil
}

func (d *Discord) decodeCommand(in *chat.Inbound, i interaction) {
	if i.Data.Type == commandMessage {
		d.decodeShortcut(in, i)
		return
	}
	in.Kind = chat.Command
	if len(i.Data.Options) == 0 {
		return
	}
	sub := i.Data.Options[0]
	if sub.Name == freeCommand {
		if len(sub.Options) > 0 {
			in.Text = plainMentions(sub.Options[0].text())
		}
		return
	}
	in.Text = sub.Name
	for _, o := range sub.Options {
		if in.Values == nil {
			in.Values = map[string]string{}
		}
		in.Values[o.Name] = o.text()
	}
}

// decodeShortcut reads “Add to timeline” from a message's menu, which works without the right to read all messages. It was
// answered at once.
func (d *Discord) decodeShortcut(in *chat.Inbound, i interaction) {
	m, ok := i.Data.Resolved.Messages[i.Data.TargetID]
	if !ok {
		return
	}
	in.Kind = chat.Pinned
	in.Reply = chat.ReplyTo{}
	d.about(in, m, i.place())
}

// about fills in what is known of the message that in is about.
func (d *Discord) about(in *chat.Inbound, m message, at place) {
	in.Message, in.Permalink = at.messageID(m.ID), d.permalink(at.channel(), m.ID)
	in.Text, in.Author = m.text(), m.who()
}

func (d *Discord) decodeID(in *chat.Inbound, i interaction) {
	_, verb, ok := openID(i.Data.CustomID, d.cfg.Instance)
	if !ok {
		return
	}
	in.Kind, in.Text = chat.Command, verb
	if i.Type == askForm {
		in.Values = map[string]string{}
		for _, row := range i.Data.Components {
			for _, c := range row.Components {
				in.Values[c.CustomID] = c.Value
			}
		}
	}
}

func (d *Discord) decodeMessage(r chat.Request, h heard) (chat.Inbound, error) {
	var m message
	if err := json.Unmarshal(h.Event, &m); err != nil {
		return chat.Inbound{}, err
	}
	at := h.place(m.ChannelID)
	_, text := addressed(m, h.Bot)
	return chat.Inbound{
		Kind: chat.Command, User: m.who(), Room: chat.RoomID(at.room), Text: plainMentions(text), At: m.time(),
		Reply: chat.ReplyTo{
			Platform: Name, Room: chat.RoomID(at.room), Thread: chat.MessageID(at.thread), User: m.who().ID, Token: messageToken + m.ID,
		},
	}, nil
}

// addressed returns what a message says to the bot, and false when it does not speak to it: it does when it begins with a
// mention of it, or was written to it directly.
func addressed(m message, bot string) (ok bool, text string) {
	text = strings.TrimSpace(m.Content)
	for _, mention := range []string{"<@" + bot + ">", "<@!" + bot + ">"} {
		if rest, found := strings.CutPrefix(text, mention); found && bot != "" {
			return true, strings.TrimSpace(rest)
		}
	}
	return m.GuildID == "" && text != "", text
}

type reaction struct {
	UserID    string  `json:"user_id"`
	ChannelID string  `json:"channel_id"`
	MessageID string  `json:"message_id"`
	GuildID   string  `json:"guild_id"`
	Member    *member `json:"member"`
	Emoji     struct {
		Name string `json:"name"`
	} `json:"emoji"`
}

func (d *Discord) decodeReaction(r chat.Request, h heard) (chat.Inbound, error) {
	var e reaction
	if err := json.Unmarshal(h.Event, &e); err != nil {
		return chat.Inbound{}, err
	}
	var m message
	if err := json.Unmarshal(h.Message, &m); err != nil {
		return chat.Inbound{}, err
	}
	at := h.place(e.ChannelID)
	in := chat.Inbound{Kind: chat.Pinned, User: chat.User{ID: chat.UserID(e.UserID)}, Room: chat.RoomID(at.room)}
	if e.Member != nil {
		in.User = e.Member.who()
	}
	d.about(&in, m, at)
	return in, nil
}

func (d *Discord) decodeEdit(r chat.Request, h heard) (chat.Inbound, error) {
	var m message
	if err := json.Unmarshal(h.Event, &m); err != nil {
		return chat.Inbound{}, err
	}
	at := h.place(m.ChannelID)
	in := chat.Inbound{Kind: chat.PinEdited, User: m.who(), Room: chat.RoomID(at.room)}
	d.about(&in, m, at)
	if edited, err := time.Parse(time.RFC3339, m.Edited); err == nil {
		in.At = edited
	}
	return in, nil
}

func (d *Discord) decodeDelete(r chat.Request, h heard) (chat.Inbound, error) {
	var m message
	if err := json.Unmarshal(h.Event, &m); err != nil {
		return chat.Inbound{}, err
	}
	at := h.place(m.ChannelID)
	return chat.Inbound{Kind: chat.PinDeleted, Room: chat.RoomID(at.room), Message: at.messageID(m.ID)}, nil
}

func (d *Discord) decodeRoomGone(r chat.Request, h heard) (chat.Inbound, error) {
	var c channel
	if err := json.Unmarshal(h.Event, &c); err != nil {
		return chat.Inbound{}, err
	}
	return chat.Inbound{Kind: chat.RoomGone, Room: chat.RoomID(c.ID), RoomName: c.Name, Reason: h.Reason}, nil
}

func (d *Discord) decodeMember(r chat.Request, h heard) (chat.Inbound, error) {
	var m member
	if err := json.Unmarshal(h.Event, &m); err != nil {
		return chat.Inbound{}, err
	}
	return chat.Inbound{Kind: chat.UserLeft, User: m.who()}, nil
}

func (h heard) place(channel string) place {
	if h.Room != "" && h.Room != channel {
		return place{room: h.Room, thread: channel}
	}
	return place{room: channel}
}

func (i interaction) place() place {
	c := i.Channel
	if c.ID == "" {
		c.ID = i.ChannelID
	}
	return c.place()
}

func (i interaction) who() chat.User {
	switch {
	case i.Member != nil:
		return i.Member.who()
	case i.User != nil:
		return i.User.who()
	}
	return chat.User{}
}

func (m member) who() chat.User {
	u := m.User.who()
	if m.Nick != "" {
		u.Name = m.Nick
	}
	return u
}

func (u user) who() chat.User {
	name := u.GlobalName
	if name == "" {
		name = u.Username
	}
	return chat.User{ID: chat.UserID(u.ID), Name: name}
}

func (m message) who() chat.User {
	u := m.Author.who()
	if m.Member != nil && m.Member.Nick != "" {
		u.Name = m.Member.Nick
	}
	return u
}

func (m message) time() time.Time {
	at, err := time.Parse(time.RFC3339, m.Timestamp)
	if err != nil {
		return snowflakeTime(m.ID)
	}
	return at
}

var userMention = regexp.MustCompile(`<@!?(\d+)>`)

// plainMentions writes a mention the way a typed option has it, "@" and the id, so that one parser reads both.
func plainMentions(text string) string { return userMention.ReplaceAllString(text, "@$1") }

// text returns what people read: mentions by name, and of a bot's message what its embeds say.
func (m message) text() string {
	parts := []string{}
	if m.Content != "" {
		parts = append(parts, userMention.ReplaceAllStringFunc(m.Content, m.mentioned))
	}
	for _, e := range m.Embeds {
		if e.Description != "" {
			parts = append(parts, e.Description)
		}
		for _, f := range e.Fields {
			parts = append(parts, f.Name+": "+f.Value)
		}
	}
	return strings.Join(parts, "\n")
}

func (m message) mentioned(mention string) string {
	id := strings.Trim(mention, "<@!>")
	for _, u := range m.Mentions {
		if u.ID == id {
			return "@" + u.who().Name
		}
	}
	return mention
}
