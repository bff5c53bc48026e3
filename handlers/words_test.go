package handlers

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sitrep/bot/incident"
)

func TestSplit(t *testing.T) {
	tests := map[string]struct {
		text string
		want []word
	}{
		"words":                           {"ack  now", []word{{text: "ack"}, {text: "now"}}},
		"quoted":                          {`new "Checkout is slow" sev2`, []word{{text: "new"}, {text: "Checkout is slow", quoted: true}, {text: "sev2"}}},
		"curly quotes":                    {"note “all is well”", []word{{text: "note"}, {text: "all is well", quoted: true}}},
		"a curly quote closed by another": {`note “all is well"`, []word{{text: "note"}, {text: "all is well", quoted: true}}},
		"single quotes":                   {"note 'it is' ‘so’", []word{{text: "note"}, {text: "it is", quoted: true}, {text: "so", quoted: true}}},
		"an apostrophe":                   {"note don't panic 'isn't it'", []word{{text: "note"}, {text: "don't"}, {text: "panic"}, {text: "isn't it", quoted: true}}},
		"a quote that is not closed":      {`note "half`, []word{{text: "note"}, {text: `"half`}}},
		"escaped quotes":                  {`note "say \"hi\" \\"`, []word{{text: "note"}, {text: `say "hi" \`, quoted: true}}},
		"a flag":                          {"logs --since 30m", []word{{text: "logs"}, {flag: true, dash: "--", key: "since"}, {text: "30m"}}},
		"a flag with its value":           {`x --text="a b"`, []word{{text: "x"}, {flag: true, dash: "--", key: "text", has: true, text: "a b"}}},
		"long dashes":                     {"logs —since 1h –raw", []word{{text: "logs"}, {flag: true, dash: "—", key: "since"}, {text: "1h"}, {flag: true, dash: "–", key: "raw"}}},
		"a dash alone":                    {"note a - b -- c", []word{{text: "note"}, {text: "a"}, {text: "-"}, {text: "b"}, {text: "--"}, {text: "c"}}},
		"a key":                           {`new x service:checkout sev:"sev1"`, []word{{text: "new"}, {text: "x"}, {key: "service", has: true, text: "checkout"}, {key: "sev", has: true, text: "sev1", quoted: true}}},
		"what is no key":                  {"at 14:05 see https://x.example/a: b", []word{{text: "at"}, {text: "14:05"}, {text: "see"}, {text: "https://x.example/a:"}, {text: "b"}}},
		"people and rooms":                {"lead <@U123|ana> <@!45> <#C1|general>", []word{{text: "lead"}, {text: "@U123"}, {text: "@45"}, {text: "#general"}}},
		"links":                           {"note <https://x.example/?a=1&amp;b=2|x.example>", []word{{text: "note"}, {text: "https://x.example/?a=1&b=2"}}},
		"entities":                        {"logs a &lt;b&gt; &amp;", []word{{text: "logs"}, {text: "a"}, {text: "<b>"}, {text: "&"}}},
		"lines":                           {"note a\nb c", []word{{text: "note"}, {text: "a"}, {text: "b", line: true}, {text: "c"}}},
		"nothing":                         {" \u200b\n", nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, split(tt.text), cmp.AllowUnexported(word{})); diff != "" {
				t.Errorf("split(%q) (-want +got):\n%s", tt.text, diff)
			}
		})
	}
}

// FuzzParse holds that every text is taken, by every verb, without a panic, and that what Quote writes is read back as it was.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		`new "Checkout is slow" sev2 service:checkout --private`, "#42 ack", "status “it is back” identified", "updates every 30m --to execs", "note 'x",
		"lead <@U123|ana>", "logs checkout --since yesterday 14:05", "followup \"a\" @bo due:fri", "merge #42 #41", "—since", "updates pause 20m \"why\"",
		"--", "a:b", "\"", "“", "<@", "&amp;lt;", "new \x00\xff", "status\n\nline", "updates edit #41 stakeholders", "postmortem #99999999999999999999",
	} {
		f.Add(seed)
	}
	w := newWorld(f)
	w.begin(`new "Checkout is slow" service:checkout`)
	before := w.engine.all["s00-41"]
	f.Fuzz(func(t *testing.T, text string) {
		if got := split(Quote(text)); len(got) != 1 || got[0].text != text || !got[0].quoted {
			t.Errorf("Quote(%q) is read back as %+v", text, got)
		}
		deps := w.deps
		deps.Engine = &engine{ids: []incident.ID{"s00-41"}, all: map[incident.ID][]incident.Recorded{"s00-41": slices.Clone(before)}}
		r := New(deps)
		for _, v := range r.Verbs() {
			in := w.in("bo", "general", v.Name+" "+text)
			if p := r.Plan(t.Context(), in); p.Form != nil && (len(p.Form.Fields) > 5 || len(p.Form.Title) > 24) {
				t.Errorf("%q opens a form that no platform can show: %+v", in.Text, p.Form)
			}
		}
		if a := r.Handle(t.Context(), w.in("bo", "general", text), nil); strings.TrimSpace(a.Message.Plain()) == "" {
			t.Errorf("%q has no answer", text)
		}
	})
}

func BenchmarkParse(b *testing.B) {
	w := newWorld(b)
	w.begin(`new "Checkout is slow" service:checkout`)
	in := w.in("bo", "room41", `status "The cache was cold, we are warming it" identified --impact "1 in 5 payments fails"`)
	for b.Loop() {
		if _, err := w.router.prepare(b.Context(), in); err != nil {
			b.Fatal(err)
		}
	}
}
