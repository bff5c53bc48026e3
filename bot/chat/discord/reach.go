package discord

import (
	"context"
	"net/http"

	"github.com/bwmarrin/discordgo"

	"sitrep/bot/chat"
	"sitrep/bot/ops"
)

// Reach looks at a channel, and at what its own rules leave of the bot's permissions
// (https://discord.com/developers/docs/topics/permissions#permission-overwrites).
func (d *Discord) Reach(ctx context.Context, room chat.RoomID) error {
	const op = "discord.Reach"
	if !isSnowflake(string(room)) {
		return &ops.Error{Op: op, Kind: ops.Invalid, Msg: "A channel of Discord is written by its number: switch on the developer mode, and copy the channel's id."}
	}
	var c channel
	if err := d.do(ctx, request{op: op, method: http.MethodGet, path: "channels/" + string(room), need: "View Channels"}, &c); err != nil {
		return err
	}
	self, err := d.me(ctx)
	if err != nil {
		return err
	}
	var m member
	if err := d.do(ctx, request{op: op, method: http.MethodGet, path: "guilds/" + d.cfg.GuildID + "/members/" + self}, &m); err != nil {
		return err
	}
	const want = discordgo.PermissionViewChannel | discordgo.PermissionSendMessages
	if c.denied(d.cfg.GuildID, self, m.Roles)&want != 0 {
		return &ops.Error{Op: op, Kind: ops.Denied, Msg: "The bot may not see or write in #" + c.Name + ": allow it “View Channel” and “Send Messages” in the channel's settings."}
	}
	return nil
}

// denied is what the channel's overwrites take from a member: everyone's first, then those of their roles, then their own.
func (c channel) denied(everyone, self string, roles []string) bits {
	var denied, byRole, forRole bits
	for _, o := range c.Overwrites {
		if o.ID == everyone {
			denied = o.Deny &^ o.Allow
		}
		for _, r := range roles {
			if o.ID == r {
				byRole, forRole = byRole|o.Deny, forRole|o.Allow
			}
		}
	}
	denied = (denied | byRole) &^ forRole
	for _, o := range c.Overwrites {
		if o.Type == overwriteMember && o.ID == self {
			denied = (denied | o.Deny) &^ o.Allow
		}
	}
	return denied
}
