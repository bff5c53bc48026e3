package console

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/oklog/ulid/v2"
	"go.uber.org/zap"

	"sitrep/bot/chat"
	"sitrep/bot/ops"
)

// said is what a visitor sends to write, press, submit or pin.
type said struct {
	ID      string            `json:"id,omitempty"` // the same when it is sent again
	User    string            `json:"user"`         // a name or a person's id
	Room    chat.RoomID       `json:"room,omitempty"`
	Thread  chat.MessageID    `json:"thread,omitempty"`
	Message chat.MessageID    `json:"message,omitempty"`
	Text    string            `json:"text,omitempty"`
	Verb    string            `json:"verb,omitempty"`
	Values  map[string]string `json:"values,omitempty"`
}

// accepted answers a command: either it is stored, or a form is to be filled in.
type accepted struct {
	ID      string         `json:"id"`
	Message chat.MessageID `json:"message,omitempty"`
	Form    *chat.Form     `json:"form,omitempty"`
}

// hear reads what a visitor sent, and who they are.
func (c *Console) hear(v visit) (said, chat.User, error) {
	var s said
	if err := read(v, &s); err != nil {
		return s, chat.User{}, err
	}
	if in := v.PathValue("room"); in != "" {
		s.Room = chat.RoomID(in)
	}
	if id := v.PathValue("message"); id != "" {
		s.Message = chat.MessageID(id)
	}
	if s.ID == "" {
		s.ID = ulid.Make().String()
	}
	if len(s.ID) > 64 {
		return s, chat.User{}, invalid("console.hear", "An id has at most 64 characters.")
	}
	for name, value := range s.Values {
		if utf8.RuneCountInString(name)+utf8.RuneCountInString(value) > maxLine {
			return s, chat.User{}, invalid("console.hear", "The answer "+chat.Cut(name, 40)+" is too long.")
		}
	}
	if utf8.RuneCountInString(s.Text) > maxLine || utf8.RuneCountInString(s.Verb) > maxLine {
		return s, chat.User{}, invalid("console.hear", "A message has at most 4000 characters.")
	}
	user, err := c.person(v.Context(), s.User)
	return s, user, err
}

// person returns who goes by a name or an id, and makes them when they are new.
func (c *Console) person(ctx context.Context, name string) (chat.User, error) {
	const op = "console.person"
	id := personID(name)
	if id == "" || utf8.RuneCountInString(name) > maxName {
		return chat.User{}, invalid(op, "Say who you are, in at most 40 characters.")
	}
	if strings.EqualFold(string(id), c.cfg.Bot) {
		return chat.User{}, invalid(op, "That is the bot's name: choose another.")
	}
	if p, ok := c.findPerson(id); ok {
		return chat.User{ID: p.ID, Name: p.Name}, nil
	}
	p := person{ID: id, Name: strings.Join(strings.Fields(name), " ")}
	err := c.write(ctx, op, func() error { return c.savePerson(ctx, p) })
	return chat.User{ID: p.ID, Name: p.Name}, err
}

// personID makes an id of a name: "Ana Ruiz" is "ana-ruiz".
func personID(name string) chat.UserID {
	words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	return chat.UserID(strings.Join(words, "-"))
}

// enterable returns a room that the person is in, or may be in.
func (c *Console) enterable(op string, id chat.RoomID, user chat.UserID) (room, error) {
	r, ok := c.findRoom(id)
	if !ok || !r.sees(user) {
		return room{}, notFound(op, "There is no such room.")
	}
	return r, nil
}

// begin reads what a visitor does in a room that they are in, or may be in, and begins the act that it becomes.
func (c *Console) begin(v visit, op string) (said, room, act, error) {
	s, user, err := c.hear(v)
	if err != nil {
		return s, room{}, act{}, err
	}
	r, err := c.enterable(op, s.Room, user.ID)
	return s, r, act{User: user, Room: r.ID, RoomName: r.Name}, err
}

