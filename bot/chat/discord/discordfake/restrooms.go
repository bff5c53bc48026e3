package discordfake

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

var (
	unknownChannel = &problem{http.StatusNotFound, 10003, "Unknown Channel", 0}
	unknownMessage = &problem{http.StatusNotFound, 10008, "Unknown Message", 0}
	missingAccess  = &problem{http.StatusForbidden, 50001, "Missing Access", 0}
	missingRight   = &problem{http.StatusForbidden, 50013, "Missing Permissions", 0}
)

func (f *Fake) listChannels(call) (int, any, *problem) {
	out := []any{}
	for _, id := range slices.Sorted(maps.Keys(f.channels)) {
		if c := f.channels[id]; c.kind == kindText || c.kind == kindCategory {
			out = append(out, f.channelJSON(c))
		}
	}
	return 200, out, nil
}

// reach returns a channel in which the bot has a right.
func (f *Fake) reach(c call, right int64) (*channel, *problem) {
	ch := f.channels[c.path("id")]
	switch {
	case ch == nil:
		return nil, unknownChannel
	case f.may(ch, f.bot)&mayView == 0:
		return nil, missingAccess
	case f.may(ch, f.bot)&right != right:
		return nil, missingRight
	}
	return ch, nil
}

func (f *Fake) getChannel(c call) (int, any, *problem) {
	ch, p := f.reach(c, mayView)
	if p != nil {
		return 0, nil, p
	}
	return 200, f.channelJSON(ch), nil
}

// change is the body of a channel's creation or update; what is absent stays nil.
type change struct {
	Type   int     `json:"type"`
	Name   *string `json:"name"`
	Topic  *string `json:"topic"`
	Parent *string `json:"parent_id"`
	Rules  *[]rule `json:"permission_overwrites"`
}

type rule struct {
	ID    string      `json:"id"`
	Type  int         `json:"type"`
	Allow json.Number `json:"allow"`
	Deny  json.Number `json:"deny"`
}

func (r rule) overwrite() overwrite {
	allow, _ := r.Allow.Int64()
	deny, _ := r.Deny.Int64()
	return overwrite{ID: r.ID, Type: r.Type, Allow: allow, Deny: deny}
}

func (f *Fake) createChannel(c call) (int, any, *problem) {
	var in change
	if p := c.into(&in); p != nil {
		return 0, nil, p
	}
	switch {
	case f.permissions&(mayManageChannels|mayAdminister) == 0:
		return 0, nil, missingRight
	case f.guildChannels() >= inGuild:
		return 0, nil, &problem{http.StatusBadRequest, 30013, "Maximum number of guild channels reached (500)", 0}
	}
	ch := channel{kind: in.Type}
	if p := f.apply(&ch, in); p != nil {
		return 0, nil, p
	}
	made := f.addChannel(ch)
	f.dispatch("CHANNEL_CREATE", f.channelJSON(made))
	return 201, f.channelJSON(made), nil
}

func (f *Fake) patchChannel(c call) (int, any, *problem) {
	ch, p := f.reach(c, mayManageChannels)
	if p != nil {
		return 0, nil, p
	}
	var in change
	if p := c.into(&in); p != nil {
		return 0, nil, p
	}
	if in.Name != nil || in.Topic != nil {
		if p := f.rename(ch); p != nil {
			return 0, nil, p
		}
	}
	if p := f.apply(ch, in); p != nil {
		return 0, nil, p
	}
	f.dispatch("CHANNEL_UPDATE", f.channelJSON(ch))
	return 200, f.channelJSON(ch), nil
}

// rename counts changes of name and topic, of which Discord takes two in ten minutes.
func (f *Fake) rename(ch *channel) *problem {
	const many, span = 2, 10 * time.Minute
	now := f.clock()
	ch.renamed = slices.DeleteFunc(ch.renamed, func(at time.Time) bool { return now.Sub(at) >= span })
	if len(ch.renamed) >= many {
		return &problem{status: http.StatusTooManyRequests, wait: span - now.Sub(ch.renamed[0])}
	}
	ch.renamed = append(ch.renamed, now)
	return nil
}

