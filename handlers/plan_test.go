package handlers

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"sitrep/bot/chat"
	"sitrep/bot/incident"
	"sitrep/bot/ops"
)

func TestForms(t *testing.T) {
	w := newWorld(t)
	w.begin(`new "Checkout is slow" sev2 service:checkout`)
	w.types("bo", "room41", `status "cold" identified --impact "1 in 5 fails"`)
	w.types("bo", "room41", `updates edit "Payments work" --to stakeholders`)
	var b strings.Builder
	for _, text := range []string{
		"new", "new sev:sev1 --drill", "update", "status", "sev", "resolve", "resolve done", "resolve --no-form", "cancel", "lead", "role scribe", "handoff", "merge",
		"note", "note --at 11:00", "task", "task --done 1", "followup due:fri", "updates edit #41 stakeholders", "updates snooze #41 stakeholders",
		"updates pause", "updates every", "updates", "updates now", "rename", "logs", "list", "stauts", "help",
	} {
		p := w.router.Plan(t.Context(), w.in("bo", "room41", text))
		out, err := json.MarshalIndent(p, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		b.WriteString("/inc " + text + "\n" + string(out) + "\n\n")
		if p.Form == nil {
			continue
		}
		if len(p.Form.Title) > 24 || len(p.Form.Fields) > 5 || len(p.Form.Verb) > 90 {
			t.Errorf("%s: the form is too large for some platform: %+v", text, p.Form)
		}
		again := w.in("bo", "room41", p.Form.Verb)
		again.Values = map[string]string{}
		for _, f := range p.Form.Fields {
			if f.Required {
				again.Values[f.Name] = "x"
			}
		}
		if w.router.Plan(t.Context(), again).Form != nil {
			t.Errorf("%s: sending the form opens it again", text)
		}
	}
	golden(t, "forms.txt", b.String())
}

func TestAFormThatIsSentRunsItsVerb(t *testing.T) {
	w := newWorld(t)
	in := w.in("bo", "general", "new --drill --no-form")
	in.Values = map[string]string{"title": "Checkout is slow", "sev": "sev1", "service": "", "incident": ""}
	if got, want := shown(w.router.Handle(t.Context(), in, nil)), "Declared #41 drill: Checkout is slow as sev1. Its room is being opened."; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	in = w.in("bo", "general", "updates edit --no-form")
	in.Values = map[string]string{"text": "all\nis \"well\"", "incident": "41", "to": "stakeholders"}
	w.router.Handle(t.Context(), in, nil)
	p, _ := w.state("#41").Plan("stakeholders")
	if p.Draft != "all\nis \"well\"" {
		t.Errorf("the draft is %q", p.Draft)
	}
}

func TestHelp(t *testing.T) {
	w := newWorld(t)
	golden(t, "help.txt", w.types("bo", "general", "help"))
	var b strings.Builder
	for _, v := range w.router.Verbs() {
		b.WriteString(w.types("bo", "general", "help "+v.Name) + "\n\n")
	}
	golden(t, "helps.txt", b.String())
}

// Every example must be understood by the parser as the verb it is for, and every limit of the platforms kept.
func TestVerbsAreWhatTheySay(t *testing.T) {
	w := newWorld(t)
	w.begin(`new "a" service:checkout`)
	w.begin(`new "b"`)
	names := map[string]string{}
	for _, v := range w.router.Verbs() {
		for _, n := range append([]string{v.Name}, v.Synonyms...) {
			if names[n] != "" {
				t.Errorf("%s is both %s and %s", n, names[n], v.Name)
			}
			names[n] = v.Name
		}
		if len(v.Examples) == 0 {
			t.Errorf("%s has no example", v.Name)
		}
		for _, e := range v.Examples {
			e = strings.ReplaceAll(e, "#42", "#41")
			c, err := w.router.prepare(t.Context(), w.in("bo", "room42", strings.ReplaceAll(e, "merge #41 #41", "merge #42 #41")))
			if err != nil || c.Verb.Name != v.Name || len(c.missing()) > 0 {
				t.Errorf("the example %q of %s: %v", e, v.Name, err)
			}
		}
	}
	for _, s := range w.router.Specs() {
		if len(s.Options) > 25 || len([]rune(s.Summary)) > 100 {
			t.Errorf("%s is too large for Discord", s.Name)
		}
		required := true
		for _, o := range s.Options {
			if o.Required && !required {
				t.Errorf("%s: %s is required and stands after one that is not", s.Name, o.Name)
			}
			required = o.Required
			if o.Summary == "" || o.Name != strings.ToLower(o.Name) {
				t.Errorf("%s: the option %+v", s.Name, o)
			}
		}
	}
}

func TestComplete(t *testing.T) {
	w := newWorld(t)
	w.begin(`new "Checkout is slow"`)
	w.begin(`new "Search is empty" --private`)
	tests := map[string]struct {
		user, text, option, word string
		want                     []string
	}{
		"a verb":                  {"zoe", "", "", "sta", []string{"status", "start"}},
		"a synonym":               {"zoe", "", "", "ic", []string{"ic"}},
		"a service":               {"zoe", "logs", "service", "ch", []string{"checkout"}},
		"an incident":             {"zoe", "ack", "incident", "", []string{"#41"}},
		"an incident, by title":   {"zoe", "ack", "incident", "slow", []string{"#41"}},
		"a private one, invited":  {"bo", "ack", "incident", "", []string{"#42", "#41"}},
		"a person":                {"zoe", "lead", "person", "b", []string{"@bo"}},
		"a severity":              {"zoe", "sev", "sev", "sev1", []string{"sev1"}},
		"anything the verb takes": {"zoe", "", "", "role s", []string{"role scribe"}},
		"a flag":                  {"zoe", "", "", "logs checkout --s", []string{"logs checkout --since"}},
		"after a number":          {"zoe", "", "", "#41 resol", []string{"#41 resolve"}},
		"what no verb takes":      {"zoe", "", "", "nonsense x", nil},
		"nothing fits":            {"zoe", "logs", "service", "zzz", nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, c := range w.router.Complete(t.Context(), w.in(tt.user, "general", tt.text), tt.option, tt.word) {
				got = append(got, c.Value)
			}
			if len(got) > len(tt.want) && len(tt.want) > 0 {
				got = got[:len(tt.want)]
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestAPrivateIncidentIsNotThereForOthers(t *testing.T) {
	w := newWorld(t)
	w.begin(`new "Breach" service:checkout --private`)
	for _, text := range []string{"list", "#41", "status #41", "alerts", "logs #41", "info", "note #41 x", "merge #41 #41", "list recent", "lead me #41"} {
		if got := w.types("zoe", "general", text); strings.Contains(got, "Breach") {
			t.Errorf("%q tells zoe: %s", text, got)
		}
		if got := w.types("bo", "general", text); !strings.HasPrefix(got, "(private) ") {
			t.Errorf("%q tells the room: %s", text, got)
		}
	}
	if got := w.types("zoe", "room41", "lead me"); !strings.Contains(got, "leads #41") {
		t.Errorf("in its room zoe is told: %s", got)
	}
	if m := w.router.Home(t.Context(), w.in("yan", "", "")); strings.Contains(m.Plain(), "Breach") {
		t.Errorf("yan's home page shows it: %s", m.Plain())
	}
	if m := w.router.Home(t.Context(), w.in("ana", "", "")); !strings.Contains(m.Plain(), "Breach") {
		t.Errorf("the home page of ana, who was invited, lacks it: %s", m.Plain())
	}
	w.begin(`new "Public"`)
	w.types("bo", "general", "merge #41 #42")
	for _, c := range w.state("#42").Changes {
		if strings.Contains(c.Text, "Breach") {
			t.Errorf("merging told: %s", c.Text)
		}
	}
	for _, r := range w.engine.all["s00-42"] {
		if a, ok := r.Event.(incident.Absorbed); ok && a.Title == "Breach" {
			t.Error("merging told the title")
		}
	}
}

func TestWhoMay(t *testing.T) {
	w := newWorld(t)
	w.begin(`new "Checkout is slow" service:checkout`) // by bo, who is on call for checkout as ana is
	tests := map[string]struct {
		who     []string
		admins  []string
		user    string
		refused string
	}{
		"anyone":                 {[]string{"anyone"}, nil, "zoe", ""},
		"a member":               {[]string{"member"}, nil, "bo", ""},
		"not a member":           {[]string{"member"}, nil, "zoe", "those who take part in the incident, admins"},
		"not the lead":           {[]string{"lead"}, nil, "bo", "its lead, admins"},
		"of the team":            {[]string{"team:payments"}, nil, "ana", ""},
		"not of the team":        {[]string{"team:discovery", "lead"}, nil, "ana", "the team discovery, its lead, admins"},
		"named":                  {[]string{"person:ana"}, nil, "ana", ""},
		"not named":              {[]string{"person:ana"}, nil, "bo", "ana, admins"},
		"an admin":               {[]string{"lead"}, []string{"ana"}, "ana", ""},
		"an admin by account":    {[]string{"lead"}, []string{"console:zoe"}, "zoe", ""},
		"called like an admin":   {[]string{"admin"}, []string{"zoe"}, "zoe", "admins"},
		"called like one listed": {[]string{"person:zoe"}, nil, "zoe", "zoe, admins"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w.deps.Access = Access{Verbs: map[string][]string{"alerts": tt.who, "new": {"admin"}}, Admins: tt.admins}
			w.router = New(w.deps)
			got, refused := strings.CutPrefix(w.types(tt.user, "general", "alerts #41"), "(private) You may not use alerts here. Those who may: ")
			if refused != (tt.refused != "") || refused && got != tt.refused+"." {
				t.Errorf("told %q, want %q", got, tt.refused)
			}
			if got := w.types("zoe", "general", `new "x"`); !strings.HasPrefix(got, "Declared") {
				t.Errorf("anyone may declare, and is told %q", got)
			}
		})
	}
	a := Access{Verbs: map[string][]string{"resolv": {"lead"}, "resolve": {"boss", "team:"}}}
	if got := a.Check(w.router.Verbs()); len(got) != 3 {
		t.Errorf("Check finds %q", got)
	}
}

func TestFaultsOfOurOwnAreToldByReference(t *testing.T) {
	core, seen := observer.New(zap.ErrorLevel)
	w := newWorld(t)
	w.begin(`new "x"`)
	w.deps.Log = zap.New(core)
	w.router = New(w.deps)
	w.engine.fail = errors.New("disk: secret path")
	got := w.types("bo", "general", "ack #41")
	if !strings.HasPrefix(got, "(private) sitrep could not do that (ref ") || strings.Contains(got, "secret") || seen.Len() != 1 {
		t.Fatalf("told %q, and logged %d lines", got, seen.Len())
	}
	fields := seen.All()[0].ContextMap()
	if !strings.Contains(got, fields["ref"].(string)) || !strings.Contains(fields["error"].(string), "secret path") {
		t.Errorf("the log has %v", fields)
	}
	w.engine.fail = &ops.Error{Op: "store", Kind: ops.Unavailable, Msg: "The disk is full"}
	if got := w.types("bo", "general", "ack #41"); got != "(private) The disk is full" {
		t.Errorf("told %q", got)
	}
}

func TestLongTitlesAreCutAndKept(t *testing.T) {
	w := newWorld(t)
	long := strings.Repeat("word ", 2000)
	got := w.types("bo", "general", `new "`+long+`"`)
	if len(got) > 500 || !strings.Contains(got, "The title was cut to 200 characters; all of it stands on the timeline.") {
		t.Errorf("told %q", got)
	}
	entries := incident.Timeline(w.engine.all["s00-41"])
	if last := entries[len(entries)-1]; last.Text != strings.TrimSpace(long) {
		t.Errorf("the timeline has %d characters of it", len(last.Text))
	}
}

func TestMentionsFindPeople(t *testing.T) {
	w := newWorld(t)
	tests := map[string]struct {
		user, text string
		want       string
	}{
		"an account of the directory": {"T1/U7", "<@U1|whoever>", "person:ana"},
		"with its workspace":          {"T1/U7", "@T1/U1", "person:ana"},
		"of another workspace":        {"T2/U7", "<@U1>", "slack:T2/U1"},
		"a stranger":                  {"T1/U7", "<@U9>", "slack:T1/U9"},
		"me":                          {"T1/U7", "me", "slack:T1/U7"},
		"a name":                      {"T1/U7", "bo", "person:bo"},
		"a name with @":               {"T1/U7", "@Bo", "person:bo"},
		"nobody":                      {"T1/U7", "@nobody", ""},
		"no mention":                  {"T1/U7", "nobody", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			in := chat.Inbound{Kind: chat.Command, Platform: "slack", User: chat.User{ID: chat.UserID(tt.user)}, At: noon}
			c := &Call{In: in, Actor: w.router.Person("slack", in.User), router: w.router}
			p, err := c.mentioned(strings.TrimSpace(readable(tt.text)))
			if string(p.ID) != tt.want || (err != nil) != (tt.want == "") {
				t.Errorf("%q is %q, %v", tt.text, p.ID, err)
			}
		})
	}
}

func TestSecretsDoNotReachTheRecord(t *testing.T) {
	w := newWorld(t)
	w.begin(`new "x"`)
	got := w.types("bo", "room41", `note "it is AKIAIOSFODNN7EXAMPLE"`)
	if want := "Noted for #41: “it is [aws key]”\nWhat looked like a secret was left out."; got != want {
		t.Errorf("told %q, want %q", got, want)
	}
	for _, r := range w.engine.all["s00-41"] {
		if data, err := incident.Encode(r); err != nil || strings.Contains(string(data), "AKIA") {
			t.Errorf("the record has %s, %v", data, err)
		}
	}
}

func TestWhatTellsManyIsMarkedWhenItIsAsked(t *testing.T) {
	w := newWorld(t)
	w.begin(`new "a"`)
	w.begin(`new "b"`)
	for text, want := range map[string]bool{"resolve done": true, "join": false} {
		a := w.router.Handle(t.Context(), w.in("bo", "general", text), nil)
		buttons := a.Message.Blocks[len(a.Message.Blocks)-1].Buttons
		if len(buttons) != 2 || buttons[0].Danger != want || buttons[0].Verb != "#42 "+text {
			t.Errorf("%s: the buttons are %+v", text, buttons)
		}
	}
}

func TestALongTimelineIsCutToTheNewest(t *testing.T) {
	w := newWorld(t)
	w.begin(`new "x"`)
	for i := range 40 {
		w.types("bo", "room41", fmt.Sprintf("note %d %s", i, strings.Repeat("blah ", 50)))
	}
	a := w.router.Handle(t.Context(), w.in("bo", "room41", "timeline"), nil)
	text := a.Message.Plain()
	if !strings.Contains(text, "the last 25 of 43 entries") || strings.Contains(text, " 14 blah") || !strings.Contains(text, " 15 blah") || !strings.Contains(text, " 39 blah") {
		t.Errorf("the timeline is\n%s", text)
	}
	for _, b := range a.Message.Blocks {
		if len(b.Text) > 2500 {
			t.Errorf("a block has %d characters", len(b.Text))
		}
	}
}
