package console

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"time"

	"go.uber.org/zap"

	"sitrep/bot/chat"
	"sitrep/bot/ops"
)

// The limits of what a visitor may send.
const (
	maxBody = 64 << 10
	maxLine = 4000 // characters of a message
	maxName = 40   // characters of a person's name
)

// Routes implements chat.Router.
func (c *Console) Routes() []chat.Route {
	routes := []chat.Route{
		{Pattern: "GET /console", Handler: http.RedirectHandler("/console/", http.StatusMovedPermanently)},
		{Pattern: "GET /console/{$}", Handler: http.HandlerFunc(c.servePage)},
		{Pattern: "GET /console/page/{name}", Handler: http.HandlerFunc(servePart)},
		{Pattern: "POST /console/signin", Handler: http.HandlerFunc(c.serveSignIn)},
		{Pattern: "GET /console/api/events", Handler: c.running(c.serveEvents)},
		{Pattern: "GET /console/api/files/{id}", Handler: c.running(c.serveFile)},
	}
	for pattern, h := range map[string]handler{
		"GET /console/api/rooms":                                c.getRooms,
		"POST /console/api/rooms":                               c.postRoom,
		"DELETE /console/api/rooms/{room}":                      c.deleteRoom,
		"POST /console/api/rooms/{room}/archive":                c.archiveRoom,
		"GET /console/api/rooms/{room}/messages":                c.getMessages,
		"POST /console/api/rooms/{room}/messages":               c.postMessage,
		"PATCH /console/api/rooms/{room}/messages/{message}":    c.rewriteMessage,
		"DELETE /console/api/rooms/{room}/messages/{message}":   c.eraseMessage,
		"POST /console/api/rooms/{room}/messages/{message}/pin": c.noteMessage,
		"POST /console/api/press":                               c.press,
		"POST /console/api/forms/submit":                        c.submit,
		"GET /console/api/complete":                             c.complete,
		"POST /console/api/people":                              c.postPerson,
		"DELETE /console/api/people/{user}":                     c.deletePerson,
	} {
		routes = append(routes, chat.Route{Pattern: pattern, Handler: c.running(c.json(h))})
	}
	for i, r := range routes {
		routes[i].Handler = secure(r.Handler)
	}
	return routes
}

// visit is one request to the API while Run runs.
type visit struct {
	*http.Request
	intake chat.Intake
	done   <-chan struct{} // closed when Run ends
}

// answer is what a handler answers in JSON.
type answer struct {
	status int
	body   any
}

type handler func(visit) (answer, error)

// running serves h to who may, while Run runs.
func (c *Console) running(h func(http.ResponseWriter, visit)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !c.admits(r) {
			w.Header().Set("WWW-Authenticate", "Bearer")
			refuse(w, http.StatusUnauthorized, "unauthorized", "Show the console's token: Authorization: Bearer …")
			return
		}
		if err := http.NewCrossOriginProtection().Check(r); err != nil {
			refuse(w, http.StatusForbidden, "cross_site", "The request comes from another site.")
			return
		}
		intake, done, ok := c.enter()
		if !ok {
			w.Header().Set("Retry-After", "1")
			refuse(w, http.StatusServiceUnavailable, "unavailable", "The console is starting or stopping.")
			return
		}
		defer c.serving.Done()
		h(w, visit{Request: r, intake: intake, done: done})
	})
}

func (c *Console) json(h handler) func(http.ResponseWriter, visit) {
	return func(w http.ResponseWriter, v visit) {
		v.Body = http.MaxBytesReader(w, v.Body, maxBody)
		a, err := h(v)
		if err != nil {
			c.refuseError(w, v, err)
			return
		}
		writeJSON(w, a.status, a.body)
	}
}

func (c *Console) refuseError(w http.ResponseWriter, v visit, err error) {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		refuse(w, http.StatusRequestEntityTooLarge, "too_large", fmt.Sprintf("At most %d bytes can be sent.", maxBody))
		return
	}
	status := map[ops.Kind]int{
		ops.Invalid: http.StatusBadRequest, ops.NotFound: http.StatusNotFound, ops.Denied: http.StatusForbidden,
		ops.Throttled: http.StatusTooManyRequests, ops.Unavailable: http.StatusServiceUnavailable,
	}[ops.KindOf(err)]
	if status == 0 {
		status = http.StatusInternalServerError
	}
	if status >= http.StatusInternalServerError {
		c.log.Warn("console request was not served", zap.String("path", v.URL.Path), zap.Error(err))
	}
	var e *ops.Error
	if errors.As(err, &e) && e.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(e.RetryAfter/time.Second)+1))
	}
	msg := ops.Tell(err)
	if msg == "" {
		msg = "That could not be done."
	}
	refuse(w, status, ops.KindOf(err).String(), msg)
}

type refusal struct {
	Error struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	} `json:"error"`
}

func refuse(w http.ResponseWriter, status int, code, msg string) {
	var r refusal
	r.Error.Code, r.Error.Message = code, msg
	writeJSON(w, status, r)
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	b, err := json.Marshal(body)
	if err != nil {
		http.Error(w, "internal", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	// A client that has gone does not read the answer, and nothing is lost by it.
	_, _ = w.Write(b)
}

// read decodes the body of a request, which must say that it is JSON: a form of another site cannot.
func read(v visit, into any) error {
	const op = "console.read"
	if kind, _, err := mime.ParseMediaType(v.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return invalid(op, "Send JSON, with Content-Type: application/json.")
	}
	d := json.NewDecoder(v.Body)
	d.DisallowUnknownFields()
	err := d.Decode(into)
	if err == nil {
		_, err = d.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
	}
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return err
	}
	return &ops.Error{Op: op, Kind: ops.Invalid, Msg: "The body is not the JSON that is expected here; see docs/console-api.md.", Err: err}
}
