package discordfake

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
)

// body is a message as the client sends it; what is absent stays nil.
type body struct {
	Content     *string   `json:"content"`
	Embeds      *[]embed  `json:"embeds"`
	Rows        *[]row    `json:"components"`
	Allowed     *allowed  `json:"allowed_mentions"`
	Attachments *[]upload `json:"attachments"`
	Nonce       string    `json:"nonce"`
	Enforce     bool      `json:"enforce_nonce"`
	Flags       int       `json:"flags"`
	Reference   *struct {
		MessageID string `json:"message_id"`
	} `json:"message_reference"`
}

type allowed struct {
	Parse []string `json:"parse"`
	Users []string `json:"users"`
}

type upload struct {
	ID          string `json:"id"`
	Filename    string `json:"filename"`
	Description string `json:"description"`
}

func (f *Fake) listMessages(c call) (int, any, *problem) {
	ch, p := f.reach(c, mayHistory)
	if p != nil {
		return 0, nil, p
	}
	limit, _ := strconv.Atoi(c.r.URL.Query().Get("limit"))
	if limit == 0 {
		limit = 50
	}
	after := c.r.URL.Query().Get("after")
	out := []any{}
	for _, m := range ch.messages {
		if m.flags&flagEphemeral == 0 && later(m.id, after) {
			out = append(out, f.messageJSON(m))
		}
	}
	if after != "" {
		out = out[:min(limit, len(out))]
	} else {
		out = out[max(0, len(out)-limit):]
	}
	slices.Reverse(out)
	return 200, out, nil
}

func (f *Fake) createMessage(c call) (int, any, *problem) {
	ch, p := f.reach(c, maySend)
	if p != nil {
		return 0, nil, p
	}
	if ch.kind == kindThread && f.may(ch, f.bot)&mayWriteThread == 0 {
		return 0, nil, missingRight
	}
	var in body
	if p := c.into(&in); p != nil {
		return 0, nil, p
	}
	if len(in.Nonce) > 25 {
		return 0, nil, f.invalid("nonce", "NONCE_TYPE_TOO_LONG")
	}
	for _, m := range ch.messages {
		if in.Enforce && in.Nonce != "" && m.nonce == in.Nonce && f.clock().Sub(m.at) < nonceLife {
			return 200, f.withNonce(m), nil
		}
	}
	m := &message{author: f.bot, nonce: in.Nonce}
	if p := f.fill(m, in, c); p != nil {
		return 0, nil, p
	}
	m.pings = f.pings(m.content, in.Allowed)
	if in.Reference != nil {
		if m.reference = in.Reference.MessageID; ch.find(m.reference) == nil {
			return 0, nil, f.invalid("message_reference", "REPLIES_UNKNOWN_MESSAGE")
		}
	}
	f.write(ch, m)
	f.dispatch("MESSAGE_CREATE", f.event(m))
	return 200, f.withNonce(m), nil
}

func (f *Fake) withNonce(m *message) object {
	out := f.messageJSON(m)
	if m.nonce != "" {
		out["nonce"] = m.nonce
	}
	return out
}

func (f *Fake) getMessage(c call) (int, any, *problem) {
	ch, p := f.reach(c, mayHistory)
	if p != nil {
		return 0, nil, p
	}
	m := ch.find(c.path("message"))
	if m == nil || m.flags&flagEphemeral != 0 {
		return 0, nil, unknownMessage
	}
	return 200, f.messageJSON(m), nil
}

func (f *Fake) patchMessage(c call) (int, any, *problem) {
	ch, p := f.reach(c, mayView)
	if p != nil {
		return 0, nil, p
	}
	m := ch.find(c.path("message"))
	if m == nil {
		return 0, nil, unknownMessage
	}
	if m.author != f.bot {
		return 0, nil, &problem{http.StatusForbidden, 50005, "Cannot edit a message authored by another user", 0}
	}
	return f.edit(m, c)
}

func (f *Fake) edit(m *message, c call) (int, any, *problem) {
	var in body
	if p := c.into(&in); p != nil {
		return 0, nil, p
	}
	if p := f.fill(m, in, c); p != nil {
		return 0, nil, p
	}
	if m.flags&flagLoading != 0 {
		m.flags &^= flagLoading
		m.pings = f.pings(m.content, in.Allowed)
	} else {
		m.edited = f.clock()
	}
	if m.flags&flagEphemeral == 0 {
		f.dispatch("MESSAGE_UPDATE", f.event(m))
	}
	return 200, f.messageJSON(m), nil
}

