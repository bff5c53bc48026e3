package incident_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitrep/bot/incident"
)

func TestTimelineOfALongStory(t *testing.T) {
	var b strings.Builder
	for _, e := range incident.Timeline(long(t).events) {
		fmt.Fprintf(&b, "%s T%-3d %-14s %s: %s", e.At.Format("02 15:04:05"), e.Version, e.Kind, e.Actor.Shown(), e.Text)
		if e.Link != "" {
			fmt.Fprintf(&b, " <%s>", e.Link)
		}
		b.WriteString("\n")
	}
	golden(t, "timeline.txt", b.String())
}

// The kinds that never stand on a timeline, and why nobody misses them.
var untold = map[string]string{
	"card_posted.v1": "where the card stands is no news", "room_wanted.v1": "told when the room is there",
}

func TestEveryKindIsToldOrLeftOutOnPurpose(t *testing.T) {
	for _, kind := range incident.Kinds() {
		r, err := incident.Decode(sampleOf(t, kind))
		if err != nil {
			t.Fatal(err)
		}
		if e, ok := r.Event.(incident.RoomWanted); ok {
			e.Generation = 1
			r.Event = e
		}
		told := len(incident.Timeline([]incident.Recorded{r})) == 1
		if _, left := untold[kind]; told == left {
			t.Errorf("%s: told %t, left out %t", kind, told, left)
		}
	}
}

func TestTimelineIsInTheOrderOfWhatHappened(t *testing.T) {
	s := begin(t, declaration(incident.Sev3)).after(20 * time.Minute)
	s.does(ana, incident.AddNote{Text: "third"})
	s.does(ana, incident.AddNote{Text: "first", When: noon.Add(-time.Hour)})
	s.does(ana, incident.AddNote{Text: "second", When: noon.Add(time.Minute)})
	var got []string
	for _, e := range incident.Timeline(s.events) {
		if e.Kind == incident.KindNote {
			got = append(got, e.Text)
		}
	}
	if diff := cmp.Diff([]string{"first", "second", "third"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestSpan(t *testing.T) {
	tests := map[time.Duration]string{
		0: "0s", 400 * time.Millisecond: "0s", 59 * time.Second: "59s", 59*time.Second + 600*time.Millisecond: "1m",
		time.Minute: "1m", 9*time.Minute + 30*time.Second: "9m 30s", 12*time.Minute + 30*time.Second: "12m", time.Hour: "1h",
		3*time.Hour + 5*time.Minute: "3h 5m", 24 * time.Hour: "1d", 52 * time.Hour: "2d 4h", 49*time.Hour + 59*time.Minute: "2d 1h", -90 * time.Second: "-1m 30s",
		400 * 24 * time.Hour: "400d",
	}
	for d, want := range tests {
		if got := incident.Span(d); got != want {
			t.Errorf("Span(%v) = %q, want %q", d, got, want)
		}
	}
}
