package discordfake

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strconv"
	"strings"
	"time"

	"sitrep/bot/chat"
	"sitrep/bot/chat/chattest"
	"sitrep/bot/contract"
)

// call is one REST call as a handler sees it; handlers run under the lock.
type call struct {
	r     *http.Request
	json  []byte
	files map[string][]byte // by the part's name
}

func (c call) path(name string) string { return c.r.PathValue(name) }

func (c call) into(v any) *problem {
	if err := json.Unmarshal(c.json, v); err != nil {
		return &problem{http.StatusBadRequest, 50109, "The request body contains invalid JSON.", 0}
	}
	return nil
}

// problem is an answer that refuses.
type problem struct {
	status, code int
	message      string
	wait         time.Duration
}

func (p *problem) body() object {
	if p.status == http.StatusTooManyRequests {
		return object{"message": "You are being rate limited.", "code": 0, "retry_after": p.wait.Seconds(), "global": false}
	}
	return object{"message": p.message, "code": p.code}
}

type handler func(call) (int, any, *problem)

func (f *Fake) routes() http.Handler {
	mux := http.NewServeMux()
	for pattern, h := range map[string]handler{
		"GET /gateway":          f.getGateway,
		"GET /users/@me":        func(call) (int, any, *problem) { return 200, f.me(), nil },
		"GET /applications/@me": func(call) (int, any, *problem) { return 200, f.application(), nil },
		"GET /guilds/{guild}":   func(call) (int, any, *problem) { return 200, f.guildJSON(), nil },
		"PUT /applications/{app}/guilds/{guild}/commands": f.putCommands,

		"GET /applications/{app}/guilds/{guild}/commands": func(call) (int, any, *problem) { return 200, f.commandsJSON(), nil },

		"GET /guilds/{guild}/channels":               f.listChannels,
		"POST /guilds/{guild}/channels":              f.createChannel,
		"GET /guilds/{guild}/members/{user}":         f.getMember,
		"POST /users/@me/channels":                   f.createDM,
		"GET /channels/{id}":                         f.getChannel,
		"PATCH /channels/{id}":                       f.patchChannel,
		"PUT /channels/{id}/permissions/{overwrite}": f.putPermission,

		"GET /channels/{id}/messages":                    f.listMessages,
		"POST /channels/{id}/messages":                   f.createMessage,
		"GET /channels/{id}/messages/{message}":          f.getMessage,
		"PATCH /channels/{id}/messages/{message}":        f.patchMessage,
		"PUT /channels/{id}/messages/pins/{message}":     f.putPin,
		"POST /channels/{id}/messages/{message}/threads": f.startThread,

		"POST /interactions/{interaction}/{token}/callback": f.postCallback,
		"GET /webhooks/{app}/{token}/messages/@original":    f.getOriginal,
		"PATCH /webhooks/{app}/{token}/messages/{message}":  f.patchWebhook,
		"POST /webhooks/{app}/{token}":                      f.postWebhook,
	} {
		method, path, _ := strings.Cut(pattern, " ")
		mux.HandleFunc(method+" "+base+path, f.serve(pattern, h))
	}
	mux.HandleFunc("GET /gateway/", f.serveGateway)
	mux.HandleFunc(base+"/", f.serve("unknown", func(call) (int, any, *problem) {
		return 0, nil, &problem{http.StatusNotFound, 0, "404: Not Found", 0}
	}))
	return mux
}

// serve is the way of every call: counted, held up or refused when a fault says so, acted on, answered, and held against the contract.
func (f *Fake) serve(name string, h handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		raw, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		c := read(r, raw)
		seen := chattest.Call{Name: name, Room: chat.RoomID(r.PathValue("id")), Text: textOf(c.json), Header: r.Header.Clone(), At: f.now()}
		f.note(seen)
		status, answer, ok := f.act(r, name, c, h)
		if !ok {
			return
		}
		seen.After = true
		f.note(seen)
		f.answer(w, c, raw, status, answer)
	}
}

