package discord

import (
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/bwmarrin/discordgo"
	"go.uber.org/zap"

	"sitrep/bot/chat"
)

const (
	bodyLimit    = 1 << 20
	signatureAge = 5 * time.Minute
)

// Routes returns the endpoint for interactions in mode HTTP, and nothing else.
func (d *Discord) Routes() []chat.Route {
	if d.cfg.Mode != HTTP {
		return nil
	}
	return []chat.Route{{Pattern: "POST /discord/interactions", Handler: http.HandlerFunc(d.serveInteraction)}}
}

func (d *Discord) serveInteraction(w http.ResponseWriter, r *http.Request) {
	in := d.in.Load()
	if in == nil {
		http.Error(w, "not ready", http.StatusServiceUnavailable)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, bodyLimit)
	if !d.signed(r) {
		http.Error(w, "the signature is wrong, or too old", http.StatusUnauthorized)
		return
	}
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, "the body could not be read", http.StatusBadRequest)
		return
	}
	a, err := d.interact(r.Context(), in, raw)
	if err != nil {
		d.log.Warn("an interaction was refused", zap.Error(err))
		http.Error(w, "the body is no interaction", http.StatusBadRequest)
		return
	}
	d.respond(w, raw, a)
}

func (d *Discord) respond(w http.ResponseWriter, raw []byte, a answer) {
	var i interaction
	if json.Unmarshal(raw, &i) == nil {
		defer d.acks.done(i.Token)
	}
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(a); err != nil {
		d.log.Warn("an interaction's acknowledgement was not sent", zap.Error(err))
		return
	}
	// Only what has left this process can be followed by its answer.
	if err := http.NewResponseController(w).Flush(); err != nil {
		d.log.Debug("an acknowledgement was not flushed", zap.Error(err))
	}
}

// signed checks the signature, and that it is fresh: discordgo leaves the age unchecked, and an old request could be replayed.
func (d *Discord) signed(r *http.Request) bool {
	sec, err := strconv.ParseInt(r.Header.Get("X-Signature-Timestamp"), 10, 64)
	if err != nil || time.Since(time.Unix(sec, 0)).Abs() > signatureAge {
		return false
	}
	return discordgo.VerifyInteraction(r, d.key)
}
