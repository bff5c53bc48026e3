package discord

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/bwmarrin/discordgo"

	"sitrep/bot/chat"
	"sitrep/bot/ops"
)

// The permissions that rooms are made of.
const (
	canView = bits(discordgo.PermissionViewChannel)
	// canWrite is what archiving takes from everyone.
	canWrite = bits(discordgo.PermissionSendMessages | discordgo.PermissionSendMessagesInThreads |
		discordgo.PermissionCreatePublicThreads | discordgo.PermissionCreatePrivateThreads)
	// botMay is what the bot keeps in each of its rooms, whatever is taken from everyone.
	botMay = canView | bits(discordgo.PermissionSendMessages|discordgo.PermissionSendMessagesInThreads|discordgo.PermissionCreatePublicThreads|
		discordgo.PermissionEmbedLinks|discordgo.PermissionAttachFiles|discordgo.PermissionReadMessageHistory)
)

const manageChannels = "Manage Channels"

// OpenRoom makes a text channel under the category, with a mark in its topic.
func (d *Discord) OpenRoom(ctx context.Context, spec chat.RoomSpec) (chat.Room, error) {
	const op = "discord.OpenRoom"
	if err := d.lock(ctx, op); err != nil {
		return chat.Room{}, err
	}
	defer d.unlock()
	self, err := d.me(ctx)
	if err != nil {
		return chat.Room{}, err
	}
	all, err := d.channels(ctx, op)
	if err != nil {
		return chat.Room{}, err
	}
	parent, err := d.category(ctx, op, all, d.cfg.Category)
	if err != nil {
		return chat.Room{}, err
	}
	rules := []overwrite{{ID: self, Type: overwriteMember, Allow: botMay}}
	if spec.Private {
		rules = append(rules, overwrite{ID: d.cfg.GuildID, Type: overwriteRole, Deny: canView})
	}
	var c channel
	err = d.do(ctx, request{op: op, method: http.MethodPost, path: "guilds/" + d.cfg.GuildID + "/channels", need: manageChannels, body: map[string]any{
		"type": channelText, "name": free(all, spec.Name), "topic": strings.TrimLeft(spec.Topic+"\n\n"+topicMark(d.cfg.Instance, spec.Key), "\n"),
		"parent_id": parent, "permission_overwrites": rules,
	}}, &c)
	if err != nil {
		return chat.Room{}, err
	}
	return d.room(c), nil
}

// free returns the name, with a number behind it when another channel has it. Discord would take it twice, people would not.
func free(all []channel, name string) string {
	taken := map[string]bool{}
	for _, c := range all {
		taken[c.Name] = true
	}
	// Discord writes names so by itself.
	name = strings.ToLower(strings.ReplaceAll(name, " ", "-"))
	for n, base := 2, []rune(name); taken[name]; n++ {
		suffix := fmt.Sprintf("-%d", n)
		name = string(base[:min(len(base), 100-len(suffix))]) + suffix
	}
	return name
}

// FindRoom looks for the mark among the server's channels, which Discord lists in one call.
func (d *Discord) FindRoom(ctx context.Context, spec chat.RoomSpec) (chat.Room, error) {
	const op = "discord.FindRoom"
	all, err := d.channels(ctx, op)
	if err != nil {
		return chat.Room{}, err
	}
	mark := topicMark(d.cfg.Instance, spec.Key)
	for _, c := range all {
		if c.Topic == mark || strings.HasSuffix(c.Topic, "\n"+mark) {
			return d.room(c), nil
		}
	}
	return chat.Room{}, &ops.Error{Op: op, Kind: ops.NotFound, Msg: "There is no such room on Discord."}
}

func (d *Discord) room(c channel) chat.Room {
	return chat.Room{ID: chat.RoomID(c.ID), Name: c.Name, URL: "https://discord.com/channels/" + d.cfg.GuildID + "/" + c.ID}
}

// RenameRoom changes a channel's name, which Discord allows twice in ten minutes.
func (d *Discord) RenameRoom(ctx context.Context, room chat.RoomID, name string) error {
	return d.patch(ctx, "discord.RenameRoom", string(room), map[string]any{"name": name})
}

