package discord

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/bwmarrin/discordgo"

	"sitrep/bot/ops"
)

// pinMessages is newer than discordgo's list of permissions.
const pinMessages = 1 << 51

// needed are the permissions that the bot's role must have, by the names that Discord shows.
var needed = []struct {
	name string
	bit  bits
}{
	{"View Channels", discordgo.PermissionViewChannel},
	{"Manage Channels", discordgo.PermissionManageChannels},
	{"Manage Roles", discordgo.PermissionManageRoles},
	{"Send Messages", discordgo.PermissionSendMessages},
	{"Send Messages in Threads", discordgo.PermissionSendMessagesInThreads},
	{"Create Public Threads", discordgo.PermissionCreatePublicThreads},
	{"Embed Links", discordgo.PermissionEmbedLinks},
	{"Attach Files", discordgo.PermissionAttachFiles},
	{"Read Message History", discordgo.PermissionReadMessageHistory},
	{"Pin Messages", pinMessages},
}

// Permissions returns what the bot's role needs, as the number that an invitation link takes and by the names that Discord shows.
func Permissions() (number int64, names []string) {
	for _, p := range needed {
		number |= int64(p.bit)
		names = append(names, p.name)
	}
	return number, names
}

// The flags of an application that say which privileged intents it has, verified and not.
const (
	membersIntent = 1<<14 | 1<<15
	contentIntent = 1<<18 | 1<<19
)

// Check looks at the token, the server, the permissions, the intents and the number of channels.
func (d *Discord) Check(ctx context.Context) []ops.Finding {
	self, err := d.me(ctx)
	if err != nil {
		return []ops.Finding{fault("token", err)}
	}
	found := []ops.Finding{{OK: true, What: "token"}}
	found = append(found, d.checkApplication(ctx)...)
	found = append(found, d.checkGuild(ctx, self)...)
	return append(found, d.checkCommands(ctx), d.checkChannels(ctx))
}

func (d *Discord) checkApplication(ctx context.Context) []ops.Finding {
	var app struct {
		ID        string `json:"id"`
		Flags     int    `json:"flags"`
		VerifyKey string `json:"verify_key"`
	}
	if err := d.do(ctx, request{op: "discord.Check", method: http.MethodGet, path: "applications/@me"}, &app); err != nil {
		return []ops.Finding{fault("application", err)}
	}
	found := []ops.Finding{
		finding("application_id", app.ID == d.cfg.ApplicationID, "The token belongs to application "+app.ID+": set application_id to that."),
		finding("Server Members Intent", app.Flags&membersIntent != 0, "Switch it on under “Bot” in the developer portal: without it nobody's leaving is noticed."),
		finding("Message Content Intent", app.Flags&contentIntent != 0, "Switch it on under “Bot” in the developer portal: without it 📌 cannot read messages."),
	}
	if d.cfg.Mode == HTTP {
		ok := strings.EqualFold(app.VerifyKey, d.cfg.PublicKey)
		found = append(found, finding("public_key", ok, "Copy “Public Key” from “General Information” in the developer portal."))
	}
	return found
}

func (d *Discord) checkGuild(ctx context.Context, self string) []ops.Finding {
	var g struct {
		OwnerID string `json:"owner_id"`
		Roles   []struct {
			ID          string `json:"id"`
			Permissions bits   `json:"permissions"`
		} `json:"roles"`
	}
	if err := d.do(ctx, request{op: "discord.Check", method: http.MethodGet, path: "guilds/" + d.cfg.GuildID}, &g); err != nil {
		return []ops.Finding{fault("server", err)}
	}
	var m member
	if err := d.do(ctx, request{op: "discord.Check", method: http.MethodGet, path: "guilds/" + d.cfg.GuildID + "/members/" + self}, &m); err != nil {
		return []ops.Finding{fault("the bot's membership of the server", err)}
	}
	mine := map[string]bool{d.cfg.GuildID: true}
	for _, id := range m.Roles {
		mine[id] = true
	}
	var may bits
	for _, r := range g.Roles {
		if mine[r.ID] {
			may |= r.Permissions
		}
	}
	found := []ops.Finding{{OK: true, What: "server"}}
	for _, p := range needed {
		ok := may&p.bit != 0 || may&discordgo.PermissionAdministrator != 0 || g.OwnerID == self
		found = append(found, finding("permission "+p.name, ok, "Give the bot's role “"+p.name+"” in the server's settings."))
	}
	return found
}

func (d *Discord) checkCommands(ctx context.Context) ops.Finding {
	err := d.do(ctx, request{op: "discord.Check", method: http.MethodGet, path: d.commandsPath()}, nil)
	return finding("slash commands", err == nil, "Invite the bot again, with the scopes “bot” and “applications.commands”.")
}

func (d *Discord) checkChannels(ctx context.Context) ops.Finding {
	all, err := d.channels(ctx, "discord.Check")
	if err != nil {
		return fault("channels", err)
	}
	what := fmt.Sprintf("%d of %d channels", len(all), channelsInGuild)
	return finding(what, len(all) < channelsWarned, "Delete archived rooms that nobody needs: a full server takes no new incident room.")
}

func finding(what string, ok bool, mend string) ops.Finding {
	if ok {
		mend = ""
	}
	return ops.Finding{OK: ok, What: what, Mend: mend}
}

func fault(what string, err error) ops.Finding {
	return ops.Finding{What: what, Mend: ops.Tell(err)}
}
