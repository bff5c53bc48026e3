package bot

import (
	"time"

	"sitrep/bot/incident"
)

// Settings is what an installation decides about its incidents. It is never changed; a reload puts another in its place.
type Settings struct {
	RoomPlatforms []string           // where an incident gets its rooms, unless its route says otherwise
	Announce      []incident.Channel // where incidents are announced, and alerts wait that nobody has judged yet
	Audiences     []incident.Plan    // who is told, where, and how often
	Policy        incident.Policy
	Routes        []Route
	Zone          *time.Location
}

// DefaultPolicy is the policy of an installation that says nothing.
func DefaultPolicy() incident.Policy {
	return incident.Policy{
		ReopenWindow: 30 * time.Minute, GroupWindow: 6 * time.Hour, DraftLead: 5 * time.Minute, LeadNag: 5 * time.Minute,
		PostmortemFor: incident.Sev2, PostmortemDays: 5,
	}
}
