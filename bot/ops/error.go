package ops

import (
	"errors"
	"fmt"
	"time"
)

// Kind says what an error means for the caller: whether to ask again, to wait, or to tell a person.
type Kind uint8

// The kinds of error. The zero value is Internal, so an error that nobody classified is treated as our own fault.
const (
	Internal    Kind = iota // a fault of sitrep's own; repeating will not help
	Invalid                 // the request is wrong as it stands; the person who made it must change it
	NotFound                // what was named does not exist, or not any more
	Denied                  // the credentials do not allow it
	Throttled               // refused for now, and not done; see Error.RetryAfter
	Unavailable             // no answer that can be trusted: whether it was done is unknown
)

var kindNames = [...]string{"internal", "invalid", "not found", "denied", "throttled", "unavailable"}

func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return fmt.Sprintf("kind %d", k)
}

// Error is a failure of a vendor, a platform or the store, told in sitrep's terms.
// Msg is for people and may be shown in chat; Err is for the operator's log. Neither may hold a secret.
type Error struct {
	Op         string        // package and method: "loki.SearchLogs"
	Kind       Kind          // what it means for the caller
	Msg        string        // one sentence for a person, saying how to mend it where that is known
	RetryAfter time.Duration // with Throttled and Unavailable: how long the other side asked to wait; 0 if it did not say
	Err        error         // the cause, or nil
}

func (e *Error) Error() string {
	s := e.Op
	if e.Msg != "" {
		s += ": " + e.Msg
	} else {
		s += ": " + e.Kind.String()
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

func (e *Error) Unwrap() error { return e.Err }

// KindOf returns the kind of the first Error in err's chain, and Internal when there is none.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Internal
}

// Tell returns what a person may be told of err: the Msg of the first Error in its chain, else an empty string.
func Tell(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Msg
	}
	return ""
}
