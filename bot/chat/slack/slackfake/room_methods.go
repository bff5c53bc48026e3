package slackfake

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

const nameChars = "abcdefghijklmnopqrstuvwxyz0123456789-_"

func (s *Server) badName(name, self string) *refusal {
	switch {
	case name == "":
		return refuse("invalid_name_required")
	case len(name) > 80:
		s.violatedLocked("the channel name %q is too long", name)
		return refuse("invalid_name_maxlength")
	case strings.Trim(name, nameChars) != "":
		return refuse("invalid_name_specials")
	}
	for _, c := range s.channels {
		if c.name == name && !c.gone && c.id != self {
			return refuse("name_taken")
		}
	}
	return nil
}

func (s *Server) create(a args) (result, *refusal) {
	name := a.str("name")
	if no := s.badName(name, ""); no != nil {
		return nil, no
	}
	c := s.newChannel("C", name, botUser)
	c.private = a.yes("is_private")
	return result{"channel": s.describeChannel(c)}, nil
}

// newChannel makes a channel with the bot in it; mu is held.
func (s *Server) newChannel(prefix, name, creator string) *channel {
	c := &channel{id: s.id(prefix), name: name, creator: creator, created: s.opts.Now(), members: map[string]bool{}}
	c.join(botUser)
	s.channels[c.id] = c
	s.order = append(s.order, c.id)
	return c
}

func (s *Server) describeChannel(c *channel) result {
	return result{
		"id": c.id, "name": c.name, "created": c.created.Unix(), "creator": c.creator, "is_archived": c.archived, "is_private": c.private,
		"is_channel": true, "topic": result{"value": c.topic, "creator": "", "last_set": 0}, "purpose": result{"value": c.purpose, "creator": "", "last_set": 0},
	}
}

// cut takes one page of a list; a cursor is the place where it goes on.
func cut[T any](all []T, a args) (page []T, next string) {
	from, _ := strconv.Atoi(a.str("cursor"))
	from = min(from, len(all))
	to := min(len(all), from+a.number("limit", 100))
	if to < len(all) {
		next = strconv.Itoa(to)
	}
	return all[from:to], next
}

func (s *Server) conversations(a args) (result, *refusal) {
	var mine []*channel
	for _, id := range s.order {
		c := s.channels[id]
		wanted := strings.Contains(a.str("types"), "private_channel") || !c.private
		if c.gone || c.direct != "" || !c.members[botUser] || !wanted || c.archived && a.yes("exclude_archived") {
			continue
		}
		mine = append(mine, c)
	}
	page, next := cut(mine, a)
	channels := []result{}
	for _, c := range page {
		channels = append(channels, s.describeChannel(c))
	}
	return result{"channels": channels, "response_metadata": result{"next_cursor": next}}, nil
}

func (s *Server) archive(a args) (result, *refusal) {
	c, no := s.reach(a)
	if no != nil {
		return nil, no
	}
	if c.archived {
		return nil, refuse("already_archived")
	}
	s.archiveBy(c, botUser)
	return result{}, nil
}

func (s *Server) archiveBy(c *channel, who string) {
	c.archived = true
	event, scope := "channel_archive", "channels:read"
	if c.private {
		event, scope = "group_archive", "groups:read"
	}
	s.emit(event, scope, result{"type": event, "channel": c.id, "user": who, "is_moved": 0, "event_ts": s.ts()})
}

func (s *Server) unarchive(a args) (result, *refusal) {
	c, no := s.reach(a)
	if no != nil {
		return nil, no
	}
	if !c.archived {
		return nil, refuse("not_archived")
	}
	c.archived = false
	return result{}, nil
}

func (s *Server) rename(a args) (result, *refusal) {
	c, no := s.writable(a)
	if no != nil {
		return nil, no
	}
	if no := s.badName(a.str("name"), c.id); no != nil {
		return nil, no
	}
	c.name = a.str("name")
	return result{"channel": s.describeChannel(c)}, nil
}

func (s *Server) setTopic(a args) (result, *refusal) {
	c, no := s.writable(a)
	if no != nil {
		return nil, no
	}
	if utf8.RuneCountInString(a.str("topic")) > 250 {
		s.violatedLocked("conversations.setTopic: too long")
		return nil, refuse("too_long")
	}
	c.topic = a.str("topic")
	return result{"channel": s.describeChannel(c)}, nil
}

func (s *Server) setPurpose(a args) (result, *refusal) {
	c, no := s.writable(a)
	if no != nil {
		return nil, no
	}
	if utf8.RuneCountInString(a.str("purpose")) > 250 {
		s.violatedLocked("conversations.setPurpose: too long")
		return nil, refuse("too_long")
	}
	c.purpose = a.str("purpose")
	return result{"channel": s.describeChannel(c)}, nil
}

func (s *Server) invite(a args) (result, *refusal) {
	c, no := s.writable(a)
	if no != nil {
		return nil, no
	}
	ids := strings.Split(a.str("users"), ",")
	for _, id := range ids {
		switch u := s.users[id]; {
		case u == nil || u.deleted:
			return nil, refuse("user_not_found")
		case id == botUser:
			return nil, refuse("cant_invite_self")
		case c.members[id]:
			return nil, refuse("already_in_channel")
		}
	}
	for _, id := range ids {
		c.join(id)
		s.emit("member_joined_channel", kindOf(c)+":read", result{
			"type": "member_joined_channel", "user": id, "channel": c.id, "channel_type": "C", "team": team, "inviter": botUser, "event_ts": s.ts(),
		})
	}
	return result{"channel": s.describeChannel(c)}, nil
}

func (s *Server) openDirect(a args) (result, *refusal) {
	id := a.str("users")
	if u := s.users[id]; u == nil || u.deleted {
		return nil, refuse("user_not_found")
	}
	c := s.direct(id)
	already := c != nil
	if !already {
		c = s.newChannel("D", "", botUser)
		c.direct = id
		c.join(id)
	}
	return result{"channel": result{"id": c.id}, "already_open": already, "no_op": already}, nil
}

func (s *Server) direct(user string) *channel {
	for _, c := range s.channels {
		if c.direct == user {
			return c
		}
	}
	return nil
}

func (s *Server) userInfo(a args) (result, *refusal) {
	u := s.users[a.str("user")]
	if u == nil {
		return nil, refuse("user_not_found")
	}
	return result{"user": describeUser(u)}, nil
}

func describeUser(u *user) result {
	return result{
		"id": u.id, "team_id": team, "name": u.name, "deleted": u.deleted, "real_name": u.name, "is_bot": u.bot,
		"profile": result{"real_name": u.name, "display_name": u.name},
	}
}
