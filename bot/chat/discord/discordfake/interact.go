package discordfake

import (
	"bytes"
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
	"unicode/utf8"
)

const (
	answerIn  = 3 * time.Second
	tokenLife = 15 * time.Minute

	askCommand, askButton, askComplete, askForm = 2, 3, 4, 5
)

// interaction is what somebody did, until its token is dead.
type interaction struct {
	id, token, user string
	channel         *channel
	kind            int
	at              time.Time
	answered        bool
	original        *message
	choices         chan []Choice // of a completion
}

// Choice is a suggestion as a person sees it.
type Choice struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// openForm is a form before a person.
type openForm struct {
	from *interaction
	data formData
}

type formData struct {
	CustomID   string `json:"custom_id"`
	Title      string `json:"title"`
	Components []struct {
		Components []input `json:"components"`
	} `json:"components"`
}

type input struct {
	Type        int    `json:"type"`
	CustomID    string `json:"custom_id"`
	Label       string `json:"label"`
	Style       int    `json:"style"`
	Value       string `json:"value"`
	Placeholder string `json:"placeholder"`
	Required    *bool  `json:"required"`
	MaxLength   int    `json:"max_length"`
}

// interact tells the bot of an interaction, over the gateway or at its endpoint. It wants no lock.
func (f *Fake) interact(user, room string, kind int, data object, about *message) *interaction {
	f.mu.Lock()
	ch := f.channels[room]
	i := &interaction{id: f.id(), user: user, channel: ch, kind: kind, at: f.clock(), choices: make(chan []Choice, 1)}
	i.token = "token-of-" + i.id
	f.interactions[i.token] = i
	event := object{
		"id": i.id, "application_id": f.app, "type": kind, "token": i.token, "version": 1, "channel_id": ch.id, "channel": f.channelJSON(ch),
		"data": data, "locale": "en-US", "app_permissions": strconv.FormatInt(f.may(ch, f.bot), 10), "entitlements": []any{},
	}
	if ch.kind == kindDM {
		event["user"] = f.user(user)
	} else {
		event["guild_id"], event["member"] = f.guild, f.member(user)
	}
	if about != nil {
		event["message"] = f.messageJSON(about)
	}
	endpoint, twice := f.endpoint, f.twice
	if endpoint == "" {
		f.dispatch("INTERACTION_CREATE", event)
	}
	f.mu.Unlock()
	if endpoint != "" {
		f.deliver(endpoint, i, event)
		if twice {
			f.send(endpoint, event)
		}
	}
	return i
}

