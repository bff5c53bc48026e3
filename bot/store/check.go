package store

import (
	"errors"
	"fmt"
	"strings"

	"sitrep/bot/incident"
)

// Check says how a commit breaks the port's rules, which every store asks first.
func (c Commit) Check() error {
	if c.Incident == "" && (len(c.Events)+len(c.Claims)+len(c.Counts)+len(c.Set)+len(c.Clear) > 0) {
		return errors.New("events, claims, counters and timers need an incident")
	}
	if c.empty() {
		return errors.New("the commit is empty")
	}
	for i, e := range c.Events {
		if e.Version != c.Expect+incident.Version(i)+1 {
			return fmt.Errorf("event %d has version %d after version %d", i, e.Version, c.Expect)
		}
	}
	if n := len(c.Events); n > 0 && c.State.Version != c.Events[n-1].Version {
		return fmt.Errorf("the state is of version %d, the last event of %d", c.State.Version, c.Events[n-1].Version)
	}
	return errors.Join(c.badNames()...)
}

func (c Commit) empty() bool {
	return len(c.Events)+len(c.Tasks)+len(c.Done)+len(c.Set)+len(c.Clear)+len(c.Claims)+len(c.Requests)+len(c.Counts) == 0
}

func (c Commit) badNames() []error {
	var errs []error
	if c.Incident != "" {
		errs = append(errs, CheckName("incident's id", string(c.Incident), true))
	}
	for _, t := range c.Tasks {
		errs = append(errs, CheckName("task's id", string(t.ID), false))
		if t.Incident != c.Incident {
			errs = append(errs, fmt.Errorf("task %s is of incident %q, the commit of %q", t.ID, t.Incident, c.Incident))
		}
	}
	for _, t := range c.Set {
		errs = append(errs, CheckName("timer's name", t.Name, false))
		if t.Incident != c.Incident {
			errs = append(errs, fmt.Errorf("timer %s is of incident %q, the commit of %q", t.Name, t.Incident, c.Incident))
		}
	}
	for _, k := range c.Claims {
		errs = append(errs, CheckName("claimed key", k.Key, false))
		if home := incident.ShardOf(k.Key); home != c.Shard() {
			errs = append(errs, fmt.Errorf("the claimed key %q is of shard %d, the incident of %d", k.Key, home, c.Shard()))
		}
	}
	for _, r := range c.Requests {
		errs = append(errs, CheckName("request's id", r, false))
	}
	for platform, room := range c.State.Rooms {
		if room.Usable() {
			errs = append(errs, CheckName("platform", platform, true), CheckName("room", room.ID, false))
		}
	}
	if c.Fence != nil && LeaseShard(c.Fence.Name) != c.Shard() {
		errs = append(errs, fmt.Errorf("the lease %q is of shard %d, the commit of %d", c.Fence.Name, LeaseShard(c.Fence.Name), c.Shard()))
	}
	return errs
}

// longest is how long a name may be that becomes part of a key. The store with the least room for keys takes 32 KiB for all of one.
const longest = 24 << 10

// CheckName says why a name cannot be part of a key, and nothing when it can. first is a name that others follow in the key.
func CheckName(what, name string, first bool) error {
	switch {
	case name == "":
		return fmt.Errorf("the %s is empty", what)
	case len(name) > longest:
		return fmt.Errorf("the %s has %d bytes, and %d is the most", what, len(name), longest)
	case first && strings.IndexByte(name, 0) >= 0:
		return fmt.Errorf("the %s holds a zero byte", what)
	}
	return nil
}
