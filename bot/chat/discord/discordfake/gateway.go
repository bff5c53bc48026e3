package discordfake

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gorilla/websocket"
)

const (
	opDispatch, opHeartbeat, opIdentify, opResume, opReconnect = 0, 1, 2, 6, 7
	opMembers, opInvalid, opHello, opAck                       = 8, 9, 10, 11

	intentMembers, intentMessages, intentReactions = 1 << 1, 1 << 9, 1 << 10
	intentDirect, intentContent                    = 1 << 12, 1 << 15
)

// session is one of the gateway's, which outlives its connections and keeps what was not delivered.
type session struct {
	id      string
	intents int
	seq     int
	kept    []frame
	conn    *conn
	deaf    bool
}

type frame struct {
	Op   int    `json:"op"`
	Data any    `json:"d"`
	Seq  *int   `json:"s"`
	Type string `json:"t,omitempty"`
}

type conn struct {
	ws  *websocket.Conn
	out chan frame
}

// say hands a frame to the connection's writer. A client that does not read loses its connection.
func (c *conn) say(fr frame) {
	select {
	case c.out <- fr:
	default:
		c.ws.Close()
	}
}

func (f *Fake) getGateway(call) (int, any, *problem) {
	return 200, object{"url": "ws" + strings.TrimPrefix(f.server.URL, "http") + "/gateway"}, nil
}

// ReplyReconnectFirst makes the next n connections be told to reconnect where they expect to be told that they are ready.
func (f *Fake) ReplyReconnectFirst(n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.reconnects = n
}

// GoDeaf makes every present session answer heartbeats and dispatch nothing any more, resumed or not.
func (f *Fake) GoDeaf() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, s := range f.sessions {
		s.deaf = true
	}
}

// Invalidate forgets every session, so that no resuming succeeds, and cuts the connections.
func (f *Fake) Invalidate() {
	f.mu.Lock()
	conns := f.live()
	f.sessions = map[string]*session{}
	f.mu.Unlock()
	closeAll(conns)
}

// Reconnect tells every connection to reconnect, as Discord does before a restart of its own.
func (f *Fake) Reconnect() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range f.live() {
		c.say(frame{Op: opReconnect})
	}
}

// DropConnections cuts every live connection; sessions can be resumed.
func (f *Fake) DropConnections() {
	f.mu.Lock()
	conns := f.live()
	for _, s := range f.sessions {
		s.conn = nil
	}
	f.mu.Unlock()
	closeAll(conns)
}

// Identifies returns how many sessions there have been.
func (f *Fake) Identifies() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.sessions)
}

func (f *Fake) live() []*conn {
	var conns []*conn
	for _, s := range f.sessions {
		if s.conn != nil {
			conns = append(conns, s.conn)
		}
	}
	return conns
}

func closeAll(conns []*conn) {
	for _, c := range conns {
		c.ws.NetConn().Close()
	}
}

func (f *Fake) serveGateway(w http.ResponseWriter, r *http.Request) {
	up := websocket.Upgrader{}
	ws, err := up.Upgrade(w, r, nil)
	if err != nil {
		return
	}
	c := &conn{ws: ws, out: make(chan frame, 4096)}
	over := make(chan struct{})
	f.work.Add(2)
	go func() {
		defer f.work.Done()
		for {
			select {
			case fr := <-c.out:
				if ws.WriteJSON(fr) != nil {
					return
				}
			case <-over:
				return
			case <-f.ending:
				ws.NetConn().Close()
				return
			}
		}
	}()
	go func() {
		defer f.work.Done()
		defer close(over)
		defer ws.Close()
		f.listen(c)
	}()
}

func (f *Fake) listen(c *conn) {
	c.say(frame{Op: opHello, Data: object{"heartbeat_interval": f.beat.Milliseconds()}})
	defer f.leave(c)
	for {
		var in struct {
			Op   int             `json:"op"`
			Data json.RawMessage `json:"d"`
		}
		if c.ws.ReadJSON(&in) != nil {
			return
		}
		switch in.Op {
		case opHeartbeat:
			c.say(frame{Op: opAck})
		case opIdentify:
			if code := f.identify(c, in.Data); code != 0 {
				_ = c.ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, ""), time.Now().Add(time.Second))
				return
			}
		case opResume:
			f.resume(c, in.Data)
		case opMembers:
			f.members(c, in.Data)
		}
	}
}

func (f *Fake) leave(c *conn) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, s := range f.sessions {
		if s.conn == c {
			s.conn = nil
		}
	}
}

