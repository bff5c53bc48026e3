package console

import (
	"context"
	"net/url"
	"slices"
	"strconv"

	"sitrep/bot/chat"
	"sitrep/bot/ops"
)

const maxFile = 8 << 20

// Post implements chat.Posts. With a Key that the room has already it returns the message that stands.
func (c *Console) Post(ctx context.Context, p chat.Post) (chat.Posted, error) {
	const op = "console.Post"
	var posted message
	err := c.write(ctx, op, func() error {
		if m, ok := c.findKey(p.Room, postKey(p.Key)); ok && p.Key != "" {
			posted = m
			return nil
		}
		if r, ok := c.findRoom(p.Room); ok && r.Archived {
			return &ops.Error{Op: op, Kind: ops.Denied, Msg: "The room is archived: reopen it first."}
		}
		m, err := c.compose(ctx, op, message{Room: p.Room, Thread: p.Thread, Key: postKey(p.Key)}, p.Message)
		posted = m
		return err
	})
	if err != nil {
		return chat.Posted{}, err
	}
	return chat.Posted{ID: posted.ID, URL: c.link(posted.Room, posted.ID)}, nil
}

func postKey(key chat.Key) string {
	if key == "" {
		return ""
	}
	return "post:" + string(key)
}

// compose stores what the bot writes, its files first; c.writing is held.
func (c *Console) compose(ctx context.Context, op string, m message, body chat.Message) (message, error) {
	if _, err := c.channelLocked(ctx, op, m.Room); err != nil {
		return m, err
	}
	m.Bot, m.At = true, c.cfg.Now()
	var err error
	if m.Message, m.Files, err = c.keepFiles(ctx, op, fit(body)); err != nil {
		return m, err
	}
	return c.saveMessage(ctx, m)
}

// keepFiles stores the pictures and files of a message, and returns it without their data.
func (c *Console) keepFiles(ctx context.Context, op string, m chat.Message) (chat.Message, []string, error) {
	var ids []string
	m.Blocks = slices.Clone(m.Blocks)
	for i := range m.Blocks {
		b := &m.Blocks[i]
		for _, f := range []**chat.File{&b.Image, &b.File} {
			if *f == nil {
				continue
			}
			if len((*f).Data) > maxFile {
				return m, nil, invalid(op, "The file "+(*f).Name+" is larger than 8 MB.")
			}
			id := "f" + strconv.FormatUint(c.next(), 10)
			if err := c.keep.PutRecord(ctx, kindFile, id, (*f).Data); err != nil {
				return m, nil, err
			}
			ids = append(ids, id)
			bare := **f
			bare.Data = nil
			*f = &bare
		}
	}
	return m, ids, nil
}

// FindPost implements chat.Posts.
func (c *Console) FindPost(ctx context.Context, p chat.Post) (chat.Posted, error) {
	const op = "console.FindPost"
	var posted chat.Posted
	err := c.write(ctx, op, func() error {
		_, there := c.findRoom(p.Room)
		m, ok := c.findKey(p.Room, postKey(p.Key))
		if !there || !ok || p.Key == "" {
			return notFound(op, "There is no such message.")
		}
		posted = chat.Posted{ID: m.ID, URL: c.link(m.Room, m.ID)}
		return nil
	})
	return posted, err
}

func (c *Console) changeMessage(ctx context.Context, op string, in chat.RoomID, id chat.MessageID, change func(*message) error) error {
	return c.write(ctx, op, func() error {
		m, ok := c.findMessage(in, id)
		if !ok {
			return notFound(op, messageGone)
		}
		if err := change(&m); err != nil {
			return err
		}
		_, err := c.saveMessage(ctx, m)
		return err
	})
}

// Edit implements chat.Posts.
func (c *Console) Edit(ctx context.Context, in chat.RoomID, id chat.MessageID, body chat.Message) error {
	const op = "console.Edit"
	return c.changeMessage(ctx, op, in, id, func(m *message) error {
		if !m.Bot {
			return &ops.Error{Op: op, Kind: ops.Denied, Msg: "Somebody else has written the message."}
		}
		m.Edited = c.cfg.Now()
		return c.replace(ctx, op, m, body)
	})
}

