package bot

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"sitrep/bot/chat"
	"sitrep/bot/incident"
	"sitrep/bot/store"
	"sitrep/templates"
)

// The kinds of task.
const (
	taskOpenRoom   = "open_room"
	taskCard       = "card"
	taskPin        = "pin"
	taskPost       = "post"
	taskUpdate     = "update"
	taskInvite     = "invite"
	taskRename     = "rename"
	taskPrivate    = "private"
	taskArchive    = "archive"
	taskReopen     = "reopen_room"
	taskPostmortem = "postmortem"
)

// job is what a task says to its worker.
type job struct {
	Platform   string        `json:"platform"`
	Channel    string        `json:"channel,omitempty"` // a channel; empty: the incident's room on the platform
	User       string        `json:"user,omitempty"`    // a person to be written to directly, instead of a channel
	Generation int           `json:"generation,omitempty"`
	Message    *chat.Message `json:"message,omitempty"`
	Users      []string      `json:"users,omitempty"`
	Pin        string        `json:"pin,omitempty"`
	Name       string        `json:"name,omitempty"`
	Private    bool          `json:"private,omitempty"`
	Audience   string        `json:"audience,omitempty"`
	Seq        int           `json:"seq,omitempty"`
}

// effects is the one place where it is decided what follows in the outside world from events. It is pure.
type effects struct {
	texts    func() *templates.Set
	view     func(incident.State) templates.View
	announce func() []incident.Channel
}

// batch collects the tasks of one commit.
type batch struct {
	effects
	old, now incident.State
	tasks    []store.Task
	version  incident.Version
	quiet    bool // the commit's other events are said in the rooms, so that the update which tells them need not be shown there too
}

func (f effects) tasks(old, now incident.State, events []incident.Recorded) []store.Task {
	b := &batch{effects: f, old: old, now: now}
	b.quiet = slices.ContainsFunc(events, func(r incident.Recorded) bool {
		_, update := r.Event.(incident.UpdateComposed)
		return !update
	})
	for _, r := range events {
		b.version = r.Version
		b.event(r)
	}
	b.cards(events)
	return b.tasks
}

func (b *batch) event(r incident.Recorded) {
	switch e := r.Event.(type) {
	case incident.RoomWanted:
		b.add(taskOpenRoom, job{Platform: e.Platform, Generation: e.Generation})
	case incident.RoomOpened:
		b.invite(e.Platform, append(slices.Clone(b.now.Invited), b.now.Members...))
	case incident.CardPosted:
		if b.isRoom(e.Platform, e.Room) {
			b.add(taskPin, job{Platform: e.Platform, Pin: e.Message})
		}
	case incident.Joined:
		b.inviteEverywhere(e.Person)
	case incident.RoleAssigned:
		b.inviteEverywhere(e.Person)
	case incident.Renamed:
		b.eachRoom(func(platform string) { b.add(taskRename, job{Platform: platform, Name: roomName(b.now)}) })
	case incident.VisibilityChanged:
		b.eachRoom(func(platform string) {
			b.add(taskPrivate, job{Platform: platform, Private: e.Private})
			b.add(taskRename, job{Platform: platform, Name: roomName(b.now)})
		})
	case incident.RoomArchived:
		b.eachRoom(func(platform string) { b.add(taskArchive, job{Platform: platform}) })
	case incident.ReopenedEvent:
		if b.old.Archived {
			b.eachRoom(func(platform string) { b.add(taskReopen, job{Platform: platform}) })
		}
	case incident.UpdateComposed:
		b.update(r, e.Update)
		return
	case incident.UpdateDrafted:
		b.draft(e)
	case incident.PostmortemDrafted:
		b.eachRoom(func(platform string) { b.add(taskPostmortem, job{Platform: platform}) })
	}
	b.line(r)
}

// line says an event in the rooms in which it was not said by whoever did it.
func (b *batch) line(r incident.Recorded) {
	m, ok := b.texts().Event(b.view(b.now), r)
	if !ok {
		return
	}
	b.eachRoom(func(platform string) {
		if !b.saidIn(platform, r) {
			said := m
			said.Notify = b.called(platform, r.Event)
			b.add(taskPost, job{Platform: platform, Message: &said})
		}
	})
}

