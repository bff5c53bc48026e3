package slackfake

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"
)

// object is a text object, or an option.
type object struct {
	Type     string `json:"type"`
	Text     text   `json:"text"`
	Value    string `json:"value"`
	Verbatim bool   `json:"verbatim"`
}

// text is a string, or in an option a text object.
type text string

func (t *text) UnmarshalJSON(b []byte) error {
	var s string
	if json.Unmarshal(b, &s) == nil {
		*t = text(s)
		return nil
	}
	var o struct {
		Text string `json:"text"`
	}
	err := json.Unmarshal(b, &o)
	*t = text(o.Text)
	return err
}

type element struct {
	Type         string   `json:"type"`
	ActionID     string   `json:"action_id"`
	Value        string   `json:"value"`
	URL          string   `json:"url"`
	Text         text     `json:"text"`
	Verbatim     bool     `json:"verbatim"`
	Options      []object `json:"options"`
	Initial      *object  `json:"initial_option"`
	InitialValue string   `json:"initial_value"`
	Multiline    bool     `json:"multiline"`
	MaxLength    int      `json:"max_length"`
}

type block struct {
	raw      json.RawMessage
	Type     string    `json:"type"`
	BlockID  string    `json:"block_id"`
	Text     *object   `json:"text"`
	Fields   []object  `json:"fields"`
	Elements []element `json:"elements"`
	Alt      string    `json:"alt_text"`
	Title    *object   `json:"title"`
	File     *struct {
		ID string `json:"id"`
	} `json:"slack_file"`
	Label    object   `json:"label"`
	Hint     *object  `json:"hint"`
	Element  *element `json:"element"`
	Optional bool     `json:"optional"`
}

func (b *block) UnmarshalJSON(data []byte) error {
	type plain block
	if err := json.Unmarshal(data, (*plain)(b)); err != nil {
		return err
	}
	b.raw = append(json.RawMessage(nil), data...)
	return nil
}

func (b block) MarshalJSON() ([]byte, error) { return b.raw, nil }

// wrong says what Slack would refuse in blocks; empty when nothing. mu is held.
func (s *Server) wrong(blocks []block, limit int) string {
	if len(blocks) > limit {
		return fmt.Sprintf("no more than %d items allowed", limit)
	}
	ids, total := map[string]bool{}, 0
	for i, b := range blocks {
		if why := s.wrongBlock(b); why != "" {
			return fmt.Sprintf("/blocks/%d: %s", i, why)
		}
		if b.BlockID != "" && ids[b.BlockID] || utf8.RuneCountInString(b.BlockID) > 255 {
			return fmt.Sprintf("/blocks/%d: block_id %q", i, b.BlockID)
		}
		ids[b.BlockID] = true
		for _, t := range texts(b) {
			total += utf8.RuneCountInString(string(t.Text))
		}
	}
	if total > 13200 && limit == 50 {
		return "msg_blocks_too_long"
	}
	return ""
}

func (s *Server) wrongBlock(b block) string {
	switch b.Type {
	case "header":
		return between("header", b.Text, 150)
	case "section":
		return wrongSection(b)
	case "context":
		if len(b.Elements) == 0 || len(b.Elements) > 10 {
			return "context elements"
		}
		for _, e := range b.Elements {
			if n := utf8.RuneCountInString(string(e.Text)); n < 1 || n > 2000 {
				return "context text"
			}
		}
	case "actions":
		return wrongActions(b)
	case "image":
		if b.Alt == "" || utf8.RuneCountInString(b.Alt) > 2000 {
			return "alt_text"
		}
		if b.File == nil || !s.files[b.File.ID].ready() {
			return "invalid slack file"
		}
	case "input":
		return wrongInput(b)
	default:
		return "unsupported type " + b.Type
	}
	return ""
}

func between(what string, o *object, limit int) string {
	if o == nil || o.Text == "" || utf8.RuneCountInString(string(o.Text)) > limit {
		return what + " text must be 1 to " + fmt.Sprint(limit) + " characters"
	}
	return ""
}

func wrongSection(b block) string {
	if b.Text == nil && len(b.Fields) == 0 {
		return "section without text or fields"
	}
	if b.Text != nil {
		if why := between("section", b.Text, 3000); why != "" {
			return why
		}
	}
	if len(b.Fields) > 10 {
		return "more than 10 fields"
	}
	for _, f := range b.Fields {
		if why := between("field", &f, 2000); why != "" {
			return why
		}
	}
	return ""
}

