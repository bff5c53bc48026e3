package handlers

import (
	"fmt"
	"slices"
	"strings"

	"sitrep/bot/incident"
	"sitrep/bot/ops"
)

// Access says who may use which verb. The zero value lets everyone do everything.
type Access struct {
	// Verbs names, for a verb, who may use it: "anyone", "member" (takes part), "lead", "team:<name>", "person:<name>", "admin".
	// A verb that is not named, and `new` always, may be used by anyone.
	Verbs map[string][]string
	// Admins are people's names in the directory, or accounts as "slack:T024BE7LD/W012A3CDE". They may use every verb, and see private incidents.
	Admins []string
	// Teams names people in the directory for a team, beside those who are on call for its services.
	Teams map[string][]string
}

// Check returns what is wrong in a, as sentences for the operator; verbs are those that there are.
func (a Access) Check(verbs []*Verb) []string {
	var wrong []string
	for name, who := range a.Verbs {
		if !slices.ContainsFunc(verbs, func(v *Verb) bool { return v.Name == name }) {
			wrong = append(wrong, fmt.Sprintf("access names the verb %q, which there is not", name))
		}
		for _, w := range who {
			kind, rest, named := strings.Cut(w, ":")
			if named && rest != "" && (kind == "team" || kind == "person") || slices.Contains([]string{"anyone", "member", "lead", "admin"}, w) {
				continue
			}
			wrong = append(wrong, fmt.Sprintf("access to %q names %q, which is none of anyone, member, lead, team:<name>, person:<name>, admin", name, w))
		}
	}
	slices.Sort(wrong)
	return wrong
}

// allow refuses what the person may not do, and says who may.
func (r *Router) allow(c *Call) error {
	who := r.deps.Access.Verbs[c.Verb.Name]
	if len(who) == 0 || c.Verb.Name == "new" || r.deps.Access.admin(c.Actor) {
		return nil
	}
	if slices.ContainsFunc(who, func(w string) bool { return r.is(c, w) }) {
		return nil
	}
	return improper("You may not use `%s` here. Those who may: %s.", c.Verb.Name, told(who))
}

func (r *Router) is(c *Call, who string) bool {
	switch who {
	case "anyone":
		return true
	case "member":
		return takesPart(c.State, c.Actor.ID)
	case "lead":
		return !c.State.Lead().Zero() && c.State.Lead().ID == c.Actor.ID
	}
	if !c.Actor.Verified {
		return false
	}
	name := strings.TrimPrefix(string(c.Actor.ID), "person:")
	switch kind, rest, _ := strings.Cut(who, ":"); kind {
	case "person":
		return strings.EqualFold(rest, name)
	case "team":
		return r.deps.Access.inTeam(rest, name, r.deps.Catalog())
	}
	return false
}

func (a Access) inTeam(team, name string, catalog ops.Catalog) bool {
	same := func(other string) bool { return strings.EqualFold(other, name) }
	for t, people := range a.Teams {
		if strings.EqualFold(t, team) && slices.ContainsFunc(people, same) {
			return true
		}
	}
	return slices.ContainsFunc(catalog.Services, func(s ops.Service) bool {
		return strings.EqualFold(s.Team, team) && slices.ContainsFunc(s.OnCall, same)
	})
}

func (a Access) admin(p incident.Person) bool {
	return slices.ContainsFunc(a.Admins, func(name string) bool {
		return p.Verified && strings.EqualFold("person:"+strings.TrimPrefix(name, "person:"), string(p.ID)) || incident.PersonID(name) == p.ID && !p.Zero()
	})
}

// told says who may, in words.
func told(who []string) string {
	words := map[string]string{"member": "those who take part in the incident", "lead": "its lead", "admin": "admins"}
	var out []string
	for _, w := range who {
		kind, rest, _ := strings.Cut(w, ":")
		switch {
		case words[w] != "":
			out = append(out, words[w])
		case kind == "team":
			out = append(out, "the team "+rest)
		case kind == "person":
			out = append(out, rest)
		}
	}
	if !slices.Contains(who, "admin") {
		out = append(out, "admins")
	}
	return strings.Join(out, ", ")
}
