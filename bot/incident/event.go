package incident

import (
	"time"
)

// Event is something that has happened to an incident. Events are facts: they are never changed, only added.
type Event interface {
	// kind is the event's name in the codec, with its version.
	kind() string
}

// Recorded is an event as it stands in the record.
type Recorded struct {
	Meta
	Version    Version   // its place in the incident's record
	RecordedAt time.Time // when it was committed
	Event      Event
}

// The events, in the order in which an incident usually meets them.
type (
	// DeclaredEvent opens the record. With Triage set nobody has said yet that it is an incident, and it has no room.
	DeclaredEvent struct {
		Number    Number   `json:"number"`
		Title     string   `json:"title"`
		Severity  Severity `json:"severity"`
		Service   string   `json:"service,omitempty"`
		Team      string   `json:"team,omitempty"`
		Private   bool     `json:"private,omitempty"`
		Drill     bool     `json:"drill,omitempty"`
		Triage    bool     `json:"triage,omitempty"`
		Platforms []string `json:"platforms,omitempty"` // where rooms are wanted, once it is no triage
		Invite    []Person `json:"invite,omitempty"`    // on call, or asked for by the route
		Plans     []Plan   `json:"plans,omitempty"`     // who is told, and how often
		Policy    Policy   `json:"policy"`
		Why       []string `json:"why,omitempty"` // how the alert was judged
		GroupKey  string   `json:"group_key,omitempty"`
	}
	// AlertAttached adds an alert, or says that a cleared one fires again.
	AlertAttached struct {
		Alert Alert    `json:"alert"`
		Again bool     `json:"again,omitempty"`
		Why   []string `json:"why,omitempty"`
	}
	// AlertCleared says that its source saw an alert end. Left is how many still fire.
	AlertCleared struct {
		Fingerprint string    `json:"fingerprint"`
		Title       string    `json:"title"`
		EndsAt      time.Time `json:"ends_at"`
		Left        int       `json:"left"`
	}
	// Accepted turns a triage into an incident.
	Accepted struct{}
	// StatusChanged is a person's word on how it stands. From equals To when only words were added.
	StatusChanged struct {
		From     Status `json:"from"`
		To       Status `json:"to"`
		Text     string `json:"text,omitempty"`
		Impact   string `json:"impact,omitempty"`
		NextStep string `json:"next_step,omitempty"`
	}
	// SeverityChanged raises or lowers the severity.
	SeverityChanged struct {
		From Severity `json:"from"`
		To   Severity `json:"to"`
	}
	// Renamed gives a new title.
	Renamed struct {
		From string `json:"from"`
		To   string `json:"to"`
	}
	// VisibilityChanged makes an incident private or public.
	VisibilityChanged struct {
		Private bool `json:"private"`
	}
	// RoleAssigned gives a role; From is who had it.
	RoleAssigned struct {
		Role   Role   `json:"role"`
		Person Person `json:"person"`
		From   Person `json:"from,omitzero"`
	}
	// RoleCleared says that a role is held by nobody, and why.
	RoleCleared struct {
		Role   Role   `json:"role"`
		Person Person `json:"person"`
		Why    string `json:"why,omitempty"`
	}
	// Joined says that someone takes part.
	Joined struct {
		Person Person `json:"person"`
	}
	// Left says that someone takes part no longer. Gone means that they left the organisation.
	Left struct {
		Person Person `json:"person"`
		Gone   bool   `json:"gone,omitempty"`
	}
	// Subscribed says that someone wants each update sent to them directly.
	Subscribed struct {
		Person Person `json:"person"`
	}
	// Unsubscribed says that they want it no longer.
	Unsubscribed struct {
		Person Person `json:"person"`
	}
	// Acked says that someone has seen it and is on it.
	Acked struct {
		Person Person `json:"person"`
	}
	// MitigatedEvent says that people are hurt no longer, though the cause may stand.
	MitigatedEvent struct {
		Text string `json:"text,omitempty"`
	}
	// MilestoneSet says when a milestone was, computed or by a person's word.
	MilestoneSet struct {
		Milestone Milestone `json:"milestone"`
		When      time.Time `json:"when"`
		Computed  bool      `json:"computed,omitempty"`
		Basis     string    `json:"basis,omitempty"` // what it was computed from
	}
	// ClosedEvent ends an incident. Into is set when it was merged.
	ClosedEvent struct {
		Reason     CloseReason `json:"reason"`
		Text       string      `json:"text,omitempty"`
		Into       ID          `json:"into,omitempty"`
		IntoNumber Number      `json:"into_number,omitempty"`
	}
	// ReopenedEvent opens a closed incident again.
	ReopenedEvent struct {
		Text string `json:"text,omitempty"`
	}
	// Absorbed says that another incident was merged into this one.
	Absorbed struct {
		From       ID     `json:"from"`
		FromNumber Number `json:"from_number"`
		Title      string `json:"title"`
	}
	// NoteAdded is a line that a person put on the timeline.
	NoteAdded struct {
		Text string    `json:"text"`
		When time.Time `json:"when"` // when it happened, which may be long before it was said
	}
	// Pinned puts a chat message on the timeline.
	Pinned struct {
		Message string    `json:"message"` // platform, room and message id
		Text    string    `json:"text"`
		Author  Person    `json:"author,omitzero"`
		When    time.Time `json:"when,omitzero"`
	}
	// PinEdited says that the author of a pinned message changed it.
	PinEdited struct {
		Message string `json:"message"`
		Text    string `json:"text"`
	}
	// PinDeleted says that a pinned message was deleted; the record keeps what was pinned.
	PinDeleted struct {
		Message string `json:"message"`
	}
	// EvidenceRecorded is what someone looked at: the query, its window, and what it showed.
	EvidenceRecorded struct {
		Look    string    `json:"look"` // the verb: "logs"
		Service string    `json:"service,omitempty"`
		Source  string    `json:"source"` // the integration's name
		Query   string    `json:"query"`  // as it was sent
		From    time.Time `json:"from"`
		To      time.Time `json:"to"`
		Finding string    `json:"finding"` // the conclusion in one line
		Digest  string    `json:"digest"`  // SHA-256 of the result, in hexadecimal
		Link    string    `json:"link,omitempty"`
	}
	// UpdatesPlanned changes how often an audience is told; Every zero goes back to the severity's cadence.
	UpdatesPlanned struct {
		Audience string        `json:"audience"`
		Every    time.Duration `json:"every"`
		Next     time.Time     `json:"next,omitzero"`
	}
	// UpdatesPaused puts off the updates of an audience until a time.
	UpdatesPaused struct {
		Audience string    `json:"audience"`
		Until    time.Time `json:"until"`
		Why      string    `json:"why"`
	}
	// UpdatesResumed ends a pause.
	UpdatesResumed struct {
		Audience string    `json:"audience"`
		Next     time.Time `json:"next,omitzero"`
	}
	// UpdateDrafted says that the draft of the next update went to the lead or comms.
	UpdateDrafted struct {
		Audience string    `json:"audience"`
		Seq      int       `json:"seq"`
		Due      time.Time `json:"due"`
		To       Person    `json:"to,omitzero"`
	}
	// DraftEdited replaces the words of the next update.
	DraftEdited struct {
		Audience string `json:"audience"`
		Seq      int    `json:"seq"`
		Text     string `json:"text"`
	}
	// UpdateSnoozed puts off one update, for a reason.
	UpdateSnoozed struct {
		Audience string    `json:"audience"`
		Seq      int       `json:"seq"`
		Until    time.Time `json:"until"`
		Why      string    `json:"why"`
	}
	// UpdateComposed is an update as it is sent: all that its text is made of.
	UpdateComposed struct {
		Update Update `json:"update"`
	}
	// UpdateDelivered says that an update stands in a channel. Late is how long after its due time it came.
	UpdateDelivered struct {
		Audience string        `json:"audience"`
		Seq      int           `json:"seq"`
		Platform string        `json:"platform"`
		Channel  string        `json:"channel"`
		Message  string        `json:"message"`
		URL      string        `json:"url,omitempty"`
		Late     time.Duration `json:"late"`
	}
	// FollowupAdded is something to be done: during the incident, or after it.
	FollowupAdded struct {
		Followup Followup `json:"followup"`
	}
	// FollowupChanged says that a follow-up was done, or undone, or changed hands or date.
	FollowupChanged struct {
		Followup Followup `json:"followup"`
	}
	// PostmortemDrafted says that a draft was written from the record as it stood at Upto.
	PostmortemDrafted struct {
		Upto Version `json:"upto"`
	}
	// PostmortemReminded says that people were reminded of the postmortem.
	PostmortemReminded struct {
		Count int       `json:"count"`
		Due   time.Time `json:"due"`
	}
	// RoomWanted asks for a room on a platform. Generation counts from 1; a later one replaces a room that was lost.
	RoomWanted struct {
		Platform   string `json:"platform"`
		Generation int    `json:"generation"`
	}
	// RoomOpened says that a room is there.
	RoomOpened struct {
		Platform   string `json:"platform"`
		Generation int    `json:"generation"`
		Room       string `json:"room"`
		Name       string `json:"name"`
		URL        string `json:"url,omitempty"`
	}
	// CardPosted says where the card of an incident stands in a room or channel.
	CardPosted struct {
		Platform string `json:"platform"`
		Room     string `json:"room"`
		Message  string `json:"message"`
	}
	// RoomLost says that a room was deleted or archived by hand, or that the bot was removed from it.
	RoomLost struct {
		Platform string `json:"platform"`
		Room     string `json:"room"`
		Name     string `json:"name"`
		Reason   string `json:"reason"`
	}
	// RoomArchived says that a person asked for the rooms to be closed for writing.
	RoomArchived struct{}
	// LeadMissing says that people were told, for the Count-th time, that nobody leads.
	LeadMissing struct {
		Count int `json:"count"`
	}
	// EffectFailed says that something could not be done, and what a person can do about it.
	EffectFailed struct {
		What   string `json:"what"`   // "invite", "card", …
		Target string `json:"target"` // platform or integration
		Msg    string `json:"msg"`
	}
	// EffectRecovered says that what had failed works again.
	EffectRecovered struct {
		What   string `json:"what"`
		Target string `json:"target"`
	}
	// Restarted says that sitrep was away, from its last sign of life until now.
	Restarted struct {
		Away time.Duration `json:"away"`
	}
)

