package discord

import (
	"strings"

	"sitrep/bot/chat"
)

const (
	titleMax, inputLabelMax, placeholderMax, valueMax = 45, 45, 100, 4000
	inputsMax                                         = 5
)

// answer is what an interaction is answered with.
type answer struct {
	Type int `json:"type"`
	Data any `json:"data,omitempty"`
}

type formData struct {
	CustomID   string      `json:"custom_id"`
	Title      string      `json:"title"`
	Components []component `json:"components"`
}

// renderForm opens a form. Its choices are named in the hint, and checked by who reads the values.
func renderForm(f chat.Form, instance string) (answer, error) {
	id, ok := customID(formID, instance, f.Verb)
	if !ok {
		return answer{}, invalid("discord.renderForm", "That is too long to open a form for: type a shorter command, and the rest into the form.")
	}
	data := formData{CustomID: id, Title: visible(chat.Cut(oneLine(f.Title), titleMax))}
	for _, field := range f.Fields[:min(len(f.Fields), inputsMax)] {
		data.Components = append(data.Components, component{Type: typeRow, Components: []component{input(field)}})
	}
	return answer{Type: answerForm, Data: data}, nil
}

func input(f chat.FormField) component {
	required, style, hint, longest := f.Required, inputShort, f.Hint, valueMax
	if f.Long && len(f.Choices) == 0 {
		style = inputLong
	}
	if len(f.Choices) > 0 {
		var values []string
		for _, c := range f.Choices {
			values = append(values, c.Value)
		}
		hint = strings.Join(values, ", ")
	}
	if f.Max > 0 {
		longest = min(f.Max, valueMax)
	}
	return component{
		Type: typeInput, CustomID: f.Name, Style: style, Label: visible(chat.Cut(oneLine(f.Label), inputLabelMax)),
		Placeholder: chat.Cut(oneLine(hint), placeholderMax), Value: chat.Cut(f.Value, longest), Required: &required, MaxLength: longest,
	}
}
