package incident

import "slices"

func (in AssignRole) decide(d *decision) error {
	if err := d.open(); err != nil {
		return err
	}
	if in.Person.Zero() {
		return refuse(Improper, "Say who is to be %s.", in.Role)
	}
	if d.hasRole(in.Role, in.Person.ID) {
		return refuse(Already, "%s is %s already.", in.Person.Shown(), in.Role)
	}
	from := d.s.Roles[in.Role]
	d.emit(RoleAssigned{Role: in.Role, Person: in.Person, From: from})
	return nil
}

func (d *decision) hasRole(role Role, id PersonID) bool {
	if role == Expert {
		return slices.ContainsFunc(d.s.Experts, func(p Person) bool { return p.ID == id })
	}
	return d.s.Roles[role].ID == id
}

func (in Join) decide(d *decision) error {
	if in.Person.Zero() {
		return refuse(Improper, "Say who joins.")
	}
	if d.s.Member(in.Person.ID) {
		return refuse(Already, "%s takes part already.", in.Person.Shown())
	}
	d.emit(Joined(in))
	return nil
}

func (in Leave) decide(d *decision) error {
	invited := slices.ContainsFunc(d.s.Invited, func(p Person) bool { return p.ID == in.Person.ID })
	if !d.s.Member(in.Person.ID) && !invited {
		return refuse(Already, "%s does not take part.", in.Person.Shown())
	}
	why := "left the incident"
	if in.Gone {
		why = "left the organisation"
	}
	for _, role := range []Role{Lead, Comms, Scribe, Expert} {
		if d.hasRole(role, in.Person.ID) {
			d.emit(RoleCleared{Role: role, Person: in.Person, Why: why})
		}
	}
	d.emit(Left(in))
	return nil
}

func (in Subscribe) decide(d *decision) error {
	if err := d.open(); err != nil {
		return err
	}
	if in.Person.Zero() {
		return refuse(Improper, "Say who is to get the updates.")
	}
	if d.s.Subscriber(in.Person.ID) {
		return refuse(Already, "%s gets each update of %s already.", in.Person.Shown(), d.s.Number)
	}
	d.emit(Subscribed(in))
	return nil
}

func (in Unsubscribe) decide(d *decision) error {
	if !d.s.Subscriber(in.Person.ID) {
		return refuse(Already, "%s does not get the updates of %s directly.", in.Person.Shown(), d.s.Number)
	}
	d.emit(Unsubscribed(in))
	return nil
}

// RoomIsOpen is refused when another room has taken its place meanwhile.
func (in RoomIsOpen) decide(d *decision) error {
	room, ok := d.s.Rooms[in.Platform]
	if !ok || room.Generation != in.Generation || room.ID != "" {
		return refuse(Stale, "That room is not wanted any more.")
	}
	d.emit(in.RoomOpened)
	return nil
}

func (in CardIsPosted) decide(d *decision) error {
	if slices.Contains(d.s.Cards, Card(in.CardPosted)) {
		return refuse(Already, "The card is known.")
	}
	d.emit(in.CardPosted)
	return nil
}

// RoomIsLost goes on in another room that is there, else asks for a new one, once.
func (in RoomIsLost) decide(d *decision) error {
	room, ok := d.s.Rooms[in.Platform]
	if !ok || room.ID != in.Room || room.Lost != "" {
		return refuse(Stale, "That room is not in use.")
	}
	if d.s.Archived && in.Reason == "archived" {
		return refuse(Stale, "The room was archived on request.")
	}
	d.emit(RoomLost{Platform: in.Platform, Room: in.Room, Name: room.Name, Reason: in.Reason})
	if !d.s.Open() || d.elsewhere(in.Platform) || room.Generation > 1 || in.Reason == NotOpened {
		return nil
	}
	d.emit(RoomWanted{Platform: in.Platform, Generation: room.Generation + 1})
	return nil
}

// elsewhere reports whether the incident has a usable room on another platform.
func (d *decision) elsewhere(platform string) bool {
	for p, r := range d.s.Rooms {
		if p != platform && r.Usable() {
			return true
		}
	}
	return false
}

func (in EffectHasFailed) decide(d *decision) error {
	if d.s.Failing[in.What+" "+in.Target] == in.Msg {
		return refuse(Already, "That is known.")
	}
	d.emit(in.EffectFailed)
	return nil
}

func (in EffectWorks) decide(d *decision) error {
	if _, ok := d.s.Failing[in.What+" "+in.Target]; !ok {
		return refuse(Stale, "It had not failed.")
	}
	d.emit(EffectRecovered(in))
	return nil
}

func (in HasRestarted) decide(d *decision) error {
	if err := d.open(); err != nil {
		return err
	}
	d.emit(Restarted(in))
	return nil
}
