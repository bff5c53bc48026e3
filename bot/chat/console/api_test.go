package console_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap/zaptest"

	"sitrep/bot/chat"
	"sitrep/bot/chat/chattest"
	"sitrep/bot/chat/console"
	"sitrep/bot/chat/console/consoletest"
	"sitrep/bot/ops"
)

// stage is a console that runs, with an inbox that remembers what it was handed.
type stage struct {
	*testing.T
	c      *console.Console
	world  *consoletest.World
	keeper *consoletest.Keeper
	inbox  *chattest.Inbox
}

func play(t *testing.T, cfg console.Config) *stage {
	t.Helper()
	c, world, keeper := open(t, cfg)
	s := &stage{T: t, c: c, world: world, keeper: keeper, inbox: chattest.NewInbox(c.Decode)}
	s.run()
	return s
}

func (s *stage) run() {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.c.Run(ctx, s.inbox) }()
	s.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			s.Errorf("Run: %v", err)
		}
	})
	for !s.world.Connected() {
		time.Sleep(time.Millisecond)
	}
}

func (s *stage) room() chat.RoomID {
	s.Helper()
	r, err := s.c.OpenRoom(context.Background(), chat.RoomSpec{Key: "k/room", Name: "inc-7-checkout"})
	if err != nil {
		s.Fatal(err)
	}
	return r.ID
}

func (s *stage) post(room chat.RoomID, key chat.Key, m chat.Message) chat.Posted {
	s.Helper()
	posted, err := s.c.Post(context.Background(), chat.Post{Room: room, Key: key, Message: m})
	if err != nil {
		s.Fatal(err)
	}
	return posted
}

// do makes one request; header lines are written "Name: value".
func (s *stage) do(method, path, body string, header ...string) (int, string, http.Header) {
	s.Helper()
	req, err := http.NewRequest(method, s.world.URL()+path, strings.NewReader(body))
	if err != nil {
		s.Fatal(err)
	}
	for _, h := range header {
		name, value, _ := strings.Cut(h, ": ")
		req.Header.Set(name, value)
		if name == "Host" {
			req.Host = value
		}
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	defer client.CloseIdleConnections()
	res, err := client.Do(req)
	if err != nil {
		s.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		s.Fatal(err)
	}
	return res.StatusCode, string(b), res.Header
}

const (
	bearer = "Authorization: Bearer " + token
	isJSON = "Content-Type: application/json"
)

func TestAPIRefuses(t *testing.T) {
	s := play(t, console.Config{Token: token})
	room := string(s.room())
	card := s.post(chat.RoomID(room), "k/1", chat.Message{Blocks: []chat.Block{{Text: "card"}, {Buttons: []chat.Button{{Label: "Ack", Verb: "ack"}}}}})
	private, err := s.c.OpenRoom(context.Background(), chat.RoomSpec{Key: "k/2", Name: "inc-8-leak", Private: true})
	if err != nil {
		t.Fatal(err)
	}
	messages := "/console/api/rooms/" + room + "/messages"
	hello := `{"user":"ana","text":"/inc ack"}`
	tests := map[string]struct {
		method, path, body string
		header             []string
		status             int
		code               string
	}{
		"no token":                    {"POST", messages, hello, []string{isJSON}, 401, "unauthorized"},
		"a wrong token":               {"POST", messages, hello, []string{isJSON, "Authorization: Bearer wrong"}, 401, "unauthorized"},
		"the token as another scheme": {"POST", messages, hello, []string{isJSON, "Authorization: Basic " + token}, 401, "unauthorized"},
		"a forged cookie":             {"POST", messages, hello, []string{isJSON, "Cookie: sitrep_console=" + token}, 401, "unauthorized"},
		"no token for a file":         {"GET", "/console/api/files/f1", "", nil, 401, "unauthorized"},
		"no token for events":         {"GET", "/console/api/events", "", nil, 401, "unauthorized"},
		"from another site":           {"POST", messages, hello, []string{isJSON, bearer, "Sec-Fetch-Site: cross-site"}, 403, "cross_site"},
		"from another origin":         {"POST", messages, hello, []string{isJSON, bearer, "Origin: https://evil.example"}, 403, "cross_site"},
		"a form of another site":      {"POST", messages, hello, []string{"Content-Type: text/plain", bearer}, 400, "invalid"},
		"an oversized body":           {"POST", messages, `{"user":"ana","text":"` + strings.Repeat("x", 70_000) + `"}`, []string{isJSON, bearer}, 413, "too_large"},
		"an overlong message":         {"POST", messages, `{"user":"ana","text":"` + strings.Repeat("x", 4001) + `"}`, []string{isJSON, bearer}, 400, "invalid"},
		"an overlong answer":          {"POST", "/console/api/forms/submit", `{"user":"ana","room":"` + room + `","verb":"status","values":{"text":"` + strings.Repeat("x", 4001) + `"}}`, []string{isJSON, bearer}, 400, "invalid"},
		"an empty message":            {"POST", messages, `{"user":"ana","text":" "}`, []string{isJSON, bearer}, 400, "invalid"},
		"no name":                     {"POST", messages, `{"text":"hello"}`, []string{isJSON, bearer}, 400, "invalid"},
		"the bot's name":              {"POST", messages, `{"user":"Sitrep","text":"hello"}`, []string{isJSON, bearer}, 400, "invalid"},
		"no JSON":                     {"POST", messages, `user=ana`, []string{isJSON, bearer}, 400, "invalid"},
		"two documents":               {"POST", messages, hello + hello, []string{isJSON, bearer}, 400, "invalid"},
		"an unknown key":              {"POST", messages, `{"user":"ana","txet":"hello"}`, []string{isJSON, bearer}, 400, "invalid"},
		"an unknown room":             {"POST", "/console/api/rooms/r999/messages", hello, []string{isJSON, bearer}, 404, "not found"},
		"an unknown room to read":     {"GET", "/console/api/rooms/r999/messages", "", []string{bearer}, 404, "not found"},
		"a private room":              {"GET", "/console/api/rooms/" + string(private.ID) + "/messages?user=ana", "", []string{bearer}, 404, "not found"},
		"a place that is none":        {"GET", messages + "?after=x", "", []string{bearer}, 400, "invalid"},
		"a verb that no button has":   {"POST", "/console/api/press", `{"user":"ana","room":"` + room + `","message":"` + string(card.ID) + `","verb":"resolve"}`, []string{isJSON, bearer}, 404, "not found"},
		"a form without a verb":       {"POST", "/console/api/forms/submit", `{"user":"ana","room":"` + room + `"}`, []string{isJSON, bearer}, 400, "invalid"},
		"the bot's message":           {"PATCH", messages + "/" + string(card.ID), `{"user":"ana","text":"x"}`, []string{isJSON, bearer}, 403, "denied"},
		"a channel with a bad name":   {"POST", "/console/api/rooms", `{"user":"ana","name":"a b"}`, []string{isJSON, bearer}, 400, "invalid"},
		"an unknown file":             {"GET", "/console/api/files/f999", "", []string{bearer}, 404, "not found"},
		"an event id that is none":    {"GET", "/console/api/events", "", []string{bearer, "Last-Event-ID: x"}, 400, "invalid"},
		"somebody unknown":            {"DELETE", "/console/api/people/nobody", `{"user":"ana"}`, []string{isJSON, bearer}, 404, "not found"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			status, body, _ := s.do(tt.method, tt.path, tt.body, tt.header...)
			var got struct {
				Error struct{ Code, Message string }
			}
			if err := json.Unmarshal([]byte(body), &got); err != nil || status != tt.status || got.Error.Code != tt.code || got.Error.Message == "" {
				t.Errorf("answered %d %s, want %d %s", status, body, tt.status, tt.code)
			}
			if strings.Contains(body, token) {
				t.Errorf("the token is in %s", body)
			}
		})
	}
	if got := s.inbox.Requests(); len(got) != 0 {
		t.Errorf("what was refused was handed in: %+v", got)
	}
}

