package handlers

import (
	"strings"
	"testing"

	"sitrep/bot/chat"
	"sitrep/bot/incident"
)

// triage reports an alert that waits for a person, and returns its number.
func (w *world) triage(title string) string {
	w.Helper()
	s, err := w.engine.Declare(w.Context(), incident.Declare{
		DeclaredEvent: incident.DeclaredEvent{Title: title, Triage: true}, Alert: &incident.Alert{Source: "am", Fingerprint: title, Title: title, StartsAt: noon},
	}, incident.Meta{At: noon, Source: "am"})
	if err != nil {
		w.Fatal(err)
	}
	return s.Number.String()
}

func TestMoreTranscripts(t *testing.T) {
	w := newWorld(t)
	w.triage("DiskFull")
	w.triage("ProbeFailed")
	w.begin(`new "Breach"`)
	golden(t, "more.txt", w.play([]line{
		{"ana", "general", "accept #41"},
		{"ana", "general", `decline #42 "known noise"`},
		{"ana", "general", "decline #42"},
		{"ana", "room43", "join @zoe"},
		{"ana", "room43", "private"},
		{"ana", "room43", "private"},
		{"zoe", "room43", "rename " + strings.Repeat("long ", 60)},
		{"zoe", "general", "public #43"},
		{"zoe", "room43", "rename Breach"},
		{"yan", "general", "join #43"},
		{"yan", "general", "who #41"},
		{"yan", "general", "who"},
		{"ana", "room43", "new Two of us see it --drill yes"},
		{"ana", "room43", "new x --private no --drill maybe"},
		{"bo", "general", `cancel #41 external "it was the provider"`},
		{"bo", "general", "cancel #44 duplicate"},
		{"bo", "room43", "resolve it was nothing"},
		{"bo", "general", "postmortem"},
		{"bo", "general", "updates #43"},
		{"bo", "general", "archive"},
		{"bo", "general", "archive #43"},
		{"bo", "general", "subscribe #43"},
		{"bo", "general", "note #43 \"#41 was the same\""},
	}))
}

func TestMergingIsFinishedWhenItIsHandledAgain(t *testing.T) {
	w := newWorld(t)
	w.begin(`new "a"`)
	w.begin(`new "b"`)
	// The first attempt got no further than closing.
	in := w.in("bo", "general", "merge #42 #41")
	meta := incident.Meta{At: w.now, Request: in.Request}
	if _, err := w.engine.Do(t.Context(), "s00-42", incident.Command{Meta: meta, Intent: incident.Close{Reason: incident.Duplicate, Into: "s00-41", IntoNumber: 41}}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if got := shown(w.router.Handle(t.Context(), in, nil)); got != "#42 b is merged into #41 a and closed. Go on there." {
			t.Errorf("told %q", got)
		}
	}
	absorbed := 0
	for _, r := range w.engine.all["s00-41"] {
		if _, ok := r.Event.(incident.Absorbed); ok {
			absorbed++
		}
	}
	if absorbed != 1 {
		t.Errorf("it was merged %d times, want 1", absorbed)
	}
}

func TestPeopleAreCalledByNameAlone(t *testing.T) {
	w := newWorld(t)
	w.begin(`new "x"`)
	for text, want := range map[string]int{"lead @ana": 1, "role scribe me": 0, "task look at it @ana": 1, `note "@ana look"`: 0} {
		a := w.router.Handle(t.Context(), w.in("bo", "room41", text), nil)
		if len(a.Message.Notify) != want || want == 1 && a.Message.Notify[0] != chat.UserID("ana") {
			t.Errorf("%s calls %q", text, a.Message.Notify)
		}
	}
}