// ArchiveRoom locks a channel and moves it to the archive: Discord has no archiving of channels.
func (d *Discord) ArchiveRoom(ctx context.Context, room chat.RoomID) error {
	const op = "discord.ArchiveRoom"
	err := d.move(ctx, op, room, d.cfg.Category+" archive", func(c channel, archived bool) (channel, bool) {
		if archived && c.locked(d.cfg.GuildID) {
			return c, false
		}
		d.archived.set(c.ID, true)
		return c.with(d.cfg.GuildID, overwriteRole, 0, canWrite), true
	})
	if err != nil && ops.KindOf(err) != ops.Unavailable {
		d.archived.set(string(room), false)
	}
	return err
}

// ReopenRoom lets people write again and moves the channel back.
func (d *Discord) ReopenRoom(ctx context.Context, room chat.RoomID) error {
	err := d.move(ctx, "discord.ReopenRoom", room, d.cfg.Category, func(c channel, archived bool) (channel, bool) {
		return c.without(d.cfg.GuildID, canWrite), archived || c.locked(d.cfg.GuildID)
	})
	if err == nil {
		d.archived.set(string(room), false)
	}
	return err
}

// move changes a channel's rules and its category in one call, unless change says that there is nothing to do.
func (d *Discord) move(ctx context.Context, op string, room chat.RoomID, to string, change func(c channel, archived bool) (channel, bool)) error {
	if err := d.lock(ctx, op); err != nil {
		return err
	}
	defer d.unlock()
	self, err := d.me(ctx)
	if err != nil {
		return err
	}
	all, err := d.channels(ctx, op)
	if err != nil {
		return err
	}
	names := map[string]string{}
	for _, c := range all {
		names[c.ID] = c.Name
	}
	c, err := d.channel(ctx, op, string(room))
	if err != nil {
		return err
	}
	c, needed := change(c, strings.HasPrefix(names[c.ParentID], d.cfg.Category+" archive"))
	if !needed {
		return nil
	}
	parent, err := d.category(ctx, op, all, to)
	if err != nil {
		return err
	}
	c = c.with(self, overwriteMember, botMay, 0)
	return d.patch(ctx, op, c.ID, map[string]any{"parent_id": parent, "permission_overwrites": c.Overwrites})
}

// SetPrivate hides a channel from all but those who were invited, or shows it to everyone again.
func (d *Discord) SetPrivate(ctx context.Context, room chat.RoomID, private bool) error {
	const op = "discord.SetPrivate"
	self, err := d.me(ctx)
	if err != nil {
		return err
	}
	c, err := d.channel(ctx, op, string(room))
	if err != nil || c.private(d.cfg.GuildID) == private {
		return err
	}
	if private {
		c = c.with(d.cfg.GuildID, overwriteRole, 0, canView)
	} else {
		c = c.without(d.cfg.GuildID, canView)
	}
	c = c.with(self, overwriteMember, botMay, 0)
	return d.patch(ctx, op, c.ID, map[string]any{"permission_overwrites": c.Overwrites})
}

// Invite lets people see a channel. It does so in a public one too, so that they stay when it becomes private. Someone who cannot be
// invited keeps out nobody else.
func (d *Discord) Invite(ctx context.Context, room chat.RoomID, users []chat.UserID) error {
	var first error
	for _, u := range users {
		err := d.do(ctx, request{
			op: "discord.Invite", method: http.MethodPut, path: "channels/" + string(room) + "/permissions/" + string(u), need: "Manage Roles",
			body: map[string]any{"type": overwriteMember, "allow": canView, "deny": 0},
		}, nil)
		if kind := ops.KindOf(err); kind == ops.Throttled || kind == ops.Unavailable {
			return err
		}
		if first == nil {
			first = err
		}
	}
	return first
}