func TestNothingIsServedBeforeRun(t *testing.T) {
	c, world, _ := open(t, console.Config{Token: token})
	s := &stage{T: t, c: c, world: world}
	status, _, header := s.do("GET", "/console/api/rooms", "", bearer)
	if status != http.StatusServiceUnavailable || header.Get("Retry-After") == "" {
		t.Errorf("answered %d with Retry-After %q, want 503 with one", status, header.Get("Retry-After"))
	}
}

func TestConfigIsRefused(t *testing.T) {
	tests := map[string]console.Config{
		"no token":                  {},
		"a short token":             {Token: "short"},
		"a channel without a sign":  {Token: token, Channels: []string{"status"}},
		"a channel with two words":  {Token: token, Channels: []string{"#the status"}},
		"a channel without a name":  {Token: token, Channels: []string{"#"}},
		"a channel that is a path":  {Token: token, Channels: []string{"#a/b"}},
		"open, with a short token":  {Open: true, Token: "short"},
		"a channel that is markup":  {Token: token, Channels: []string{"#<b>"}},
		"a channel that is too big": {Token: token, Channels: []string{"#" + strings.Repeat("x", 81)}},
	}
	for name, cfg := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := console.New(cfg, &consoletest.Keeper{}, zaptest.NewLogger(t))
			if ops.KindOf(err) != ops.Invalid || ops.Tell(err) == "" {
				t.Errorf("New = %v, want an error of kind invalid that says what to do", err)
			}
		})
	}
}

