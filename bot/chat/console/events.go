package console

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"

	"sitrep/bot/chat"
)

const heartbeat = 15 * time.Second

// serveEvents tells a page what changes, as server-sent events. The id of an event is a revision, from which a page goes on after a cut.
func (c *Console) serveEvents(w http.ResponseWriter, v visit) {
	user := personID(v.URL.Query().Get("user"))
	from := cmp.Or(v.Header.Get("Last-Event-ID"), v.URL.Query().Get("after"))
	rev, err := strconv.ParseUint(cmp.Or(from, strconv.FormatUint(c.revision(), 10)), 10, 62)
	if err != nil {
		refuse(w, http.StatusBadRequest, "invalid", "Last-Event-ID is the id of an event.")
		return
	}
	out := http.NewResponseController(w)
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Accel-Buffering", "no")
	// A stream has no end, so the server's time limit does not hold for it; a server without limits knows no deadline either.
	_ = out.SetWriteDeadline(time.Time{})
	if _, err := io.WriteString(w, "retry: 1000\n\n"); err != nil {
		return
	}
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	for {
		events, now, changed := c.eventsSince(rev, user)
		rev = now
		if _, err := io.WriteString(w, events); err != nil {
			return
		}
		if err := out.Flush(); err != nil {
			return
		}
		select {
		case <-changed:
		case <-beat.C:
			if _, err := io.WriteString(w, ": still here\n\n"); err != nil {
				return
			}
		case <-v.Context().Done():
			return
		case <-v.done:
			return
		}
	}
}

func (c *Console) revision() uint64 {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.mem.rev
}

// eventsSince returns what a person sees of the changes after rev, the revision up to which that is all, and what tells of the next.
func (c *Console) eventsSince(rev uint64, user chat.UserID) (events string, now uint64, changed <-chan struct{}) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	var b strings.Builder
	for _, ch := range c.mem.since(rev) {
		rev = ch.rev
		if name, data := c.viewChange(ch, user); name != "" {
			body, err := json.Marshal(data)
			if err != nil {
				continue
			}
			fmt.Fprintf(&b, "id: %d\nevent: %s\ndata: %s\n\n", ch.rev, name, body)
		}
	}
	return b.String(), rev, c.changed
}

func (c *Console) viewChange(ch change, user chat.UserID) (name string, data any) {
	r := c.mem.rooms[ch.room]
	if r == nil {
		return "", nil
	}
	if r.Deleted || !r.sees(user) {
		if ch.message != "" {
			return "", nil
		}
		return "room_gone", map[string]any{"id": r.ID}
	}
	if ch.message == "" {
		return "room", c.viewRoom(r, user)
	}
	m := c.mem.byID[ch.message]
	if !m.sees(user) {
		return "", nil
	}
	if m.Deleted {
		return "message_gone", map[string]any{"room": m.Room, "id": m.ID}
	}
	return "message", c.viewMessage(m)
}

// serveFile hands out a picture or file of a message. What is no picture is only ever downloaded.
func (c *Console) serveFile(w http.ResponseWriter, v visit) {
	id := v.PathValue("id")
	var data []byte
	err := c.keep.EachRecord(v.Context(), kindFile, id, func(key string, value []byte) error {
		if key == id {
			data = append([]byte{}, value...)
		}
		return nil
	})
	switch {
	case err != nil:
		c.refuseError(w, v, fault("console.serveFile", err))
		return
	case data == nil:
		refuse(w, http.StatusNotFound, "not found", "There is no such file.")
		return
	}
	name := path.Base("/" + v.URL.Query().Get("name"))
	kind, disposition := http.DetectContentType(data), "attachment"
	if kind == "image/png" || kind == "image/jpeg" || kind == "image/gif" {
		disposition = "inline"
	} else {
		kind = "application/octet-stream"
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Disposition", mime.FormatMediaType(disposition, map[string]string{"filename": name}))
	w.Header().Set("Cache-Control", "private, max-age=86400, immutable")
	_, _ = w.Write(data)
}
