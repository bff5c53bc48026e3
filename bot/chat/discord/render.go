package discord

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode/utf16"

	"sitrep/bot/chat"
	"sitrep/bot/ops"
)

// Discord's limits of a message (https://discord.com/developers/docs/resources/message). Its lengths are counted in UTF-16 units here, the
// strictest way to count.
const (
	contentMax, descriptionMax, embedsMax, fieldsMax = 2000, 4096, 10, 25
	embedsTotal, fieldNameMax, fieldValueMax         = 6000, 256, 1024
	headerMax, labelMax, altMax, filesMax            = 256, 80, 1024, 10
	rowMax, rowsMax, notifyMax                       = 5, 5, 80
	// A later block keeps this much of the message's total, however long an earlier one is.
	reserveEach, reserveTotal = 400, 3000
	reserveMarks              = 12 // for the markup around a block
	restName                  = "message.txt"
	restMax                   = 1 << 20
)

var colours = map[chat.Tone]int{chat.Bad: 0xD83C3E, chat.Warning: 0xF0B132, chat.Good: 0x23A55A}

// render writes a message within Discord's limits, marked with key unless that is empty. The rest of what had to be cut is among the files.
func render(m chat.Message, instance string, key chat.Key) (payload, []file, error) {
	w := writer{left: embedsTotal, colour: colours[m.Tone]}
	for i, b := range m.Blocks {
		w.reserved = reserve(m.Blocks[i+1:])
		if err := w.block(b, instance); err != nil {
			return payload{}, nil, err
		}
	}
	if w.cut && len(w.files) < filesMax {
		w.files = append(w.files, file{name: restName, alt: "The whole message", data: []byte(chat.Cut(m.Plain(), restMax))})
	}
	embeds := w.finish(m)
	if key != "" {
		embeds[0].URL = markURL(instance, key)
	}
	p := payload{Embeds: embeds, Components: w.rows(), AllowedMentions: mentions{Parse: []string{}}}
	p.notify(m)
	return p, w.files, nil
}

// notify calls people in the message's content, because nothing in an embed calls anyone.
func (p *payload) notify(m chat.Message) {
	var calls []string
	for _, u := range m.Notify {
		id := string(u)
		if isSnowflake(id) && !slices.Contains(p.AllowedMentions.Users, id) && len(calls) < notifyMax {
			calls = append(calls, "<@"+id+">")
			p.AllowedMentions.Users = append(p.AllowedMentions.Users, id)
		}
	}
	if len(calls) == 0 {
		return
	}
	p.Content = strings.Join(calls, " ")
	if m.Summary != "" {
		summary, _ := fit(oneLine(m.Summary), min(200, contentMax-size(p.Content)-1), escape)
		p.Content += " " + summary
	}
}

// writer lays blocks out in embeds: text goes into the description, and a text after fields begins a new embed.
type writer struct {
	embeds   []embed
	left     int // of the total
	reserved int // for later blocks
	colour   int
	cut      bool
	buttons  []component
	files    []file
}

func (w *writer) block(b chat.Block, instance string) error {
	switch {
	case b.Header != "":
		w.text(chat.Cut(oneLine(b.Header), headerMax), func(s string) string { return "### " + escape(s) })
	case b.Text != "":
		w.text(b.Text, markdown)
	case b.Code != "":
		w.text(b.Code, pre)
	case b.Context != "":
		w.text(b.Context, func(s string) string { return prefixLines("-# ", markdown(s)) })
	case len(b.Fields) > 0:
		for _, f := range b.Fields {
			w.field(f)
		}
	case b.Image != nil:
		w.file(b.Image)
	case b.File != nil:
		w.file(b.File)
	case len(b.Buttons) > 0:
		return w.row(b.Buttons, instance)
	}
	return nil
}

func (w *writer) text(src string, write func(string) string) {
	const tooLittle = 40
	e := w.current(func(e *embed) bool { return len(e.Fields) == 0 && descriptionMax-size(e.Description) > tooLittle })
	if e == nil {
		w.cut = true
		return
	}
	s, cut := fit(src, min(descriptionMax-size(e.Description), w.left-w.reserved)-1, write)
	if cut && size(s) < tooLittle {
		w.cut = true
		return
	}
	w.cut = w.cut || cut
	if e.Description != "" {
		s = "\n" + s
	}
	e.Description += s
	w.left -= size(s)
}

