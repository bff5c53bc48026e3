package incident

import (
	"maps"
	"slices"
	"time"
)

// FoldVersion is the version of Apply: a State that was folded by another version is folded again from its events.
const FoldVersion = 1

// State is what is known of an incident after its events so far. The zero State is an incident that is not declared.
// It is a value: Apply returns a new one and leaves the old one as it was.
type State struct {
	ID       ID       `json:"id"`
	Version  Version  `json:"version"`
	Number   Number   `json:"number"`
	Title    string   `json:"title"`
	Severity Severity `json:"severity"`
	Status   Status   `json:"status"`
	Service  string   `json:"service,omitempty"`
	Team     string   `json:"team,omitempty"`
	Private  bool     `json:"private,omitempty"`
	Drill    bool     `json:"drill,omitempty"`
	Policy   Policy   `json:"policy"`
	GroupKey string   `json:"group_key,omitempty"`

	Reason     CloseReason `json:"reason,omitempty"` // why it is closed; empty while it is open
	MergedInto ID          `json:"merged_into,omitempty"`
	MergedNum  Number      `json:"merged_num,omitempty"`

	Impact   string `json:"impact,omitempty"`
	NextStep string `json:"next_step,omitempty"`
	LastWord string `json:"last_word,omitempty"` // a person's last words on how it stands

	Milestones  map[Milestone]time.Time `json:"milestones,omitempty"`
	Computed    map[Milestone]bool      `json:"computed,omitempty"` // milestones that no person has confirmed
	Roles       map[Role]Person         `json:"roles,omitempty"`    // without experts
	Experts     []Person                `json:"experts,omitempty"`
	Members     []Person                `json:"members,omitempty"`
	Invited     []Person                `json:"invited,omitempty"`
	Subscribers []Person                `json:"subscribers,omitempty"` // get each update directly
	Alerts      []Alert                 `json:"alerts,omitempty"`
	LastAlert   time.Time               `json:"last_alert,omitzero"` // when an alert was last attached or cleared
	Platforms   []string                `json:"platforms,omitempty"` // where rooms are wanted
	Rooms       map[string]Room         `json:"rooms,omitempty"`     // by platform
	Cards       []Card                  `json:"cards,omitempty"`
	Archived    bool                    `json:"archived,omitempty"`
	Plans       []Plan                  `json:"plans,omitempty"`
	Changes     []Change                `json:"changes,omitempty"` // what an update may tell, oldest first
	Updates     []Update                `json:"updates,omitempty"` // all that were sent
	Followups   []Followup              `json:"followups,omitempty"`
	Pins        map[string]string       `json:"pins,omitempty"` // pinned message → its text
	Failing     map[string]string       `json:"failing,omitempty"`

	LeaderlessSince time.Time `json:"leaderless_since,omitzero"`
	Nags            int       `json:"nags,omitempty"`
	ClosedAt        time.Time `json:"closed_at,omitzero"`
	PostmortemUpto  Version   `json:"postmortem_upto,omitempty"` // 0: no draft yet
	PostmortemNags  int       `json:"postmortem_nags,omitempty"`
}

// Policy is what the installation's configuration said when an incident was declared.
type Policy struct {
	ReopenWindow   time.Duration `json:"reopen_window"`   // an alert of a closed incident reopens it within this
	GroupWindow    time.Duration `json:"group_window"`    // an alert joins an open incident within this of its last one
	DraftLead      time.Duration `json:"draft_lead"`      // how long before an update its draft goes out
	LeadNag        time.Duration `json:"lead_nag"`        // people are reminded of a missing lead at this distance
	PostmortemFor  Severity      `json:"postmortem_for"`  // this severity and worse are owed a postmortem
	PostmortemDays int           `json:"postmortem_days"` // working days after closing
}

// Alert is one alert of an incident.
type Alert struct {
	Source      string            `json:"source"`
	Fingerprint string            `json:"fingerprint"`
	Title       string            `json:"title"`
	Description string            `json:"description,omitempty"`
	Severity    string            `json:"severity,omitempty"` // the source's own word
	Labels      map[string]string `json:"labels,omitempty"`
	StartsAt    time.Time         `json:"starts_at"`
	EndsAt      time.Time         `json:"ends_at,omitzero"` // zero while it fires
	URL         string            `json:"url,omitempty"`
}

// Firing reports whether the alert still fires.
func (a Alert) Firing() bool { return a.EndsAt.IsZero() }

// Room is an incident's room on one platform.
type Room struct {
	Generation int    `json:"generation"`
	ID         string `json:"id,omitempty"` // empty until it is opened
	Name       string `json:"name,omitempty"`
	URL        string `json:"url,omitempty"`
	Lost       string `json:"lost,omitempty"` // why it is no longer there
}

// Usable reports whether the room can be written to.
func (r Room) Usable() bool { return r.ID != "" && r.Lost == "" }

// Card is where the incident's card stands.
type Card struct {
	Platform string `json:"platform"`
	Room     string `json:"room"`
	Message  string `json:"message"`
}

// Plan is how one audience is told.
type Plan struct {
	Audience  string               `json:"audience"`
	Executive bool                 `json:"executive,omitempty"` // told less, and only what matters to them
	Cadence   map[Severity]Cadence `json:"cadence"`
	Channels  []Channel            `json:"channels,omitempty"` // none: the incident's own rooms

	Every    time.Duration `json:"every,omitempty"`    // set by a person for this incident, instead of the cadence
	Paused   time.Time     `json:"paused,omitzero"`    // until when
	Why      string        `json:"why,omitempty"`      // it is paused or snoozed
	Seq      int           `json:"seq,omitempty"`      // of the last update
	Told     Version       `json:"told,omitempty"`     // the record up to here has been told
	Next     time.Time     `json:"next,omitzero"`      // when the next update is due; zero: on change
	Promised time.Time     `json:"promised,omitzero"`  // what the last update promised
	Drafted  int           `json:"drafted,omitempty"`  // the update of which a draft went out
	Draft    string        `json:"draft,omitempty"`    // a person's words for the next update
	DraftBy  Person        `json:"draft_by,omitzero"`  //
	LastSent time.Time     `json:"last_sent,omitzero"` //
}

