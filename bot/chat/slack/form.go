package slack

import (
	"encoding/json"

	api "github.com/slack-go/slack"

	"sitrep/bot/chat"
	"sitrep/bot/ops"
)

// The limits of a modal (https://docs.slack.dev/reference/views/modal-views).
const (
	maxFormTitle   = 24
	maxFormLabel   = 150
	maxInput       = 3000
	maxChoices     = 100
	maxChoiceLabel = 75
	maxChoiceValue = 150
	maxMetadata    = 3000
)

// modal writes a form. to is where its answer will go, which travels with the form.
func modal(instance string, f chat.Form, to chat.ReplyTo) (api.ModalViewRequest, error) {
	origin := formOrigin{Verb: f.Verb, Room: to.Room, Thread: to.Thread, Token: to.Token}
	meta, err := json.Marshal(origin)
	if err != nil || len(meta) > maxMetadata {
		return api.ModalViewRequest{}, &ops.Error{Op: "slack.modal", Kind: ops.Invalid, Msg: "That is too long for a form.", Err: err}
	}
	view := api.ModalViewRequest{
		Type: api.VTModal, CallbackID: actionID(instance, 0), PrivateMetadata: string(meta),
		Title: plainText(f.Title, maxFormTitle), Submit: plainText(orElse(f.Submit, "Send"), maxFormTitle), Close: plainText("Cancel", maxFormTitle),
	}
	for i, field := range f.Fields {
		label := plainText(orElse(field.Label, field.Name), maxFormLabel)
		var hint *api.TextBlockObject
		if field.Hint != "" {
			hint = plainText(field.Hint, maxFormLabel)
		}
		input := api.NewInputBlock(field.Name, label, hint, element(actionID(instance, i+1), field))
		view.Blocks.BlockSet = append(view.Blocks.BlockSet, input.WithOptional(!field.Required))
	}
	return view, nil
}

func element(action string, f chat.FormField) api.BlockElement {
	if len(f.Choices) > 0 {
		return choices(action, f)
	}
	limit := maxInput
	if f.Max > 0 {
		limit = min(limit, f.Max)
	}
	e := api.NewPlainTextInputBlockElement(nil, action).WithMultiline(f.Long).WithMaxLength(limit)
	if f.Value != "" {
		e.WithInitialValue(shorten(f.Value, limit, func(s string) string { return s }))
	}
	return e
}

func choices(action string, f chat.FormField) api.BlockElement {
	e := api.NewOptionsSelectBlockElement(api.OptTypeStatic, plainText("Choose", maxChoiceLabel), action)
	for _, c := range f.Choices[:min(len(f.Choices), maxChoices)] {
		if c.Value == "" || size(c.Value) > maxChoiceValue {
			continue
		}
		option := api.NewOptionBlockObject(c.Value, plainText(orElse(c.Label, c.Value), maxChoiceLabel), nil)
		e.Options = append(e.Options, option)
		if c.Value == f.Value {
			e.WithInitialOption(option)
		}
	}
	return e
}

func orElse(s, fallback string) string {
	if s == "" {
		return fallback
	}
	return s
}
