package chart

import (
	"math"
	"slices"
	"sort"
	"time"

	"sitrep/bot/ops"
)

// Beyond tooBig the arithmetic of an axis would overflow; such a value is a fault of its source and is left out like NaN. Below
// tooSmall it would divide by zero; such a value is drawn as zero.
const (
	tooBig   = 1e300
	tooSmall = 1e-300
)

// figure is a chart made clean: finite points inside the window in order of time, series paired, marks sorted.
type figure struct {
	title     string
	window    ops.Window
	loc       *time.Location
	unit      string
	lines     []line
	left      int // series that are not drawn
	low, high float64
	marks     []mark
}

// line is one series now and, moved onto the same axis, before.
type line struct {
	name        string
	now, before []ops.Point
}

// markKind orders the marks by what they matter to the reader.
type markKind int

const (
	onset markKind = iota
	alert
	deploy
)

func (k markKind) String() string {
	return [...]string{"onset", "alert", "deploy"}[k]
}

type mark struct {
	kind  markKind
	at    time.Time
	label string // of a deploy
}

func newFigure(c Chart) (figure, error) {
	f := figure{title: c.Title, window: c.Window, loc: c.Location}
	if f.loc == nil {
		f.loc = time.UTC
	}
	if c.Window.Length() <= 0 {
		return f, invalid("the chart's window is empty: it ends at %s and begins at %s", c.Window.To.Format(time.RFC3339), c.Window.From.Format(time.RFC3339))
	}
	for _, s := range slices.Concat(c.Now, c.Before) {
		if f.unit != "" && s.Unit != "" && s.Unit != f.unit {
			return f, invalid("series in different units (%s and %s) do not fit one chart", f.unit, s.Unit)
		}
		f.unit = max(f.unit, s.Unit)
	}
	f.lines = pair(c)
	if len(f.lines) == 0 {
		return f, &ops.Error{Op: "chart.PNG", Kind: ops.NotFound, Msg: "there is nothing to draw: the source has no values in this window"}
	}
	f.keepHighest()
	f.low, f.high = f.span()
	f.marks = marksOf(c)
	return f, nil
}

// pair matches each series of now with the one of before. A series without a point in either window is left out.
func pair(c Chart) []line {
	var lines []line
	for _, s := range c.Now {
		l := line{name: s.Name, now: clean(s.Points, c.Window, 0)}
		for _, b := range c.Before {
			if b.Name == s.Name || len(c.Now) == 1 && len(c.Before) == 1 {
				l.before = clean(b.Points, c.Window, c.Window.Length())
				break
			}
		}
		if len(l.now)+len(l.before) > 0 {
			lines = append(lines, l)
		}
	}
	return lines
}

// clean returns the points that can be drawn inside w, moved by shift, in order of time. NaN stays, since it breaks the line.
func clean(points []ops.Point, w ops.Window, shift time.Duration) []ops.Point {
	out := make([]ops.Point, 0, len(points))
	finite := 0
	for _, p := range points {
		p.At = p.At.Add(shift)
		if p.At.Before(w.From) || p.At.After(w.To) {
			continue
		}
		if math.Abs(p.Value) > tooBig {
			p.Value = math.NaN()
		}
		if math.Abs(p.Value) < tooSmall {
			p.Value = 0
		}
		if !math.IsNaN(p.Value) {
			finite++
		}
		out = append(out, p)
	}
	if finite == 0 {
		return nil
	}
	slices.SortStableFunc(out, func(a, b ops.Point) int { return a.At.Compare(b.At) })
	return out
}

// keepHighest keeps the MaxSeries lines with the highest peaks, in the order in which they were given.
func (f *figure) keepHighest() {
	f.left = max(0, len(f.lines)-MaxSeries)
	if f.left == 0 {
		return
	}
	peaks := make([]float64, len(f.lines))
	order := make([]int, len(f.lines))
	for i, l := range f.lines {
		order[i] = i
		peaks[i] = statsOf(l.now).max
	}
	sort.SliceStable(order, func(a, b int) bool { return peaks[order[a]] > peaks[order[b]] })
	order = order[:MaxSeries]
	slices.Sort(order)
	kept := make([]line, 0, MaxSeries)
	for _, i := range order {
		kept = append(kept, f.lines[i])
	}
	f.lines = kept
}

func (f *figure) span() (low, high float64) {
	low, high = math.Inf(1), math.Inf(-1)
	for _, l := range f.lines {
		for _, p := range slices.Concat(l.now, l.before) {
			if !math.IsNaN(p.Value) {
				low, high = min(low, p.Value), max(high, p.Value)
			}
		}
	}
	return low, high
}

func (f *figure) hasBefore() bool {
	return slices.ContainsFunc(f.lines, func(l line) bool { return len(l.before) > 0 })
}

func marksOf(c Chart) []mark {
	var marks []mark
	add := func(m mark) {
		if !m.at.IsZero() && !m.at.Before(c.Window.From) && !m.at.After(c.Window.To) {
			marks = append(marks, m)
		}
	}
	add(mark{kind: onset, at: c.Onset})
	add(mark{kind: alert, at: c.Alert})
	deploys := slices.Clone(c.Deploys)
	slices.SortStableFunc(deploys, func(a, b Mark) int { return a.At.Compare(b.At) })
	for _, d := range deploys {
		add(mark{kind: deploy, at: d.At, label: d.Label})
	}
	return marks
}

// segments cuts points where a line would lie: at NaN, and where the distance is well above the usual one.
func segments(points []ops.Point) [][]ops.Point {
	limit := gapLimit(points)
	var out [][]ops.Point
	var run []ops.Point
	end := func() {
		if len(run) > 0 {
			out = append(out, run)
		}
		run = nil
	}
	for _, p := range points {
		if math.IsNaN(p.Value) {
			end()
			continue
		}
		if len(run) > 0 && p.At.Sub(run[len(run)-1].At) > limit {
			end()
		}
		run = append(run, p)
	}
	end()
	return out
}

// gapLimit is two and a half times the median distance of two points.
func gapLimit(points []ops.Point) time.Duration {
	if len(points) < 3 {
		return math.MaxInt64
	}
	steps := make([]time.Duration, 0, len(points)-1)
	for i := range points[1:] {
		steps = append(steps, points[i+1].At.Sub(points[i].At))
	}
	slices.Sort(steps)
	return steps[len(steps)/2] * 5 / 2
}

// thin keeps the lowest and the highest point of each pixel column, so that no peak is lost.
func thin(points []ops.Point, w ops.Window, columns int) []ops.Point {
	if len(points) <= 2*columns {
		return points
	}
	var out []ops.Point
	for start := 0; start < len(points); {
		col := column(points[start], w, columns)
		low, high, next := start, start, start+1
		for ; next < len(points) && column(points[next], w, columns) == col; next++ {
			if points[next].Value < points[low].Value {
				low = next
			}
			if points[next].Value > points[high].Value {
				high = next
			}
		}
		out = append(out, points[min(low, high)])
		if low != high {
			out = append(out, points[max(low, high)])
		}
		start = next
	}
	return out
}

func column(p ops.Point, w ops.Window, columns int) int {
	return int(float64(p.At.Sub(w.From)) / float64(w.Length()) * float64(columns))
}
