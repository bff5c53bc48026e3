package incident

import "time"

// Command asks for something to happen to an incident. Its Meta becomes that of the events that follow.
type Command struct {
	Meta
	Intent Intent
}

// Intent is what a Command asks for.
type Intent interface {
	decide(*decision) error
}

// The intents of people and of alert sources.
type (
	// Declare opens an incident.
	Declare struct {
		DeclaredEvent
		Alert *Alert // the alert that it is declared for, or nil
	}
	// AttachAlert adds a firing alert. It is refused as Closed or Stale when a new incident should be declared instead.
	AttachAlert struct {
		Alert Alert
		Why   []string
	}
	// ClearAlert says that an alert has ended.
	ClearAlert struct {
		Fingerprint string
		EndsAt      time.Time
	}
	// Accept makes a triage an incident, led by nobody yet, with rooms on Platforms; with none, where the declaration wanted them.
	Accept struct{ Platforms []string }
	// SetStatus tells how it stands. To empty keeps the status; an empty Text, Impact or NextStep keeps what was said before.
	SetStatus struct {
		To                     Status
		Text, Impact, NextStep string
	}
	// SetSeverity raises or lowers the severity.
	SetSeverity struct{ To Severity }
	// Rename gives a new title.
	Rename struct{ To string }
	// SetPrivate makes it private or public.
	SetPrivate struct{ Private bool }
	// Ack says that the actor has seen it.
	Ack struct{}
	// Mitigate says that people are hurt no longer.
	Mitigate struct{ Text string }
	// SetMilestone corrects when a milestone was.
	SetMilestone struct {
		Milestone Milestone
		When      time.Time
		Computed  bool
		Basis     string
	}
	// Close ends it; resolve, cancel, decline and merge are all this.
	Close struct {
		Reason     CloseReason
		Text       string
		Into       ID
		IntoNumber Number
	}
	// Absorb notes that another incident was merged into this one.
	Absorb struct {
		From   ID
		Number Number
		Title  string
	}
	// Reopen opens it again.
	Reopen struct{ Text string }
	// AssignRole gives a role to a person.
	AssignRole struct {
		Role   Role
		Person Person
	}
	// Join and Leave are about the actor or somebody else. Gone means that the person left the organisation.
	Join struct{ Person Person }
	// Leave takes a person out, and their roles with them.
	Leave struct {
		Person Person
		Gone   bool
	}
	// Subscribe asks for each update to be sent to a person directly.
	Subscribe struct{ Person Person }
	// Unsubscribe ends what Subscribe began.
	Unsubscribe struct{ Person Person }
	// AddNote puts a line on the timeline.
	AddNote struct {
		Text string
		When time.Time // zero: now
	}
	// Pin puts a message on the timeline; EditPin and DeletePin follow what happens to it.
	Pin struct {
		Message string
		Text    string
		Author  Person
		When    time.Time
	}
	// EditPin follows an edit of a pinned message.
	EditPin struct{ Message, Text string }
	// DeletePin follows the deletion of a pinned message.
	DeletePin struct{ Message string }
	// RecordEvidence puts what was looked at on the timeline.
	RecordEvidence struct{ EvidenceRecorded }
	// AddFollowup adds something to be done; its ID is given here.
	AddFollowup struct{ Followup }
	// ChangeFollowup replaces a follow-up.
	ChangeFollowup struct{ Followup }
	// DraftPostmortem notes that a draft was asked for.
	DraftPostmortem struct{}
	// ArchiveRooms closes the rooms of a closed incident for writing.
	ArchiveRooms struct{}
)

// The intents about updates. An empty Audience means every audience.
type (
	// PlanUpdates sets how often an audience is told; Every zero goes back to the severity's cadence.
	PlanUpdates struct {
		Audience string
		Every    time.Duration
	}
	// PauseUpdates puts off updates, for a reason.
	PauseUpdates struct {
		Audience string
		For      time.Duration
		Why      string
	}
	// ResumeUpdates ends a pause.
	ResumeUpdates struct{ Audience string }
	// SendUpdate sends an update now; an empty Text sends the draft's words, or what sitrep composes.
	SendUpdate struct {
		Audience string
		Text     string
	}
	// EditDraft sets the words of the next update without sending it.
	EditDraft struct {
		Audience string
		Text     string
	}
	// SnoozeUpdate puts off the next update, for a reason.
	SnoozeUpdate struct {
		Audience string
		For      time.Duration
		Why      string
	}
	// Fire is a timer that has come due.
	Fire struct {
		Name string
		Due  time.Time
	}
)

// The intents by which workers tell what came of a task.
type (
	// RoomIsOpen tells that a room was opened.
	RoomIsOpen struct{ RoomOpened }
	// CardIsPosted tells where a card stands.
	CardIsPosted struct{ CardPosted }
	// RoomIsLost tells that a room is no longer there or cannot be used.
	RoomIsLost struct{ Platform, Room, Reason string }
	// UpdateIsDelivered tells that an update stands in a channel. Late is reckoned here.
	UpdateIsDelivered struct{ UpdateDelivered }
	// EffectHasFailed tells that something could not be done.
	EffectHasFailed struct{ EffectFailed }
	// EffectWorks tells that something was done; it says nothing unless the same had failed before.
	EffectWorks struct{ What, Target string }
	// HasRestarted tells that sitrep was away.
	HasRestarted struct{ Away time.Duration }
)
