package discord

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"sitrep/bot/chat"
	"sitrep/bot/ops"
)

const (
	unknownChannel = 10003
	threadName     = "Details"
	pageSize       = 100
	// clockSkew is how far our clock may be ahead of Discord's when messages are looked for.
	clockSkew = 30 * time.Second
)

// Post writes a message. Within a few minutes the nonce keeps a repeated one from standing there twice.
func (d *Discord) Post(ctx context.Context, p chat.Post) (chat.Posted, error) {
	const op = "discord.Post"
	body, files, err := render(p.Message, d.cfg.Instance, p.Key)
	if err != nil {
		return chat.Posted{}, err
	}
	body.Nonce, body.EnforceNonce = nonce(d.cfg.Instance, p.Key), true
	at := place{room: string(p.Room), thread: string(p.Thread)}
	posted, err := d.send(ctx, op, at, body, files)
	if at.thread == "" || !hasCode(err, unknownChannel) {
		return posted, err
	}
	if err := d.startThread(ctx, op, at); err != nil {
		return chat.Posted{}, err
	}
	return d.send(ctx, op, at, body, files)
}

func (d *Discord) send(ctx context.Context, op string, at place, body payload, files []file) (chat.Posted, error) {
	var m message
	body.Attachments = attachments(files)
	err := d.do(ctx, request{
		op: op, method: http.MethodPost, path: "channels/" + at.channel() + "/messages", body: body, files: files, need: "Send Messages",
	}, &m)
	if err != nil {
		return chat.Posted{}, err
	}
	return d.posted(at, m), nil
}

func (d *Discord) posted(at place, m message) chat.Posted {
	return chat.Posted{ID: at.messageID(m.ID), URL: d.permalink(at.channel(), m.ID)}
}

// startThread begins the thread of a message, which gets the message's id.
func (d *Discord) startThread(ctx context.Context, op string, at place) error {
	err := d.do(ctx, request{
		op: op, method: http.MethodPost, path: "channels/" + at.room + "/messages/" + at.thread + "/threads",
		body: map[string]any{"name": threadName}, need: "Create Public Threads",
	}, nil)
	if hasCode(err, threadExists) {
		return nil
	}
	return err
}

// attachments lists the files of a message, as Discord wants them named beside the upload.
func attachments(files []file) []attachment {
	var out []attachment
	for i, f := range files {
		out = append(out, attachment{ID: strconv.Itoa(i), Filename: f.name, Description: f.alt})
	}
	return out
}

// FindPost reads what was written since the task began, and looks for the mark.
func (d *Discord) FindPost(ctx context.Context, p chat.Post) (chat.Posted, error) {
	at := place{room: string(p.Room), thread: string(p.Thread)}
	m, err := d.find(ctx, "discord.FindPost", at, p.Key, p.Since)
	if err != nil {
		return chat.Posted{}, err
	}
	return d.posted(at, m), nil
}

func (d *Discord) find(ctx context.Context, op string, at place, key chat.Key, since time.Time) (message, error) {
	self, err := d.me(ctx)
	if err != nil {
		return message{}, err
	}
	mark, after := markURL(d.cfg.Instance, key), snowflakeAt(since.Add(-clockSkew))
	for {
		var page []message
		err := d.do(ctx, request{
			op: op, method: http.MethodGet, path: "channels/" + at.channel() + "/messages?limit=" + strconv.Itoa(pageSize) + "&after=" + after,
			need: "Read Message History",
		}, &page)
		if err != nil {
			return message{}, err
		}
		for _, m := range page {
			if m.Author.ID == self && m.marked(mark) {
				return m, nil
			}
			if len(m.ID) > len(after) || len(m.ID) == len(after) && m.ID > after {
				after = m.ID
			}
		}
		if len(page) < pageSize {
			return message{}, &ops.Error{Op: op, Kind: ops.NotFound, Msg: "There is no such message on Discord."}
		}
	}
}

func (m message) marked(url string) bool {
	for _, e := range m.Embeds {
		if e.URL == url {
			return true
		}
	}
	return false
}

// Edit replaces a message's text and buttons and leaves its files alone.
func (d *Discord) Edit(ctx context.Context, room chat.RoomID, id chat.MessageID, m chat.Message) error {
	body, _, err := render(m, d.cfg.Instance, "")
	if err != nil {
		return err
	}
	channel, bare := locate(room, id)
	return d.do(ctx, request{op: "discord.Edit", method: http.MethodPatch, path: "channels/" + channel + "/messages/" + bare, body: body}, nil)
}

// Pin pins a message; one that is pinned stays so.
func (d *Discord) Pin(ctx context.Context, room chat.RoomID, id chat.MessageID) error {
	channel, bare := locate(room, id)
	return d.do(ctx, request{
		op: "discord.Pin", method: http.MethodPut, path: "channels/" + channel + "/messages/pins/" + bare, need: "Pin Messages",
	}, nil)
}
