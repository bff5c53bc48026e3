package discordfake

import (
	"fmt"
	"strconv"
	"time"
)

type object = map[string]any

func stampOf(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format("2006-01-02T15:04:05.000000-07:00")
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func (f *Fake) user(id string) object {
	u := object{
		"id": id, "username": "user" + id, "avatar": nil, "discriminator": "0", "public_flags": 0, "flags": 0,
		"global_name": nil, "primary_guild": nil,
	}
	if p := f.people[id]; p != nil {
		u["username"], u["global_name"] = p.name, p.name
	}
	if id == f.bot {
		u["username"], u["bot"] = "sitrep", true
	}
	return u
}

func (f *Fake) bareMember(id string) object {
	roles := []string{}
	if id == f.bot {
		roles = append(roles, f.role)
	}
	return object{
		"avatar": nil, "banner": nil, "communication_disabled_until": nil, "flags": 0, "joined_at": "2024-01-02T03:04:05.000000+00:00",
		"nick": nil, "pending": false, "premium_since": nil, "roles": roles, "mute": false, "deaf": false,
	}
}

func (f *Fake) member(id string) object {
	m := f.bareMember(id)
	m["user"] = f.user(id)
	return m
}

func (f *Fake) channelJSON(c *channel) object {
	switch c.kind {
	case kindDM:
		return object{"id": c.id, "type": kindDM, "flags": 0, "last_message_id": orNull(c.last), "recipients": []any{f.user(c.recipient)}}
	case kindThread:
		return object{
			"id": c.id, "type": kindThread, "flags": 0, "guild_id": f.guild, "name": c.name, "parent_id": c.parent, "owner_id": f.bot,
			"last_message_id": orNull(c.last), "message_count": len(c.messages), "member_count": 1, "total_message_sent": len(c.messages),
			"thread_metadata": object{"archived": false, "archive_timestamp": nil, "auto_archive_duration": 4320, "locked": false},
		}
	}
	rules := []object{}
	for _, o := range c.rules {
		rules = append(rules, object{"id": o.ID, "type": o.Type, "allow": strconv.FormatInt(o.Allow, 10), "deny": strconv.FormatInt(o.Deny, 10)})
	}
	return object{
		"id": c.id, "type": c.kind, "flags": 0, "guild_id": f.guild, "name": c.name, "position": 0, "topic": orNull(c.topic),
		"parent_id": orNull(c.parent), "permission_overwrites": rules, "last_message_id": orNull(c.last), "nsfw": false,
	}
}

func (f *Fake) messageJSON(m *message) object {
	mentioned := []object{}
	for _, hit := range mentions.FindAllStringSubmatch(m.content, -1) {
		if f.people[hit[1]] != nil || hit[1] == f.bot {
			mentioned = append(mentioned, f.user(hit[1]))
		}
	}
	files := []object{}
	for _, a := range m.files {
		url := fmt.Sprintf("https://cdn.example/attachments/%s/%s/%s", m.channel, a.id, a.name)
		files = append(files, object{
			"id": a.id, "filename": a.name, "size": len(a.data), "url": url, "proxy_url": url, "description": a.alt,
		})
	}
	embeds, rows := m.embeds, m.rows
	if embeds == nil {
		embeds = []embed{}
	}
	if rows == nil {
		rows = []row{}
	}
	out := object{
		"id": m.id, "channel_id": m.channel, "author": f.user(m.author), "type": 0, "content": m.content, "mentions": mentioned,
		"mention_roles": []string{}, "mention_everyone": false, "attachments": files, "embeds": embeds, "components": rows,
		"timestamp": stampOf(m.at), "edited_timestamp": stampOf(m.edited), "flags": m.flags, "pinned": m.pinned, "tts": false,
	}
	if m.webhook {
		out["webhook_id"], out["application_id"] = f.app, f.app
	}
	if m.reference != "" {
		out["type"] = 19
		out["message_reference"] = object{"type": 0, "channel_id": m.channel, "message_id": m.reference, "guild_id": f.guild}
	}
	return out
}

func (f *Fake) me() object {
	u := f.user(f.bot)
	u["mfa_enabled"], u["locale"] = true, "en-US"
	return u
}

func (f *Fake) application() object {
	flags := 1<<15 | 1<<19
	if f.refused != 0 {
		flags = 0
	}
	return object{"id": f.app, "name": "sitrep", "flags": flags, "verify_key": f.PublicKey()}
}

func (f *Fake) roleJSON(id, name string, permissions int64) object {
	return object{
		"id": id, "name": name, "permissions": strconv.FormatInt(permissions, 10), "position": 0, "color": 0, "hoist": false, "managed": id == f.role,
		"colors": object{"primary_color": 0, "secondary_color": nil, "tertiary_color": nil}, "mentionable": false, "icon": nil, "unicode_emoji": nil, "flags": 0,
		"description": nil,
	}
}

func (f *Fake) guildJSON() object {
	g := object{
		"id": f.guild, "name": "The shop", "owner_id": "1", "features": []string{}, "region": "deprecated", "afk_timeout": 300,
		"roles":  []object{f.roleJSON(f.guild, "@everyone", everyonePermissions), f.roleJSON(f.role, "sitrep", f.permissions)},
		"emojis": []any{}, "stickers": []any{}, "preferred_locale": "en-US", "widget_enabled": false, "nsfw": false, "premium_progress_bar_enabled": false,
	}
	for _, name := range []string{
		"icon", "description", "home_header", "splash", "discovery_splash", "banner", "application_id", "afk_channel_id", "system_channel_id",
		"widget_channel_id", "max_presences", "vanity_url_code", "rules_channel_id", "safety_alerts_channel_id", "public_updates_channel_id", "incidents_data",
	} {
		g[name] = nil
	}
	for _, name := range []string{
		"system_channel_flags", "verification_level", "default_message_notifications", "mfa_level", "explicit_content_filter", "premium_tier",
		"premium_subscription_count", "nsfw_level", "max_stage_video_channel_users", "max_video_channel_users",
	} {
		g[name] = 0
	}
	g["max_members"] = 500000
	return g
}
