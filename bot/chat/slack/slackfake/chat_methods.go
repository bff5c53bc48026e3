package slackfake

import (
	"encoding/json"
	"slices"
	"strings"
	"unicode/utf8"
)

var methods = map[string]method{
	"auth.test":                    {"", (*Server).authTest},
	"chat.postMessage":             {"chat:write", (*Server).postMessage},
	"chat.postEphemeral":           {"chat:write", (*Server).postEphemeral},
	"chat.update":                  {"chat:write", (*Server).update},
	"conversations.archive":        {"*:write", (*Server).archive},
	"conversations.create":         {"*:write", (*Server).create},
	"conversations.history":        {"*:history", (*Server).history},
	"conversations.invite":         {"*:write", (*Server).invite},
	"conversations.open":           {"im:write", (*Server).openDirect},
	"conversations.rename":         {"*:write", (*Server).rename},
	"conversations.replies":        {"*:history", (*Server).replies},
	"conversations.setPurpose":     {"*:write", (*Server).setPurpose},
	"conversations.setTopic":       {"*:write", (*Server).setTopic},
	"conversations.unarchive":      {"*:write", (*Server).unarchive},
	"files.completeUploadExternal": {"files:write", (*Server).completeUpload},
	"files.getUploadURLExternal":   {"files:write", (*Server).uploadURL},
	"files.info":                   {"files:read", (*Server).fileInfo},
	"pins.add":                     {"pins:write", (*Server).pin},
	"users.conversations":          {"channels:read groups:read", (*Server).conversations},
	"users.info":                   {"users:read", (*Server).userInfo},
	"views.open":                   {"", (*Server).openView},
	"views.publish":                {"", (*Server).publishView},
}

func (s *Server) authTest(args) (result, *refusal) {
	return result{"url": site, "team": "Fake", "user": "sitrep", "team_id": team, "user_id": botUser, "bot_id": botID}, nil
}

// reach finds a channel for a call about it; mu is held.
func (s *Server) reach(a args) (*channel, *refusal) {
	c := s.channels[a.str("channel")]
	if c == nil || c.gone || c.private && !c.members[botUser] {
		return nil, refuse("channel_not_found")
	}
	return c, nil
}

// writable is reach for what an archived channel refuses, and one in which the bot is not.
func (s *Server) writable(a args) (*channel, *refusal) {
	c, no := s.reach(a)
	if no != nil {
		return nil, no
	}
	if c.archived {
		return nil, refuse("is_archived")
	}
	if !c.members[botUser] {
		return nil, refuse("not_in_channel")
	}
	return c, nil
}

// content reads what a call writes, and refuses what Slack would.
func (s *Server) content(name string, a args) (*message, *refusal) {
	m := &message{user: botUser, fromBot: true, text: a.str("text"), thread: a.str("thread_ts"), previews: a.str("unfurl_links") != "false"}
	if !a.into("blocks", &m.blocks) {
		return nil, refuse("invalid_blocks_format")
	}
	if m.text == "" && len(m.blocks) == 0 {
		return nil, refuse("no_text")
	}
	if utf8.RuneCountInString(m.text) > 40000 {
		s.violatedLocked("%s: text is too long", name)
		return nil, refuse("msg_too_long")
	}
	if why := s.wrong(m.blocks, 50); why != "" {
		s.violatedLocked("%s: %s", name, why)
		return nil, &refusal{code: "invalid_blocks", messages: []string{why}}
	}
	if raw := a.str("metadata"); raw != "" {
		m.metadata = json.RawMessage(raw)
	}
	return m, nil
}

func (s *Server) postMessage(a args) (result, *refusal) {
	c, no := s.writable(a)
	if no != nil {
		return nil, no
	}
	m, no := s.content("chat.postMessage", a)
	if no != nil {
		return nil, no
	}
	if m.thread != "" && c.find(m.thread) == nil {
		return nil, refuse("thread_not_found")
	}
	s.add(c, m)
	return result{"channel": c.id, "ts": m.ts, "message": s.wire(m, false)}, nil
}

// add puts a message into a channel and tells the app of it; mu is held.
func (s *Server) add(c *channel, m *message) {
	m.ts = s.ts()
	c.messages = append(c.messages, m)
	if m.only == "" && c.direct == "" {
		e := s.wire(m, false)
		e["channel"], e["event_ts"] = c.id, m.ts
		s.emit("message", kindOf(c)+":history", e)
	}
}

func kindOf(c *channel) string {
	switch {
	case c.direct != "":
		return "im"
	case c.private:
		return "groups"
	}
	return "channels"
}

