package consoletest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/oklog/ulid/v2"

	"sitrep/bot/chat"
	"sitrep/bot/chat/chattest"
)

// World is the people at a console, who use it through its API.
type World struct {
	t      testing.TB
	keeper *Keeper
	server *httptest.Server
	token  string
	client *http.Client

	mu      sync.Mutex
	twice   bool
	forms   map[chat.UserID]openForm
	refused map[string][]chattest.Seen // by room and user: what the page would tell them
}

type openForm struct {
	room chat.RoomID
	form chat.Form
}

var _ chattest.World = (*World)(nil)

// New serves routes and returns the people before them; token is what they show. The server ends with the test.
func New(t testing.TB, routes []chat.Route, token string, keeper *Keeper) *World {
	mux := http.NewServeMux()
	for _, r := range routes {
		mux.Handle(r.Pattern, r.Handler)
	}
	server := httptest.NewServer(mux)
	w := &World{
		t: t, keeper: keeper, server: server, token: token, client: server.Client(),
		forms: map[chat.UserID]openForm{}, refused: map[string][]chattest.Seen{},
	}
	t.Cleanup(func() {
		w.client.CloseIdleConnections()
		server.Close()
	})
	return w
}

// URL returns where the server listens, without a slash at the end.
func (w *World) URL() string { return w.server.URL }

// seen is a message as the API shows it.
type seen struct {
	ID      chat.MessageID `json:"id"`
	Thread  chat.MessageID `json:"thread"`
	Seq     uint64         `json:"seq"`
	Bot     bool           `json:"bot"`
	Author  chat.User      `json:"author"`
	Edited  *time.Time     `json:"edited"`
	Text    string         `json:"text"`
	Notify  []chat.UserID  `json:"notify"`
	Private bool           `json:"private"`
	Pinned  bool           `json:"pinned"`
	Blocks  []struct {
		Image, File *struct{ URL, Name, Alt string }
		Buttons     []chat.Button
	} `json:"blocks"`
}

type room struct {
	ID       chat.RoomID   `json:"id"`
	Name     string        `json:"name"`
	Topic    string        `json:"topic"`
	Private  bool          `json:"private"`
	Archived bool          `json:"archived"`
	Members  []chat.UserID `json:"members"`
}

// send makes one request; what the API refuses is returned as its status.
func (w *World) send(method, path string, body, into any) (int, error) {
	b, err := json.Marshal(body)
	if err != nil {
		return 0, err
	}
	req, err := http.NewRequest(method, w.server.URL+"/console/api/"+path, bytes.NewReader(b))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Authorization", "Bearer "+w.token)
	req.Header.Set("Content-Type", "application/json")
	res, err := w.client.Do(req)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil || into == nil || res.StatusCode >= 300 {
		return res.StatusCode, err
	}
	if raw, ok := into.(*[]byte); ok {
		*raw = data
		return res.StatusCode, nil
	}
	return res.StatusCode, json.Unmarshal(data, into)
}

// must is send for what has to work.
func (w *World) must(method, path string, body, into any) {
	w.t.Helper()
	if status, err := w.send(method, path, body, into); err != nil || status >= 300 {
		w.t.Errorf("%s %s: status %d, %v", method, path, status, err)
	}
}

// act does what a person does, twice where the world delivers twice, and shows them what they would see of a refusal.
func (w *World) act(user chat.UserID, in chat.RoomID, path string, body map[string]any) chat.MessageID {
	body["id"], body["user"] = ulid.Make().String(), user
	w.mu.Lock()
	times := 1
	if w.twice {
		times = 2
	}
	w.mu.Unlock()
	var got struct {
		Message chat.MessageID `json:"message"`
		Form    *chat.Form     `json:"form"`
	}
	for range times {
		status, err := w.send(http.MethodPost, path, body, &got)
		w.mu.Lock()
		if err != nil || status >= 300 {
			key := string(in) + " " + string(user)
			w.refused[key] = append(w.refused[key], chattest.Seen{FromBot: true, Private: true, Text: fmt.Sprintf("not sent: %d %v", status, err)})
		}
		if got.Form != nil {
			w.forms[user] = openForm{room: in, form: *got.Form}
		}
		w.mu.Unlock()
	}
	return got.Message
}

func inRoom(in chat.RoomID, rest string) string { return "rooms/" + url.PathEscape(string(in)) + rest }

// Person implements chattest.World.
func (w *World) Person(name string) chat.UserID {
	var u chat.User
	w.must(http.MethodPost, "people", map[string]any{"name": name}, &u)
	return u.ID
}

// Channel implements chattest.World.
func (w *World) Channel(name string) chat.RoomID {
	var r room
	w.must(http.MethodPost, "rooms", map[string]any{"user": "operator", "name": name}, &r)
	return r.ID
}

