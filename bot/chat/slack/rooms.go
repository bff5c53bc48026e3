package slack

import (
	"context"
	"strconv"
	"strings"

	api "github.com/slack-go/slack"

	"sitrep/bot/chat"
	"sitrep/bot/ops"
)

const (
	maxRoomName = 80
	maxTopic    = 250
	maxSuffix   = 20
)

// OpenRoom creates a channel, and marks it in its purpose as the one for this key.
func (s *Slack) OpenRoom(ctx context.Context, spec chat.RoomSpec) (chat.Room, error) {
	id, err := s.whoami(ctx)
	if err != nil {
		return chat.Room{}, err
	}
	name := channelName(spec.Name)
	c, err := s.create(ctx, name, spec.Private)
	for n := 2; said(err, "name_taken") && n <= maxSuffix; n++ {
		c, err = s.create(ctx, suffixed(name, n), spec.Private)
	}
	if err != nil {
		return chat.Room{}, fault("slack.conversations.create", err)
	}
	if err := s.label(ctx, c.ID, spec); err != nil {
		return chat.Room{}, halfDone(err)
	}
	return room(id, *c), nil
}

func (s *Slack) create(ctx context.Context, name string, private bool) (*api.Channel, error) {
	return s.api.CreateConversationContext(ctx, api.CreateConversationParams{ChannelName: name, IsPrivate: private})
}

func room(id identity, c api.Channel) chat.Room {
	return chat.Room{ID: roomID(id.Team, c.ID), Name: c.Name, URL: strings.TrimSuffix(id.Site, "/") + "/archives/" + c.ID}
}

// label sets the marker first: it is what the room is found by.
func (s *Slack) label(ctx context.Context, channel string, spec chat.RoomSpec) error {
	if _, err := s.api.SetPurposeOfConversationContext(ctx, channel, s.purpose(spec.Key)); err != nil {
		return fault("slack.conversations.setPurpose", err)
	}
	if spec.Topic == "" {
		return nil
	}
	topic := shorten(oneLine(spec.Topic), maxTopic, escape)
	_, err := s.api.SetTopicOfConversationContext(ctx, channel, topic)
	return fault("slack.conversations.setTopic", err)
}

func (s *Slack) purpose(key chat.Key) string {
	return "Incident room, kept by sitrep [" + s.cfg.Instance + " " + string(key) + "]"
}

