package slack

import (
	"context"
	"time"

	api "github.com/slack-go/slack"

	"sitrep/bot/chat"
	"sitrep/bot/ops"
)

// eventType names our metadata; skew is how far Slack's clock and ours may be apart.
const (
	eventType = "sitrep"
	skew      = 2 * time.Minute
	pageSize  = 200
)

// Post writes a message marked with its key in the message's metadata.
func (s *Slack) Post(ctx context.Context, p chat.Post) (chat.Posted, error) {
	id, err := s.whoami(ctx)
	if err != nil {
		return chat.Posted{}, err
	}
	body, kept, err := s.compose(ctx, p.Message, nil)
	if err != nil {
		return chat.Posted{}, err
	}
	body = append(body, s.mark(p.Key))
	if p.Thread != "" {
		body = append(body, api.MsgOptionTS(string(p.Thread)))
	}
	_, ts, err := s.api.PostMessageContext(ctx, bare(p.Room), body...)
	if err != nil {
		return chat.Posted{}, fault("slack.chat.postMessage", err)
	}
	s.keep(p.Room, ts, kept)
	return posted(id, p, ts), nil
}

func posted(id identity, p chat.Post, ts string) chat.Posted {
	return chat.Posted{ID: chat.MessageID(ts), URL: permalink(id.Site, bare(p.Room), ts, string(p.Thread))}
}

func (s *Slack) mark(key chat.Key) api.MsgOption {
	return api.MsgOptionMetadata(api.SlackMetadata{
		EventType:    eventType,
		EventPayload: map[string]any{"key": string(key), "instance": s.cfg.Instance},
	})
}

// compose writes a message, with its pictures and files uploaded. had are those that it has already, which stay.
func (s *Slack) compose(ctx context.Context, m chat.Message, had []keptPart) ([]api.MsgOption, []keptPart, error) {
	parts, left, err := s.attach(ctx, m, had)
	if err != nil {
		return nil, nil, err
	}
	blocks := render(m, s.cfg.Instance, parts, maxBlocks-min(len(left), maxBlocks/2))
	for _, k := range left[:min(len(left), maxBlocks/2)] {
		blocks = append(blocks, k.block())
	}
	body := []api.MsgOption{api.MsgOptionText(summary(m), false), api.MsgOptionBlocks(blocks...)}
	kept := keptIn(blocks)
	if sharesFile(kept) {
		// The link to a file is what shows the file in the room.
		return append(body, api.MsgOptionEnableLinkUnfurl()), kept, nil
	}
	return append(body, api.MsgOptionDisableLinkUnfurl(), api.MsgOptionDisableMediaUnfurl()), kept, nil
}

func sharesFile(parts []keptPart) bool {
	for _, k := range parts {
		if k.file == "" {
			return true
		}
	}
	return false
}

func (s *Slack) keep(room chat.RoomID, ts string, kept []keptPart) {
	s.kept.set(keptKey(room, ts), kept)
}

func keptKey(room chat.RoomID, ts string) chat.MessageID {
	return chat.MessageID(bare(room) + "/" + ts)
}

// FindPost looks through the room's history since p.Since, or through the thread.
func (s *Slack) FindPost(ctx context.Context, p chat.Post) (chat.Posted, error) {
	id, err := s.whoami(ctx)
	if err != nil {
		return chat.Posted{}, err
	}
	m, err := s.search(ctx, p)
	if err != nil {
		return chat.Posted{}, err
	}
	s.keep(p.Room, m.Timestamp, keptIn(m.Blocks.BlockSet))
	return posted(id, p, m.Timestamp), nil
}

func (s *Slack) search(ctx context.Context, p chat.Post) (api.Message, error) {
	since := oldest(p.Since.Add(-skew))
	for cursor := ""; ; {
		page, next, err := s.history(ctx, p, since, cursor)
		if err != nil {
			return api.Message{}, err
		}
		for _, m := range page {
			if m.Metadata.EventType == eventType && m.Metadata.EventPayload["key"] == string(p.Key) && m.Metadata.EventPayload["instance"] == s.cfg.Instance {
				return m, nil
			}
		}
		if next == "" {
			return api.Message{}, &ops.Error{Op: "slack.FindPost", Kind: ops.NotFound, Msg: "That message was not written."}
		}
		cursor = next
	}
}

func (s *Slack) history(ctx context.Context, p chat.Post, since, cursor string) (page []api.Message, next string, err error) {
	if p.Thread != "" {
		page, _, next, err = s.api.GetConversationRepliesContext(ctx, &api.GetConversationRepliesParameters{
			ChannelID: bare(p.Room), Timestamp: string(p.Thread), Oldest: since, Cursor: cursor, Limit: pageSize, IncludeAllMetadata: true,
		})
		return page, next, fault("slack.conversations.replies", err)
	}
	r, err := s.api.GetConversationHistoryContext(ctx, &api.GetConversationHistoryParameters{
		ChannelID: bare(p.Room), Oldest: since, Cursor: cursor, Limit: pageSize, IncludeAllMetadata: true,
	})
	if err != nil {
		return nil, "", fault("slack.conversations.history", err)
	}
	return r.Messages, r.ResponseMetaData.NextCursor, nil
}

// fetch reads one message. The history of a room leaves out what stands in threads, so those are asked next.
func (s *Slack) fetch(ctx context.Context, channel, ts string) (api.Message, error) {
	r, err := s.api.GetConversationHistoryContext(ctx, &api.GetConversationHistoryParameters{
		ChannelID: channel, Latest: ts, Oldest: ts, Inclusive: true, Limit: 1,
	})
	if err != nil {
		return api.Message{}, fault("slack.conversations.history", err)
	}
	if len(r.Messages) == 1 && r.Messages[0].Timestamp == ts {
		return r.Messages[0], nil
	}
	thread, _, _, err := s.api.GetConversationRepliesContext(ctx, &api.GetConversationRepliesParameters{ChannelID: channel, Timestamp: ts, Inclusive: true, Limit: 1})
	if err != nil {
		return api.Message{}, fault("slack.conversations.replies", err)
	}
	for _, m := range thread {
		if m.Timestamp == ts {
			return m, nil
		}
	}
	return api.Message{}, &ops.Error{Op: "slack.conversations.replies", Kind: ops.NotFound, Msg: "That message is gone."}
}

// Edit replaces a message of ours; its pictures and files stay.
func (s *Slack) Edit(ctx context.Context, room chat.RoomID, message chat.MessageID, m chat.Message) error {
	return s.edit(ctx, room, message, m)
}

func (s *Slack) edit(ctx context.Context, room chat.RoomID, message chat.MessageID, m chat.Message, more ...api.MsgOption) error {
	ts := string(message)
	had, known := s.kept.get(keptKey(room, ts))
	if !known {
		old, err := s.fetch(ctx, bare(room), ts)
		if err != nil {
			return err
		}
		had = keptIn(old.Blocks.BlockSet)
	}
	body, kept, err := s.compose(ctx, m, had)
	if err != nil {
		return err
	}
	if _, _, _, err := s.api.UpdateMessageContext(ctx, bare(room), ts, append(body, more...)...); err != nil {
		return fault("slack.chat.update", err)
	}
	s.keep(room, ts, kept)
	return nil
}

// Pin keeps a message at the top of its room.
func (s *Slack) Pin(ctx context.Context, room chat.RoomID, message chat.MessageID) error {
	err := s.api.AddPinContext(ctx, bare(room), api.ItemRef{Channel: bare(room), Timestamp: string(message)})
	if said(err, "already_pinned") {
		return nil
	}
	return fault("slack.pins.add", err)
}
