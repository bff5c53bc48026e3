package store

import (
	"maps"
	"slices"

	"sitrep/bot/incident"
)

// Cursor is a place in the queues of some shards: for each of them the Seq after which to look. A nil Cursor stands for all shards from the
// beginning, an empty one for none.
type Cursor map[incident.Shard]uint64

// FromStart returns a Cursor at the beginning of shards; nil shards are all of them.
func FromStart(shards []incident.Shard) Cursor {
	c := make(Cursor)
	for _, s := range Shards(shards) {
		c[s] = 0
	}
	return c
}

// Shards returns the shards of the Cursor, in order.
func (c Cursor) Shards() []incident.Shard {
	if c == nil {
		return Shards(nil)
	}
	return slices.Sorted(maps.Keys(c))
}

// Shards returns all shards for nil, and else what it was given.
func Shards(shards []incident.Shard) []incident.Shard {
	if shards != nil {
		return shards
	}
	all := make([]incident.Shard, incident.Shards)
	for i := range all {
		all[i] = incident.Shard(i)
	}
	return all
}