// saidIn reports whether an event was said in the incident's room on a platform, where the answer to whoever said it tells it.
func (b *batch) saidIn(platform string, r incident.Recorded) bool {
	return r.Source == platform && r.Room != "" && b.isRoom(platform, r.Room)
}

// callOnCall is the reminder of a missing lead at which the people on call are called, and not only told.
const callOnCall = 3

// called returns whom the line of an event calls: the people on call, once nobody has taken the lead for too long. A drill calls nobody.
func (b *batch) called(platform string, e incident.Event) []chat.UserID {
	missing, ok := e.(incident.LeadMissing)
	if !ok || missing.Count < callOnCall || b.now.Drill {
		return nil
	}
	return userIDs(accounts(b.now.Invited, platform))
}

// update sends an update to its audience's channels. Updates of private incidents and of drills leave the rooms for nowhere.
func (b *batch) update(r incident.Recorded, u incident.Update) {
	m := b.texts().Update(b.view(b.now), u)
	j := job{Message: &m, Audience: u.Audience, Seq: u.Seq}
	plan, _ := b.now.Plan(u.Audience)
	public := !b.now.Private && !b.now.Drill
	if public {
		for _, c := range plan.Channels {
			to := j
			to.Platform, to.Channel = c.Platform, c.ID
			b.add(taskUpdate, to)
		}
		b.subscribers(j)
	}
	if b.firstForRooms(u.Audience) {
		kind := taskPost // where the audience has channels of its own, the rooms are only shown what it was told
		if len(plan.Channels) == 0 || !public {
			kind = taskUpdate
		}
		b.eachRoom(func(platform string) {
			if b.saidIn(platform, r) || kind == taskPost && b.quiet {
				return
			}
			to := j
			to.Platform = platform
			b.add(kind, to)
		})
	}
}

// subscribers get each update of the first audience directly.
func (b *batch) subscribers(j job) {
	if !b.firstForRooms(j.Audience) {
		return
	}
	for _, p := range b.now.Subscribers {
		if platform, user, ok := b.account(p); ok {
			to := j
			to.Platform, to.User = platform, user
			b.add(taskPost, to)
		}
	}
}

// firstForRooms reports whether it is this audience's updates that the rooms get too: one audience's, so that nothing is said twice.
func (b *batch) firstForRooms(audience string) bool {
	for _, p := range b.now.Plans {
		if !p.Executive {
			return p.Audience == audience
		}
	}
	return false
}

// draft goes to whoever is to look at it, and to the rooms when there is nobody.
func (b *batch) draft(e incident.UpdateDrafted) {
	u, err := incident.Preview(b.now, e.Audience, e.Due)
	if err != nil {
		return
	}
	m := b.texts().Draft(b.view(b.now), u)
	if platform, user, ok := b.account(e.To); ok {
		b.add(taskPost, job{Platform: platform, User: user, Message: &m})
		return
	}
	b.eachRoom(func(platform string) { b.add(taskPost, job{Platform: platform, Message: &m}) })
}

// account returns where a person can be written to: where the incident has a room, if they have an account there.
func (b *batch) account(p incident.Person) (platform, user string, ok bool) {
	for _, platform := range b.platforms() {
		if user, ok := p.Accounts[platform]; ok {
			return platform, user, true
		}
	}
	return "", "", false
}

func (b *batch) inviteEverywhere(p incident.Person) {
	b.eachRoom(func(platform string) { b.invite(platform, []incident.Person{p}) })
}

func (b *batch) invite(platform string, people []incident.Person) {
	if users := accounts(people, platform); len(users) > 0 {
		b.add(taskInvite, job{Platform: platform, Users: users})
	}
}

// accounts returns people's user ids on a platform.
func accounts(people []incident.Person, platform string) []string {
	var users []string
	for _, p := range people {
		if u := p.Accounts[platform]; u != "" && !slices.Contains(users, u) {
			users = append(users, u)
		}
	}
	return users
}