// touch is begin for what is done to a message that the visitor sees. gone tells people that there is none.
func (c *Console) touch(v visit, op, gone string) (said, message, act, error) {
	s, r, a, err := c.begin(v, op)
	if err != nil {
		return s, message{}, a, err
	}
	m, ok := c.findMessage(r.ID, s.Message)
	if !ok || !m.sees(a.User.ID) {
		return s, message{}, a, notFound(op, gone)
	}
	a.Message, a.Link = m.ID, c.link(r.ID, m.ID)
	return s, m, a, nil
}

func (c *Console) postMessage(v visit) (answer, error) {
	const op = "console.postMessage"
	s, r, a, err := c.begin(v, op)
	if err != nil {
		return answer{}, err
	}
	if strings.TrimSpace(s.Text) == "" {
		return answer{}, invalid(op, "There is nothing to send.")
	}
	verb, isCommand := c.command(s.Text)
	if r.Kind == kindDirect && !isCommand {
		verb, isCommand = s.Text, true
	}
	if r.Archived && !isCommand {
		return answer{}, &ops.Error{Op: op, Kind: ops.Denied, Msg: "The room is archived; a command can still be typed."}
	}
	line := message{Room: r.ID, Thread: s.Thread, Author: a.User, Text: s.Text, Key: "said:" + s.ID}
	if !isCommand {
		id, err := c.say(v.Context(), line)
		return answer{http.StatusAccepted, accepted{ID: s.ID, Message: id}}, err
	}
	a.Thread, a.Text = s.Thread, verb
	return c.run(v, s.ID, a, &line)
}

// say stores what a person wrote.
func (c *Console) say(ctx context.Context, m message) (chat.MessageID, error) {
	err := c.write(ctx, "console.say", func() error {
		if before, ok := c.findKey(m.Room, m.Key); ok {
			m = before
			return nil
		}
		m.At = c.cfg.Now()
		var err error
		m, err = c.saveMessage(ctx, m)
		return err
	})
	return m.ID, err
}

// run hands a command in, or asks for what it lacks. line is what was typed, shown in the room once the command is stored.
func (c *Console) run(v visit, id string, a act, line *message) (answer, error) {
	req, err := c.request(id, actCommand, a)
	if err != nil {
		return answer{}, err
	}
	in, err := c.Decode(req)
	if err != nil {
		return answer{}, err
	}
	plan := v.intake.Plan(v.Context(), in)
	if plan.Form != nil {
		return answer{http.StatusOK, accepted{ID: id, Form: plan.Form}}, nil
	}
	a.Private = plan.Private
	// The line's place is taken first, so that it stands above an answer that comes at once.
	place := c.next()
	if err := c.hand(v, id, actCommand, a); err != nil {
		return answer{}, err
	}
	done := accepted{ID: id}
	if line == nil {
		return answer{http.StatusAccepted, done}, nil
	}
	line.Seq = place
	if plan.Private {
		line.Only = a.User.ID
	}
	if done.Message, err = c.say(v.Context(), *line); err != nil {
		c.log.Warn("a typed command is not shown in its room", zap.String("request", id), zap.Error(err))
	}
	return answer{http.StatusAccepted, done}, nil
}

func (c *Console) hand(v visit, id, kind string, a act) error {
	req, err := c.request(id, kind, a)
	if err != nil {
		return err
	}
	if err := v.intake.Receive(v.Context(), req); err != nil {
		return &ops.Error{Op: "console.hand", Kind: ops.Unavailable, Msg: "sitrep could not store that: nothing was done. Try again.", Err: err}
	}
	return nil
}

func (c *Console) press(v visit) (answer, error) {
	const op = "console.press"
	const gone = "The button is not there any more."
	s, m, a, err := c.touch(v, op, gone)
	if err != nil {
		return answer{}, err
	}
	if !hasButton(m, s.Verb) {
		return answer{}, notFound(op, gone)
	}
	a.Thread, a.Text = m.Thread, s.Verb
	return c.run(v, s.ID, a, nil)
}