// Direct returns the channel of direct messages with a person.
func (d *Discord) Direct(ctx context.Context, u chat.UserID) (chat.RoomID, error) {
	var c channel
	err := d.do(ctx, request{
		op: "discord.Direct", method: http.MethodPost, path: "users/@me/channels", body: map[string]any{"recipient_id": string(u)},
	}, &c)
	return chat.RoomID(c.ID), err
}

// Lookup returns how a member of the server is shown.
func (d *Discord) Lookup(ctx context.Context, u chat.UserID) (chat.User, error) {
	var m member
	err := d.do(ctx, request{op: "discord.Lookup", method: http.MethodGet, path: "guilds/" + d.cfg.GuildID + "/members/" + string(u)}, &m)
	if err != nil {
		return chat.User{}, err
	}
	return m.who(), nil
}

// with adds to the rules for one role or person.
func (c channel) with(id string, kind int, allow, deny bits) channel {
	o, _ := c.overwrite(id)
	o.Type, o.Allow, o.Deny = kind, o.Allow&^deny|allow, o.Deny&^allow|deny
	c.Overwrites = append(c.others(id), o)
	return c
}

// without takes denials back.
func (c channel) without(id string, deny bits) channel {
	o, ok := c.overwrite(id)
	if !ok {
		return c
	}
	o.Deny &^= deny
	c.Overwrites = append(c.others(id), o)
	return c
}

func (c channel) others(id string) []overwrite {
	var rest []overwrite
	for _, o := range c.Overwrites {
		if o.ID != id {
			rest = append(rest, o)
		}
	}
	return rest
}

func (d *Discord) patch(ctx context.Context, op, id string, body map[string]any) error {
	return d.do(ctx, request{op: op, method: http.MethodPatch, path: "channels/" + id, body: body, need: manageChannels}, nil)
}

func (d *Discord) channel(ctx context.Context, op, id string) (channel, error) {
	var c channel
	err := d.do(ctx, request{op: op, method: http.MethodGet, path: "channels/" + id}, &c)
	return c, err
}

func (d *Discord) channels(ctx context.Context, op string) ([]channel, error) {
	var all []channel
	err := d.do(ctx, request{op: op, method: http.MethodGet, path: "guilds/" + d.cfg.GuildID + "/channels"}, &all)
	return all, err
}

// category returns the first of the categories of that name and number that has room for one more, and makes it when there is none.
func (d *Discord) category(ctx context.Context, op string, all []channel, name string) (string, error) {
	in, ids := map[string]int{}, map[string]string{}
	for _, c := range all {
		in[c.ParentID]++
		if c.Type == channelCategory {
			ids[c.Name] = c.ID
		}
	}
	wanted := d.nth(name, 1)
	for n := 2; ids[wanted] != ""; n++ {
		if in[ids[wanted]] < roomsInCategory {
			return ids[wanted], nil
		}
		wanted = d.nth(name, n)
	}
	var made channel
	err := d.do(ctx, request{
		op: op, method: http.MethodPost, path: "guilds/" + d.cfg.GuildID + "/channels", need: manageChannels,
		body: map[string]any{"type": channelCategory, "name": wanted},
	}, &made)
	return made.ID, err
}

// nth names a category: "Incidents", "Incidents 2", "Incidents archive 1".
func (d *Discord) nth(name string, n int) string {
	if n == 1 && name == d.cfg.Category {
		return name
	}
	return fmt.Sprintf("%s %d", name, n)
}

// lock keeps two rooms from being placed at once, which would make one category twice.
func (d *Discord) lock(ctx context.Context, op string) error {
	select {
	case d.opening <- struct{}{}:
		return nil
	case <-ctx.Done():
		return &ops.Error{Op: op, Kind: ops.Unavailable, Msg: "Discord is busy with another room.", Err: ctx.Err()}
	}
}

func (d *Discord) unlock() { <-d.opening }

// me returns the bot's own user id.
func (d *Discord) me(ctx context.Context) (string, error) {
	return d.self.get(func() (string, error) {
		var u user
		err := d.do(ctx, request{op: "discord.me", method: http.MethodGet, path: "users/@me"}, &u)
		return u.ID, err
	})
}