// deliver sends an interaction to the endpoint and acts on what it answers.
func (f *Fake) deliver(endpoint string, i *interaction, event object) {
	status, answer := f.send(endpoint, event)
	if status != http.StatusOK {
		return
	}
	schema := map[byte]string{'4': "CreateMessageInteractionCallbackRequest", '5': "CreateMessageInteractionCallbackRequest", '8': "ApplicationCommandAutocompleteCallbackRequest", '9': "ModalInteractionCallbackRequest"}
	var kind struct {
		Type json.Number `json:"type"`
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if json.Unmarshal(answer, &kind) != nil || len(kind.Type) != 1 || schema[kind.Type[0]] == "" {
		f.violate("the endpoint answered %s", answer)
		return
	}
	if err := f.doc.CheckValue(schema[kind.Type[0]], answer); err != nil {
		f.violate("%v", err)
	}
	if p := f.answered(i, call{json: answer}); p != nil {
		f.violate("the endpoint's answer was refused: %s", p.message)
	}
}

// send signs a body and posts it. Discord waits three seconds, by everybody's clock.
func (f *Fake) send(endpoint string, event object) (int, []byte) {
	body, err := json.Marshal(event)
	if err != nil {
		panic(err)
	}
	return f.post(endpoint, body, time.Now(), f.key)
}

// Post sends a body to the endpoint, signed with key as of a moment, and returns what it answered. A nil key is the right one.
func (f *Fake) Post(body []byte, at time.Time, key ed25519.PrivateKey) (int, []byte) {
	if key == nil {
		key = f.key
	}
	f.mu.Lock()
	endpoint := f.endpoint
	f.mu.Unlock()
	return f.post(endpoint, body, at, key)
}

func (f *Fake) post(endpoint string, body []byte, at time.Time, key ed25519.PrivateKey) (int, []byte) {
	stamp := strconv.FormatInt(at.Unix(), 10)
	r, err := http.NewRequest(http.MethodPost, endpoint, bytes.NewReader(body))
	if err != nil {
		return 0, nil
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Signature-Timestamp", stamp)
	r.Header.Set("X-Signature-Ed25519", hex.EncodeToString(ed25519.Sign(key, append([]byte(stamp), body...))))
	client := &http.Client{Timeout: answerIn, Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(r)
	if err != nil {
		return 0, nil
	}
	defer resp.Body.Close()
	answer, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, answer
}

func (f *Fake) postCallback(c call) (int, any, *problem) {
	i := f.interactions[c.path("token")]
	if i == nil || i.id != c.path("interaction") {
		return 0, nil, &problem{http.StatusNotFound, 10062, "Unknown interaction", 0}
	}
	if p := f.answered(i, c); p != nil {
		return 0, nil, p
	}
	return 204, nil, nil
}

func (f *Fake) answered(i *interaction, c call) *problem {
	if late := f.clock().Sub(i.at); late > answerIn {
		f.violate("an interaction was answered after %v", late)
		return &problem{http.StatusNotFound, 10062, "Unknown interaction", 0}
	}
	if i.answered {
		return &problem{http.StatusBadRequest, 40060, "Interaction has already been acknowledged.", 0}
	}
	var in struct {
		Type int             `json:"type"`
		Data json.RawMessage `json:"data"`
	}
	if p := c.into(&in); p != nil {
		return p
	}
	if len(in.Data) == 0 {
		in.Data = []byte("{}")
	}
	i.answered = true
	c.json = in.Data
	switch in.Type {
	case 4, 5:
		return f.begin(i, c, in.Type == 5)
	case 8:
		return f.suggest(i, c)
	case 9:
		return f.openForm(i, c)
	}
	return f.invalid("type", fmt.Sprint(in.Type))
}

// begin writes the first answer, or the promise of one.
func (f *Fake) begin(i *interaction, c call, loading bool) *problem {
	var in body
	if p := c.into(&in); p != nil {
		return p
	}
	m := &message{author: f.bot, webhook: true, flags: in.Flags & flagEphemeral, meant: i.user}
	if loading {
		m.flags |= flagLoading
	} else if p := f.fill(m, in, c); p != nil {
		return p
	} else {
		m.pings = f.pings(m.content, in.Allowed)
	}
	i.original = f.write(i.channel, m)
	if m.flags&flagEphemeral == 0 {
		f.dispatch("MESSAGE_CREATE", f.event(m))
	}
	return nil
}

func (f *Fake) suggest(i *interaction, c call) *problem {
	var in struct {
		Choices []Choice `json:"choices"`
	}
	if p := c.into(&in); p != nil {
		return p
	}
	if len(in.Choices) > 25 || i.kind != askComplete {
		return f.invalid("choices", strconv.Itoa(len(in.Choices)))
	}
	for _, ch := range in.Choices {
		if length(ch.Name) < 1 || length(ch.Name) > 100 || length(ch.Value) > 100 {
			return f.invalid("choices", ch.Name)
		}
	}
	i.choices <- in.Choices
	return nil
}

func (f *Fake) openForm(i *interaction, c call) *problem {
	var in formData
	if p := c.into(&in); p != nil {
		return p
	}
	if i.kind == askForm || length(in.Title) < 1 || length(in.Title) > 45 || length(in.CustomID) > 100 || len(in.Components) < 1 || len(in.Components) > 5 {
		return f.invalid("modal", in.Title)
	}
	for _, r := range in.Components {
		for _, x := range r.Components {
			longest := x.MaxLength
			if longest == 0 {
				longest = 4000
			}
			if length(x.Label) < 1 || length(x.Label) > 45 || length(x.Placeholder) > 100 || length(x.Value) > longest || longest > 4000 || length(x.CustomID) > 100 {
				return f.invalid("modal", x.Label)
			}
		}
	}
	f.forms[i.user] = &openForm{from: i, data: in}
	return nil
}

// alive returns the interaction of a token that still takes answers.
func (f *Fake) alive(c call) (*interaction, *problem) {
	i := f.interactions[c.path("token")]
	switch {
	case i == nil:
		return nil, &problem{http.StatusNotFound, 10015, "Unknown Webhook", 0}
	case f.clock().Sub(i.at) > tokenLife:
		return nil, &problem{http.StatusUnauthorized, 50027, "Invalid Webhook Token", 0}
	case i.original == nil:
		return nil, &problem{http.StatusNotFound, 10015, "Unknown Webhook", 0}
	}
	return i, nil
}

func (f *Fake) getOriginal(c call) (int, any, *problem) {
	i, p := f.alive(c)
	if p != nil {
		return 0, nil, p
	}
	return 200, f.messageJSON(i.original), nil
}

func (f *Fake) patchWebhook(c call) (int, any, *problem) {
	i, p := f.alive(c)
	if p != nil {
		return 0, nil, p
	}
	m := i.original
	if id := c.path("message"); id != "@original" {
		if m = i.channel.find(id); m == nil || !m.webhook {
			return 0, nil, unknownMessage
		}
	}
	if f.channels[i.channel.id] == nil {
		return 0, nil, unknownMessage
	}
	return f.edit(m, c)
}

func (f *Fake) postWebhook(c call) (int, any, *problem) {
	i, p := f.alive(c)
	if p != nil {
		return 0, nil, p
	}
	var in body
	if p := c.into(&in); p != nil {
		return 0, nil, p
	}
	m := &message{author: f.bot, webhook: true, flags: in.Flags & flagEphemeral, meant: i.user}
	if p := f.fill(m, in, c); p != nil {
		return 0, nil, p
	}
	m.pings = f.pings(m.content, in.Allowed)
	f.write(i.channel, m)
	if m.flags&flagEphemeral == 0 {
		f.dispatch("MESSAGE_CREATE", f.event(m))
	}
	if c.r.URL.Query().Get("wait") != "true" {
		return 204, nil, nil
	}
	return 200, f.messageJSON(m), nil
}

func length(s string) int { return utf8.RuneCountInString(s) }
