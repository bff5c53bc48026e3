package chat

import (
	"strings"
	"time"
	"unicode/utf8"
)

// A platform's own ids, as text. They mean nothing on another platform.
type (
	// UserID is a person. Slack's carries the workspace.
	UserID string
	// RoomID is a room. Slack's carries the workspace: "T024BE7LD/C061EG9SL".
	RoomID string
	// MessageID is a message within its room.
	MessageID string
)

// Key marks a message or a room as the effect of one task, so that it can be found again. It is at most 64 characters of
// letters, digits, ".", "-", "_", ":" and "/".
type Key string

// Message is a small document that each platform renders within its own limits.
// What is too long is cut where a person would cut it.
type Message struct {
	// Summary is the message in one plain line, for notifications and for screen readers. When it is empty the platform
	// takes the first block that has text.
	Summary string  `json:"summary,omitempty"`
	Tone    Tone    `json:"tone,omitempty"`
	Blocks  []Block `json:"blocks"`
	// Notify are the people whom the message calls. Nothing else in a message calls anyone, whatever its text says.
	Notify []UserID `json:"notify,omitempty"`
}

// Tone colours a message where a platform can show it. Colour is never the only sign of anything.
type Tone string

// The tones. The zero value is neutral.
const (
	Neutral Tone = ""
	Bad     Tone = "bad"
	Warning Tone = "warning"
	Good    Tone = "good"
)

// Block is one part of a message. Exactly one field is set.
type Block struct {
	Header  string   `json:"header,omitempty"`  // plain text, one line
	Text    string   `json:"text,omitempty"`    // CommonMark, see Escape and Time
	Fields  []Field  `json:"fields,omitempty"`  // short names and values, shown side by side where there is room
	Code    string   `json:"code,omitempty"`    // verbatim, fixed width
	Image   *File    `json:"image,omitempty"`   // shown in place
	File    *File    `json:"file,omitempty"`    // offered for download
	Context string   `json:"context,omitempty"` // CommonMark, small print
	Buttons []Button `json:"buttons,omitempty"` // at most five
}

// Field is a short name with a value in CommonMark.
type Field struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// File is a picture or a document that goes with a message.
type File struct {
	Name  string `json:"name"`            // with its ending: "checkout-latency.png"
	Title string `json:"title,omitempty"` // what a person would call it
	Alt   string `json:"alt,omitempty"`   // for a picture: what it shows, in words and figures
	Data  []byte `json:"data"`
}

// Button does what typing its Verb would do, for who presses it.
type Button struct {
	Label   string `json:"label"`             // plain text, at most 30 characters
	Verb    string `json:"verb"`              // as it would be typed after the command: "ack #42"; at most 100 bytes
	Danger  bool   `json:"danger,omitempty"`  // shown as dangerous
	Primary bool   `json:"primary,omitempty"` // the one that most people want
	Confirm string `json:"confirm,omitempty"` // a question asked first, where the platform can
	URL     string `json:"url,omitempty"`     // a link button: Verb is then empty
}

// Text makes a message of one block of CommonMark.
func Text(markdown string) Message { return Message{Blocks: []Block{{Text: markdown}}} }

// Plain returns the message as plain text, the way a log or a terminal shows it.
func (m Message) Plain() string {
	var parts []string
	for _, b := range m.Blocks {
		switch {
		case b.Header != "":
			parts = append(parts, b.Header)
		case b.Text != "":
			parts = append(parts, PlainText(b.Text))
		case len(b.Fields) > 0:
			var fs []string
			for _, f := range b.Fields {
				fs = append(fs, f.Name+": "+PlainText(f.Value))
			}
			parts = append(parts, strings.Join(fs, "\n"))
		case b.Code != "":
			parts = append(parts, b.Code)
		case b.Image != nil:
			parts = append(parts, "[picture: "+b.Image.Alt+"]")
		case b.File != nil:
			parts = append(parts, "[file: "+b.File.Name+"]")
		case b.Context != "":
			parts = append(parts, PlainText(b.Context))
		case len(b.Buttons) > 0:
			var bs []string
			for _, x := range b.Buttons {
				bs = append(bs, "["+x.Label+"]")
			}
			parts = append(parts, strings.Join(bs, " "))
		}
	}
	return strings.Join(parts, "\n")
}

// Form asks a person for what a verb still needs.
type Form struct {
	Title  string      `json:"title"`  // at most 24 characters
	Verb   string      `json:"verb"`   // what was typed so far and stands: "status #42"
	Submit string      `json:"submit"` // the button's label
	Fields []FormField `json:"fields"` // at most five
}

// FormField is one question of a form.
type FormField struct {
	Name     string   `json:"name"`  // the argument's name; the key in Inbound.Values
	Label    string   `json:"label"` // at most 45 characters
	Hint     string   `json:"hint,omitempty"`
	Value    string   `json:"value,omitempty"` // filled in already
	Required bool     `json:"required,omitempty"`
	Long     bool     `json:"long,omitempty"`    // several lines
	Choices  []Choice `json:"choices,omitempty"` // a fixed choice; Long is then ignored
	Max      int      `json:"max,omitempty"`     // characters at most; 0 means the platform's own limit
}

// Choice is one of several values.
type Choice struct {
	Label string `json:"label"`
	Value string `json:"value"`
}

// Features says what a platform can do. The core asks for a feature, never for a platform's name.
type Features struct {
	Private      bool // an answer can be shown to the asker alone
	Forms        bool // a form can be opened
	Direct       bool // a person can be written to directly
	PrivateRooms bool // a room can be closed to all but its members
	LocalTime    bool // a time is shown to each reader in their own zone
	RoomName     int  // characters at most in a room's name
}

// Escape makes text that a person or a machine wrote safe to stand inside CommonMark: it will be shown as it is,
// on one line.
func Escape(text string) string {
	var b strings.Builder
	for i, r := range text {
		switch r {
		case ' ', '\t', '\n', '\r', '\u2028', '\u2029':
			if i == 0 {
				// At the start of a line four of them would begin a block of code.
				b.WriteString("&#32;")
				continue
			}
			b.WriteByte(' ')
		case 0:
			b.WriteRune(utf8.RuneError)
		case '\\', '`', '*', '_', '{', '}', '[', ']', '(', ')', '<', '>', '#', '+', '-', '.', '!', '|', '~', '&', ':', '@', '=':
			b.WriteByte('\\')
			b.WriteRune(r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// Time writes an instant into CommonMark so that a platform with Features.LocalTime shows it in each reader's own time zone,
// and the others as fallback says.
func Time(t time.Time, fallback string) string {
	return "[" + Escape(fallback) + "](time:" + itoa(t.Unix()) + ")"
}

// Cut shortens text to at most limit runes at a word's end where there is one near, and marks the cut with "…".
func Cut(text string, limit int) string {
	runes := []rune(text)
	if len(runes) <= limit {
		return text
	}
	if limit <= 1 {
		return string(runes[:max(limit, 0)])
	}
	end := limit - 1
	for i := end; i > end-20 && i > 0; i-- {
		if runes[i] == ' ' || runes[i] == '\n' {
			end = i
			break
		}
	}
	return strings.TrimRight(string(runes[:end]), " \n") + "…"
}
