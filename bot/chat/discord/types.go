package discord

import (
	"encoding/json"
	"strconv"
	"strings"
)

// payload is a message as it is sent.
type payload struct {
	Content         string       `json:"content"`
	Embeds          []embed      `json:"embeds"`
	Components      []component  `json:"components"`
	AllowedMentions mentions     `json:"allowed_mentions"`
	Attachments     []attachment `json:"attachments,omitzero"` // nil leaves those of an edited message alone
	Nonce           string       `json:"nonce,omitempty"`
	EnforceNonce    bool         `json:"enforce_nonce,omitempty"`
	Flags           int          `json:"flags,omitempty"`
	Reference       *reference   `json:"message_reference,omitempty"`
}

type embed struct {
	URL         string       `json:"url,omitempty"`
	Description string       `json:"description,omitempty"`
	Color       int          `json:"color,omitempty"`
	Fields      []embedField `json:"fields,omitempty"`
}

type embedField struct {
	Name   string `json:"name"`
	Value  string `json:"value"`
	Inline bool   `json:"inline,omitempty"`
}

type mentions struct {
	Parse []string `json:"parse"`
	Users []string `json:"users,omitempty"`
}

type attachment struct {
	ID          string `json:"id"`
	Filename    string `json:"filename"`
	Description string `json:"description,omitempty"`
}

type reference struct {
	MessageID       string `json:"message_id"`
	FailIfNotExists bool   `json:"fail_if_not_exists"`
}

// component is a row, a button or a text input, told apart by Type.
type component struct {
	Type        int         `json:"type"`
	Components  []component `json:"components,omitempty"`
	CustomID    string      `json:"custom_id,omitempty"`
	Style       int         `json:"style,omitempty"`
	Label       string      `json:"label,omitempty"`
	URL         string      `json:"url,omitempty"`
	Value       string      `json:"value,omitempty"`
	Placeholder string      `json:"placeholder,omitempty"`
	Required    *bool       `json:"required,omitempty"`
	MaxLength   int         `json:"max_length,omitempty"`
}

// file is an upload.
type file struct {
	name, alt string
	data      []byte
}

// The types of components and the styles that are used.
const (
	typeRow, typeButton, typeInput                        = 1, 2, 4
	stylePrimary, styleSecondary, styleDanger, styleLink  = 1, 2, 4, 5
	inputShort, inputLong                                 = 1, 2
	flagEphemeral, flagLoading                            = 1 << 6, 1 << 7
	channelText, channelCategory, threadFirst, threadLast = 0, 4, 10, 12
	overwriteRole, overwriteMember                        = 0, 1
	answerPong, answerMessage, answerDeferred             = 1, 4, 5
	answerChoices, answerForm                             = 8, 9
	askPing, askCommand, askButton, askComplete, askForm  = 1, 2, 3, 4, 5
	commandChat, commandMessage                           = 1, 3
	optionSubcommand, optionString, optionUser            = 1, 3, 6
	roomsInCategory, channelsInGuild, channelsWarned      = 50, 500, 450
)

// bits are permissions, which Discord sends as text and takes as a number.
type bits int64

func (b *bits) UnmarshalJSON(raw []byte) error {
	n, err := strconv.ParseInt(strings.Trim(string(raw), `"`), 10, 64)
	*b = bits(n)
	return err
}

type overwrite struct {
	ID    string `json:"id"`
	Type  int    `json:"type"`
	Allow bits   `json:"allow"`
	Deny  bits   `json:"deny"`
}

type channel struct {
	ID            string      `json:"id"`
	Type          int         `json:"type"`
	GuildID       string      `json:"guild_id"`
	Name          string      `json:"name"`
	Topic         string      `json:"topic"`
	ParentID      string      `json:"parent_id"`
	LastMessageID string      `json:"last_message_id"`
	Overwrites    []overwrite `json:"permission_overwrites"`
}

func (c channel) thread() bool { return c.Type >= threadFirst && c.Type <= threadLast }

// place tells where what is written in c stands.
func (c channel) place() place {
	if c.thread() && c.ParentID != "" {
		return place{room: c.ParentID, thread: c.ID}
	}
	return place{room: c.ID}
}

type user struct {
	ID         string `json:"id"`
	Username   string `json:"username"`
	GlobalName string `json:"global_name"`
	Bot        bool   `json:"bot"`
}

type member struct {
	Nick  string   `json:"nick"`
	User  user     `json:"user"`
	Roles []string `json:"roles"`
}

type message struct {
	ID        string  `json:"id"`
	ChannelID string  `json:"channel_id"`
	GuildID   string  `json:"guild_id"`
	Author    user    `json:"author"`
	Member    *member `json:"member"`
	Content   string  `json:"content"`
	Mentions  []user  `json:"mentions"`
	Embeds    []embed `json:"embeds"`
	Flags     int     `json:"flags"`
	Timestamp string  `json:"timestamp"`
	Edited    string  `json:"edited_timestamp"`
}

type interaction struct {
	ID        string   `json:"id"`
	Type      int      `json:"type"`
	Token     string   `json:"token"`
	GuildID   string   `json:"guild_id"`
	ChannelID string   `json:"channel_id"`
	Channel   channel  `json:"channel"`
	Member    *member  `json:"member"`
	User      *user    `json:"user"`
	Message   *message `json:"message"`
	Data      struct {
		Type       int         `json:"type"`
		Name       string      `json:"name"`
		TargetID   string      `json:"target_id"`
		CustomID   string      `json:"custom_id"`
		Options    []option    `json:"options"`
		Components []component `json:"components"`
		Resolved   struct {
			Messages map[string]message `json:"messages"`
		} `json:"resolved"`
	} `json:"data"`
}

type option struct {
	Name    string          `json:"name"`
	Type    int             `json:"type"`
	Value   json.RawMessage `json:"value"`
	Focused bool            `json:"focused"`
	Options []option        `json:"options"`
}

// text returns an option's value as it would be typed.
func (o option) text() string {
	var s string
	if json.Unmarshal(o.Value, &s) != nil {
		s = string(o.Value)
	}
	if o.Type == optionUser {
		return "@" + s
	}
	return s
}