func (s *Server) postEphemeral(a args) (result, *refusal) {
	c, no := s.writable(a)
	if no != nil {
		return nil, no
	}
	m, no := s.content("chat.postEphemeral", a)
	if no != nil {
		return nil, no
	}
	if !c.members[a.str("user")] {
		return nil, refuse("user_not_in_channel")
	}
	m.only, m.metadata = a.str("user"), nil
	s.add(c, m)
	return result{"message_ts": m.ts}, nil
}

func (s *Server) update(a args) (result, *refusal) {
	c, no := s.writable(a)
	if no != nil {
		return nil, no
	}
	old := c.find(a.str("ts"))
	if old == nil {
		return nil, refuse("message_not_found")
	}
	if !old.fromBot {
		return nil, refuse("cant_update_message")
	}
	m, no := s.content("chat.update", a)
	if no != nil {
		return nil, no
	}
	before := s.wire(old, false)
	old.text, old.blocks, old.metadata, old.edited = m.text, m.blocks, m.metadata, true
	old.previews = old.previews || m.previews
	s.changed(c, old, before)
	told := s.wire(old, false)
	delete(told, "ts")
	delete(told, "thread_ts")
	return result{"channel": c.id, "ts": old.ts, "text": old.text, "message": told}, nil
}

func (s *Server) changed(c *channel, m *message, before result) {
	s.emit("message", kindOf(c)+":history", result{
		"type": "message", "subtype": "message_changed", "hidden": true, "channel": c.id, "ts": s.ts(), "event_ts": s.ts(),
		"message": s.wire(m, false), "previous_message": before,
	})
}

// wire is a message as the API tells it.
func (s *Server) wire(m *message, metadata bool) result {
	r := result{"type": "message", "ts": m.ts, "text": m.text, "user": m.user, "team": team}
	if m.fromBot {
		r["bot_id"], r["app_id"] = botID, appID
	}
	if m.thread != "" {
		r["thread_ts"] = m.thread
	}
	if len(m.blocks) > 0 {
		r["blocks"] = m.blocks
	}
	if m.edited {
		r["edited"] = result{"user": m.user, "ts": m.ts}
	}
	if metadata && len(m.metadata) > 0 {
		r["metadata"] = m.metadata
	}
	return r
}

func (s *Server) history(a args) (result, *refusal) {
	c, no := s.reach(a)
	if no != nil {
		return nil, no
	}
	if !c.members[botUser] {
		return nil, refuse("not_in_channel")
	}
	var found []*message
	for _, m := range slices.Backward(c.messages) {
		if m.only == "" && (m.thread == "" || m.thread == m.ts) && within(m.ts, a) {
			found = append(found, m)
		}
	}
	return s.paged(found, a), nil
}

func (s *Server) replies(a args) (result, *refusal) {
	c, no := s.reach(a)
	if no != nil {
		return nil, no
	}
	head := c.find(a.str("ts"))
	if head == nil {
		return nil, refuse("thread_not_found")
	}
	found := []*message{head}
	for _, m := range c.messages {
		if m.only == "" && m != head && m.thread == head.ts && within(m.ts, a) {
			found = append(found, m)
		}
	}
	return s.paged(found, a), nil
}

func within(ts string, a args) bool {
	oldest, latest := a.str("oldest"), a.str("latest")
	edge := ts == oldest || ts == latest
	if edge && !a.yes("inclusive") {
		return false
	}
	return edge || (oldest == "" || less(oldest, ts)) && (latest == "" || less(ts, latest))
}

// less compares two timestamps, whose whole part may differ in length.
func less(a, b string) bool {
	wholeA, fracA, _ := strings.Cut(a, ".")
	wholeB, fracB, _ := strings.Cut(b, ".")
	if len(wholeA) != len(wholeB) {
		return len(wholeA) < len(wholeB)
	}
	if wholeA != wholeB {
		return wholeA < wholeB
	}
	return fracA < fracB
}

func (s *Server) paged(found []*message, a args) result {
	messages := []result{}
	page, next := cut(found, a)
	for _, m := range page {
		messages = append(messages, s.wire(m, a.yes("include_all_metadata")))
	}
	return result{"messages": messages, "has_more": next != "", "response_metadata": result{"next_cursor": next}}
}

func (s *Server) pin(a args) (result, *refusal) {
	c, no := s.writable(a)
	if no != nil {
		return nil, no
	}
	m := c.find(a.str("timestamp"))
	if m == nil {
		return nil, refuse("message_not_found")
	}
	if m.pinned {
		return nil, refuse("already_pinned")
	}
	m.pinned = true
	return result{}, nil
}