func (f *Fake) apply(ch *channel, in change) *problem {
	if in.Parent != nil && *in.Parent != ch.parent {
		if f.channels[*in.Parent] == nil || f.channels[*in.Parent].kind != kindCategory {
			return f.invalid("parent_id", "CHANNEL_PARENT_INVALID")
		}
		if f.children(*in.Parent) >= inCategory {
			return f.invalid("parent_id", "CHANNEL_PARENT_MAX_CHANNELS")
		}
		ch.parent = *in.Parent
	}
	if in.Name != nil {
		if n := len([]rune(*in.Name)); n < 1 || n > 100 {
			return f.invalid("name", "BASE_TYPE_BAD_LENGTH")
		}
		ch.name = *in.Name
		if ch.kind == kindText {
			ch.name = strings.ToLower(strings.ReplaceAll(*in.Name, " ", "-"))
		}
	}
	if in.Topic != nil {
		if len([]rune(*in.Topic)) > 1024 {
			return f.invalid("topic", "BASE_TYPE_BAD_LENGTH")
		}
		ch.topic = *in.Topic
	}
	if in.Rules != nil {
		var rules []overwrite
		for _, r := range *in.Rules {
			o := r.overwrite()
			if (o.Allow|o.Deny)&^(f.permissions|everyonePermissions|knownElsewhere) != 0 {
				return missingRight
			}
			rules = append(rules, o)
		}
		ch.rules = rules
	}
	return nil
}

// knownElsewhere are rights that the fake does not act on, and does not ask the bot to have.
const knownElsewhere = 1 << 36

// invalid refuses a body, and counts as a rule that was broken.
func (f *Fake) invalid(where, what string) *problem {
	f.violate("invalid form body: %s: %s", where, what)
	return &problem{http.StatusBadRequest, 50035, "Invalid Form Body: " + where + ": " + what, 0}
}

func (f *Fake) putPermission(c call) (int, any, *problem) {
	ch, p := f.reach(c, mayManageRoles)
	if p != nil {
		return 0, nil, p
	}
	var in rule
	if p := c.into(&in); p != nil {
		return 0, nil, p
	}
	in.ID = c.path("overwrite")
	if in.Type == 1 && f.people[in.ID] == nil && in.ID != f.bot {
		return 0, nil, &problem{http.StatusNotFound, 10009, "Unknown Overwrite", 0}
	}
	ch.setRule(in.overwrite())
	f.dispatch("CHANNEL_UPDATE", f.channelJSON(ch))
	return 204, nil, nil
}

func (f *Fake) getMember(c call) (int, any, *problem) {
	id := c.path("user")
	if p := f.people[id]; id != f.bot && (p == nil || p.gone) {
		return 0, nil, &problem{http.StatusNotFound, 10007, "Unknown Member", 0}
	}
	return 200, f.member(id), nil
}

func (f *Fake) createDM(c call) (int, any, *problem) {
	var in struct {
		Recipient string `json:"recipient_id"`
	}
	if p := c.into(&in); p != nil {
		return 0, nil, p
	}
	if p := f.people[in.Recipient]; p == nil || p.gone {
		return 0, nil, &problem{http.StatusBadRequest, 50033, "Invalid Recipient(s)", 0}
	}
	for _, ch := range f.channels {
		if ch.kind == kindDM && ch.recipient == in.Recipient {
			return 200, f.channelJSON(ch), nil
		}
	}
	return 200, f.channelJSON(f.addChannel(channel{kind: kindDM, recipient: in.Recipient})), nil
}

func (f *Fake) startThread(c call) (int, any, *problem) {
	ch, p := f.reach(c, mayStartThread)
	if p != nil {
		return 0, nil, p
	}
	m := ch.find(c.path("message"))
	if m == nil {
		return 0, nil, unknownMessage
	}
	if f.channels[m.id] != nil {
		return 0, nil, &problem{http.StatusBadRequest, 160004, "A thread has already been created for this message", 0}
	}
	var in change
	if p := c.into(&in); p != nil {
		return 0, nil, p
	}
	thread := &channel{id: m.id, kind: kindThread, parent: ch.id, name: *in.Name}
	f.channels[thread.id] = thread
	f.dispatch("THREAD_CREATE", f.channelJSON(thread))
	return 201, f.channelJSON(thread), nil
}

func later(a, b string) bool {
	x, _ := strconv.ParseUint(a, 10, 64)
	y, _ := strconv.ParseUint(b, 10, 64)
	return x > y
}
