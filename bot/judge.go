package bot

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"sitrep/bot/incident"
	"sitrep/bot/ops"
)

// Route says what becomes of the alerts that it matches. The first route that matches an alert decides.
type Route struct {
	Name string
	// Match has a pattern for each label that must match, anchored at both ends; "source" is the integration's name. Empty matches all.
	Match     map[string]*regexp.Regexp
	Service   string            // canonical name; empty: found in the catalog
	Team      string            // empty: the service's
	Severity  incident.Severity // NoSeverity: from the alert
	GroupBy   []string          // labels that tell incidents apart, besides the service; none: the service alone, or the alert's name
	Triage    bool              // a person must accept it first
	Private   bool
	Platforms []string // where rooms are opened; none: the installation's
	Invite    []string // people's names, besides those on call
}

// Judgement is what becomes of one alert, and why.
type Judgement struct {
	GroupKey string // the alerts of one incident have the same
	Declare  incident.DeclaredEvent
	Why      []string
}

// Judge says where an alert belongs. It is pure: the same alert, routes and catalog give the same judgement.
func Judge(a ops.Alert, routes []Route, catalog ops.Catalog) Judgement {
	route, j := matchRoute(a, routes)
	service, why := serviceOf(a, route, catalog)
	j.why("%s", why)
	sev := severityOf(a, route, &j)
	j.Declare = incident.DeclaredEvent{
		Title: title(a), Severity: sev, Service: service.Name, Team: first(route.Team, service.Team),
		Private: route.Private, Triage: route.Triage, Platforms: route.Platforms,
		Invite: invited(append(slices.Clone(service.OnCall), route.Invite...), catalog),
	}
	j.GroupKey = groupKey(a, route, service.Name, &j)
	j.Declare.GroupKey = j.GroupKey
	j.Declare.Why = j.Why
	return j
}

func (j *Judgement) why(format string, args ...any) {
	j.Why = append(j.Why, fmt.Sprintf(format, args...))
}

func matchRoute(a ops.Alert, routes []Route) (Route, Judgement) {
	var j Judgement
	for _, r := range routes {
		if r.matches(a) {
			j.why("Route %q matched.", r.Name)
			if r.Triage {
				j.why("The route asks for triage: a person must accept it first.")
			}
			return r, j
		}
	}
	j.why("No route matched, so it waits in triage for a person to accept it.")
	return Route{Name: "unmatched", Triage: true}, j
}

func (r Route) matches(a ops.Alert) bool {
	for label, pattern := range r.Match {
		value := a.Labels[label]
		if label == "source" {
			value = a.Source
		}
		if !pattern.MatchString(value) {
			return false
		}
	}
	return true
}

// serviceOf finds the alert's service: the route's, else the one named by the label "service", else the first whose labels it carries.
func serviceOf(a ops.Alert, r Route, catalog ops.Catalog) (ops.Service, string) {
	if r.Service != "" {
		if s, ok := catalog.Service(r.Service); ok {
			return s, "The route names the service " + s.Name + "."
		}
		return ops.Service{Name: r.Service}, "The route names the service " + r.Service + ", which is not in the catalog."
	}
	if name := a.Labels["service"]; name != "" {
		if s, ok := catalog.Service(name); ok {
			return s, "The label service=" + name + " is the service " + s.Name + "."
		}
		return ops.Service{Name: strings.ToLower(name)}, "The label service=" + name + " names the service, which is not in the catalog."
	}
	for _, s := range catalog.Services {
		if carries(a.Labels, s.Labels) {
			return s, "Its labels are those of the service " + s.Name + "."
		}
	}
	return ops.Service{}, "It names no service, and its labels are those of none in the catalog."
}

func carries(labels, want map[string]string) bool {
	for k, v := range want {
		if labels[k] != v {
			return false
		}
	}
	return len(want) > 0
}

func severityOf(a ops.Alert, r Route, j *Judgement) incident.Severity {
	if r.Severity != incident.NoSeverity {
		j.why("The route says %s.", r.Severity)
		return r.Severity
	}
	if sev, ok := incident.ParseSeverity(a.Severity); ok {
		j.why("Its severity %q is %s.", a.Severity, sev)
		return sev
	}
	j.why("It tells no severity that is known (%q), so it is %s.", a.Severity, incident.Sev3)
	return incident.Sev3
}

// groupKey is what the alerts of one incident have in common. It begins with the version of these rules.
func groupKey(a ops.Alert, r Route, service string, j *Judgement) string {
	parts := []string{"group1", r.Name, service}
	var told []string
	if service != "" {
		told = append(told, "service "+service)
	}
	by := r.GroupBy
	if len(by) == 0 && service == "" {
		by = []string{"alertname"}
		if a.Labels["alertname"] == "" {
			parts = append(parts, a.Title)
			told = append(told, "title "+a.Title)
			by = nil
		}
	}
	for _, label := range by {
		parts = append(parts, label+"="+a.Labels[label])
		told = append(told, label+"="+a.Labels[label])
	}
	if len(told) == 0 {
		told = []string{"the route alone"}
	}
	j.why("It is grouped by %s.", strings.Join(told, ", "))
	return strings.Join(parts, "\x1f")
}

func title(a ops.Alert) string {
	t := strings.Join(strings.Fields(a.Title), " ")
	if t == "" {
		t = first(a.Labels["alertname"], "Alert from "+a.Source)
	}
	if r := []rune(t); len(r) > 200 {
		t = string(r[:199]) + "…"
	}
	return t
}

// invited turns people's names in the catalog into persons; a name that is not there is left out.
func invited(names []string, catalog ops.Catalog) []incident.Person {
	var people []incident.Person
	for _, n := range names {
		p, ok := catalog.Person(n)
		if !ok || slices.ContainsFunc(people, func(q incident.Person) bool { return q.ID == personID(p) }) {
			continue
		}
		people = append(people, incident.Person{ID: personID(p), Name: p.Display(), Verified: true, Accounts: p.Accounts})
	}
	return people
}

func personID(p ops.Person) incident.PersonID { return incident.PersonID("person:" + p.Name) }

func first(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}