func (f *Fake) note(c chattest.Call) {
	f.mu.Lock()
	if !c.After {
		f.calls = append(f.calls, c)
	}
	hook := f.hook
	f.mu.Unlock()
	if hook != nil {
		hook(c)
	}
}

// act returns false when there is to be no answer.
func (f *Fake) act(r *http.Request, name string, c call, h handler) (int, any, bool) {
	f.mu.Lock()
	fault, hit := f.fault, strings.Contains(name, f.fault.Match)
	if hit && fault.Times > 0 {
		if f.fault.Times--; f.fault.Times == 0 {
			f.fault = chattest.Fault{}
		}
	}
	f.mu.Unlock()
	if hit && fault.Latency > 0 && !f.rest(r, fault.Latency) || hit && fault.Hang && !f.rest(r, time.Hour) {
		return 0, nil, false
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	bucket := name + " " + r.PathValue("id")
	if until := f.parked[bucket]; f.clock().Before(until) {
		f.violate("%s was called %v before Retry-After was over", bucket, until.Sub(f.clock()))
		return http.StatusTooManyRequests, (&problem{status: http.StatusTooManyRequests, wait: until.Sub(f.clock())}).body(), true
	}
	if hit && fault.Status != 0 {
		p := &problem{fault.Status, 0, http.StatusText(fault.Status), max(fault.RetryAfter, time.Millisecond)}
		if fault.Status == http.StatusTooManyRequests {
			f.parked[bucket] = f.clock().Add(fault.RetryAfter)
		}
		return fault.Status, p.body(), true
	}
	// A token in the path is all that an answer to an interaction needs.
	if r.PathValue("token") == "" && r.Header.Get("Authorization") != "Bot "+BotToken {
		return http.StatusUnauthorized, object{"message": "401: Unauthorized", "code": 0}, true
	}
	status, answer, p := h(c)
	if p != nil {
		return p.status, p.body(), true
	}
	return status, answer, true
}

func (f *Fake) rest(r *http.Request, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-r.Context().Done():
	case <-f.ending:
	}
	return false
}

func (f *Fake) answer(w http.ResponseWriter, c call, raw []byte, status int, answer any) {
	var body []byte
	if answer != nil {
		body, _ = json.Marshal(answer)
		w.Header().Set("Content-Type", "application/json")
	}
	if status == http.StatusTooManyRequests {
		wait := answer.(object)["retry_after"].(float64)
		w.Header().Set("Retry-After", strconv.Itoa(int(wait)+1))
	}
	f.check(c, raw, status, w.Header(), body)
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// check holds an exchange against Discord's document. What comes in parts is checked by its JSON part, and what the
// document leaves out is not checked.
func (f *Fake) check(c call, raw []byte, status int, header http.Header, body []byte) {
	r := c.r
	if len(c.files) > 0 {
		r = r.Clone(r.Context())
		r.Header.Set("Content-Type", "application/json")
		raw = c.json
	}
	err := f.doc.Check(r, raw, status, header, body)
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case err == nil && f.doc != nil:
		f.checked++
	case errors.Is(err, contract.ErrUnknownOperation) && strings.HasSuffix(r.URL.Path, "/applications/@me"):
	case err != nil:
		f.violate("%v", err)
	}
}

func read(r *http.Request, raw []byte) call {
	c := call{r: r, json: raw}
	kind, params, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if kind != "multipart/form-data" {
		return c
	}
	c.files = map[string][]byte{}
	for parts := multipart.NewReader(bytes.NewReader(raw), params["boundary"]); ; {
		part, err := parts.NextPart()
		if err != nil {
			return c
		}
		data, _ := io.ReadAll(part)
		if part.FormName() == "payload_json" {
			c.json = data
		} else {
			c.files[part.FormName()] = data
		}
	}
}

// textOf returns what a call writes, as people would read it.
func textOf(raw []byte) string {
	var m struct {
		Content string  `json:"content"`
		Embeds  []embed `json:"embeds"`
		Data    struct {
			Content string `json:"content"`
		} `json:"data"`
	}
	if json.Unmarshal(raw, &m) != nil {
		return ""
	}
	return (&message{content: m.Content + m.Data.Content, embeds: m.Embeds}).text()
}
