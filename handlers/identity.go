package handlers

import (
	"slices"
	"strings"

	"sitrep/bot/chat"
	"sitrep/bot/incident"
	"sitrep/bot/ops"
)

// Person says who an account is: the person in the directory who owns it, else an unverified one of that platform.
func (r *Router) Person(platform string, u chat.User) incident.Person {
	if p, ok := r.deps.Catalog().Account(platform, string(u.ID)); ok {
		return listed(p)
	}
	if u.ID == "" {
		return incident.Person{}
	}
	return incident.Person{
		ID: incident.PersonID(platform + ":" + string(u.ID)), Name: chat.Cut(u.Name, 80), Accounts: map[string]string{platform: string(u.ID)},
	}
}

// listed is a person of the directory.
func listed(p ops.Person) incident.Person {
	return incident.Person{ID: incident.PersonID("person:" + p.Name), Name: p.Display(), Verified: true, Accounts: p.Accounts}
}

// mentioned finds the person that a mention or a name means.
func (c *Call) mentioned(text string) (incident.Person, error) {
	name, mention := strings.CutPrefix(strings.TrimSpace(text), "@")
	if strings.EqualFold(name, "me") || strings.EqualFold(name, "myself") {
		return c.Actor, nil
	}
	catalog := c.router.deps.Catalog()
	id := c.accountID(strings.TrimLeft(name, "!&"))
	if p, ok := catalog.Account(c.In.Platform, id); ok && mention {
		return listed(p), nil
	}
	if p, ok := catalog.Person(name); ok {
		return listed(p), nil
	}
	if p, ok := c.present(id, name); ok {
		return p, nil
	}
	if mention && c.likeAnID(id) {
		u := chat.User{ID: chat.UserID(id)}
		if !figures(id) {
			u.Name = name
		}
		return c.router.Person(c.In.Platform, u), nil
	}
	return incident.Person{}, improper("Nobody is known here as %q. Mention them with @ as the chat suggests it, or name somebody from the people in the configuration.", chat.Cut(text, 60))
}

// accountID adds the workspace to an id that was written without it, where this platform's ids carry one.
func (c *Call) accountID(id string) string {
	i := strings.LastIndexByte(string(c.In.User.ID), '/')
	if i < 0 || strings.Contains(id, "/") {
		return id
	}
	return string(c.In.User.ID)[:i+1] + id
}

// present finds a person among those who take part.
func (c *Call) present(id, name string) (incident.Person, bool) {
	for _, p := range slices.Concat(c.State.Members, c.State.Invited) {
		if p.Accounts[c.In.Platform] == id || strings.EqualFold(p.Name, name) && name != "" {
			return p, true
		}
	}
	return incident.Person{}, false
}

// likeAnID reports whether an id looks like the one of who asks; a name that was typed by hand where ids are figures does not.
func (c *Call) likeAnID(id string) bool {
	if id == "" || strings.ContainsAny(id, " \t\n") {
		return false
	}
	own := string(c.In.User.ID)
	return !figures(own) || figures(id) && (own != strings.ToUpper(own) || id == strings.ToUpper(id))
}

// figures reports whether an account's id has figures in it, as those have that a platform makes up.
func figures(id string) bool {
	return strings.ContainsAny(id[strings.LastIndexByte(id, '/')+1:], "0123456789")
}
