package slack

import (
	"encoding/json"

	"sitrep/bot/chat"
)

// The kinds of a stored request: what carried it.
const (
	kindEvent       = "event"       // https://docs.slack.dev/apis/events-api
	kindCommand     = "command"     // https://docs.slack.dev/interactivity/implementing-slash-commands
	kindInteraction = "interaction" // https://docs.slack.dev/reference/interaction-payloads
)

// stored is the body of a Request: what Slack sent, as it came, and what only a call could tell, so that decoding needs none.
type stored struct {
	Payload json.RawMessage `json:"payload"`
	Bot     string          `json:"bot,omitempty"`     // the bot's user id
	Site    string          `json:"site,omitempty"`    // for permalinks
	Private bool            `json:"private,omitempty"` // the answer is for the asker alone
	Message *wireMessage    `json:"message,omitempty"` // what a reaction was put on
}

type wireEnvelope struct {
	Type      string    `json:"type"`
	Challenge string    `json:"challenge"`
	TeamID    string    `json:"team_id"`
	EventID   string    `json:"event_id"`
	EventTime int64     `json:"event_time"`
	Event     wireEvent `json:"event"`
}

type wireEvent struct {
	Type      string          `json:"type"`
	Subtype   string          `json:"subtype"`
	User      json.RawMessage `json:"user"` // an id, or with user_change the whole user
	Channel   string          `json:"channel"`
	Text      string          `json:"text"`
	TS        string          `json:"ts"`
	ThreadTS  string          `json:"thread_ts"`
	EventTS   string          `json:"event_ts"`
	DeletedTS string          `json:"deleted_ts"`
	Tab       string          `json:"tab"`
	BotID     string          `json:"bot_id"`
	ActorID   string          `json:"actor_id"`
	Reaction  string          `json:"reaction"`
	ItemUser  string          `json:"item_user"`
	Edited    json.RawMessage `json:"edited"`
	Item      struct {
		Type    string `json:"type"`
		Channel string `json:"channel"`
		TS      string `json:"ts"`
	} `json:"item"`
	Message  *wireMessage `json:"message"`
	Previous *wireMessage `json:"previous_message"`
}

func (e wireEvent) user() string {
	var id string
	if json.Unmarshal(e.User, &id) == nil {
		return id
	}
	return ""
}

type wireMember struct {
	ID      string `json:"id"`
	Deleted bool   `json:"deleted"`
	IsBot   bool   `json:"is_bot"`
}

func (e wireEvent) member() wireMember {
	var m wireMember
	if json.Unmarshal(e.User, &m) != nil {
		return wireMember{}
	}
	return m
}

type wireMessage struct {
	User     string `json:"user,omitempty"`
	BotID    string `json:"bot_id,omitempty"`
	Text     string `json:"text,omitempty"`
	TS       string `json:"ts,omitempty"`
	ThreadTS string `json:"thread_ts,omitempty"`
	Subtype  string `json:"subtype,omitempty"`
}

type wireCommand struct {
	TeamID      string `json:"team_id"`
	ChannelID   string `json:"channel_id"`
	ChannelName string `json:"channel_name"`
	UserID      string `json:"user_id"`
	UserName    string `json:"user_name"`
	Command     string `json:"command"`
	Text        string `json:"text"`
	ResponseURL string `json:"response_url"`
	TriggerID   string `json:"trigger_id"`
}

type wireInteraction struct {
	Type        string `json:"type"`
	CallbackID  string `json:"callback_id"`
	TriggerID   string `json:"trigger_id"`
	ResponseURL string `json:"response_url"`
	Team        struct {
		ID string `json:"id"`
	} `json:"team"`
	User struct {
		ID       string `json:"id"`
		Name     string `json:"name"`
		Username string `json:"username"`
		TeamID   string `json:"team_id"`
	} `json:"user"`
	Channel struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	} `json:"channel"`
	Container struct {
		MessageTS string `json:"message_ts"`
		ChannelID string `json:"channel_id"`
		ThreadTS  string `json:"thread_ts"`
	} `json:"container"`
	Message *wireMessage `json:"message"`
	Actions []struct {
		ActionID string `json:"action_id"`
		Value    string `json:"value"`
		ActionTS string `json:"action_ts"`
	} `json:"actions"`
	View struct {
		CallbackID      string `json:"callback_id"`
		PrivateMetadata string `json:"private_metadata"`
		State           struct {
			Values map[string]map[string]wireAnswer `json:"values"`
		} `json:"state"`
	} `json:"view"`
}

type wireAnswer struct {
	Value    string `json:"value"`
	Selected *struct {
		Value string `json:"value"`
	} `json:"selected_option"`
}

// formOrigin travels in a form's private_metadata: where it was opened, and how to answer there.
type formOrigin struct {
	Verb   string         `json:"v"`
	Room   chat.RoomID    `json:"r,omitempty"`
	Thread chat.MessageID `json:"t,omitempty"`
	Token  string         `json:"k,omitempty"`
}
