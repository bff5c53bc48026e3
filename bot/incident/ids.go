package incident

import (
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"
	"time"
)

// ID names an incident for ever: "s17-01JD…". It begins with the shard in which everything about the incident is kept.
type ID string

// Number is what people call an incident by: #42. Numbers are not reused, and there may be gaps.
type Number int64

// Version counts an incident's events; the first event is version 1.
type Version int64

// Shard is one of Shards parts over which incidents are spread.
type Shard uint16

// Shards is how many shards there are. It is part of every id and of every key on disk, and never changes.
const Shards = 64

// NewID makes an id in the shard of a grouping key; unique is a ULID or anything else that does not repeat.
func NewID(groupingKey, unique string) ID {
	return ID(fmt.Sprintf("s%02d-%s", ShardOf(groupingKey), unique))
}

// ShardOf returns the shard in which a key's claim lives.
func ShardOf(key string) Shard {
	h := fnv.New32a()
	_, _ = h.Write([]byte(key))
	return Shard(h.Sum32() % Shards)
}

// Shard returns the shard that the id names, and 0 for an id that names none.
func (id ID) Shard() Shard {
	head, _, _ := strings.Cut(string(id), "-")
	n, err := strconv.ParseUint(strings.TrimPrefix(head, "s"), 10, 16)
	if err != nil || n >= Shards {
		return 0
	}
	return Shard(n)
}

func (n Number) String() string { return "#" + strconv.FormatInt(int64(n), 10) }

// Severity is how bad it is: Sev1 is critical for all users, Sev4 is minor or still looked at. The zero value is unknown.
type Severity uint8

// The severities.
const (
	NoSeverity Severity = iota
	Sev1
	Sev2
	Sev3
	Sev4
)

func (s Severity) String() string {
	if s == NoSeverity {
		return "unknown"
	}
	return "sev" + strconv.Itoa(int(s))
}

// Severities lists them, the worst first.
func Severities() []Severity { return []Severity{Sev1, Sev2, Sev3, Sev4} }

var severityWords = map[string]Severity{
	"sev1": Sev1, "1": Sev1, "p1": Sev1, "critical": Sev1, "emergency": Sev1, "page": Sev1, "disaster": Sev1,
	"sev2": Sev2, "2": Sev2, "p2": Sev2, "high": Sev2, "error": Sev2, "major": Sev2,
	"sev3": Sev3, "3": Sev3, "p3": Sev3, "medium": Sev3, "warning": Sev3, "warn": Sev3, "average": Sev3,
	"sev4": Sev4, "4": Sev4, "p4": Sev4, "p5": Sev4, "5": Sev4, "sev5": Sev4, "low": Sev4, "info": Sev4, "minor": Sev4,
	"none": Sev4, "informational": Sev4,
}

// ParseSeverity understands sev1…sev4, P1…P5 and the words that alert sources use, ignoring case.
func ParseSeverity(word string) (Severity, bool) {
	s, ok := severityWords[strings.ToLower(strings.TrimSpace(word))]
	return s, ok
}

// Status is where an incident stands.
type Status string

// The statuses, in the order in which an incident usually goes through them.
const (
	Triage        Status = "triage" // nobody has said yet that it is an incident
	Investigating Status = "investigating"
	Identified    Status = "identified"
	Monitoring    Status = "monitoring"
	Resolved      Status = "resolved"
)

// ParseStatus understands a status's name, ignoring case.
func ParseStatus(word string) (Status, bool) {
	switch s := Status(strings.ToLower(strings.TrimSpace(word))); s {
	case Triage, Investigating, Identified, Monitoring, Resolved:
		return s, true
	}
	return "", false
}

// CloseReason says why an incident is closed.
type CloseReason string

// The reasons to close.
const (
	ByResolution  CloseReason = "resolved"
	Duplicate     CloseReason = "duplicate"
	FalsePositive CloseReason = "false positive"
	Superseded    CloseReason = "superseded"
	External      CloseReason = "external"
	Cancelled     CloseReason = "cancelled"
)

