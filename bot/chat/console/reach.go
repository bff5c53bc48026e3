package console

import (
	"context"

	"sitrep/bot/chat"
)

// Reach says whether a channel can be written in: one that is not there yet is made when something is first written in it.
func (c *Console) Reach(_ context.Context, room chat.RoomID) error {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if r, ok := c.mem.rooms[room]; ok && !r.Deleted || isChannel(room) {
		return nil
	}
	return notFound("console.Reach", "There is no channel "+string(room)+" on the console: write it \"#name\".")
}
