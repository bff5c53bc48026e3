package discord

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"
	"time"

	"go.uber.org/zap"

	"sitrep/bot/chat"
	"sitrep/bot/ops"
)

const (
	pin = "📌"
	// storeTries is how often a message is handed in before it is given up: unlike a command, nobody sends it again.
	storeTries = 5
)

// hear hands in what came over the gateway, and leaves out what can be of no interest to anyone. What it returns besides is to be done
// next, and may take its time.
func (d *Discord) hear(ctx context.Context, in chat.Intake, self, kind string, raw json.RawMessage) (then func(context.Context) error, err error) {
	var from struct {
		GuildID string `json:"guild_id"`
	}
	if err := json.Unmarshal(raw, &from); err != nil {
		return nil, err
	}
	if from.GuildID != "" && from.GuildID != d.cfg.GuildID {
		return nil, nil
	}
	switch kind {
	case "INTERACTION_CREATE":
		return d.hearInteraction(ctx, in, raw)
	case "MESSAGE_CREATE":
		err = d.hearMessage(ctx, in, self, raw)
	case "MESSAGE_UPDATE":
		err = d.hearEdit(ctx, in, raw)
	case "MESSAGE_DELETE", "MESSAGE_DELETE_BULK":
		err = d.hearDelete(ctx, in, raw)
	case "MESSAGE_REACTION_ADD":
		err = d.hearReaction(ctx, in, self, raw)
	case "CHANNEL_DELETE", "CHANNEL_UPDATE":
		err = d.hearChannel(ctx, in, self, kind, raw)
	case "GUILD_MEMBER_REMOVE":
		err = d.hearLeft(ctx, in, raw)
	}
	return nil, err
}

func (d *Discord) hearMessage(ctx context.Context, in chat.Intake, self string, raw json.RawMessage) error {
	var m message
	if err := json.Unmarshal(raw, &m); err != nil {
		return err
	}
	if ok, _ := addressed(m, self); !ok || m.Author.Bot || m.Author.ID == self {
		return nil
	}
	h := heard{Event: raw, Bot: self}
	if m.GuildID != "" {
		h.Room = d.roomOf(ctx, m.ChannelID).room
	}
	err := d.store(ctx, in, "msg/"+m.ID, kindMessage, h)
	if err != nil {
		d.apologise(ctx, m)
	}
	return err
}

// apologise tells that a command was not taken down.
func (d *Discord) apologise(ctx context.Context, m message) {
	err := d.do(ctx, request{op: "discord.apologise", method: http.MethodPost, path: "channels/" + m.ChannelID + "/messages", body: payload{
		Content: "sitrep cannot take that down just now, and has not done it. Try again in a moment.",
		Embeds:  []embed{}, Components: []component{}, AllowedMentions: mentions{Parse: []string{}}, Reference: &reference{MessageID: m.ID},
	}}, nil)
	if err != nil {
		d.log.Warn("nobody was told that a command was lost", zap.Error(err))
	}
}

// hearEdit leaves out what Discord itself changes, such as a link's preview, and rooms that are not ours.
func (d *Discord) hearEdit(ctx context.Context, in chat.Intake, raw json.RawMessage) error {
	var m message
	if err := json.Unmarshal(raw, &m); err != nil {
		return err
	}
	if m.Edited == "" || m.Author.Bot || m.Author.ID == "" {
		return nil
	}
	at := d.roomOf(ctx, m.ChannelID)
	if !at.ours {
		return nil
	}
	return d.store(ctx, in, "edit/"+m.ID+"/"+m.Edited, kindEdit, heard{Event: raw, Room: at.room})
}

