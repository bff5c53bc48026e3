package slack

// need is a scope of the bot's token, and what asks for it.
type need struct {
	scope string
	why   string
}

// needs are exactly the scopes that the adapter uses; Manifest asks for them, and Check looks whether they were given.
var needs = []need{
	{"app_mentions:read", "hear @sitrep"},
	{"channels:history", "find its own messages again, hear of edited and deleted ones"},
	{"channels:manage", "open, rename, archive and invite to incident rooms"},
	{"channels:read", "find its own rooms again, hear who comes and goes"},
	{"chat:write", "write messages"},
	{"commands", "the slash commands and the message shortcut"},
	{"files:read", "know when a picture is ready"},
	{"files:write", "upload pictures and files"},
	{"groups:history", "the same as channels:history, in private rooms"},
	{"groups:read", "the same as channels:read, in private rooms"},
	{"groups:write", "open and keep private incident rooms"},
	{"im:history", "the same as channels:history, in direct messages"},
	{"im:write", "write to a person directly"},
	{"pins:write", "pin the incident's card"},
	{"reactions:read", "hear 📌"},
	{"users:read", "show people by name, hear who has left"},
}

// events are exactly the events that Decode understands.
var events = []string{
	"app_home_opened", "app_mention", "channel_archive", "channel_deleted", "channel_left", "group_archive", "group_deleted",
	"group_left", "member_joined_channel", "member_left_channel", "message.channels", "message.groups", "reaction_added", "user_change",
}