// channelName keeps to Slack's rules: lower case, no spaces or signs, at most 80 characters.
func channelName(name string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(name) {
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' || r == '_':
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	out := b.String()
	if out = strings.Trim(out[:min(len(out), maxRoomName)], "-"); out == "" {
		return "incident"
	}
	return out
}

func suffixed(name string, n int) string {
	end := "-" + strconv.Itoa(n)
	return strings.TrimRight(name[:min(len(name), maxRoomName-len(end))], "-") + end
}

// FindRoom looks among the bot's own channels, never through the workspace's list.
func (s *Slack) FindRoom(ctx context.Context, spec chat.RoomSpec) (chat.Room, error) {
	id, err := s.whoami(ctx)
	if err != nil {
		return chat.Room{}, err
	}
	var unmarked *api.Channel
	for cursor := ""; ; {
		page, next, err := s.api.GetConversationsForUserContext(ctx, &api.GetConversationsForUserParameters{
			Types: []string{"public_channel", "private_channel"}, ExcludeArchived: true, Limit: pageSize, Cursor: cursor,
		})
		if err != nil {
			return chat.Room{}, fault("slack.users.conversations", err)
		}
		for _, c := range page {
			switch {
			case c.Purpose.Value == s.purpose(spec.Key) && (spec.Topic == "" || c.Topic.Value != ""):
				return room(id, c), nil
			case c.Purpose.Value == s.purpose(spec.Key):
				return s.labelled(ctx, id, c, spec)
			case madeFor(spec, id, c):
				unmarked = &c
			}
		}
		if next == "" {
			break
		}
		cursor = next
	}
	if unmarked == nil {
		return chat.Room{}, &ops.Error{Op: "slack.FindRoom", Kind: ops.NotFound, Msg: "That room was not opened."}
	}
	return s.labelled(ctx, id, *unmarked, spec)
}

// labelled does what was left undone of a room's opening by a process that ended in the middle of it.
func (s *Slack) labelled(ctx context.Context, id identity, c api.Channel, spec chat.RoomSpec) (chat.Room, error) {
	if err := s.label(ctx, c.ID, spec); err != nil {
		return chat.Room{}, err
	}
	return room(id, c), nil
}

// madeFor reports whether the bot has made c for spec and not come to marking it.
func madeFor(spec chat.RoomSpec, id identity, c api.Channel) bool {
	if c.Purpose.Value != "" || c.Creator != id.User || c.Created.Time().Before(spec.Since.Add(-skew)) {
		return false
	}
	name := channelName(spec.Name)
	if c.Name == name {
		return true
	}
	for n := 2; n <= maxSuffix; n++ {
		if c.Name == suffixed(name, n) {
			return true
		}
	}
	return false
}

// RenameRoom gives a room another name.
func (s *Slack) RenameRoom(ctx context.Context, room chat.RoomID, name string) error {
	want := channelName(name)
	_, err := s.api.RenameConversationContext(ctx, bare(room), want)
	for n := 2; said(err, "name_taken") && n <= maxSuffix; n++ {
		_, err = s.api.RenameConversationContext(ctx, bare(room), suffixed(want, n))
	}
	return fault("slack.conversations.rename", err)
}

// ArchiveRoom closes a room for writing.
func (s *Slack) ArchiveRoom(ctx context.Context, room chat.RoomID) error {
	err := s.api.ArchiveConversationContext(ctx, bare(room))
	if said(err, "already_archived") {
		return nil
	}
	return fault("slack.conversations.archive", err)
}

// ReopenRoom undoes ArchiveRoom.
func (s *Slack) ReopenRoom(ctx context.Context, room chat.RoomID) error {
	err := s.api.UnArchiveConversationContext(ctx, bare(room))
	if said(err, "not_archived") {
		return nil
	}
	return fault("slack.conversations.unarchive", err)
}

// SetPrivate is what Slack lets no bot do.
func (s *Slack) SetPrivate(_ context.Context, _ chat.RoomID, private bool) error {
	msg := "Slack lets only a person make a channel private: open the channel's details, Settings, Change to a private channel."
	if !private {
		msg = "Slack lets only an administrator make a private channel public: open the channel's details, Settings, Change to a public channel."
	}
	return &ops.Error{Op: "slack.SetPrivate", Kind: ops.Invalid, Msg: msg}
}

// maxInvited is how many people one call may invite.
const maxInvited = 100

// Invite brings people into a room. Slack refuses the whole list when one is there already, and then each is invited alone.
func (s *Slack) Invite(ctx context.Context, room chat.RoomID, users []chat.UserID) error {
	var ids []string
	for _, u := range users {
		ids = append(ids, bare(u))
	}
	for len(ids) > 0 {
		n := min(len(ids), maxInvited)
		if err := s.invite(ctx, bare(room), ids[:n]); err != nil {
			return err
		}
		ids = ids[n:]
	}
	return nil
}

func (s *Slack) invite(ctx context.Context, channel string, ids []string) error {
	_, err := s.api.InviteUsersToConversationContext(ctx, channel, ids...)
	if !said(err, "already_in_channel", "cant_invite_self") {
		return fault("slack.conversations.invite", err)
	}
	if len(ids) == 1 {
		return nil
	}
	for _, id := range ids {
		if err := s.invite(ctx, channel, []string{id}); err != nil {
			return err
		}
	}
	return nil
}

// Direct opens the room of the bot and one person.
func (s *Slack) Direct(ctx context.Context, user chat.UserID) (chat.RoomID, error) {
	id, err := s.whoami(ctx)
	if err != nil {
		return "", err
	}
	c, _, _, err := s.api.OpenConversationContext(ctx, &api.OpenConversationParameters{Users: []string{bare(user)}})
	if err != nil {
		return "", fault("slack.conversations.open", err)
	}
	return roomID(id.Team, c.ID), nil
}

// Lookup returns how a person is shown.
func (s *Slack) Lookup(ctx context.Context, user chat.UserID) (chat.User, error) {
	u, err := s.api.GetUserInfoContext(ctx, bare(user), api.GetUserInfoOptionIncludeLocale(false))
	if err != nil {
		return chat.User{}, fault("slack.users.info", err)
	}
	name := orElse(u.Profile.DisplayName, orElse(u.Profile.RealName, orElse(u.RealName, u.Name)))
	return chat.User{ID: user, Name: name}, nil
}
