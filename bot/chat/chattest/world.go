// Package chattest is the suite that every chat platform passes, and the view of a platform's server side that tests share:
// what people do there, and what they see. The fakes of the platforms implement World, so one story runs on all of them.
//
// It is test equipment, and no production code imports it.
package chattest

import (
	"net/http"
	"time"

	"sitrep/bot/chat"
)

// World is the server side of a chat platform, as the people on it know it. Its methods may be called concurrently.
// People, rooms and messages are named by the ids that the platform's adapter uses.
type World interface {
	// Person adds a person with a display name and returns their id.
	Person(name string) chat.UserID
	// Channel makes a channel that is not an incident's room, with the bot in it: an announcement or stakeholder channel.
	Channel(name string) chat.RoomID
	// Rooms returns the names of all rooms that exist, archived ones too, by id.
	Rooms() map[chat.RoomID]RoomInfo
	// Messages returns what user sees in a room, oldest first: messages meant for someone else alone are left out. Where the
	// platform itself tells a person that a command failed, that is a private message too.
	Messages(room chat.RoomID, user chat.UserID) []Seen
	// Direct returns the room of the bot and one person, and false while neither has written there.
	Direct(user chat.UserID) (chat.RoomID, bool)

	// Type has a person type a verb with the platform's command in a room; text is what follows the command word.
	Type(user chat.UserID, room chat.RoomID, text string)
	// Say has a person write plain text, and returns the message. On Slack and Discord a mention of the bot is written "@sitrep".
	Say(user chat.UserID, room chat.RoomID, text string) chat.MessageID
	// Press has a person press the button with that label on a message.
	Press(user chat.UserID, room chat.RoomID, message chat.MessageID, label string)
	// Form returns the form that is open before a person, and false when none is.
	Form(user chat.UserID) (chat.Form, bool)
	// Submit sends the form that is open before a person, filled in with values; what is not in values stays as it was filled in.
	Submit(user chat.UserID, values map[string]string)
	// Rewrite has the author edit a message that Say returned, and Erase has them delete it.
	Rewrite(user chat.UserID, room chat.RoomID, message chat.MessageID, text string)
	Erase(user chat.UserID, room chat.RoomID, message chat.MessageID)
	// PinWithReaction has a person put 📌 on a message.
	PinWithReaction(user chat.UserID, room chat.RoomID, message chat.MessageID)

	// DeleteRoom and ArchiveRoom are done by hand, by a person; RemoveBot takes the bot out of a room.
	DeleteRoom(room chat.RoomID)
	ArchiveRoom(room chat.RoomID)
	RemoveBot(room chat.RoomID)
	// Leave takes a person out of the workspace for good.
	Leave(user chat.UserID)

	// Connected says whether the bot would hear now what people do.
	Connected() bool
	// SetFault makes the server misbehave from now on; the zero Fault ends it.
	SetFault(Fault)
	// DropConnections cuts every live connection, which a client is expected to bring back.
	DropConnections()
	// DeliverTwice makes every event be delivered two times from now on.
	DeliverTwice(on bool)
	// Calls returns what calls the server has got so far, oldest first.
	Calls() []Call
	// OnCall sets a hook that runs at each call, before it is acted on and again after it was acted on but before it is answered. nil
	// takes it away. The hook may block.
	OnCall(func(Call))
	// Violations returns in what the client broke the platform's rules: a Retry-After not kept, a limit of size passed.
	Violations() []string
}

// RoomInfo is a room as people see it in the list.
type RoomInfo struct {
	Name     string
	Topic    string
	Archived bool
	Private  bool
	Members  []chat.UserID // without the bot
}

// Seen is a message as a person sees it.
type Seen struct {
	ID      chat.MessageID
	Thread  chat.MessageID // the message whose thread it stands in, or empty
	FromBot bool
	Author  chat.UserID // with FromBot false
	Text    string      // all that can be read, top to bottom, without markup
	Buttons []string    // labels
	Files   []SeenFile
	Private bool          // shown to this person alone
	Pinned  bool          //
	Pings   []chat.UserID // whom it called
	Edited  bool
}

// SeenFile is a picture or document of a message.
type SeenFile struct {
	Name string
	Alt  string
	Data []byte
}

// Fault is how a server misbehaves. Fields can be combined.
type Fault struct {
	Latency    time.Duration // every answer takes this long
	Status     int           // answer this HTTP status: 429, 500, 503; 0 for none
	RetryAfter time.Duration // with 429
	Match      string        // only calls whose Name contains this; empty for all
	Times      int           // only so many calls; 0 for all
	Hang       bool          // accept, and never answer
}

// Call is one call that the client made.
type Call struct {
	Name   string // "chat.postMessage", "POST /channels/{id}/messages"
	Room   chat.RoomID
	Text   string // the plain text of the message, when it writes one
	After  bool   // false before it is acted on, true after
	Header http.Header
	At     time.Time
}
