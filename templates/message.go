package templates

import (
	"strings"

	"sitrep/bot/chat"
)

// message puts the parts of a file together, in the order of parts, and the buttons below them.
func (s *Set) message(file string, data any, buttons []chat.Button) chat.Message {
	m := chat.Message{Summary: s.render(file, "summary", data)}
	add := func(b chat.Block, text string) {
		if text != "" {
			m.Blocks = append(m.Blocks, b)
		}
	}
	header := oneLine(s.render(file, "header", data))
	text, more, small := s.render(file, "text", data), s.render(file, "more", data), s.render(file, "context", data)
	add(chat.Block{Header: header}, header)
	add(chat.Block{Text: text}, text)
	if f := fields(s.render(file, "fields", data)); len(f) > 0 {
		m.Blocks = append(m.Blocks, chat.Block{Fields: f})
	}
	add(chat.Block{Text: more}, more)
	add(chat.Block{Context: small}, small)
	if len(buttons) > 0 {
		m.Blocks = append(m.Blocks, chat.Block{Buttons: buttons})
	}
	return m
}

// fields reads lines of "Name: value". A line without a value is left out.
func fields(text string) []chat.Field {
	var fs []chat.Field
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(line, ":")
		if value = strings.TrimSpace(value); value != "" {
			fs = append(fs, chat.Field{Name: strings.TrimSpace(name), Value: value})
		}
	}
	return fs
}