func (w *writer) field(f chat.Field) {
	name, _ := fit(oneLine(f.Name), fieldNameMax, escape)
	value, cut := fit(f.Value, fieldValueMax, markdown)
	if room := w.left - w.reserved - size(name); size(value) > room && room > 40 {
		value, cut = fit(f.Value, room, markdown)
	}
	name, value = visible(name), visible(value)
	need := size(name) + size(value)
	e := w.current(func(e *embed) bool { return len(e.Fields) < fieldsMax })
	if e == nil || need > w.left-w.reserved {
		w.cut = true
		return
	}
	e.Fields = append(e.Fields, embedField{Name: name, Value: value, Inline: true})
	w.left -= need
	w.cut = w.cut || cut
}

// current returns the last embed if it fits, else a new one, and nil when there can be no more.
func (w *writer) current(fits func(*embed) bool) *embed {
	if n := len(w.embeds); n > 0 && fits(&w.embeds[n-1]) {
		return &w.embeds[n-1]
	}
	if len(w.embeds) == embedsMax {
		return nil
	}
	w.embeds = append(w.embeds, embed{Color: w.colour})
	return &w.embeds[len(w.embeds)-1]
}

var strange = regexp.MustCompile(`[^A-Za-z0-9._-]+`)

func (w *writer) file(f *chat.File) {
	if len(w.files) == filesMax {
		w.cut = true
		return
	}
	name := strange.ReplaceAllString(path.Base(f.Name), "_")
	if slices.ContainsFunc(w.files, func(o file) bool { return o.name == name }) {
		name = fmt.Sprintf("%d-%s", len(w.files)+1, name)
	}
	alt := f.Alt
	if alt == "" {
		alt = f.Title
	}
	w.files = append(w.files, file{name: name, alt: chat.Cut(alt, altMax), data: f.Data})
}

func (w *writer) row(buttons []chat.Button, instance string) error {
	for _, b := range buttons {
		c := component{Type: typeButton, Label: visible(chat.Cut(oneLine(b.Label), labelMax)), Style: styleSecondary}
		switch {
		case b.URL != "":
			c.Style, c.URL = styleLink, b.URL
		case b.Danger:
			c.Style = styleDanger
		case b.Primary:
			c.Style = stylePrimary
		}
		if b.URL == "" {
			id, ok := customID(buttonID, instance, b.Verb)
			if !ok {
				return &ops.Error{Op: "discord.render", Kind: ops.Invalid, Msg: "The button “" + b.Label + "” says more than Discord can keep in a button."}
			}
			c.CustomID = id
		}
		twice := func(o component) bool { return o.CustomID != "" && o.CustomID == c.CustomID }
		if !slices.ContainsFunc(w.buttons, twice) && len(w.buttons) < rowMax*rowsMax {
			w.buttons = append(w.buttons, c)
		}
	}
	return nil
}

func (w *writer) rows() []component {
	rows := []component{}
	for chunk := range slices.Chunk(w.buttons, rowMax) {
		rows = append(rows, component{Type: typeRow, Components: chunk})
	}
	return rows
}

// finish sees to it that there is an embed to carry the mark, and that it shows something.
func (w *writer) finish(m chat.Message) []embed {
	w.embeds = slices.DeleteFunc(w.embeds, func(e embed) bool { return e.Description == "" && len(e.Fields) == 0 })
	if len(w.embeds) > 0 {
		return w.embeds
	}
	shown := m.Summary
	for _, b := range m.Blocks {
		for _, f := range []*chat.File{b.Image, b.File} {
			if f != nil && shown == "" {
				shown = f.Title
			}
		}
	}
	s, _ := fit(oneLine(shown), headerMax, escape)
	return []embed{{Description: visible(s), Color: w.colour}}
}

// reserve returns what later blocks need at the least.
func reserve(later []chat.Block) int {
	total := 0
	for _, b := range later {
		n := len(b.Header) + len(b.Text) + len(b.Code) + len(b.Context)
		for _, f := range b.Fields {
			n += min(len(f.Name), fieldNameMax) + min(len(f.Value), 100)
		}
		if n > 0 {
			total += min(n+n/2+reserveMarks, reserveEach)
		}
	}
	return min(total, reserveTotal)
}

// fit writes as much of src as stays within limit, and says whether it had to cut. It cuts the source, so that markup
// stays whole.
func fit(src string, limit int, write func(string) string) (string, bool) {
	short := chat.Cut(src, 2*limit)
	s := write(short)
	if size(s) <= limit {
		return s, short != src
	}
	for n := limit; n > 0; {
		s = write(chat.Cut(src, n))
		over := size(s) - limit
		if over <= 0 {
			return s, true
		}
		n -= over/2 + 1
	}
	return "", true
}

func size(s string) int {
	n := 0
	for _, r := range s {
		n += max(utf16.RuneLen(r), 1)
	}
	return n
}

// visible stands in for an empty text, which Discord refuses.
func visible(s string) string {
	if strings.TrimSpace(s) == "" {
		return zeroWidth
	}
	return s
}
