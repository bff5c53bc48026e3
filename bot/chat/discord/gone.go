package discord

import (
	"context"
	"encoding/json"
	"sync"

	"github.com/bwmarrin/discordgo"

	"sitrep/bot/chat"
	"sitrep/bot/ops"
)

// hearChannel tells when one of our rooms was deleted, closed by hand, or hidden from the bot. What an update says is looked
// at again, because it may be out of date, or be the echo of what the bot itself did.
func (d *Discord) hearChannel(ctx context.Context, in chat.Intake, self, kind string, raw json.RawMessage) error {
	var c channel
	if err := json.Unmarshal(raw, &c); err != nil {
		return err
	}
	if !ours(c.Topic, d.cfg.Instance) {
		return nil
	}
	reason := "deleted"
	if kind != "CHANNEL_DELETE" {
		reason = d.closed(ctx, c, self)
	}
	if reason == "" {
		return nil
	}
	id := "gone/" + c.ID + "/" + reason + "/" + c.LastMessageID
	return d.store(ctx, in, id, kindRoomGone, heard{Event: raw, Reason: reason})
}

func (d *Discord) closed(ctx context.Context, c channel, self string) string {
	if !c.hiddenFrom(d.cfg.GuildID, self) && !c.locked(d.cfg.GuildID) {
		return ""
	}
	var now channel
	err := d.insist(ctx, func() (err error) {
		now, err = d.channel(ctx, "discord.hear", c.ID)
		return err
	})
	switch {
	case err != nil && ops.KindOf(err) == ops.Denied:
		return "removed"
	case err == nil && now.locked(d.cfg.GuildID) && !d.archived.has(c.ID):
		return "archived"
	}
	return ""
}

// locked says whether people may not write.
func (c channel) locked(guild string) bool {
	o, _ := c.overwrite(guild)
	return o.Deny&discordgo.PermissionSendMessages != 0
}

func (c channel) private(guild string) bool {
	o, _ := c.overwrite(guild)
	return o.Deny&discordgo.PermissionViewChannel != 0
}

// hiddenFrom says whether the channel's own rules seem to hide it from the bot.
func (c channel) hiddenFrom(guild, self string) bool {
	if mine, ok := c.overwrite(self); ok && (mine.Allow|mine.Deny)&discordgo.PermissionViewChannel != 0 {
		return mine.Deny&discordgo.PermissionViewChannel != 0
	}
	return c.private(guild)
}

func (c channel) overwrite(id string) (overwrite, bool) {
	for _, o := range c.Overwrites {
		if o.ID == id {
			return o, true
		}
	}
	return overwrite{ID: id}, false
}

// marks is a set of channels. Its zero value is ready.
type marks struct {
	mu sync.Mutex
	in map[string]bool
}

func (m *marks) set(id string, on bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.in == nil {
		m.in = map[string]bool{}
	}
	if on {
		m.in[id] = true
	} else {
		delete(m.in, id)
	}
}

func (m *marks) has(id string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.in[id]
}