// replace gives a message a new body, in which the pictures and files of the old one stay; c.writing is held.
func (c *Console) replace(ctx context.Context, op string, m *message, body chat.Message) error {
	fresh, ids, err := c.keepFiles(ctx, op, fit(body))
	if err != nil {
		return err
	}
	n := 0
	for _, b := range m.Message.Blocks {
		if b.Image == nil && b.File == nil {
			continue
		}
		if !hasFile(fresh, b) {
			fresh.Blocks = append(fresh.Blocks, b)
			ids = append(ids, m.Files[n])
		}
		n++
	}
	m.Message, m.Files = fresh, ids
	return nil
}

func hasFile(m chat.Message, old chat.Block) bool {
	return slices.ContainsFunc(m.Blocks, func(b chat.Block) bool {
		return b.Image != nil && old.Image != nil && b.Image.Name == old.Image.Name ||
			b.File != nil && old.File != nil && b.File.Name == old.File.Name
	})
}

// Pin implements chat.Posts.
func (c *Console) Pin(ctx context.Context, in chat.RoomID, id chat.MessageID) error {
	return c.changeMessage(ctx, "console.Pin", in, id, func(m *message) error { m.Pinned = true; return nil })
}

// Reply implements chat.Replies. An answer of the same Key is replaced, whether or not the caller was sure of it. An archived room
// takes answers, since a command may be typed there.
func (c *Console) Reply(ctx context.Context, r chat.Reply) error {
	const op = "console.Reply"
	return c.write(ctx, op, func() error {
		key := "reply:" + r.To.Token + ":" + string(r.Key)
		if m, ok := c.findKey(r.To.Room, key); ok {
			if err := c.replace(ctx, op, &m, r.Message); err != nil {
				return err
			}
			_, err := c.saveMessage(ctx, m)
			return err
		}
		m := message{Room: r.To.Room, Thread: r.To.Thread, Key: key}
		if r.Private || r.To.Private {
			m.Only = r.To.User
		}
		_, err := c.compose(ctx, op, m, r.Message)
		return err
	})
}

// PublishHome implements chat.Replies; the console has no home page of its own, since its list of rooms is one.
func (c *Console) PublishHome(context.Context, chat.UserID, chat.Message) error { return nil }

func (c *Console) link(in chat.RoomID, id chat.MessageID) string {
	link := c.cfg.BaseURL + "/console/#" + url.PathEscape(string(in))
	if id != "" {
		link += "/" + url.PathEscape(string(id))
	}
	return link
}

// The most that the console shows of a message.
const (
	maxBlocks  = 50
	maxHeader  = 250
	maxText    = 12_000
	maxCode    = 20_000
	maxFields  = 25
	maxButtons = 5
)

// fit cuts what is too long.
func fit(m chat.Message) chat.Message {
	m.Summary = chat.Cut(m.Summary, maxHeader)
	if len(m.Blocks) > maxBlocks {
		left := len(m.Blocks) - maxBlocks + 1
		m.Blocks = append(slices.Clone(m.Blocks[:maxBlocks-1]), chat.Block{Context: strconv.Itoa(left) + " more parts are left out."})
	}
	m.Blocks = slices.Clone(m.Blocks)
	for i, b := range m.Blocks {
		b.Header, b.Text, b.Context, b.Code = chat.Cut(b.Header, maxHeader), chat.Cut(b.Text, maxText), chat.Cut(b.Context, maxText), chat.Cut(b.Code, maxCode)
		b.Fields = slices.Clone(b.Fields[:min(len(b.Fields), maxFields)])
		for j, f := range b.Fields {
			b.Fields[j] = chat.Field{Name: chat.Cut(f.Name, maxHeader), Value: chat.Cut(f.Value, maxText/10)}
		}
		b.Buttons = slices.Clone(b.Buttons[:min(len(b.Buttons), maxButtons)])
		for j, x := range b.Buttons {
			b.Buttons[j].Label, b.Buttons[j].Confirm = chat.Cut(x.Label, 30), chat.Cut(x.Confirm, maxHeader)
		}
		m.Blocks[i] = b
	}
	return m
}
