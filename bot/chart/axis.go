package chart

import (
	"math"
	"strconv"
	"strings"
	"time"

	"sitrep/bot/ops"
)

// tick is a labelled place on an axis: a share of the way for times, a value for values.
type tick struct {
	at    time.Time
	value float64
	label string
}

// axis is the range of values that is drawn, and its ticks.
type axis struct {
	low, high float64
	ticks     []tick
	unit      string // to be told beside the title, when it is too long for the ticks
}

// maxTicks bounds an axis whose steps are too fine for a float64 to count.
const maxTicks = 8

// newAxis makes an axis of about five round steps. It begins at zero, so that a small change does not look like a large one;
// only values of an unknown unit that lie close together far from zero are enlarged.
func newAxis(low, high float64, unit string) axis {
	if (unit != "" || low < 0.8*high) && low > 0 {
		low = 0
	}
	if high < 0 && low != high {
		high = max(high, 0)
	}
	if low == high {
		low, high = min(low, 0), max(high, 0)
	}
	if low == high {
		high = flatTop(unit)
	}
	s := scaleFor(max(math.Abs(low), math.Abs(high)), unit)
	step := niceStep((high - low) / s.factor / 5)
	first, last := math.Floor(low/s.factor/step), math.Ceil(high/s.factor/step)
	a := axis{low: first * step * s.factor, high: last * step * s.factor}
	suffix, beside := s.axisUnit()
	a.unit = beside
	for i := range min(int(last-first), maxTicks) + 1 {
		n := first + float64(i)
		label := number(n*step, step)
		if n != 0 || s.prefix == "" {
			label += suffix
		}
		a.ticks = append(a.ticks, tick{value: n * step * s.factor, label: label})
	}
	return a
}

// flatTop is where the axis of a line at zero ends.
func flatTop(unit string) float64 {
	if unit == ops.Latency.Unit() || unit == ops.Errors.Unit() {
		return 0.1
	}
	return 1
}

// niceStep is the smallest of 1, 2, 2.5 and 5 times a power of ten that is not below raw.
func niceStep(raw float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(raw)))
	for _, m := range []float64{1, 2, 2.5, 5} {
		if m*power >= raw*(1-1e-9) {
			return m * power
		}
	}
	return 10 * power
}

// number writes v with as many decimals as a multiple of step needs.
func number(v, step float64) string {
	if math.Abs(v) >= 1e6 {
		return strconv.FormatFloat(v, 'g', 4, 64)
	}
	decimals := 0
	for s := step; decimals < 9 && math.Abs(s-math.Round(s)) > 1e-6*s; decimals++ {
		s *= 10
	}
	text := strconv.FormatFloat(v, 'f', decimals, 64)
	if strings.Trim(text, "-0.") == "" {
		return "0"
	}
	return text
}

// scale says how a value is told to people: divided by factor, followed by prefix and unit.
type scale struct {
	factor float64
	prefix string // "k"
	unit   string // "ms", "req/s"
}

var (
	timeScales = []scale{{1e-6, "", "µs"}, {1e-3, "", "ms"}, {1, "", "s"}, {60, "", "min"}, {3600, "", "h"}}
	timeFrom   = []float64{0, 1e-3, 1, 120, 7200}
	byteNames  = []string{"B", "KiB", "MiB", "GiB", "TiB", "PiB"}
	siPrefixes = []string{"", "k", "M", "G", "T"}
)

// scaleFor picks the scale for values up to size.
func scaleFor(size float64, unit string) scale {
	switch unit {
	case "s":
		i := len(timeFrom) - 1
		for i > 0 && size < timeFrom[i] {
			i--
		}
		if size == 0 {
			i = 1
		}
		return timeScales[i]
	case "ratio":
		return scale{0.01, "", "%"}
	case "B", "By", "bytes":
		i := power(size, 1024, len(byteNames))
		return scale{math.Pow(1024, float64(i)), "", byteNames[i]}
	}
	i := power(size, 1000, len(siPrefixes))
	return scale{math.Pow(1000, float64(i)), siPrefixes[i], unit}
}

func power(size, base float64, n int) int {
	i := 0
	for ; i < n-1 && size >= base; i++ {
		size /= base
	}
	return i
}

// axisUnit is what follows each tick's number, and what is told once beside the title.
func (s scale) axisUnit() (suffix, beside string) {
	if s.unit == "" || s.prefix != "" || len([]rune(s.unit)) > 3 {
		return s.prefix, s.unit
	}
	return " " + s.unit, ""
}

// Format writes a value for people, with three digits and in the unit that suits its size: "180 ms", "2.4 s", "3.1 %", "1.2k req/s".
// The units are those of ops.Series.
func Format(v float64, unit string) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return "no value"
	}
	s := scaleFor(math.Abs(v), unit)
	return strings.TrimSpace(digits(v/s.factor) + s.prefix + " " + s.unit)
}

// digits writes three significant digits, and never drops one before the point.
func digits(v float64) string {
	if math.Abs(v) >= 1e6 {
		return strconv.FormatFloat(v, 'g', 3, 64)
	}
	if math.Abs(v) >= 100 {
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	return strconv.FormatFloat(roundTo3(v), 'f', -1, 64)
}

func roundTo3(v float64) float64 {
	r, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 3, 64), 64)
	if err != nil {
		return v
	}
	return r
}