// NotOpened is why a room is lost that could never be opened.
const NotOpened = "not opened"

func (DeclaredEvent) kind() string      { return "declared.v1" }
func (AlertAttached) kind() string      { return "alert_attached.v1" }
func (AlertCleared) kind() string       { return "alert_cleared.v1" }
func (Accepted) kind() string           { return "accepted.v1" }
func (StatusChanged) kind() string      { return "status_changed.v1" }
func (SeverityChanged) kind() string    { return "severity_changed.v1" }
func (Renamed) kind() string            { return "renamed.v1" }
func (VisibilityChanged) kind() string  { return "visibility_changed.v1" }
func (RoleAssigned) kind() string       { return "role_assigned.v1" }
func (RoleCleared) kind() string        { return "role_cleared.v1" }
func (Joined) kind() string             { return "joined.v1" }
func (Left) kind() string               { return "left.v1" }
func (Acked) kind() string              { return "acked.v1" }
func (MitigatedEvent) kind() string     { return "mitigated.v1" }
func (MilestoneSet) kind() string       { return "milestone_set.v1" }
func (ClosedEvent) kind() string        { return "closed.v1" }
func (ReopenedEvent) kind() string      { return "reopened.v1" }
func (Absorbed) kind() string           { return "absorbed.v1" }
func (Subscribed) kind() string         { return "subscribed.v1" }
func (Unsubscribed) kind() string       { return "unsubscribed.v1" }
func (NoteAdded) kind() string          { return "note_added.v1" }
func (Pinned) kind() string             { return "pinned.v1" }
func (PinEdited) kind() string          { return "pin_edited.v1" }
func (PinDeleted) kind() string         { return "pin_deleted.v1" }
func (EvidenceRecorded) kind() string   { return "evidence_recorded.v1" }
func (UpdatesPlanned) kind() string     { return "updates_planned.v1" }
func (UpdatesPaused) kind() string      { return "updates_paused.v1" }
func (UpdatesResumed) kind() string     { return "updates_resumed.v1" }
func (UpdateDrafted) kind() string      { return "update_drafted.v1" }
func (DraftEdited) kind() string        { return "draft_edited.v1" }
func (UpdateSnoozed) kind() string      { return "update_snoozed.v1" }
func (UpdateComposed) kind() string     { return "update_composed.v1" }
func (UpdateDelivered) kind() string    { return "update_delivered.v1" }
func (FollowupAdded) kind() string      { return "followup_added.v1" }
func (FollowupChanged) kind() string    { return "followup_changed.v1" }
func (PostmortemDrafted) kind() string  { return "postmortem_drafted.v1" }
func (PostmortemReminded) kind() string { return "postmortem_reminded.v1" }
func (RoomWanted) kind() string         { return "room_wanted.v1" }
func (RoomOpened) kind() string         { return "room_opened.v1" }
func (CardPosted) kind() string         { return "card_posted.v1" }
func (RoomLost) kind() string           { return "room_lost.v1" }
func (RoomArchived) kind() string       { return "room_archived.v1" }
func (LeadMissing) kind() string        { return "lead_missing.v1" }
func (EffectFailed) kind() string       { return "effect_failed.v1" }
func (EffectRecovered) kind() string    { return "effect_recovered.v1" }
func (Restarted) kind() string          { return "restarted.v1" }
