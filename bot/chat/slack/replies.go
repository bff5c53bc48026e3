package slack

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	api "github.com/slack-go/slack"

	"sitrep/bot/chat"
	"sitrep/bot/ops"
)

// answerKey is one answer to one command.
type answerKey struct {
	key  chat.Key
	room chat.RoomID
	to   string
}

// answer is where an answer went: a message's timestamp, or nothing for one that its response URL replaces.
type answer struct{ ts string }

// Reply answers a command: privately through its response URL, which works in any room, else in the room as a message of ours.
// A private answer to a button cannot be replaced, because to "replace" there means the message with the button: a second one is sent.
func (s *Slack) Reply(ctx context.Context, r chat.Reply) error {
	if r.To.Room == "" {
		room, err := s.Direct(ctx, r.To.User)
		if err != nil {
			return err
		}
		r.To.Room, r.Private = room, false
	} else if r.Private || r.To.Private {
		return s.whisper(ctx, r)
	}
	return s.answer(ctx, r)
}

func keyOf(r chat.Reply) answerKey {
	return answerKey{key: r.Key, room: r.To.Room, to: r.To.Token}
}

// whisper answers the asker alone.
func (s *Slack) whisper(ctx context.Context, r chat.Reply) error {
	body, _, err := s.compose(ctx, inline(r.Message), nil)
	if err != nil {
		return err
	}
	if r.To.Token != "" {
		return s.respond(ctx, r, api.ResponseTypeEphemeral, body)
	}
	if r.To.Thread != "" {
		body = append(body, api.MsgOptionTS(string(r.To.Thread)))
	}
	_, err = s.api.PostEphemeralContext(ctx, bare(r.To.Room), bare(r.To.User), body...)
	return fault("slack.chat.postEphemeral", err)
}

// inline shows the text of a message's files in place: a private answer shares no file, so a link would lead nowhere.
func inline(m chat.Message) chat.Message {
	blocks := slices.Clone(m.Blocks)
	for i, b := range blocks {
		if b.File != nil && utf8.Valid(b.File.Data) {
			blocks[i] = chat.Block{Code: string(b.File.Data)}
		}
	}
	m.Blocks = blocks
	return m
}

// respond answers through the response URL, and replaces what was answered there before.
func (s *Slack) respond(ctx context.Context, r chat.Reply, audience string, body []api.MsgOption) error {
	address, pressed := strings.CutPrefix(r.To.Token, buttonToken)
	_, before := s.replies.get(keyOf(r))
	body = append(body, api.MsgOptionResponseURL(address, audience))
	if r.To.Thread != "" {
		body = append(body, api.MsgOptionTS(string(r.To.Thread)))
	}
	if (before || r.Unsure) && !pressed {
		body = append(body, api.MsgOptionReplaceOriginal(address))
	}
	if _, _, err := s.api.PostMessageContext(ctx, "", body...); err != nil {
		return fault("slack.response_url", err)
	}
	s.remember(r, answer{})
	return nil
}

func (s *Slack) remember(r chat.Reply, a answer) {
	if r.Key != "" {
		s.replies.set(keyOf(r), a)
	}
}

// answer writes in the room, or replaces what was written there before.
func (s *Slack) answer(ctx context.Context, r chat.Reply) error {
	known, err := s.answered(ctx, r)
	if err != nil {
		return err
	}
	if known.ts != "" {
		return s.edit(ctx, r.To.Room, chat.MessageID(known.ts), r.Message, s.mark(r.Key))
	}
	posted, err := s.Post(ctx, chat.Post{Room: r.To.Room, Thread: r.To.Thread, Key: r.Key, Message: r.Message})
	if ops.KindOf(err) == ops.NotFound && r.To.Token != "" {
		return s.answerOutside(ctx, r)
	}
	if err != nil {
		return err
	}
	s.remember(r, answer{ts: string(posted.ID)})
	return nil
}

// answerOutside answers in a room in which the bot is not: there the response URL is the only way.
func (s *Slack) answerOutside(ctx context.Context, r chat.Reply) error {
	body, _, err := s.compose(ctx, r.Message, nil)
	if err != nil {
		return err
	}
	return s.respond(ctx, r, api.ResponseTypeInChannel, body)
}

// answered finds the earlier answer with this key. Only what was asked before this process began, or is unsure, is looked for.
func (s *Slack) answered(ctx context.Context, r chat.Reply) (answer, error) {
	if a, ok := s.replies.get(keyOf(r)); ok {
		return a, nil
	}
	asked := askedAt(r.To, s.cfg.Now())
	if r.Key == "" || !r.Unsure && asked.After(s.started) {
		return answer{}, nil
	}
	m, err := s.search(ctx, chat.Post{Room: r.To.Room, Thread: r.To.Thread, Key: r.Key, Since: asked})
	if ops.KindOf(err) == ops.NotFound {
		return answer{}, nil
	}
	if err != nil {
		return answer{}, err
	}
	s.keep(r.To.Room, m.Timestamp, keptIn(m.Blocks.BlockSet))
	return answer{ts: m.Timestamp}, nil
}

// askedAt is when a command was given. A ReplyTo that does not say is taken to be young enough to be answered.
func askedAt(to chat.ReplyTo, now time.Time) time.Time {
	if to.Expires.IsZero() {
		return now.Add(-tokenLife)
	}
	return to.Expires.Add(-tokenLife)
}

// PublishHome shows m on the person's home page of the bot.
func (s *Slack) PublishHome(ctx context.Context, user chat.UserID, m chat.Message) error {
	view := api.HomeTabViewRequest{Type: api.VTHomeTab, CallbackID: actionID(s.cfg.Instance, 0)}
	parts, _, err := s.attach(ctx, m, nil)
	if err != nil {
		return err
	}
	view.Blocks.BlockSet = render(m, s.cfg.Instance, parts, maxHomeBlocks)
	_, err = s.api.PublishViewContext(ctx, api.PublishViewContextRequest{UserID: bare(user), View: view})
	return fault("slack.views.publish", err)
}