func hasButton(m message, verb string) bool {
	return verb != "" && slices.ContainsFunc(m.Message.Blocks, func(b chat.Block) bool {
		return slices.ContainsFunc(b.Buttons, func(x chat.Button) bool { return x.Verb == verb })
	})
}

func (c *Console) submit(v visit) (answer, error) {
	const op = "console.submit"
	s, _, a, err := c.begin(v, op)
	if err != nil {
		return answer{}, err
	}
	if s.Verb == "" {
		return answer{}, invalid(op, "A form is sent with its verb.")
	}
	a.Thread, a.Message, a.Text, a.Values = s.Thread, s.Message, s.Verb, s.Values
	return c.run(v, s.ID, a, nil)
}

func (c *Console) complete(v visit) (answer, error) {
	q := v.URL.Query()
	word, ok := c.command(q.Get("text"))
	choices := []chat.Choice{}
	if ok && len(q.Get("text")) <= maxLine {
		// What follows the last space decides what is suggested, so a space at the end counts.
		if strings.HasSuffix(q.Get("text"), " ") && word != "" {
			word += " "
		}
		in := chat.Inbound{Kind: chat.Command, Platform: c.cfg.Name, Room: chat.RoomID(q.Get("room")), User: chat.User{ID: personID(q.Get("user"))}, Text: word, At: c.cfg.Now()}
		choices = append(choices, v.intake.Complete(v.Context(), in, "", word)...)
	}
	return answer{http.StatusOK, map[string]any{"choices": choices[:min(25, len(choices))]}}, nil
}

const messageGone = "The message is gone."

func (c *Console) noteMessage(v visit) (answer, error) {
	const op = "console.noteMessage"
	s, m, a, err := c.touch(v, op, messageGone)
	if err != nil {
		return answer{}, err
	}
	a.Author, a.Text, a.Thread, a.At = m.Author, m.plain(), m.Thread, c.cfg.Now()
	if m.Bot {
		a.Author = chat.User{Name: c.cfg.Bot}
	}
	if err := c.hand(v, s.ID, actNote, a); err != nil {
		return answer{}, err
	}
	err = c.changeMessage(v.Context(), op, a.Room, m.ID, func(m *message) error { m.Noted = true; return nil })
	return answer{http.StatusAccepted, accepted{ID: s.ID, Message: m.ID}}, err
}

func (c *Console) rewriteMessage(v visit) (answer, error) {
	return c.alter(v, actRewrite, func(m *message, s said) { m.Text, m.Edited = s.Text, c.cfg.Now() })
}

func (c *Console) eraseMessage(v visit) (answer, error) {
	return c.alter(v, actErase, func(m *message, _ said) { m.Text, m.Deleted = "", true })
}

// alter changes a person's own message once the change is handed in.
func (c *Console) alter(v visit, kind string, change func(*message, said)) (answer, error) {
	op := "console." + kind
	s, m, a, err := c.touch(v, op, messageGone)
	if err != nil {
		return answer{}, err
	}
	if m.Bot || m.Author.ID != a.User.ID {
		return answer{}, &ops.Error{Op: op, Kind: ops.Denied, Msg: "Only who wrote a message may change it."}
	}
	if kind == actRewrite && strings.TrimSpace(s.Text) == "" {
		return answer{}, invalid(op, "There is nothing to send.")
	}
	a.Text = s.Text
	if err := c.hand(v, s.ID, kind, a); err != nil {
		return answer{}, err
	}
	err = c.changeMessage(v.Context(), op, a.Room, m.ID, func(m *message) error { change(m, s); return nil })
	return answer{http.StatusAccepted, accepted{ID: s.ID, Message: m.ID}}, err
}

func (m message) plain() string { return cmp.Or(m.Text, m.Message.Plain()) }
