package slack

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"

	api "github.com/slack-go/slack"

	"sitrep/bot/chat"
)

// The limits of Block Kit (https://docs.slack.dev/reference/block-kit/blocks), counted in UTF-16 units, which is never
// less than what Slack counts.
const (
	maxBlocks      = 50
	maxHomeBlocks  = 100
	maxSection     = 3000
	maxHeader      = 150
	maxFields      = 10
	maxField       = 2000
	maxElements    = 25
	maxContext     = 2000
	maxButtonLabel = 75
	maxButtonValue = 2000
	maxURL         = 3000
	maxAlt         = 2000
	maxSummary     = 300
	// Slack refuses a message of too many characters altogether (msg_blocks_too_long) and does not say where that begins.
	maxMessage = 12000
	// Less room than this is not worth beginning a part in.
	leastRoom = 100
)

// summary is the message in one line, for notifications.
func summary(m chat.Message) string {
	line := m.Summary
	if line == "" {
		line, _, _ = strings.Cut(m.Plain(), "\n")
	}
	line = shorten(oneLine(line), maxSummary, escape)
	if line == "" {
		return "sitrep"
	}
	return line
}

// page writes one message. parts are its pictures and files, uploaded already, by their place in Blocks.
type page struct {
	instance string
	parts    map[int]keptPart
	room     int  // characters left
	lost     bool // something was left out because room is short
	blocks   []api.Block
	buttons  int
}

// render writes a message as Block Kit, within its limits.
func render(m chat.Message, instance string, parts map[int]keptPart, limit int) []api.Block {
	p := &page{instance: instance, parts: parts, room: maxMessage}
	p.notify(m.Notify)
	toned := false
	for i, b := range m.Blocks {
		if b.Header != "" && !toned {
			b.Header, toned = sign(m.Tone)+b.Header, true
		}
		p.block(i, b)
	}
	if len(p.blocks) == 0 {
		p.section(summary(m))
	}
	if p.lost {
		p.blocks = append(p.blocks, api.NewContextBlock("", markdown("… the rest does not fit into one message")))
	}
	return crop(p.blocks, limit)
}

// crop leaves out blocks before the last one, which holds the buttons more often than not, and says so.
func crop(blocks []api.Block, limit int) []api.Block {
	if len(blocks) <= limit {
		return blocks
	}
	left := len(blocks) - (limit - 1)
	notice := api.NewContextBlock("", markdown(fmt.Sprintf("… and %d more parts, which do not fit into one message", left)))
	out := append([]api.Block{}, blocks[:limit-2]...)
	return append(out, notice, blocks[len(blocks)-1])
}

func sign(t chat.Tone) string {
	switch t {
	case chat.Bad:
		return "🔴 "
	case chat.Warning:
		return "🟠 "
	case chat.Good:
		return "🟢 "
	}
	return ""
}

func (p *page) notify(users []chat.UserID) {
	var calls []string
	for _, u := range users {
		if id := bare(u); isID(id) && len(calls) < 50 {
			calls = append(calls, "<@"+id+">")
		}
	}
	if len(calls) > 0 {
		p.blocks = append(p.blocks, api.NewContextBlock("", markdown(strings.Join(calls, " "))))
	}
}

func (p *page) block(i int, b chat.Block) {
	switch {
	case b.Header != "":
		p.blocks = append(p.blocks, api.NewHeaderBlock(plainText(b.Header, maxHeader)))
	case len(b.Buttons) > 0:
		p.actions(b.Buttons)
	case b.Image != nil || b.File != nil:
		if part, ok := p.parts[i]; ok {
			p.blocks = append(p.blocks, part.block())
		}
	case p.room < leastRoom:
		p.lost = true
	case b.Text != "":
		p.section(p.take(fit(b.Text, min(maxSection, p.room))))
	case len(b.Fields) > 0:
		p.fields(b.Fields)
	case b.Code != "":
		p.section(p.take(shorten(strings.TrimRight(b.Code, "\n"), min(maxSection, p.room), pre)))
	case b.Context != "":
		if s := p.take(fit(b.Context, min(maxContext, p.room))); strings.TrimSpace(s) != "" {
			p.blocks = append(p.blocks, api.NewContextBlock("", markdown(s)))
		}
	}
}

func (p *page) take(s string) string {
	p.room -= min(size(s), p.room)
	return s
}

func (p *page) section(written string) {
	if strings.TrimSpace(written) != "" {
		p.blocks = append(p.blocks, api.NewSectionBlock(markdown(written), nil, nil))
	}
}

func (p *page) fields(fields []chat.Field) {
	var texts []*api.TextBlockObject
	for _, f := range fields {
		if strings.TrimSpace(f.Name+f.Value) == "" {
			continue
		}
		name := shorten(oneLine(f.Name), 200, escape)
		limit := min(maxField, p.room) - size(name) - 3
		if limit < leastRoom/2 {
			p.lost = true
			break
		}
		texts = append(texts, markdown(p.take(around("*", name)+"\n"+fit(f.Value, limit))))
	}
	for len(texts) > 0 {
		n := min(maxFields, len(texts))
		p.blocks = append(p.blocks, api.NewSectionBlock(nil, texts[:n], nil))
		texts = texts[n:]
	}
}

func (p *page) actions(buttons []chat.Button) {
	var elements []api.BlockElement
	for _, b := range buttons[:min(len(buttons), maxElements)] {
		p.buttons++
		if e := p.button(b); e != nil {
			elements = append(elements, e)
		}
	}
	if len(elements) > 0 {
		p.blocks = append(p.blocks, api.NewActionBlock("", elements...))
	}
}

// button returns nil for a button that Slack could not take, whose verb can still be typed.
func (p *page) button(b chat.Button) api.BlockElement {
	e := api.NewButtonBlockElement(actionID(p.instance, p.buttons), b.Verb, plainText(b.Label, maxButtonLabel))
	if b.URL != "" {
		u, err := url.Parse(b.URL)
		if err != nil || (u.Scheme != "http" && u.Scheme != "https") || size(u.String()) > maxURL {
			return nil
		}
		return e.WithURL(u.String())
	}
	if size(b.Verb) > maxButtonValue {
		return nil
	}
	switch {
	case b.Danger:
		e.WithStyle(api.StyleDanger)
	case b.Primary:
		e.WithStyle(api.StylePrimary)
	}
	if b.Confirm != "" {
		e.WithConfirm(api.NewConfirmationBlockObject(plainText("Please confirm", 100), plainText(b.Confirm, 300), plainText("Yes", 30), plainText("No", 30)))
	}
	return e
}

const actionPrefix = "sitrep:"

func actionID(instance string, n int) string { return actionPrefix + instance + ":" + strconv.Itoa(n) }

// ours reports whether an action or callback id was made by the bot with this instance.
func ours(instance, id string) bool { return strings.HasPrefix(id, actionPrefix+instance+":") }
