package webhook

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"sitrep/bot/ops"

	"go.uber.org/zap"
)

const (
	storeTimeout = 10 * time.Second // most senders give up then
	retryAfter   = 5 * time.Second  // when the store does not say
	longestID    = 200              // ids are keys in the store
)

// receive takes one webhook: authenticate, check, store, and acknowledge last.
func (s *Server) receive(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	src, ok := s.cfg.Sources().Named(name)
	if !ok || src.Offer.Alerts == nil {
		s.refuse(w, "unknown", http.StatusNotFound, "no alert source is configured under this name")
		return
	}
	log := s.cfg.Log.With(zap.String("source", name))
	body, err := io.ReadAll(r.Body)
	if err != nil {
		s.reject(w, name, "broken", http.StatusBadRequest, "the body could not be read")
		return
	}
	hook := ops.Webhook{Header: r.Header, Body: body, ReceivedAt: s.cfg.Now()}
	if err := src.Offer.Alerts.Verify(hook); err != nil {
		log.Warn("webhook not authenticated", zap.String("remote", r.RemoteAddr), zap.Error(err))
		w.Header().Set("WWW-Authenticate", `Bearer realm="sitrep"`)
		s.reject(w, name, "denied", http.StatusUnauthorized, "not authenticated")
		return
	}
	hook.Header = kept(r.Header)
	d, err := src.Offer.Alerts.ParseAlerts(hook)
	if err != nil {
		log.Warn("webhook not understood", zap.Error(err))
		s.reject(w, name, "invalid", http.StatusBadRequest, reason(err))
		return
	}
	req := Request{ID: requestID(name, d.ID), Source: name, Header: hook.Header, Body: body, At: hook.ReceivedAt}
	if err := s.store(r.Context(), req); err != nil {
		log.Error("webhook not stored", zap.String("request", req.ID), zap.Error(err))
		w.Header().Set("Retry-After", strconv.Itoa(waitSeconds(err)))
		s.reject(w, name, "store", http.StatusServiceUnavailable, "could not be stored, and was not taken: send it again")
		return
	}
	s.metrics.alerts.WithLabelValues(name).Add(float64(len(d.Alerts)))
	accept(w, len(d.Alerts), req.ID)
}

func (s *Server) store(ctx context.Context, req Request) error {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	return s.cfg.Inbox.Receive(ctx, req)
}

func (s *Server) reject(w http.ResponseWriter, source, why string, status int, text string) {
	s.metrics.rejected.WithLabelValues(source, why).Inc()
	say(w, status, text)
}

// kept is what decoding needs of a header. Credentials, signatures and cookies are not stored.
func kept(h http.Header) http.Header {
	out := http.Header{}
	for name, values := range h {
		if name == "Content-Type" || strings.HasPrefix(name, "Ce-") {
			out[name] = values
		}
	}
	return out
}

// requestID makes an id that differs from those of other sources. What the sender chose is replaced by its hash when it is long or would
// be hard to read in a log.
func requestID(source, id string) string {
	plain := !strings.ContainsFunc(id, func(r rune) bool { return r <= ' ' || r > '~' })
	if !plain || len(id) > longestID {
		sum := sha256.Sum256([]byte(id))
		id = hex.EncodeToString(sum[:16])
	}
	return source + "/" + id
}

func reason(err error) string {
	if told := ops.Tell(err); told != "" {
		return told
	}
	return "the body was not understood"
}

// waitSeconds is what the store asked for, in whole seconds, and at least one.
func waitSeconds(err error) int {
	wait := retryAfter
	var e *ops.Error
	if errors.As(err, &e) && e.RetryAfter > 0 {
		wait = e.RetryAfter
	}
	return max(1, int((wait+time.Second-1)/time.Second))
}

func accept(w http.ResponseWriter, alerts int, id string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusAccepted)
	_ = json.NewEncoder(w).Encode(struct { // a sender that has gone by now will send it again
		Accepted int    `json:"accepted"`
		ID       string `json:"id"`
	}{alerts, id})
}
