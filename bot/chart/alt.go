package chart

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"sitrep/bot/ops"
)

const maxAltDeploys = 10

// Alt tells in words what PNG draws: the lowest, middle and highest value of each series now and before, and the marks with their times.
// A chart that cannot be drawn gives the reason.
func Alt(c Chart) string {
	f, err := newFigure(c)
	if err != nil {
		return "No chart: " + ops.Tell(err) + "."
	}
	var out strings.Builder
	if f.title != "" {
		out.WriteString(cutRunes(f.title, 200) + ", ")
	}
	out.WriteString(spanText(f.window, f.loc) + ".")
	for _, l := range f.lines {
		out.WriteString(" " + f.lineText(l))
	}
	if f.left > 0 {
		fmt.Fprintf(&out, " %d more series with lower peaks are not drawn.", f.left)
	}
	out.WriteString(f.marksText())
	return out.String()
}

func (f *figure) lineText(l line) string {
	text := "now " + f.statsText(statsOf(l.now))
	if len(l.before) > 0 {
		text += "; " + lengthText(f.window.Length()) + " earlier " + f.statsText(statsOf(l.before))
	}
	if l.name != "" {
		return cutRunes(l.name, 80) + ": " + text + "."
	}
	return strings.ToUpper(text[:1]) + text[1:] + "."
}

func (f *figure) statsText(s stats) string {
	if s.n == 0 {
		return "no values"
	}
	if s.min == s.max {
		return Format(s.min, f.unit) + " throughout"
	}
	return fmt.Sprintf("between %s and %s, median %s", Format(s.min, f.unit), Format(s.max, f.unit), Format(s.median, f.unit))
}

func (f *figure) marksText() string {
	var out strings.Builder
	var deploys []string
	for _, m := range f.marks {
		at := m.at.In(f.loc).Format("15:04")
		switch m.kind {
		case onset:
			out.WriteString(" The change began at " + at + ".")
		case alert:
			out.WriteString(" The alert fired at " + at + ".")
		case deploy:
			deploys = append(deploys, strings.TrimSpace(cutRunes(m.label, 40)+" at "+at))
		}
	}
	if more := len(deploys) - maxAltDeploys; more > 0 {
		deploys = append(deploys[more:], fmt.Sprintf("and %d earlier", more))
	}
	if len(deploys) > 0 {
		out.WriteString(" Deployed: " + strings.Join(deploys, ", ") + ".")
	}
	return out.String()
}

// stats are the figures of one line.
type stats struct {
	n                int
	min, median, max float64
}

func statsOf(points []ops.Point) stats {
	values := make([]float64, 0, len(points))
	for _, p := range points {
		if !math.IsNaN(p.Value) {
			values = append(values, p.Value)
		}
	}
	if len(values) == 0 {
		return stats{min: math.Inf(1), max: math.Inf(-1)}
	}
	slices.Sort(values)
	n := len(values)
	median := values[n/2]
	if n%2 == 0 {
		median = values[n/2-1]/2 + values[n/2]/2
	}
	return stats{n: n, min: values[0], median: median, max: values[n-1]}
}

// cutRunes shortens text to n runes, the last of which is then an ellipsis.
func cutRunes(text string, n int) string {
	r := []rune(strings.Join(strings.Fields(text), " "))
	if len(r) <= n {
		return string(r)
	}
	return strings.TrimSpace(string(r[:n-1])) + "…"
}
