package incident

import (
	"fmt"
	"strings"
	"time"
)

// audienceChoice says which audiences a change is told to at once.
type audienceChoice func(p Plan, s State) bool

func everyAudience(p Plan, s State) bool    { return !p.never(s) }
func tellStakeholders(p Plan, s State) bool { return p.onChange(s) }

// compose sends an update to the chosen audiences in the same step as what it tells.
func (d *decision) compose(words string, chosen audienceChoice) {
	if d.s.Status == Triage {
		return
	}
	for _, p := range d.s.Plans {
		if chosen(p, d.s) {
			d.emit(UpdateComposed{Update: p.compose(d.s, d.c.Meta, words)})
		}
	}
}

// each calls f for the plan of an audience, or for every plan when audience is empty; it is refused when no plan takes it.
func (d *decision) each(audience string, f func(Plan) error) error {
	if err := d.open(); err != nil {
		return err
	}
	before := len(d.events)
	refusal := refuse(Improper, "There is no audience called %q here. %s", audience, d.audiences())
	for _, p := range d.s.Plans {
		if audience != "" && !strings.EqualFold(p.Audience, audience) {
			continue
		}
		if err := f(p); err != nil {
			refusal = err
		}
	}
	if len(d.events) == before {
		return refusal
	}
	return nil
}

func (d *decision) audiences() string {
	if len(d.s.Plans) == 0 {
		return "This incident has none; name channels under `audiences` in the configuration."
	}
	var names []string
	for _, p := range d.s.Plans {
		names = append(names, p.Audience)
	}
	return "There is: " + strings.Join(names, ", ") + "."
}

func (in PlanUpdates) decide(d *decision) error {
	if in.Every != 0 && in.Every < time.Minute {
		return refuse(Improper, "Updates can come every minute at the most often, not every %s.", in.Every)
	}
	return d.each(in.Audience, func(p Plan) error {
		p.Every = in.Every
		d.emit(UpdatesPlanned{Audience: p.Audience, Every: in.Every, Next: p.due(d.s, d.c.At)})
		return nil
	})
}

func (in PauseUpdates) decide(d *decision) error {
	if in.For <= 0 {
		return refuse(Improper, "Say for how long: `updates pause 20m \"why\"`.")
	}
	if strings.TrimSpace(in.Why) == "" {
		return refuse(Improper, "Say why: people are waiting for the update that you put off.")
	}
	return d.each(in.Audience, func(p Plan) error {
		d.emit(UpdatesPaused{Audience: p.Audience, Until: d.c.At.Add(in.For), Why: in.Why})
		return nil
	})
}

func (in ResumeUpdates) decide(d *decision) error {
	return d.each(in.Audience, func(p Plan) error {
		if p.Paused.IsZero() {
			return refuse(Already, "Updates to %s are not paused.", p.Audience)
		}
		d.emit(UpdatesResumed{Audience: p.Audience, Next: p.due(d.s, d.c.At)})
		return nil
	})
}

func (in SendUpdate) decide(d *decision) error {
	return d.each(in.Audience, func(p Plan) error {
		if in.Audience == "" && p.never(d.s) {
			return refuse(Improper, "%s is not told of an incident like this. Name it to tell it all the same.", p.Audience)
		}
		d.emit(UpdateComposed{Update: p.next(d.s, d.c.Meta, in.Text)})
		return nil
	})
}

// next composes with words, else with those of the draft, which are its writer's.
func (p Plan) next(s State, m Meta, words string) Update {
	if words == "" && p.Draft != "" {
		words, m.Actor = p.Draft, p.DraftBy
	}
	return p.compose(s, m, words)
}

func (in EditDraft) decide(d *decision) error {
	if strings.TrimSpace(in.Text) == "" {
		return refuse(Improper, "The update needs words.")
	}
	return d.each(in.Audience, func(p Plan) error {
		d.emit(DraftEdited{Audience: p.Audience, Seq: p.Seq + 1, Text: in.Text})
		return nil
	})
}

func (in SnoozeUpdate) decide(d *decision) error {
	if strings.TrimSpace(in.Why) == "" {
		return refuse(Improper, "Say why: people are waiting for the update that you put off.")
	}
	wait := in.For
	if wait <= 0 {
		wait = 10 * time.Minute
	}
	return d.each(in.Audience, func(p Plan) error {
		if p.Next.IsZero() {
			return refuse(Improper, "No update to %s is due.", p.Audience)
		}
		from := p.Next
		if from.Before(d.c.At) {
			from = d.c.At
		}
		d.emit(UpdateSnoozed{Audience: p.Audience, Seq: p.Seq + 1, Until: from.Add(wait), Why: in.Why})
		return nil
	})
}

// decide carries out a timer if the state still names it with that due time; else it was overtaken.
func (in Fire) decide(d *decision) error {
	for _, t := range Timers(d.s) {
		if t.Name == in.Name && !t.Due.After(d.c.At) {
			return d.fire(in.Name)
		}
	}
	return refuse(Stale, "The timer %s was overtaken.", in.Name)
}

func (d *decision) fire(name string) error {
	what, rest, _ := strings.Cut(name, "/")
	switch what {
	case "update":
		return d.updateDue(audienceOf(rest))
	case "draft":
		return d.draftDue(audienceOf(rest))
	case "lead":
		d.emit(LeadMissing{Count: d.s.Nags + 1})
	case "postmortem":
		d.emit(PostmortemReminded{Count: d.s.PostmortemNags + 1, Due: PostmortemDue(d.s, time.UTC)})
	default:
		return refuse(Stale, "The timer %s is not known.", name)
	}
	return nil
}

// audienceOf takes the sequence number off a timer's name.
func audienceOf(rest string) string {
	if i := strings.LastIndexByte(rest, '/'); i >= 0 {
		return rest[:i]
	}
	return rest
}

func (d *decision) updateDue(audience string) error {
	p, ok := d.s.Plan(audience)
	if !ok {
		return refuse(Stale, "The audience %s is gone.", audience)
	}
	d.emit(UpdateComposed{Update: p.next(d.s, d.c.Meta, "")})
	return nil
}

// draftDue sends the draft to comms, else to the lead; with neither the draft goes to nobody, and the update is sent all the same.
func (d *decision) draftDue(audience string) error {
	p, ok := d.s.Plan(audience)
	if !ok {
		return refuse(Stale, "The audience %s is gone.", audience)
	}
	to := d.s.Roles[Comms]
	if to.Zero() {
		to = d.s.Lead()
	}
	d.emit(UpdateDrafted{Audience: audience, Seq: p.Seq + 1, Due: p.Next, To: to})
	return nil
}

// Preview returns the update that an audience would get at that moment, for a draft to be shown.
func Preview(s State, audience string, at time.Time) (Update, error) {
	p, ok := s.Plan(audience)
	if !ok {
		return Update{}, fmt.Errorf("no audience %q", audience)
	}
	return p.next(s, Meta{At: at}, ""), nil
}

func (in UpdateIsDelivered) decide(d *decision) error {
	e := in.UpdateDelivered
	e.Late = 0
	for _, u := range d.s.Updates {
		if u.Audience == e.Audience && u.Seq == e.Seq && !u.Due.IsZero() && d.c.At.After(u.Due) {
			e.Late = d.c.At.Sub(u.Due)
		}
	}
	d.emit(e)
	return nil
}