func TestSignIn(t *testing.T) {
	s := play(t, console.Config{Token: token})
	status, body, _ := s.do("GET", "/console/", "")
	if status != http.StatusUnauthorized || !strings.Contains(body, "Access token") {
		t.Errorf("a stranger is answered %d %s", status, body)
	}
	status, _, header := s.do("GET", "/console/?token="+token, "")
	if status != http.StatusSeeOther || header.Get("Location") != "/console/" {
		t.Errorf("the token in the address is answered %d to %q, want a redirect that takes it away", status, header.Get("Location"))
	}
	cookie := header.Get("Set-Cookie")
	for _, want := range []string{"HttpOnly", "SameSite=Strict", "Path=/console"} {
		if !strings.Contains(cookie, want) {
			t.Errorf("cookie %q lacks %s", cookie, want)
		}
	}
	if strings.Contains(cookie, token) {
		t.Error("the cookie is the token")
	}
	value, _, _ := strings.Cut(cookie, ";")
	status, body, header = s.do("GET", "/console/", "", "Cookie: "+value)
	if status != http.StatusOK || !strings.Contains(header.Get("Content-Security-Policy"), "default-src 'none'") || strings.Contains(body, "<script>") {
		t.Errorf("with the cookie: %d, policy %q", status, header.Get("Content-Security-Policy"))
	}
	if status, _, _ = s.do("GET", "/console/api/rooms", "", "Cookie: "+value); status != http.StatusOK {
		t.Errorf("the API answers the cookie %d", status)
	}
	status, _, header = s.do("POST", "/console/signin", "token="+token, "Content-Type: application/x-www-form-urlencoded")
	if status != http.StatusSeeOther || header.Get("Set-Cookie") == "" {
		t.Errorf("signing in is answered %d", status)
	}
	status, _, header = s.do("POST", "/console/signin", "token=wrong", "Content-Type: application/x-www-form-urlencoded")
	if status != http.StatusUnauthorized || header.Get("Set-Cookie") != "" {
		t.Errorf("a wrong token is answered %d", status)
	}
}

func TestAnOpenConsoleIsForItsMachineAlone(t *testing.T) {
	s := play(t, console.Config{Open: true})
	for host, want := range map[string]int{"": 200, "localhost:8080": 200, "[::1]:8080": 200, "evil.example": 401, "10.0.0.1:8080": 401} {
		var header []string
		if host != "" {
			header = append(header, "Host: "+host)
		}
		if status, _, _ := s.do("GET", "/console/api/rooms", "", header...); status != want {
			t.Errorf("asked as %q it answers %d, want %d", host, status, want)
		}
	}
}

const evil = `<img src=x onerror=alert(1)><script>alert(2)</script>" onmouseover="alert(3)`

func TestMarkupInTextIsShownAsText(t *testing.T) {
	s := play(t, console.Config{Token: token, Instance: evil})
	r, err := s.c.OpenRoom(context.Background(), chat.RoomSpec{Key: "k/x", Name: evil, Topic: evil})
	if err != nil {
		t.Fatal(err)
	}
	s.post(r.ID, "k/1", chat.Message{Summary: evil, Tone: evil, Blocks: []chat.Block{
		{Header: evil},
		{Text: evil},
		{Text: chat.Escape(evil)},
		{Text: "[x](javascript:alert(1)) [" + evil + "](https://x.example/\"onload=alert(1)) `" + evil + "`"},
		{Code: evil},
		{Context: evil},
		{Fields: []chat.Field{{Name: evil, Value: evil}}},
		{Text: "[" + evil + "](time:1)\n\n```\n" + evil + "\n```\n\n> " + evil + "\n\n- " + evil},
		{Image: &chat.File{Name: evil, Title: evil, Alt: evil, Data: []byte(evil)}},
		{Buttons: []chat.Button{{Label: evil, Verb: "x", Confirm: evil}, {Label: "bad", URL: "javascript:alert(1)"}}},
	}})
	_, body, _ := s.do("GET", "/console/api/rooms/"+string(r.ID)+"/messages", "", bearer)
	var list struct {
		Messages []struct {
			Blocks []struct {
				HTML, Context string
				Fields        []struct{ HTML string }
				Image         *struct{ URL string }
				Buttons       []chat.Button
			}
		}
	}
	if err := json.Unmarshal([]byte(body), &list); err != nil || len(list.Messages) != 1 {
		t.Fatalf("%v in %s", err, body)
	}
	for _, b := range list.Messages[0].Blocks {
		all := b.HTML + b.Context
		for _, f := range b.Fields {
			all += f.HTML
		}
		for _, bad := range []string{"<img", "<script", `" on`, `"on`, `href="javascript`} {
			if strings.Contains(all, bad) {
				t.Errorf("the HTML has %q: %s", bad, all)
			}
		}
		if len(b.Buttons) == 2 {
			t.Error("a link to a script is offered")
		}
		if b.Image != nil {
			_, _, header := s.do("GET", b.Image.URL, "", bearer)
			if got := header.Get("Content-Type"); got != "application/octet-stream" || !strings.HasPrefix(header.Get("Content-Disposition"), "attachment") {
				t.Errorf("a picture that is none is served as %s, %s", got, header.Get("Content-Disposition"))
			}
		}
	}
	_, page, _ := s.do("GET", "/console/", "", bearer)
	if strings.Contains(page, "<img src=x") {
		t.Error("the instance's name is markup in the page")
	}
}