func wrongActions(b block) string {
	if len(b.Elements) == 0 || len(b.Elements) > 25 {
		return "actions elements"
	}
	ids := map[string]bool{}
	for _, e := range b.Elements {
		if e.ActionID == "" || ids[e.ActionID] || len(e.ActionID) > 255 {
			return "action_id " + e.ActionID
		}
		ids[e.ActionID] = true
		if n := utf8.RuneCountInString(string(e.Text)); n < 1 || n > 75 {
			return "button text"
		}
		if utf8.RuneCountInString(e.Value) > 2000 || len(e.URL) > 3000 {
			return "button value or url"
		}
	}
	return ""
}

func wrongInput(b block) string {
	e := b.Element
	switch {
	case e == nil || b.Label.Text == "" || utf8.RuneCountInString(string(b.Label.Text)) > 2000:
		return "input without element or label"
	case e.Type == "plain_text_input" && (e.MaxLength < 0 || e.MaxLength > 3000 || e.MaxLength > 0 && utf8.RuneCountInString(e.InitialValue) > e.MaxLength):
		return "max_length"
	case e.Type == "static_select" && (len(e.Options) == 0 || len(e.Options) > 100):
		return "options"
	}
	for _, o := range e.Options {
		if o.Text == "" || utf8.RuneCountInString(string(o.Text)) > 75 || o.Value == "" || utf8.RuneCountInString(o.Value) > 150 {
			return "option " + o.Value
		}
	}
	return ""
}

// texts returns a block's text objects, top to bottom.
func texts(b block) []object {
	var all []object
	if b.Title != nil {
		all = append(all, *b.Title)
	}
	if b.Text != nil {
		all = append(all, *b.Text)
	}
	all = append(all, b.Fields...)
	if b.Type == "context" {
		for _, e := range b.Elements {
			all = append(all, object{Type: e.Type, Text: e.Text, Verbatim: e.Verbatim})
		}
	}
	return all
}

var (
	angle    = regexp.MustCompile(`<([^<>]*)>`)
	bold     = regexp.MustCompile(`\*([^*\n]+)\*`)
	struck   = regexp.MustCompile(`~([^~\n]+)~`)
	italic   = regexp.MustCompile(`(^|\s)_([^_\n]+)_`)
	entities = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&")
	escapes  = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")
)

// shown is what a person reads of a text object; mu is held.
func (s *Server) shown(o object) string {
	out := string(o.Text)
	if o.Type != "plain_text" {
		out = angle.ReplaceAllStringFunc(out, func(m string) string { return s.sequence(m[1 : len(m)-1]) })
		out = strings.NewReplacer("```\n", "", "\n```", "", "```", "", "`", "").Replace(out)
		out = italic.ReplaceAllString(struck.ReplaceAllString(bold.ReplaceAllString(out, "$1"), "$1"), "$1$2")
	}
	return entities.Replace(out)
}

func (s *Server) sequence(seq string) string {
	target, label, labelled := strings.Cut(seq, "|")
	switch {
	case strings.HasPrefix(target, "@"):
		if u := s.users[target[1:]]; u != nil {
			return "@" + u.name
		}
		return target
	case labelled:
		return label
	case strings.HasPrefix(target, "!"):
		return "@" + target[1:]
	}
	return target
}

var (
	called = regexp.MustCompile(`<@(U[A-Z0-9]+)(\|[^>]*)?>`)
	all    = regexp.MustCompile(`<!(channel|here|everyone|subteam)\b[^>]*>`)
	typed  = regexp.MustCompile(`@(channel|here|everyone)\b`)
)

// pings returns whom a message calls; mu is held.
func (s *Server) pings(c *channel, m *message) []string {
	objects := []object{{Type: "mrkdwn", Text: text(m.text), Verbatim: true}}
	for _, b := range m.blocks {
		objects = append(objects, texts(b)...)
	}
	seen := map[string]bool{}
	var ids []string
	add := func(id string) {
		if !seen[id] && id != botUser {
			seen[id] = true
			ids = append(ids, id)
		}
	}
	for _, o := range objects {
		if o.Type == "plain_text" {
			continue
		}
		for _, m := range called.FindAllStringSubmatch(string(o.Text), -1) {
			add(m[1])
		}
		if all.MatchString(string(o.Text)) || !o.Verbatim && typed.MatchString(string(o.Text)) {
			for _, id := range c.order {
				add(id)
			}
		}
	}
	return ids
}