// cards has every card shown anew when something that a card tells has changed.
func (b *batch) cards(events []incident.Recorded) {
	if !slices.ContainsFunc(events, func(r incident.Recorded) bool { return onCard(r.Event) }) {
		return
	}
	for _, c := range b.announcing() {
		b.add(taskCard, job{Platform: c.Platform, Channel: c.ID})
	}
	b.eachRoom(func(platform string) { b.add(taskCard, job{Platform: platform}) })
}

// announcing returns the channels in which the incident stands or is to stand. A private one is announced nowhere; what was announced of it
// before it became private is taken back in place.
func (b *batch) announcing() []incident.Channel {
	var channels []incident.Channel
	if !b.now.Private {
		channels = slices.Clone(b.announce())
	}
	for _, c := range b.now.Cards {
		standing := incident.Channel{Platform: c.Platform, ID: c.Room}
		if !b.isRoom(c.Platform, c.Room) && !slices.Contains(channels, standing) {
			channels = append(channels, standing)
		}
	}
	return channels
}

// onCard reports whether a card can look different after the event.
func onCard(e incident.Event) bool {
	switch e.(type) {
	case incident.EvidenceRecorded, incident.NoteAdded, incident.Pinned, incident.PinEdited, incident.PinDeleted, incident.CardPosted,
		incident.UpdateDelivered, incident.UpdateDrafted, incident.DraftEdited, incident.Restarted, incident.PostmortemReminded:
		return false
	}
	return true
}

func (b *batch) eachRoom(f func(platform string)) {
	for _, p := range b.platforms() {
		if b.now.Rooms[p].Lost == "" {
			f(p)
		}
	}
}

// platforms returns where the incident has or wants rooms, sorted.
func (b *batch) platforms() []string {
	var ps []string
	for p := range b.now.Rooms {
		ps = append(ps, p)
	}
	slices.Sort(ps)
	return ps
}

func (b *batch) isRoom(platform, room string) bool { return b.now.Rooms[platform].ID == room }

// add appends a task. What is done in one place is one lane, so it is done in order; a rename has a lane of its own, since platforms
// allow few of them and nothing waits for it.
func (b *batch) add(kind string, j job) {
	place := "room"
	switch {
	case j.User != "":
		place = "direct:" + j.User
	case j.Channel != "":
		place = j.Channel
	}
	lane := strings.Join([]string{string(b.now.ID), j.Platform, place}, "|")
	t := store.Task{
		ID:       store.TaskID(fmt.Sprintf("%s/%d/%s/%s/%s/%s/%d", b.now.ID, b.version, kind, j.Platform, place, j.Audience, len(b.tasks))),
		Incident: b.now.ID, Lane: lane, Kind: kind,
	}
	if j.Audience != "" {
		t.Merge = "update/" + j.Audience // what could not be posted for a while is caught up with in one message
	}
	switch kind {
	case taskOpenRoom:
		t.Urgent = true // what was meant for a room that was lost waits for the one that replaces it
	case taskCard:
		t.Merge = taskCard
	case taskRename:
		t.Lane += "|name"
		t.Merge = taskRename
	}
	t.Payload, _ = json.Marshal(j) // a job has only strings, numbers and a message
	b.tasks = append(b.tasks, t)
}

// roomName is inc-{number}-{slug} of at most 80 characters, of which only the slug is cut.
func roomName(s incident.State) string {
	var slug strings.Builder
	for _, r := range strings.ToLower(s.Title) {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			slug.WriteRune(r)
		case slug.Len() > 0 && !strings.HasSuffix(slug.String(), "-"):
			slug.WriteByte('-')
		}
	}
	head := fmt.Sprintf("inc-%d", s.Number)
	if s.Drill {
		head = fmt.Sprintf("drill-%d", s.Number)
	}
	tail := slug.String()
	if s.Private {
		tail = "" // a name is seen by more people than a room
	}
	if tail == "" {
		return head
	}
	return strings.TrimRight(head+"-"+tail[:min(len(tail), 80-len(head)-1)], "-")
}
