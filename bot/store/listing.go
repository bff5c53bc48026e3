package store

import (
	"context"

	"sitrep/bot/incident"
)

// Listing lists what the other methods only look up, so that everything can be moved to another store.
type Listing interface {
	// Each calls f for every entry, in no promised order, until f returns an error. What is written meanwhile may be seen or not, and then an entry
	// may be seen twice. f may call the store.
	Each(ctx context.Context, f func(Entry) error) error
}

// EntryKind says what an Entry is.
type EntryKind string

// The kinds of entries, with the fields that they have.
const (
	ClaimEntry    EntryKind = "claim"    // Key, Incident
	AnsweredEntry EntryKind = "answered" // Key is the request, Shard the one whose commit carried it out
	ClosedEntry   EntryKind = "closed"   // Key is the id of a request that was closed
	NumberEntry   EntryKind = "number"   // Number, and the Incident for which it was reserved
	KindEntry     EntryKind = "kind"     // Key is a kind of which there are records
)

// Entry is one thing that a store remembers.
type Entry struct {
	Kind     EntryKind       `json:"kind"`
	Key      string          `json:"key,omitempty"`
	Incident incident.ID     `json:"incident,omitempty"`
	Number   incident.Number `json:"number,omitempty"`
	Shard    incident.Shard  `json:"shard,omitempty"`
}
