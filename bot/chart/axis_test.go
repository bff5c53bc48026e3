package chart

import (
	"math"
	"strings"
	"testing"
	"time"

	"sitrep/bot/ops"

	"github.com/google/go-cmp/cmp"
	"gonum.org/v1/plot/vg"
)

func labels(ticks []tick) string {
	var out []string
	for _, t := range ticks {
		out = append(out, t.label)
	}
	return strings.Join(out, " | ")
}

func TestValueAxisIsInUnitsOfPeople(t *testing.T) {
	for _, tc := range []struct {
		low, high float64
		unit      string
		want      string
		beside    string
	}{
		{0.165, 2.6, "s", "0 s | 1 s | 2 s | 3 s", ""},
		{0.02, 0.43, "s", "0 ms | 100 ms | 200 ms | 300 ms | 400 ms | 500 ms", ""},
		{0, 0.0004, "s", "0 µs | 100 µs | 200 µs | 300 µs | 400 µs | 500 µs", ""},
		{10, 600, "s", "0 min | 2 min | 4 min | 6 min | 8 min | 10 min", ""},
		{0, 0.031, "ratio", "0 % | 1 % | 2 % | 3 % | 4 %", ""},
		{0, 0, "ratio", "0 % | 2 % | 4 % | 6 % | 8 % | 10 %", ""},
		{0, 0.00012, "ratio", "0 % | 0.0025 % | 0.0050 % | 0.0075 % | 0.0100 % | 0.0125 %", ""},
		{9900, 77900, "req/s", "0 | 20k | 40k | 60k | 80k", "req/s"},
		{12, 47, "req/s", "0 | 10 | 20 | 30 | 40 | 50", "req/s"},
		{0, 3 << 30, "B", "0 GiB | 1 GiB | 2 GiB | 3 GiB", ""},
		{1000000100, 1000000900, "", "1.0000000G | 1.0000002G | 1.0000004G | 1.0000006G | 1.0000008G | 1.0000010G", ""},
		{-3, 4, "", "-4 | -2 | 0 | 2 | 4", ""},
		{7, 7, "", "0 | 2 | 4 | 6 | 8", ""},
	} {
		a := newAxis(tc.low, tc.high, tc.unit)
		if got := labels(a.ticks); got != tc.want || a.unit != tc.beside {
			t.Errorf("%g to %g %s: got %q beside %q, want %q beside %q", tc.low, tc.high, tc.unit, got, a.unit, tc.want, tc.beside)
		}
		if a.low > tc.low || a.high < tc.high {
			t.Errorf("%g to %g %s: the axis from %g to %g does not hold it", tc.low, tc.high, tc.unit, a.low, a.high)
		}
	}
}

func TestFormatGivesThreeDigitsInTheUnitThatSuits(t *testing.T) {
	for _, tc := range []struct {
		value float64
		unit  string
		want  string
	}{
		{0.18, "s", "180 ms"},
		{2.4, "s", "2.4 s"},
		{90, "s", "90 s"},
		{9000, "s", "2.5 h"},
		{0, "s", "0 ms"},
		{0.0314159, "ratio", "3.14 %"},
		{1234, "req/s", "1.23k req/s"},
		{999.96, "req/s", "1000 req/s"},
		{512 << 20, "B", "512 MiB"},
		{1e300, "", "1e+288T"},
		{-12.345, "", "-12.3"},
		{math.NaN(), "s", "no value"},
	} {
		if got := Format(tc.value, tc.unit); got != tc.want {
			t.Errorf("Format(%g, %q) = %q, want %q", tc.value, tc.unit, got, tc.want)
		}
	}
}