// ParseCloseReason understands a reason's name, ignoring case and hyphens.
func ParseCloseReason(word string) (CloseReason, bool) {
	switch r := CloseReason(strings.ReplaceAll(strings.ToLower(strings.TrimSpace(word)), "-", " ")); r {
	case ByResolution, Duplicate, FalsePositive, Superseded, External, Cancelled:
		return r, true
	}
	return "", false
}

// Role is a duty in an incident.
type Role string

// The roles. An incident needs a lead.
const (
	Lead   Role = "lead"
	Comms  Role = "comms"
	Scribe Role = "scribe"
	Expert Role = "expert" // subject expert; several people may have it
)

// ParseRole understands a role's name and its common synonyms, ignoring case.
func ParseRole(word string) (Role, bool) {
	switch strings.ToLower(strings.TrimSpace(word)) {
	case "lead", "ic", "commander":
		return Lead, true
	case "comms", "communications":
		return Comms, true
	case "scribe":
		return Scribe, true
	case "expert", "sme":
		return Expert, true
	}
	return "", false
}

// Milestone is a moment from which durations are reckoned.
type Milestone string

// The milestones, in the order in which they usually come.
const (
	Started      Milestone = "started"  // the onset, found in the data or said by a person
	Detected     Milestone = "detected" // the first alert or report
	Declared     Milestone = "declared"
	Acknowledged Milestone = "acknowledged"
	Mitigated    Milestone = "mitigated"
	Recovered    Milestone = "recovered" // every alert had cleared
	ResolvedAt   Milestone = "resolved"
)

// Milestones lists them in their usual order.
func Milestones() []Milestone {
	return []Milestone{Started, Detected, Declared, Acknowledged, Mitigated, Recovered, ResolvedAt}
}

// PersonID names a person: "person:ana" for one in the directory, else platform and account, "slack:T1/U1".
type PersonID string

// Person is someone who takes part.
type Person struct {
	ID   PersonID `json:"id,omitempty"`
	Name string   `json:"name,omitempty"` // as shown
	// Verified says that the directory knows the account; the name of anyone else is only what the platform shows.
	Verified bool `json:"verified,omitempty"`
	// Accounts are the person's ids on the platforms, for inviting and calling them.
	Accounts map[string]string `json:"accounts,omitempty"`
}

// Zero reports whether p is nobody; as an actor that is sitrep itself.
func (p Person) Zero() bool { return p.ID == "" }

// Shown returns the name to show, marked when it is not verified.
func (p Person) Shown() string {
	switch {
	case p.Zero():
		return "sitrep"
	case p.Name == "":
		return string(p.ID) + " (unverified)"
	case !p.Verified:
		return p.Name + " (unverified)"
	}
	return p.Name
}

// Meta is what every command and every event carries: when it happened, who did it, and where it was said.
type Meta struct {
	At        time.Time `json:"at"`                  // when it happened
	Actor     Person    `json:"actor,omitzero"`      // zero: sitrep itself
	Source    string    `json:"source,omitempty"`    // a platform's, an integration's or a timer's name
	Room      string    `json:"room,omitempty"`      // the platform's room in which it was said, when it was said in one
	Request   string    `json:"request,omitempty"`   // the inbox entry that it answers
	Permalink string    `json:"permalink,omitempty"` // to the message in which it was said
}

// Refused is why a command was not carried out, told to the person who gave it.
type Refused struct {
	Code RefusalCode
	Msg  string
}

// RefusalCode lets a caller act on a refusal.
type RefusalCode string

// The refusals on which callers act; every other refusal has the code Improper.
const (
	Improper RefusalCode = "improper" // it does not fit the state
	Closed   RefusalCode = "closed"   // the incident is closed, and no longer takes it
	Stale    RefusalCode = "stale"    // a timer or an outcome that was overtaken; nothing is to be done
	Already  RefusalCode = "already"  // it is so already
)

func (r *Refused) Error() string { return r.Msg }

func refuse(code RefusalCode, format string, args ...any) error {
	return &Refused{Code: code, Msg: fmt.Sprintf(format, args...)}
}
