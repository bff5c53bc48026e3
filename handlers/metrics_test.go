package handlers

import (
	"math"
	"testing"
	"time"

	"sitrep/bot/ops"
)

func TestLevel(t *testing.T) {
	at := func(i int) time.Time { return noon.Add(time.Duration(i) * time.Minute) }
	series := func(values ...float64) ops.Series {
		var s ops.Series
		for i, v := range values {
			s.Points = append(s.Points, ops.Point{At: at(i), Value: v})
		}
		return s
	}
	for name, c := range map[string]struct {
		signal ops.Signal
		series []ops.Series
		from   time.Time
		want   float64
	}{
		"what has just begun counts":        {ops.Latency, []ops.Series{series(1, 1, 1, 1, 1, 1, 9, 9, 9)}, at(6), 9},
		"the middle value":                  {ops.Latency, []ops.Series{series(1, 5, 100)}, at(0), 5},
		"three points at the least":         {ops.Latency, []ops.Series{series(1, 2, 3, 1000)}, at(3), 3},
		"fewer than three":                  {ops.Latency, []ops.Series{series(7)}, at(0), 7},
		"all of it is before the moment":    {ops.Latency, []ops.Series{series(1, 2, 3, 4)}, at(60), 3},
		"a gap is no value":                 {ops.Latency, []ops.Series{series(math.NaN(), 2, math.NaN())}, at(0), 2},
		"the highest of several":            {ops.Latency, []ops.Series{series(1, 1, 1), series(4, 4, 4)}, at(0), 4},
		"traffic adds up":                   {ops.Traffic, []ops.Series{series(1, 1, 1), series(4, 4, 4)}, at(0), 5},
		"one of several without any values": {ops.Traffic, []ops.Series{series(), series(4, 4, 4)}, at(0), 4},
	} {
		t.Run(name, func(t *testing.T) {
			if got := level(c.signal, c.series, c.from); got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
	if got := level(ops.Latency, nil, noon); !math.IsNaN(got) {
		t.Errorf("no series: %v", got)
	}
}

func TestRecentIsThreeMinutesOfAnHour(t *testing.T) {
	w := ops.Window{From: noon, To: noon.Add(time.Hour)}
	if got := w.To.Sub(recent(w)); got != 3*time.Minute {
		t.Errorf("got %s", got)
	}
}
