package incident

import "time"

// Origins returns the event from which each milestone of an incident has its time; events are all its events in order.
func Origins(events []Recorded) map[Milestone]Version {
	var s State
	origins := make(map[Milestone]Version)
	before := make(map[Milestone]time.Time)
	for _, r := range events {
		s.apply(r)
		for _, m := range Milestones() {
			t := s.Milestones[m]
			if t.IsZero() {
				delete(origins, m)
			} else if !t.Equal(before[m]) {
				origins[m] = r.Version
			}
			before[m] = t
		}
	}
	return origins
}
