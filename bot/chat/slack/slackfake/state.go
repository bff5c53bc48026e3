package slackfake

import (
	"encoding/json"
	"strings"
	"time"

	"sitrep/bot/chat"
)

type user struct {
	id, name     string
	bot, deleted bool
}

type channel struct {
	id, name, creator string
	created           time.Time
	private, archived bool
	gone              bool
	direct            string // the person, in a direct message
	topic, purpose    string
	members           map[string]bool
	order             []string // members as they came
	messages          []*message
}

func (c *channel) join(u string) bool {
	if c.members[u] {
		return false
	}
	c.members[u] = true
	c.order = append(c.order, u)
	return true
}

func (c *channel) find(ts string) *message {
	for _, m := range c.messages {
		if m.ts == ts && m.only == "" {
			return m
		}
	}
	return nil
}

type message struct {
	ts, thread, user, text string
	fromBot                bool
	blocks                 []block
	metadata               json.RawMessage
	only                   string // seen by this person alone
	edited, pinned         bool
	previews               bool // links in it are unfolded
}

type file struct {
	id, name, title, alt, ticket string
	data                         []byte
	length                       int
	uploaded                     bool
	completed                    time.Time // zero before; a picture is ready a moment later
}

// lookAt is how long the fake takes to look at a picture.
const lookAt = 150 * time.Millisecond

func (f *file) done() bool  { return f != nil && !f.completed.IsZero() }
func (f *file) ready() bool { return f.done() && time.Since(f.completed) > lookAt }

func (f *file) permalink() string {
	return site + "files/" + botUser + "/" + f.id + "/" + strings.ToLower(strings.ReplaceAll(f.name, " ", "_"))
}

// trigger lets one view be opened, within three seconds.
type trigger struct {
	user string
	born time.Time
	used bool
}

// response is a response URL.
type response struct {
	channel, user string
	born          time.Time
	uses          int
	card          string // a button's message, which is what "replace" means then
	last          *message
}

type view struct {
	ID              string  `json:"id,omitempty"`
	Type            string  `json:"type"`
	CallbackID      string  `json:"callback_id"`
	PrivateMetadata string  `json:"private_metadata"`
	Title           object  `json:"title"`
	Submit          object  `json:"submit"`
	Blocks          []block `json:"blocks"`
}

func bare[T ~string](id T) string {
	s := string(id)
	return s[strings.LastIndexByte(s, '/')+1:]
}

func roomID(id string) chat.RoomID { return chat.RoomID(team + "/" + id) }
func userID(id string) chat.UserID { return chat.UserID(team + "/" + id) }