// fill writes what a body says into a message, unless it breaks a limit.
func (f *Fake) fill(m *message, in body, c call) *problem {
	next := *m
	if in.Content != nil {
		next.content = *in.Content
	}
	if in.Embeds != nil {
		next.embeds = slices.Clone(*in.Embeds)
		for i := range next.embeds {
			next.embeds[i].Type = "rich"
		}
	}
	if in.Rows != nil {
		next.rows = slices.Clone(*in.Rows)
		for i := range next.rows {
			next.rows[i].ID = i*10 + 1
			for j := range next.rows[i].Components {
				next.rows[i].Components[j].ID = i*10 + 2 + j
			}
		}
	}
	var p *problem
	if next.files, p = f.files(m.files, in, c); p != nil {
		return p
	}
	if p := f.limits(&next); p != nil {
		return p
	}
	*m = next
	return nil
}

func (f *Fake) files(old []attached, in body, c call) ([]attached, *problem) {
	if in.Attachments == nil {
		if len(c.files) > 0 {
			return nil, f.invalid("attachments", "an upload without its attachment")
		}
		return old, nil
	}
	var out []attached
	for _, u := range *in.Attachments {
		if data, ok := c.files["files["+u.ID+"]"]; ok {
			out = append(out, attached{id: f.id(), name: u.Filename, alt: u.Description, data: data})
			continue
		}
		i := slices.IndexFunc(old, func(a attached) bool { return a.id == u.ID })
		if i < 0 {
			return nil, f.invalid("attachments", "no such file: "+u.ID)
		}
		out = append(out, old[i])
	}
	return out, nil
}

// pings returns whom a message calls: without allowed_mentions everyone whom its content mentions.
func (f *Fake) pings(content string, a *allowed) []string {
	var out []string
	if content != "" && (a == nil || slices.Contains(a.Parse, "everyone")) {
		for _, all := range []string{"@everyone", "@here"} {
			if containsWord(content, all) {
				out = append(out, all)
			}
		}
	}
	for _, hit := range mentions.FindAllStringSubmatch(content, -1) {
		if a == nil || slices.Contains(a.Parse, "users") || slices.Contains(a.Users, hit[1]) {
			out = append(out, hit[1])
		}
	}
	return out
}

func (f *Fake) putPin(c call) (int, any, *problem) {
	ch, p := f.reach(c, mayPin)
	if p != nil {
		return 0, nil, p
	}
	m := ch.find(c.path("message"))
	if m == nil {
		return 0, nil, unknownMessage
	}
	m.pinned = true
	return 204, nil, nil
}

// limits are those of a message.
func (f *Fake) limits(m *message) *problem {
	var wrong []string
	check := func(ok bool, what string, args ...any) {
		if !ok {
			wrong = append(wrong, fmt.Sprintf(what, args...))
		}
	}
	check(length(m.content) <= 2000, "content of %d characters", length(m.content))
	check(len(m.embeds) <= 10, "%d embeds", len(m.embeds))
	check(len(m.files) <= 10, "%d files", len(m.files))
	check(len(m.rows) <= 5, "%d rows", len(m.rows))
	total := 0
	for _, e := range m.embeds {
		total += length(e.Title) + length(e.Description)
		check(length(e.Title) <= 256 && length(e.Description) <= 4096, "an embed's title or description is too long")
		check(len(e.Fields) <= 25, "%d fields", len(e.Fields))
		for _, x := range e.Fields {
			total += length(x.Name) + length(x.Value)
			check(length(x.Name) >= 1 && length(x.Name) <= 256, "a field's name of %d characters", length(x.Name))
			check(length(x.Value) >= 1 && length(x.Value) <= 1024, "a field's value of %d characters", length(x.Value))
		}
	}
	check(total <= 6000, "embeds of %d characters", total)
	ids := map[string]bool{}
	for _, r := range m.rows {
		check(len(r.Components) >= 1 && len(r.Components) <= 5, "a row of %d", len(r.Components))
		for _, b := range r.Components {
			check((b.CustomID != "") != (b.URL != ""), "a button needs a custom_id or a URL")
			check(length(b.CustomID) <= 100 && !ids[b.CustomID], "custom_id %q is too long or stands twice", b.CustomID)
			check(length(b.Label) >= 1 && length(b.Label) <= 80, "a label of %d characters", length(b.Label))
			ids[b.CustomID] = b.CustomID != ""
		}
	}
	check(m.content != "" || len(m.embeds) > 0 || len(m.files) > 0 || len(m.rows) > 0, "an empty message")
	if len(wrong) > 0 {
		return f.invalid("message", fmt.Sprint(wrong))
	}
	return nil
}