// Rooms implements chattest.World.
func (w *World) Rooms() map[chat.RoomID]chattest.RoomInfo {
	var list struct{ Rooms []room }
	w.must(http.MethodGet, "rooms", nil, &list)
	all := map[chat.RoomID]chattest.RoomInfo{}
	for _, r := range list.Rooms {
		all[r.ID] = chattest.RoomInfo{Name: r.Name, Topic: r.Topic, Archived: r.Archived, Private: r.Private, Members: r.Members}
	}
	return all
}

// Messages implements chattest.World.
func (w *World) Messages(in chat.RoomID, user chat.UserID) []chattest.Seen {
	var all []chattest.Seen
	for _, m := range w.read(in, user) {
		s := chattest.Seen{
			ID: m.ID, Thread: m.Thread, FromBot: m.Bot, Author: m.Author.ID, Text: m.Text, Private: m.Private, Pinned: m.Pinned, Pings: m.Notify, Edited: m.Edited != nil,
		}
		for _, b := range m.Blocks {
			for _, x := range b.Buttons {
				s.Buttons = append(s.Buttons, x.Label)
			}
			if b.Image != nil {
				s.Files = append(s.Files, chattest.SeenFile{Name: b.Image.Name, Alt: b.Image.Alt, Data: w.file(b.Image.URL)})
			}
			if b.File != nil {
				s.Files = append(s.Files, chattest.SeenFile{Name: b.File.Name, Data: w.file(b.File.URL)})
			}
		}
		all = append(all, s)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return append(all, w.refused[string(in)+" "+string(user)]...)
}

func (w *World) read(in chat.RoomID, user chat.UserID) []seen {
	var list struct{ Messages []seen }
	// A room that is gone shows nothing.
	_, err := w.send(http.MethodGet, inRoom(in, "/messages?user="+url.QueryEscape(string(user))), nil, &list)
	if err != nil {
		w.t.Errorf("reading %s: %v", in, err)
	}
	return list.Messages
}

func (w *World) file(link string) []byte {
	var data []byte
	w.must(http.MethodGet, link[len("/console/api/"):], nil, &data)
	return data
}

// Direct implements chattest.World.
func (w *World) Direct(user chat.UserID) (chat.RoomID, bool) {
	id := chat.RoomID("@" + string(user))
	_, ok := w.Rooms()[id]
	return id, ok
}

// Type implements chattest.World.
func (w *World) Type(user chat.UserID, in chat.RoomID, text string) {
	w.act(user, in, inRoom(in, "/messages"), map[string]any{"text": "/inc " + text})
}

// Say implements chattest.World.
func (w *World) Say(user chat.UserID, in chat.RoomID, text string) chat.MessageID {
	return w.act(user, in, inRoom(in, "/messages"), map[string]any{"text": text})
}

// Press implements chattest.World.
func (w *World) Press(user chat.UserID, in chat.RoomID, id chat.MessageID, label string) {
	for _, m := range w.read(in, user) {
		for _, b := range m.Blocks {
			i := slices.IndexFunc(b.Buttons, func(x chat.Button) bool { return x.Label == label })
			if m.ID == id && i >= 0 {
				w.act(user, in, "press", map[string]any{"room": in, "message": id, "verb": b.Buttons[i].Verb})
				return
			}
		}
	}
	w.t.Errorf("%s sees no button %q on %s", user, label, id)
}

// Form implements chattest.World.
func (w *World) Form(user chat.UserID) (chat.Form, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f, ok := w.forms[user]
	return f.form, ok
}

// Submit implements chattest.World.
func (w *World) Submit(user chat.UserID, values map[string]string) {
	w.mu.Lock()
	f := w.forms[user]
	delete(w.forms, user)
	w.mu.Unlock()
	filled := map[string]string{}
	for _, field := range f.form.Fields {
		filled[field.Name] = field.Value
		if v, ok := values[field.Name]; ok {
			filled[field.Name] = v
		}
	}
	w.act(user, f.room, "forms/submit", map[string]any{"room": f.room, "verb": f.form.Verb, "values": filled})
}

// Rewrite implements chattest.World.
func (w *World) Rewrite(user chat.UserID, in chat.RoomID, id chat.MessageID, text string) {
	w.must(http.MethodPatch, inRoom(in, "/messages/"+string(id)), map[string]any{"user": user, "text": text}, nil)
}

// Erase implements chattest.World.
func (w *World) Erase(user chat.UserID, in chat.RoomID, id chat.MessageID) {
	w.must(http.MethodDelete, inRoom(in, "/messages/"+string(id)), map[string]any{"user": user}, nil)
}

// PinWithReaction implements chattest.World.
func (w *World) PinWithReaction(user chat.UserID, in chat.RoomID, id chat.MessageID) {
	w.act(user, in, inRoom(in, "/messages/"+string(id)+"/pin"), map[string]any{})
}