func TestTimesAreRoundOnTheWall(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Skip("no time zone database here:", err)
	}
	india := time.FixedZone("IST", 5*3600+1800)
	for _, tc := range []struct {
		name   string
		from   time.Time
		length time.Duration
		loc    *time.Location
		want   string
	}{
		{"an hour", start, time.Hour, time.UTC, "13:30 | 13:40 | 13:50 | 14:00 | 14:10 | 14:20 | 14:30"},
		{"half an hour off", start, 2 * time.Hour, india, "19:00 | 19:30 | 20:00 | 20:30 | 21:00"},
		{"off the minute", start.Add(73 * time.Second), 4 * time.Minute, time.UTC, "13:32 | 13:33 | 13:34 | 13:35"},
		{"seconds", start, 40 * time.Second, time.UTC, "13:30:00 | 13:30:10 | 13:30:20 | 13:30:30 | 13:30:40"},
		{"over midnight", start, 18 * time.Hour, time.UTC, "15:00 | 18:00 | 21:00 | 24 Nov | 03:00 | 06:00"},
		{"days", start, 4 * day, time.UTC, "24 Nov | 25 Nov | 26 Nov | 27 Nov"},
		{"clocks go back", time.Date(2026, 10, 25, 0, 0, 0, 0, berlin), 12 * time.Hour, berlin, "25 Oct | 02:00 | 04:00 | 06:00 | 08:00 | 10:00"},
		{"clocks go forward", time.Date(2026, 3, 29, 0, 0, 0, 0, berlin), 12 * time.Hour, berlin, "29 Mar | 03:00 | 04:00 | 06:00 | 08:00 | 10:00 | 12:00"},
		{"the hour that comes twice", time.Date(2026, 10, 25, 0, 30, 0, 0, time.UTC), time.Hour, berlin, "02:30 | 02:40 | 02:50 | 02:00 | 02:10 | 02:20 | 02:30"},
	} {
		w := ops.Window{From: tc.from, To: tc.from.Add(tc.length)}
		if got := labels(timeTicks(w, tc.loc, 8)); got != tc.want {
			t.Errorf("%s: got %q, want %q", tc.name, got, tc.want)
		}
	}
}

func TestAnyWindowHasFewTicksInOrder(t *testing.T) {
	for length := time.Millisecond; length < 100*365*day; length += length/3*2 + 7*time.Second {
		ticks := timeTicks(ops.Window{From: start, To: start.Add(length)}, time.UTC, 8)
		if len(ticks) > 10 {
			t.Errorf("%v: %d ticks", length, len(ticks))
		}
		for i := range ticks {
			if i > 0 && !ticks[i].at.After(ticks[i-1].at) {
				t.Errorf("%v: tick %d is not later than the one before", length, i)
			}
		}
	}
}

func TestLabelsOfMarksNeverOverlap(t *testing.T) {
	c := latency()
	for i := range 25 {
		c.Deploys = append(c.Deploys, Mark{At: at(float64(i*i) / 10), Label: strings.Repeat("v", i%7) + "1.2"})
	}
	p := layout(t, c)
	labelled := 0
	for i, f := range p.captions {
		if f.row >= 0 {
			labelled++
		}
		for _, o := range p.captions[:i] {
			if f.row >= 0 && o.row == f.row && f.from < o.to && o.from < f.to {
				t.Errorf("%q covers %q", f.words, o.words)
			}
		}
		if f.row >= 0 && (f.from < 0 || f.to > Width) {
			t.Errorf("%q leaves the picture", f.words)
		}
	}
	if labelled < 10 {
		t.Errorf("only %d of %d marks have a label", labelled, len(p.captions))
	}
}

func TestTheSuspectIsLabelledInACrowd(t *testing.T) {
	c := latency()
	c.Deploys = nil
	for i := range 60 {
		c.Deploys = append(c.Deploys, Mark{At: at(float64(i) + 0.5), Label: "2026.11.23-build"})
	}
	suspect := c.Deploys[32].At
	for _, f := range layout(t, c).captions {
		if f.at.Equal(suspect) && f.row < 0 {
			t.Error("the last deploy before the onset has no label")
		}
	}
}

func TestThinKeepsPeaks(t *testing.T) {
	points := wave(start, 100*time.Millisecond, 10_000, flat(1))
	points[4321].Value, points[8765].Value = 50, -50
	got := thin(points, hour(), 800)
	if len(got) > 1700 {
		t.Errorf("%d points are left", len(got))
	}
	s := statsOf(got)
	if diff := cmp.Diff([]float64{-50, 50}, []float64{s.min, s.max}); diff != "" {
		t.Errorf("peaks (-want +got):\n%s", diff)
	}
}

func TestLongTextIsCutToFit(t *testing.T) {
	got := fit(labelText, strings.Repeat("checkout ", 500), vg.Length(200))
	if labelText.Width(got) > 200 || !strings.HasSuffix(got, "…") {
		t.Errorf("got %q, %v wide", got, labelText.Width(got))
	}
}
