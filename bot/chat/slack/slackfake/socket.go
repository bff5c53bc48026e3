package slackfake

import (
	"encoding/json"
	"net/http"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// pingEvery is well within the 30 seconds after which a client takes the connection for dead.
const pingEvery = 5 * time.Second

// conn is one connection of Socket Mode.
type conn struct {
	ws     *websocket.Conn
	closed chan struct{}

	mu      sync.Mutex
	pending map[string]chan struct{}
}

func (c *conn) expect(id string) <-chan struct{} {
	ack := make(chan struct{})
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pending[id] = ack
	return ack
}

func (c *conn) acked(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if ack, ok := c.pending[id]; ok {
		delete(c.pending, id)
		close(ack)
	}
}

func (c *conn) write(v any) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ws.WriteJSON(v)
}

func (s *Server) openConnection(host string) result {
	s.mu.Lock()
	defer s.mu.Unlock()
	ticket := s.id("ticket")
	s.tickets[ticket] = true
	return result{"url": "ws://" + host + "/socket?ticket=" + ticket}
}

func (s *Server) serveSocket(w http.ResponseWriter, r *http.Request) {
	ticket := r.URL.Query().Get("ticket")
	s.mu.Lock()
	known := s.tickets[ticket]
	delete(s.tickets, ticket)
	s.mu.Unlock()
	if !known {
		http.Error(w, "unknown ticket", http.StatusForbidden)
		return
	}
	ws, err := (&websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}).Upgrade(w, r, nil)
	if err != nil {
		return
	}
	c := &conn{ws: ws, closed: make(chan struct{}), pending: map[string]chan struct{}{}}
	if c.write(result{"type": "hello", "num_connections": 1, "connection_info": result{"app_id": appID}}) != nil {
		ws.Close()
		return
	}
	s.mu.Lock()
	s.conns = append(s.conns, c)
	s.mu.Unlock()
	s.wg.Add(1)
	defer s.wg.Done()
	s.hold(c)
}

// hold reads a connection's acknowledgements, and pings it, until it is cut.
func (s *Server) hold(c *conn) {
	var pinging sync.WaitGroup
	pinging.Go(func() {
		tick := time.NewTicker(pingEvery)
		defer tick.Stop()
		for {
			c.ws.WriteControl(websocket.PingMessage, []byte("ping"), time.Now().Add(time.Second))
			select {
			case <-tick.C:
			case <-c.closed:
				return
			case <-s.end.Done():
				c.ws.Close()
				return
			}
		}
	})
	for {
		_, frame, err := c.ws.ReadMessage()
		if err != nil {
			break
		}
		var ack struct {
			EnvelopeID string `json:"envelope_id"`
		}
		if json.Unmarshal(frame, &ack) == nil {
			c.acked(ack.EnvelopeID)
		}
	}
	s.drop(c)
	close(c.closed)
	c.ws.Close()
	pinging.Wait()
}

func (s *Server) drop(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, other := range s.conns {
		if other == c {
			s.conns = append(s.conns[:i:i], s.conns[i+1:]...)
			return
		}
	}
}

// anyConn waits a while for a connection, and takes them in turn.
func (s *Server) anyConn() *conn {
	for deadline := time.Now().Add(ackWait); ; {
		s.mu.Lock()
		if len(s.conns) > 0 {
			s.serial++
			c := s.conns[s.serial%len(s.conns)]
			s.mu.Unlock()
			return c
		}
		s.mu.Unlock()
		if time.Now().After(deadline) || !wait(s.end, 10*time.Millisecond) {
			return nil
		}
	}
}

// DropConnections cuts every live connection without a word.
func (s *Server) DropConnections() {
	s.mu.Lock()
	cut := s.conns
	s.conns = nil
	s.mu.Unlock()
	for _, c := range cut {
		c.ws.NetConn().Close()
	}
}

// AskToReconnect has Slack tell every connection to be opened anew, as it does every few hours.
func (s *Server) AskToReconnect() {
	s.mu.Lock()
	told := append([]*conn(nil), s.conns...)
	s.mu.Unlock()
	for _, c := range told {
		s.drop(c)
		c.write(result{"type": "disconnect", "reason": "refresh_requested", "debug_info": result{"host": "fake"}})
	}
}

// DeliverTwice makes everything be delivered two times from now on.
func (s *Server) DeliverTwice(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.twice = on
}