// Channel is a channel on a platform.
type Channel struct {
	Platform string `json:"platform"`
	ID       string `json:"id"`
}

// Cadence is how often an audience is told at one severity. A zero duration means: when something changes.
type Cadence struct {
	First time.Duration `json:"first,omitempty"` // after the declaration
	Then  time.Duration `json:"then,omitempty"`
	Hot   time.Duration `json:"hot,omitempty"` // instead of Then, until it is mitigated
	Never bool          `json:"never,omitempty"`
}

// Update is one update as it was sent.
type Update struct {
	Audience  string        `json:"audience"`
	Executive bool          `json:"executive,omitempty"`
	Seq       int           `json:"seq"`
	At        time.Time     `json:"at"`
	Due       time.Time     `json:"due,omitzero"`  // zero: nothing was promised
	Next      time.Time     `json:"next,omitzero"` // what it promises; zero: when something changes
	Status    Status        `json:"status"`
	Severity  Severity      `json:"severity"`
	Title     string        `json:"title"`
	Mitigated bool          `json:"mitigated,omitempty"`
	Impact    string        `json:"impact,omitempty"`
	NextStep  string        `json:"next_step,omitempty"`
	Text      string        `json:"text,omitempty"` // a person's words; empty when sitrep composed it
	By        Person        `json:"by,omitzero"`    // whose words
	Changes   []Change      `json:"changes,omitempty"`
	LastWord  string        `json:"last_word,omitempty"` // with no changes: what was last known
	Late      time.Duration `json:"late,omitempty"`      // how long after Due it was composed, when that is more than a minute
	Final     bool          `json:"final,omitempty"`     // the incident is closed
	Private   bool          `json:"private,omitempty"`
	Drill     bool          `json:"drill,omitempty"`
	Service   string        `json:"service,omitempty"`
}

// Change is something that an update may tell.
type Change struct {
	Version Version   `json:"version"`
	At      time.Time `json:"at"`
	Text    string    `json:"text"`            // plain text, one line
	Major   bool      `json:"major,omitempty"` // matters to every audience
}

// Followup is something to be done.
type Followup struct {
	ID    int       `json:"id"` // counts within the incident, from 1
	Text  string    `json:"text"`
	Owner Person    `json:"owner,omitzero"`
	Due   time.Time `json:"due,omitzero"`
	Now   bool      `json:"now,omitempty"` // to be done during the incident
	Done  bool      `json:"done,omitempty"`
}

// Declared reports whether there is such an incident at all.
func (s State) Declared() bool { return s.Version > 0 }

// Open reports whether the incident is declared and not closed.
func (s State) Open() bool { return s.Declared() && s.Reason == "" }

// Mitigated reports whether people are hurt no longer.
func (s State) Mitigated() bool { return !s.Milestones[Mitigated].IsZero() }

// Lead returns who leads, and nobody when there is none.
func (s State) Lead() Person { return s.Roles[Lead] }

// Firing returns how many alerts still fire.
func (s State) Firing() int {
	n := 0
	for _, a := range s.Alerts {
		if a.Firing() {
			n++
		}
	}
	return n
}

// Alert returns the alert with that source and fingerprint.
func (s State) Alert(source, fingerprint string) (Alert, bool) {
	for _, a := range s.Alerts {
		if a.Fingerprint == fingerprint && a.Source == source {
			return a, true
		}
	}
	return Alert{}, false
}

// Member reports whether the person takes part.
func (s State) Member(id PersonID) bool {
	return slices.ContainsFunc(s.Members, func(p Person) bool { return p.ID == id })
}

// Subscriber reports whether the person gets each update directly.
func (s State) Subscriber(id PersonID) bool {
	return slices.ContainsFunc(s.Subscribers, func(p Person) bool { return p.ID == id })
}

// Plan returns the plan of an audience.
func (s State) Plan(audience string) (Plan, bool) {
	i := slices.IndexFunc(s.Plans, func(p Plan) bool { return p.Audience == audience })
	if i < 0 {
		return Plan{}, false
	}
	return s.Plans[i], true
}

// Duration returns the time from one milestone to another, and false when either is unknown.
func (s State) Duration(from, to Milestone) (time.Duration, bool) {
	a, b := s.Milestones[from], s.Milestones[to]
	if a.IsZero() || b.IsZero() {
		return 0, false
	}
	return b.Sub(a), true
}

// clone copies what apply may change in place.
func (s State) clone() State {
	s.Milestones = maps.Clone(s.Milestones)
	s.Computed = maps.Clone(s.Computed)
	s.Roles = maps.Clone(s.Roles)
	s.Rooms = maps.Clone(s.Rooms)
	s.Pins = maps.Clone(s.Pins)
	s.Failing = maps.Clone(s.Failing)
	s.Experts = slices.Clone(s.Experts)
	s.Members = slices.Clone(s.Members)
	s.Invited = slices.Clone(s.Invited)
	s.Platforms = slices.Clone(s.Platforms)
	s.Subscribers = slices.Clone(s.Subscribers)
	s.Alerts = slices.Clone(s.Alerts)
	s.Cards = slices.Clone(s.Cards)
	s.Plans = slices.Clone(s.Plans)
	s.Changes = slices.Clone(s.Changes)
	s.Updates = slices.Clone(s.Updates)
	s.Followups = slices.Clone(s.Followups)
	return s
}
