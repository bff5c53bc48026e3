package chat

import (
	"context"
	"net/http"
	"time"

	"sitrep/bot/ops"
)

// Platform is one connection to a chat platform. Its methods may be called concurrently. Every error is an *ops.Error:
// NotFound when a room, message or token is gone; Denied when the bot may not; Throttled, with RetryAfter and certainly not
// done, when a limit is reached; Unavailable when the outcome is unknown. No method retries by itself.
type Platform interface {
	// Name is the platform's name in the configuration and in ids: "slack".
	Name() string
	Features() Features
	// Run holds the connection, and brings it back, until ctx ends; it hands everything it hears to in, and returns when all that
	// it started has ended. It returns an error only for what no reconnecting can mend, such as a token that was revoked.
	Run(ctx context.Context, in Intake) error
	// Decode says what a stored request means. It is pure.
	Decode(Request) (Inbound, error)
	Rooms
	Posts
	Replies
	ops.Checker
}

// Rooms opens and keeps the rooms of incidents.
type Rooms interface {
	// OpenRoom creates a room. A name that is taken gets a suffix; a room that is not ours is never reused.
	OpenRoom(context.Context, RoomSpec) (Room, error)
	// FindRoom looks for the room that an OpenRoom with this Key has made; NotFound when there is none.
	FindRoom(context.Context, RoomSpec) (Room, error)
	RenameRoom(ctx context.Context, room RoomID, name string) error
	// ArchiveRoom closes a room for writing and keeps its history; already archived is success.
	ArchiveRoom(ctx context.Context, room RoomID) error
	// ReopenRoom undoes ArchiveRoom; already open is success.
	ReopenRoom(ctx context.Context, room RoomID) error
	// SetPrivate closes a room to all but its members, or opens it again. A platform on which a bot cannot do that answers Invalid, and
	// says how a person does it.
	SetPrivate(ctx context.Context, room RoomID, private bool) error
	// Invite brings people into a room; already in it is success.
	Invite(ctx context.Context, room RoomID, users []UserID) error
	// Direct returns the room in which the bot and one person write to each other.
	Direct(ctx context.Context, user UserID) (RoomID, error)
	// Lookup returns how a person is shown.
	Lookup(ctx context.Context, user UserID) (User, error)
}

// Reacher is a Platform that can tell, without writing there, whether the bot can be heard in a channel that it did not open.
type Reacher interface {
	// Reach returns nil, or an error whose Msg says what a person must do: NotFound when there is no such channel, Denied when the bot may not.
	Reach(ctx context.Context, room RoomID) error
}

// RoomSpec says what room to open.
type RoomSpec struct {
	Key     Key    // marks the room as ours, and is what FindRoom looks for
	Name    string // wanted name, within Features.RoomName
	Topic   string // plain text, at most 250 characters
	Private bool
	Since   time.Time // for FindRoom: not before this
}

// Room is a room as the platform knows it.
type Room struct {
	ID   RoomID `json:"id"`
	Name string `json:"name"`
	URL  string `json:"url,omitempty"`
}

// Posts writes messages.
type Posts interface {
	// Post writes a message, with its pictures and files, marked with Key.
	Post(context.Context, Post) (Posted, error)
	// FindPost looks for the message that Post with this Key has written since Post.Since; NotFound when there is none.
	FindPost(context.Context, Post) (Posted, error)
	// Edit replaces a message of ours. A picture or file that was posted before stays.
	Edit(ctx context.Context, room RoomID, message MessageID, m Message) error
	// Pin keeps a message at the top of its room; already pinned is success.
	Pin(ctx context.Context, room RoomID, message MessageID) error
}

// Post is a message to be written.
type Post struct {
	Room    RoomID
	Thread  MessageID // answers in that message's thread; empty for the room itself
	Key     Key
	Message Message
	Since   time.Time // for FindPost: when its task was recorded
}

// Posted is a message that was written.
type Posted struct {
	ID  MessageID `json:"id"`
	URL string    `json:"url,omitempty"` // permalink
}

// Replies answers commands.
type Replies interface {
	// Reply answers a command. It may be called again with the same Key to replace the answer. When Unsure is set an earlier call may have come
	// through, and is looked for first where that is possible. NotFound when the token has died: the caller then posts in the room.
	Reply(context.Context, Reply) error
	// PublishHome shows m on the person's home page of the bot; a platform without one does nothing.
	PublishHome(ctx context.Context, user UserID, m Message) error
}

// Reply is an answer to a command.
type Reply struct {
	To      ReplyTo
	Key     Key
	Message Message
	Private bool // to the asker alone; a platform that has promised otherwise before (ReplyTo.Private) keeps its promise
	Unsure  bool
}

// Route is an HTTP endpoint that a platform wants mounted. The platform authenticates its requests by itself.
type Route struct {
	Pattern string // as for http.ServeMux: "POST /slack/events"
	Handler http.Handler
}

// Router is a Platform that is reached over HTTP. Routes is called once, before Run, and its handlers answer 503 until Run has the intake.
type Router interface {
	Routes() []Route
}
