package handlers

import (
	"context"

	"sitrep/bot/chat"
	"sitrep/bot/incident"
)

// Engine carries out commands on incidents and reads them. The bot's runtime satisfies it.
// A refusal by the core is an *incident.Refused; any other error means that the command may not have been carried out.
type Engine interface {
	// Do carries out a command, and returns the incident as it stands afterwards. Meta.Request makes it happen once: carrying out
	// the same request again changes nothing and returns the incident as it stands.
	Do(ctx context.Context, id incident.ID, cmd incident.Command) (incident.State, error)
	// Declare opens an incident; its number, platforms, plans and policy are filled in where they are missing.
	Declare(ctx context.Context, cmd incident.Declare, meta incident.Meta) (incident.State, error)
	// Load returns an incident and its counters ("alerts": how often its alerts were delivered).
	Load(ctx context.Context, id incident.ID) (incident.State, map[string]int64, error)
	// Events returns the whole record of an incident.
	Events(ctx context.Context, id incident.ID) ([]incident.Recorded, error)
	// Numbered finds an incident by its number, and InRoom by one of its rooms; the id is empty when there is none.
	Numbered(ctx context.Context, n incident.Number) (incident.ID, error)
	InRoom(ctx context.Context, platform string, room chat.RoomID) (incident.ID, error)
	// Open returns all open incidents, the newest first; Recent the last incidents, open or not.
	Open(ctx context.Context) ([]incident.State, error)
	Recent(ctx context.Context, limit int) ([]incident.State, error)
}

// Answer is what a verb answers.
type Answer struct {
	Message chat.Message
	Private bool // for the asker alone
}