// identify begins a session, and returns the code to close with when it may not.
func (f *Fake) identify(c *conn, raw json.RawMessage) int {
	var in struct {
		Token   string `json:"token"`
		Intents int    `json:"intents"`
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if json.Unmarshal(raw, &in) != nil || strings.TrimPrefix(in.Token, "Bot ") != BotToken {
		return 4004
	}
	if in.Intents&f.refused != 0 {
		return 4014
	}
	if f.reconnects > 0 {
		f.reconnects--
		c.say(frame{Op: opReconnect})
		return 0
	}
	s := &session{id: f.id(), intents: in.Intents, conn: c}
	f.sessions[s.id] = s
	s.tell("READY", object{
		"v": 10, "user": f.me(), "guilds": []object{{"id": f.guild, "unavailable": true}}, "session_id": s.id,
		"resume_gateway_url": "ws" + strings.TrimPrefix(f.server.URL, "http") + "/gateway", "application": object{"id": f.app, "flags": 0},
	})
	g := f.guildJSON()
	g["unavailable"], g["members"], g["threads"], g["channels"] = false, []any{}, []any{}, []any{}
	s.tell("GUILD_CREATE", g)
	return 0
}

func (f *Fake) resume(c *conn, raw json.RawMessage) {
	var in struct {
		Session string `json:"session_id"`
		Seq     int    `json:"seq"`
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if json.Unmarshal(raw, &in) != nil || f.sessions[in.Session] == nil {
		c.say(frame{Op: opInvalid, Data: false})
		return
	}
	s := f.sessions[in.Session]
	s.conn = c
	missed := slices.Clone(s.kept)
	for _, fr := range missed {
		if *fr.Seq > in.Seq && !s.deaf {
			c.say(fr)
		}
	}
	deaf := s.deaf
	s.deaf = false
	s.tell("RESUMED", object{})
	s.deaf = deaf
}

// members answers a request for members, which is a dispatch like any other.
func (f *Fake) members(c *conn, raw json.RawMessage) {
	var in struct {
		Guild json.RawMessage `json:"guild_id"`
		Users []string        `json:"user_ids"`
	}
	if json.Unmarshal(raw, &in) != nil {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, s := range f.sessions {
		if s.conn != c {
			continue
		}
		found := []object{}
		for _, id := range in.Users {
			found = append(found, f.member(id))
		}
		s.tell("GUILD_MEMBERS_CHUNK", object{"guild_id": f.guild, "members": found, "chunk_index": 0, "chunk_count": 1})
	}
}

func (s *session) tell(kind string, data any) {
	if s.deaf {
		return
	}
	s.seq++
	seq := s.seq
	fr := frame{Op: opDispatch, Data: data, Seq: &seq, Type: kind}
	s.kept = append(s.kept, fr)
	if s.conn != nil {
		s.conn.say(fr)
	}
}

// dispatch tells every session of an event that it asked to hear. It wants the lock.
func (f *Fake) dispatch(kind string, data object) {
	if id, ok := data["channel_id"].(string); ok && kind != "INTERACTION_CREATE" {
		if c := f.channels[id]; c != nil && f.may(c, f.bot)&mayView == 0 {
			return
		}
	}
	for _, s := range f.sessions {
		heard, ok := f.filter(s, kind, data)
		if !ok {
			continue
		}
		s.tell(kind, heard)
		if f.twice {
			s.tell(kind, heard)
		}
	}
}

// filter keeps back what the session's intents do not cover, down to the content of messages.
func (f *Fake) filter(s *session, kind string, data object) (object, bool) {
	direct := data["guild_id"] == nil
	switch kind {
	case "GUILD_MEMBER_REMOVE":
		return data, s.intents&intentMembers != 0
	case "MESSAGE_REACTION_ADD":
		return data, s.intents&intentReactions != 0
	case "MESSAGE_DELETE":
		return data, s.intents&intentMessages != 0
	case "MESSAGE_CREATE", "MESSAGE_UPDATE":
		if direct {
			return data, s.intents&intentDirect != 0
		}
		content, _ := data["content"].(string)
		if s.intents&intentContent == 0 && !strings.Contains(content, "<@"+f.bot+">") {
			cut := object{}
			for k, v := range data {
				cut[k] = v
			}
			cut["content"], cut["embeds"], cut["attachments"], cut["components"] = "", []any{}, []any{}, []any{}
			data = cut
		}
		return data, s.intents&intentMessages != 0
	}
	return data, true
}
