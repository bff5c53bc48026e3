package chart

import (
	"math"
	"time"

	"sitrep/bot/ops"
)

var start = time.Date(2026, 11, 23, 13, 30, 0, 0, time.UTC)

func at(minutes float64) time.Time { return start.Add(time.Duration(minutes * float64(time.Minute))) }

// wave is a series of one point a step, with a small ripple that is always the same.
func wave(from time.Time, step time.Duration, n int, value func(i int) float64) []ops.Point {
	points := make([]ops.Point, n)
	for i := range points {
		ripple := 1 + 0.06*math.Sin(float64(i)*1.7) + 0.04*math.Sin(float64(i)*0.61)
		points[i] = ops.Point{At: from.Add(time.Duration(i) * step), Value: value(i) * ripple}
	}
	return points
}

func flat(v float64) func(int) float64 { return func(int) float64 { return v } }

// stepUp is low until the change at i, then climbs to high within five points.
func stepUp(change int, low, high float64) func(int) float64 {
	return func(i int) float64 {
		return low + (high-low)*min(1, max(0, float64(i-change)/5))
	}
}

func hour() ops.Window { return ops.Window{From: start, To: at(60)} }

// latency is the picture of the usual incident.
func latency() Chart {
	w := hour()
	return Chart{
		Title:  "checkout: p95 latency",
		Window: w,
		Now:    []ops.Series{{Name: "p95", Unit: "s", Points: wave(w.From, time.Minute, 61, stepUp(33, 0.18, 2.4))}},
		Before: []ops.Series{{Name: "p95", Unit: "s", Points: wave(w.Before().From, time.Minute, 61, flat(0.19))}},
		Onset:  at(33), Alert: at(38),
		Deploys: []Mark{{At: at(9), Label: "v2.4.0"}, {At: at(31), Label: "v2.4.1"}},
	}
}

// endpoints is the errors of three endpoints in a zone off the full hour, with a gap and many deploys.
func endpoints() Chart {
	w := hour()
	gap := wave(w.From, time.Minute, 61, stepUp(20, 0.01, 0.08))
	gap = append(gap[:36:36], gap[48:]...)
	series := func(from time.Time) []ops.Series {
		return []ops.Series{
			{Name: "POST /cart", Unit: "ratio", Points: wave(from, time.Minute, 61, flat(0.03))},
			{Name: "POST /pay", Unit: "ratio", Points: wave(from, time.Minute, 61, flat(0.012))},
			{Name: "GET /very/long/path/that/nobody/can/read", Unit: "ratio", Points: wave(from, time.Minute, 61, flat(0.02))},
		}
	}
	c := Chart{Title: "payments: share of failed requests by endpoint, all regions", Window: w, Now: series(w.From), Before: series(w.Before().From)}
	c.Now[1].Points = gap
	c.Location = time.FixedZone("IST", 5*3600+1800)
	c.Onset, c.Alert = at(20), at(21)
	for i := range 9 {
		c.Deploys = append(c.Deploys, Mark{At: at(float64(i) * 6.5), Label: "2026.11.23-" + string(rune('a'+i))})
	}
	return c
}

func traffic() Chart {
	w := ops.Window{From: start.Add(-48 * time.Hour), To: start.Add(48 * time.Hour)}
	day := func(i int) float64 { return 41000 + 30000*math.Sin(float64(i)*2*math.Pi/2880) }
	return Chart{
		Title:  "edge traffic",
		Window: w,
		Now:    []ops.Series{{Name: "rps", Unit: "req/s", Points: wave(w.From, 35*time.Second, 9800, day)}},
	}
}
