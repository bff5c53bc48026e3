package chat

import (
	"context"
	"time"
)

// Request is what a platform received, as it is kept in the inbox before it is acknowledged: raw, so that it can be decoded
// again after a restart. Its ID is the platform's own for the request and the same when it is delivered twice.
type Request struct {
	ID     string
	Source string            // the platform's name
	Kind   string            // the platform's own word, which its Decode knows
	Header map[string]string // only what Decode needs, or nil
	Body   []byte
	At     time.Time // when it was received
}

// InboundKind says what a person did.
type InboundKind string

// The kinds of Inbound.
const (
	Command        InboundKind = "command"        // typed a verb, pressed a button, or sent a form
	Pinned         InboundKind = "pinned"         // asked for a message to be put on the timeline
	PinEdited      InboundKind = "pin_edited"     // edited a message; the core keeps it only if it is on a timeline
	PinDeleted     InboundKind = "pin_deleted"    // deleted a message; likewise
	RoomGone       InboundKind = "room_gone"      // a room was deleted or archived by hand, or the bot was removed from it
	UserLeft       InboundKind = "user_left"      // someone left the workspace or was deactivated
	UserLeftRoom   InboundKind = "user_left_room" // someone left one room
	UserJoinedRoom InboundKind = "user_joined_room"
	HomeOpened     InboundKind = "home_opened" // someone opened the bot's home page
	Nothing        InboundKind = "nothing"     // understood, and of no interest
)

// Inbound is what one Request means.
type Inbound struct {
	Kind    InboundKind
	Request string // Request.ID
	// Platform and User say who; User.ID is empty when the platform does not tell.
	Platform string
	User     User
	Room     RoomID // where; empty when it was in no room
	// RoomName is the room's name where the request told it, else empty.
	RoomName string
	// Text is, for a Command, what was typed after the command word; for Pinned and PinEdited the message's text.
	Text string
	// Values are a Command's arguments that came under their names, from a form or from typed options. They stand beside Text.
	Values map[string]string
	// Message is the message that was pinned, edited or deleted; for a Command, the one whose button was pressed.
	Message   MessageID
	Permalink string    // of Message, where the request told it
	Author    User      // who wrote Message, with Pinned
	At        time.Time // when it happened, by the platform's clock where it tells, else when it was received
	Reason    string    // with RoomGone: "deleted", "archived" or "removed"
	Reply     ReplyTo   // how to answer; zero when there is nobody to answer
}

// User is a person as a platform shows them.
type User struct {
	ID   UserID `json:"id"`
	Name string `json:"name"` // as displayed; may be empty
}

// ReplyTo is how an answer finds its asker. It may be stored; its fields mean nothing outside the platform.
type ReplyTo struct {
	Platform string    `json:"platform,omitempty"`
	Room     RoomID    `json:"room,omitempty"`
	Thread   MessageID `json:"thread,omitempty"` // the thread that was written in, or empty
	User     UserID    `json:"user,omitempty"`
	Token    string    `json:"token,omitempty"` // a response URL or an interaction's token
	// Private says that the platform has already promised to show the answer to the asker alone.
	Private bool      `json:"private,omitempty"`
	Expires time.Time `json:"expires,omitzero"` // when Token dies
}

// Plan is what a platform must know of a Command before it acknowledges it.
type Plan struct {
	Form    *Form // a form is to be opened instead of running the command; nothing is then stored
	Private bool  // the answer is for the asker alone
}

// Intake is where a platform hands in what it hears.
type Intake interface {
	// Receive stores a request. Only when it returns nil may the request be acknowledged to the platform. Handing in the same ID
	// again is fine and does nothing.
	Receive(context.Context, Request) error
	// Plan says how a Command will be answered. It is quick, and has no effect.
	Plan(context.Context, Inbound) Plan
	// Complete suggests values for the word that is being typed: option is the argument's name, or empty for a verb typed freely
	// in word. It returns at most 25, and has no effect.
	Complete(ctx context.Context, in Inbound, option, word string) []Choice
}

// CommandSpec describes a verb to platforms that register their commands.
type CommandSpec struct {
	Name    string // canonical
	Summary string // at most 100 characters
	Options []OptionSpec
}

// OptionSpec describes one argument of a verb.
type OptionSpec struct {
	Name      string // lower case; the key in Inbound.Values
	Summary   string // at most 100 characters
	Required  bool
	User      bool     // the value is a person: Inbound.Values holds the person as "@" and the user's id
	Choices   []Choice // a fixed choice
	Suggested bool     // Intake.Complete has suggestions
}