func (d *Discord) hearDelete(ctx context.Context, in chat.Intake, raw json.RawMessage) error {
	var e struct {
		ID        string   `json:"id"`
		IDs       []string `json:"ids"`
		ChannelID string   `json:"channel_id"`
		GuildID   string   `json:"guild_id"`
	}
	if err := json.Unmarshal(raw, &e); err != nil {
		return err
	}
	at := d.roomOf(ctx, e.ChannelID)
	if !at.ours {
		return nil
	}
	if e.ID != "" {
		e.IDs = append(e.IDs, e.ID)
	}
	for _, id := range e.IDs {
		one, err := json.Marshal(map[string]string{"id": id, "channel_id": e.ChannelID, "guild_id": e.GuildID})
		if err != nil {
			return err
		}
		if err := d.store(ctx, in, "del/"+id, kindDelete, heard{Event: one, Room: at.room}); err != nil {
			return err
		}
	}
	return nil
}

func (d *Discord) hearReaction(ctx context.Context, in chat.Intake, self string, raw json.RawMessage) error {
	var e reaction
	if err := json.Unmarshal(raw, &e); err != nil {
		return err
	}
	if e.Emoji.Name != pin || e.UserID == self || e.Member != nil && e.Member.User.Bot {
		return nil
	}
	var m json.RawMessage
	err := d.insist(ctx, func() error {
		return d.do(ctx, request{op: "discord.hear", method: http.MethodGet, path: "channels/" + e.ChannelID + "/messages/" + e.MessageID, need: "Read Message History"}, &m)
	})
	if err != nil && ops.KindOf(err) == ops.NotFound {
		return nil // it was deleted meanwhile: there is nothing left to pin
	}
	if err != nil {
		return err
	}
	h := heard{Event: raw, Message: m, Room: d.roomOf(ctx, e.ChannelID).room}
	return d.store(ctx, in, "react/"+e.MessageID+"/"+e.UserID, kindReaction, h)
}

func (d *Discord) hearLeft(ctx context.Context, in chat.Intake, raw json.RawMessage) error {
	var m member
	if err := json.Unmarshal(raw, &m); err != nil {
		return err
	}
	// The event has no id. Someone who comes back and leaves again does so on another day.
	id := "left/" + m.User.ID + "/" + d.cfg.Now().UTC().Format(time.DateOnly)
	return d.store(ctx, in, id, kindMember, heard{Event: raw})
}

// store hands a request in, and again when it is not taken, until it is or ctx ends.
func (d *Discord) store(ctx context.Context, in chat.Intake, id, kind string, h heard) error {
	body, err := json.Marshal(h)
	if err != nil {
		return err
	}
	r := chat.Request{ID: id, Source: Name, Kind: kind, Body: body, At: d.cfg.Now()}
	return d.insist(ctx, func() error { return in.Receive(ctx, r) })
}

// insist repeats what may be repeated, because the gateway sends nothing a second time.
func (d *Discord) insist(ctx context.Context, do func() error) error {
	var err error
	wait := firstWait
	for range storeTries {
		if err = do(); err == nil || permanent(err) || ops.KindOf(err) == ops.NotFound {
			return err
		}
		pause(ctx, wait)
		wait *= 2
	}
	return err
}

// places knows in which room a channel stands, and whether that is ours. Its zero value is ready.
type places struct {
	mu    sync.Mutex
	known map[string]standing
}

type standing struct {
	room string
	ours bool
}

const placesMax = 5000

// roomOf asks Discord once for each channel. When that fails the channel counts as a room that is not ours.
func (d *Discord) roomOf(ctx context.Context, id string) standing {
	d.places.mu.Lock()
	s, ok := d.places.known[id]
	d.places.mu.Unlock()
	if ok {
		return s
	}
	c, err := d.channel(ctx, "discord.hear", id)
	if err == nil && c.thread() && c.ParentID != "" {
		c, err = d.channel(ctx, "discord.hear", c.ParentID)
	}
	if err != nil {
		return standing{room: id}
	}
	s = standing{room: c.ID, ours: ours(c.Topic, d.cfg.Instance)}
	d.places.mu.Lock()
	defer d.places.mu.Unlock()
	if d.places.known == nil || len(d.places.known) >= placesMax {
		d.places.known = map[string]standing{}
	}
	d.places.known[id] = s
	return s
}
