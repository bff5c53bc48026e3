package slack

import (
	"context"

	api "github.com/slack-go/slack"

	"sitrep/bot/chat"
	"sitrep/bot/ops"
)

// Reach reads the newest message of a channel, which takes what writing takes: that the bot is in it.
func (s *Slack) Reach(ctx context.Context, room chat.RoomID) error {
	const op = "slack.Reach"
	id := bare(room)
	if !isID(id) {
		return &ops.Error{Op: op, Kind: ops.Invalid, Msg: "A channel of Slack is written by its ids, T024BE7LD/C061EG9SL: open its details, the id is at the bottom."}
	}
	_, err := s.api.GetConversationHistoryContext(ctx, &api.GetConversationHistoryParameters{ChannelID: id, Limit: 1})
	switch {
	case said(err, "not_in_channel"):
		return &ops.Error{Op: op, Kind: ops.Denied, Msg: "The bot is not in the channel " + id + ": invite it there with /invite.", Err: err}
	case said(err, "channel_not_found"):
		return &ops.Error{Op: op, Kind: ops.NotFound, Msg: "There is no channel " + id + " that the bot can see: check the id, and invite the bot if it is private.", Err: err}
	}
	return fault(op, err)
}
