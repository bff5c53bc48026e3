package incident

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"time"
)

// wire is an event as it is stored.
type wire struct {
	Kind       string          `json:"kind"`
	Version    Version         `json:"version"`
	RecordedAt time.Time       `json:"recorded_at"`
	Meta       Meta            `json:"meta"`
	Event      json.RawMessage `json:"event"`
}

// kinds has one zero value of each event that can be decoded, by its name.
var kinds = func() map[string]reflect.Type {
	m := make(map[string]reflect.Type)
	for _, e := range []Event{
		DeclaredEvent{},
		AlertAttached{},
		AlertCleared{},
		Accepted{},
		StatusChanged{},
		SeverityChanged{},
		Renamed{},
		VisibilityChanged{},
		RoleAssigned{},
		RoleCleared{},
		Joined{},
		Left{},
		Subscribed{},
		Unsubscribed{},
		Acked{},
		MitigatedEvent{},
		MilestoneSet{},
		ClosedEvent{},
		ReopenedEvent{},
		Absorbed{},
		NoteAdded{},
		Pinned{},
		PinEdited{},
		PinDeleted{},
		EvidenceRecorded{},
		UpdatesPlanned{},
		UpdatesPaused{},
		UpdatesResumed{},
		UpdateDrafted{},
		DraftEdited{},
		UpdateSnoozed{},
		UpdateComposed{},
		UpdateDelivered{},
		FollowupAdded{},
		FollowupChanged{},
		PostmortemDrafted{},
		PostmortemReminded{},
		RoomWanted{},
		RoomOpened{},
		CardPosted{},
		RoomLost{},
		RoomArchived{},
		LeadMissing{},
		EffectFailed{},
		EffectRecovered{},
		Restarted{},
	} {
		m[e.kind()] = reflect.TypeOf(e)
	}
	return m
}()

// Kinds lists the names of all events, sorted.
func Kinds() []string {
	names := make([]string, 0, len(kinds))
	for k := range kinds {
		names = append(names, k)
	}
	slices.Sort(names)
	return names
}

// KindOf returns an event's name in the codec.
func KindOf(e Event) string { return e.kind() }

// Encode writes a recorded event as JSON.
func Encode(r Recorded) ([]byte, error) {
	body, err := json.Marshal(r.Event)
	if err != nil {
		return nil, fmt.Errorf("event %s: %w", r.Event.kind(), err)
	}
	return json.Marshal(wire{Kind: r.Event.kind(), Version: r.Version, RecordedAt: r.RecordedAt, Meta: r.Meta, Event: body})
}

// Decode reads what Encode wrote. An event of a kind that this version does not know is an error.
func Decode(data []byte) (Recorded, error) {
	var w wire
	if err := json.Unmarshal(data, &w); err != nil {
		return Recorded{}, fmt.Errorf("event: %w", err)
	}
	t, ok := kinds[w.Kind]
	if !ok {
		return Recorded{}, fmt.Errorf("event %d is of kind %q, which this version of sitrep does not know", w.Version, w.Kind)
	}
	v := reflect.New(t)
	if err := json.Unmarshal(w.Event, v.Interface()); err != nil {
		return Recorded{}, fmt.Errorf("event %d, %s: %w", w.Version, w.Kind, err)
	}
	return Recorded{Meta: w.Meta, Version: w.Version, RecordedAt: w.RecordedAt, Event: v.Elem().Interface().(Event)}, nil
}
