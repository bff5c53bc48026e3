package shop

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

type line struct {
	at    time.Time
	level string
	text  string
}

// lines returns the newest lines of a service that contain all the words, the newest first.
func (s *Shop) lines(service string, words []string, from, to time.Time, limit int) []line {
	if now := s.now(); to.After(now) {
		to = now
	}
	var out []line
	for t := to.Truncate(time.Second); !t.Before(from) && len(out) < limit; t = t.Add(-time.Second) {
		for _, l := range slices.Backward(s.second(service, t)) {
			if len(out) < limit && l.at.Before(to) && !l.at.Before(from) && containsAll(l.text, words) {
				out = append(out, l)
			}
		}
	}
	return out
}

func containsAll(text string, words []string) bool {
	return !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(text, w) })
}

// second returns what a service logs in one second.
func (s *Shop) second(service string, t time.Time) []line {
	if _, ok := Services[service]; !ok {
		return nil
	}
	var out []line
	strain := s.strain(t)
	order := 100000 + t.Unix()%100000
	u := noise("log"+service, t)
	if u > 0.8 {
		out = append(out, line{t.Add(120 * time.Millisecond), "info", fmt.Sprintf(
			"level=info msg=\"order placed\" order=%d items=%d took=%dms", order, 1+order%5, 120+int(900*strain)+int(40*math.Abs(u)))})
	}
	if service == "checkout" && strain > 0.15 && noise("pool", t) < strain*1.6-1 {
		out = append(out, line{t.Add(480 * time.Millisecond), "error", fmt.Sprintf(
			"level=error msg=\"stock lookup failed\" err=\"timeout after 2000ms waiting for a connection\" pool=stock in_use=20 max=20 order=%d", order)})
	}
	if service == "checkout" && strain > 0.5 && noise("leak", t) > 0.93 {
		out = append(out, line{t.Add(700 * time.Millisecond), "warn", fmt.Sprintf(
			"level=warn msg=\"retrying payment\" order=%d authorization=\"Bearer eyJhbGciOiJIUzI1NiJ9.c2hvcA.%s\"", order, sha(fmt.Sprint(order))[:24])})
	}
	if noise("slowquery"+service, t) > 0.985 {
		out = append(out, line{t.Add(900 * time.Millisecond), "warn", fmt.Sprintf(
			"level=warn msg=\"slow query\" table=orders took=%dms", 300+int(100*math.Abs(u)))})
	}
	return out
}
