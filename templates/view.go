package templates

import (
	"fmt"
	"net/url"
	"strings"
	"text/template"
	"time"

	"sitrep/bot/chat"
	"sitrep/bot/incident"
	"sitrep/bot/ops"
)

// View is what a text is made from, beside the event or update that it tells.
type View struct {
	State    incident.State
	Counts   map[string]int64 // the incident's counters; "alerts" is how often its alerts were delivered
	Now      time.Time
	Zone     *time.Location // for times where the platform cannot show the reader's own; nil is UTC
	Catalog  ops.Catalog
	Platform string // where the message will stand, whose own room is then not linked; may be empty
}

func (v View) zone() *time.Location {
	if v.Zone == nil {
		return time.UTC
	}
	return v.Zone
}

// moment writes an instant as CommonMark; it names the day when that is not today. A zero instant is empty.
func (v View) moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return chat.Time(t, v.clock(t))
}

func (v View) clock(t time.Time) string {
	t, now := t.In(v.zone()), v.Now.In(v.zone())
	if t.YearDay() == now.YearDay() && t.Year() == now.Year() {
		return t.Format("15:04 MST")
	}
	return t.Format("2 Jan 2006 15:04 MST")
}

// Words is text that a person or a machine wrote. It prints itself escaped, on one line and not endlessly.
type Words string

// longest is how many characters of a person's words stand in one place of a message.
const longest = 600

func (w Words) String() string { return chat.Escape(chat.Cut(oneLine(string(w)), longest)) }

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// link writes a link, or the label alone when the address is not one of the web's.
func link(label, address string) string {
	if l := linked(label, address); l != "" {
		return l
	}
	return Words(label).String()
}

// linked writes a link, or nothing when the address is not one of the web's.
func linked(label, address string) string {
	u, err := url.Parse(strings.TrimSpace(address))
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return ""
	}
	return "[" + Words(label).String() + "](<" + addressSafe.Replace(u.String()) + ">)"
}

var addressSafe = strings.NewReplacer(`\`, "%5C", "<", "%3C", ">", "%3E", " ", "%20", "(", "%28", ")", "%29", "\n", "", "\r", "",
	"&", "&amp;", "|", "%7C", "`", "%60", "*", "%2A")

// functions are what a template may call beside text/template's own.
func functions() template.FuncMap {
	return template.FuncMap{
		"plain": func(w Words) string { return chat.Cut(oneLine(string(w)), 140) },
		"short": func(w Words) string { return chat.Escape(chat.Cut(oneLine(string(w)), 160)) },
		"join":  func(list []string, by string) string { return strings.Join(list, by) },
		"upper": func(s any) string { return capital(fmt.Sprint(s)) },
	}
}

// capital returns s with its first letter in upper case.
func capital(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
