package chart

import (
	"bytes"
	"errors"
	"flag"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"sitrep/bot/ops"

	"github.com/google/go-cmp/cmp"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
)

var update = flag.Bool("update", false, "rewrite the goldens")

func drawn(t *testing.T, c Chart) image.Image {
	t.Helper()
	data, err := PNG(c)
	if err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// layout is where PNG puts the things of c.
func layout(t *testing.T, c Chart) *page {
	t.Helper()
	f, err := newFigure(c)
	if err != nil {
		t.Fatal(err)
	}
	return newPage(draw.New(vgimg.New(Width, Height)), f)
}

// colored counts the pixels of a colour in a column of the picture.
func colored(img image.Image, x int, want color.RGBA) int {
	n := 0
	for y := range Height {
		if color.RGBAModel.Convert(img.At(x, y)) == want {
			n++
		}
	}
	return n
}

func coloredAnywhere(img image.Image, want color.RGBA) int {
	n := 0
	for x := range Width {
		n += colored(img, x, want)
	}
	return n
}

func TestPictureHasItsSizeOnLightGround(t *testing.T) {
	img := drawn(t, latency())
	if got := img.Bounds().Size(); got != image.Pt(Width, Height) {
		t.Errorf("the picture is %v", got)
	}
	if light := coloredAnywhere(img, white); light < Width*Height*3/4 {
		t.Errorf("only %d of %d pixels are white", light, Width*Height)
	}
}

func TestMarksStandInTheirColumns(t *testing.T) {
	c := latency()
	img, p := drawn(t, c), layout(t, c)
	height := int(p.area.Size().Y)
	for _, m := range []struct {
		name  string
		at    time.Time
		color color.RGBA
		least int
	}{
		{"onset", c.Onset, onsetColor, height * 9 / 10},
		{"alert", c.Alert, alertColor, height / 4},
		{"first deploy", c.Deploys[0].At, deployColor, height / 2},
		{"second deploy", c.Deploys[1].At, deployColor, height / 2},
	} {
		if got := colored(img, int(p.x(m.at)), m.color); got < m.least {
			t.Errorf("%s: %d pixels of its colour in its column, want at least %d", m.name, got, m.least)
		}
		if got := colored(img, int(p.x(m.at))+20, m.color); got > height/10 {
			t.Errorf("%s: %d pixels of its colour beside its column", m.name, got)
		}
	}
}

func TestMarkOutsideTheWindowIsLeftOut(t *testing.T) {
	c := latency()
	c.Onset, c.Alert = at(-5), at(61)
	c.Deploys = []Mark{{At: at(-1), Label: "old"}, {At: at(90), Label: "future"}}
	if p := layout(t, c); len(p.captions) != 0 {
		t.Errorf("marks outside the window have captions: %v", p.captions)
	}
	if n := coloredAnywhere(drawn(t, c), onsetColor); n != 0 {
		t.Errorf("%d pixels have the onset's colour", n)
	}
}

func TestLineGoesThroughItsPoints(t *testing.T) {
	c := latency()
	img, p := drawn(t, c), layout(t, c)
	for _, i := range []int{5, 20, 45, 55} {
		pt := p.point(c.Now[0].Points[i])
		if got := color.RGBAModel.Convert(img.At(int(pt.X), Height-int(pt.Y))); got != seriesColors[0] {
			t.Errorf("point %d has the colour %v", i, got)
		}
	}
}

func TestBeforeIsDashedOnTheSameAxis(t *testing.T) {
	c := latency()
	img, p := drawn(t, c), layout(t, c)
	from, to := int(p.x(at(45))), int(p.x(at(59)))
	var on, off int
	for x := from; x < to; x++ {
		if colored(img, x, gray) > 0 {
			on++
		} else {
			off++
		}
	}
	if on < 30 || off < 30 {
		t.Errorf("of %d columns %d have the line of before and %d have not: not dashed", to-from, on, off)
	}
}

func TestNoLineAcrossAGap(t *testing.T) {
	for name, hole := range map[string]func([]ops.Point) []ops.Point{
		"points missing": func(p []ops.Point) []ops.Point { return append(p[:20:20], p[40:]...) },
		"points NaN": func(p []ops.Point) []ops.Point {
			for i := 20; i < 40; i++ {
				p[i].Value = math.NaN()
			}
			return p
		},
	} {
		c := Chart{Window: hour(), Now: []ops.Series{{Points: wave(start, time.Minute, 61, flat(5))}}}
		if n := colored(drawn(t, c), int(layout(t, c).x(at(30))), seriesColors[0]); n == 0 {
			t.Fatalf("%s: there is no line to begin with", name)
		}
		c.Now[0].Points = hole(c.Now[0].Points)
		img, p := drawn(t, c), layout(t, c)
		if n := colored(img, int(p.x(at(30))), seriesColors[0]); n != 0 {
			t.Errorf("%s: the line crosses the gap", name)
		}
		if n := colored(img, int(p.x(at(50))), seriesColors[0]); n == 0 {
			t.Errorf("%s: the line does not go on after the gap", name)
		}
	}
}

func TestOddSeriesAreDrawn(t *testing.T) {
	one := []ops.Point{{At: at(30), Value: 3}}
	for name, points := range map[string][]ops.Point{
		"one point":        one,
		"two points":       {{At: at(10), Value: 1}, {At: at(50), Value: 2}},
		"constant":         wave(start, time.Minute, 61, flat(0)),
		"constant not 0":   {{At: at(10), Value: 7}, {At: at(50), Value: 7}},
		"constant below 0": {{At: at(10), Value: -7}, {At: at(50), Value: -7}},
		"below zero":       wave(start, time.Minute, 61, func(i int) float64 { return float64(i) - 80 }),
		"huge":             wave(start, time.Minute, 61, flat(1e299)),
		"both ends":        {{At: at(10), Value: -1e299}, {At: at(50), Value: 1e299}},
		"tiny":             wave(start, time.Minute, 61, flat(1e-12)),
		"smallest":         {{At: at(10), Value: 5e-324}, {At: at(50), Value: 0}},
		"far from zero":    wave(start, time.Minute, 61, func(i int) float64 { return 1e9 + float64(i) }),
		"infinite once":    append([]ops.Point{{At: at(1), Value: math.Inf(1)}}, wave(at(2), time.Minute, 50, flat(2))...),
		"same moment":      {{At: at(10), Value: 1}, {At: at(10), Value: 2}, {At: at(10), Value: 3}},
		"not in order":     {{At: at(50), Value: 1}, {At: at(10), Value: 2}},
	} {
		for _, unit := range []string{"", "s", "ratio", "req/s", "B"} {
			c := Chart{Window: hour(), Now: []ops.Series{{Unit: unit, Points: points}}}
			if n := coloredAnywhere(drawn(t, c), seriesColors[0]); n < 20 {
				t.Errorf("%s in %q: only %d pixels of a line", name, unit, n)
			}
			if p := layout(t, c); len(p.yAxis.ticks) < 2 || len(p.yAxis.ticks) > 9 {
				t.Errorf("%s in %q: %d ticks", name, unit, len(p.yAxis.ticks))
			}
			if alt := Alt(c); strings.Contains(alt, "NaN") || strings.Contains(alt, "Inf") {
				t.Errorf("%s in %q: %s", name, unit, alt)
			}
		}
	}
}

func TestRefusals(t *testing.T) {
	good := latency()
	for _, tc := range []struct {
		name   string
		change func(*Chart)
		kind   ops.Kind
		msg    string
	}{
		{"no series", func(c *Chart) { c.Now, c.Before = nil, nil }, ops.NotFound, "nothing to draw"},
		{"no points", func(c *Chart) { c.Now, c.Before = []ops.Series{{Name: "p95"}}, nil }, ops.NotFound, "nothing to draw"},
		{"only NaN", func(c *Chart) {
			c.Now, c.Before = []ops.Series{{Points: []ops.Point{{At: at(3), Value: math.NaN()}}}}, nil
		}, ops.NotFound, "nothing to draw"},
		{"points outside", func(c *Chart) {
			c.Now, c.Before = []ops.Series{{Points: wave(at(100), time.Minute, 9, flat(1))}}, nil
		}, ops.NotFound, "nothing to draw"},
		{"no window", func(c *Chart) { c.Window = ops.Window{} }, ops.Invalid, "window is empty"},
		{"window backwards", func(c *Chart) { c.Window.To = c.Window.From.Add(-1) }, ops.Invalid, "window is empty"},
		{"two units", func(c *Chart) { c.Before = []ops.Series{{Name: "p95", Unit: "ratio"}} }, ops.Invalid, "s and ratio"},
	} {
		c := good
		tc.change(&c)
		_, err := PNG(c)
		var named *ops.Error
		if !errors.As(err, &named) || named.Kind != tc.kind || !strings.Contains(named.Msg, tc.msg) {
			t.Errorf("%s: got %v, want %v with %q", tc.name, err, tc.kind, tc.msg)
		}
		if alt := Alt(c); !strings.HasPrefix(alt, "No chart: ") {
			t.Errorf("%s: alt text is %q", tc.name, alt)
		}
	}
}

func TestSameChartGivesSameBytesAtTheSameTime(t *testing.T) {
	want, err := PNG(endpoints())
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if got, err := PNG(endpoints()); err != nil || !bytes.Equal(got, want) {
				t.Errorf("a second drawing differs (error %v)", err)
			}
		})
	}
	wg.Wait()
}

func TestAltGolden(t *testing.T) {
	alone := latency()
	alone.Before, alone.Deploys = nil, nil
	alone.Now[0].Name = ""
	many := traffic()
	for i := range 6 {
		many.Now = append(many.Now, ops.Series{Name: strings.Repeat("x", i+1), Points: wave(start, time.Minute, 5, flat(float64(i)))})
	}
	for name, c := range map[string]Chart{"latency": latency(), "endpoints": endpoints(), "alone": alone, "many": many} {
		path := filepath.Join("testdata", name+".alt.golden")
		got := Alt(c) + "\n"
		if *update {
			if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), got); diff != "" {
			t.Errorf("%s (-want +got; go test -update rewrites it):\n%s", name, diff)
		}
	}
}

func TestHighestSeriesAreKeptInTheirOrder(t *testing.T) {
	c := Chart{Window: hour()}
	for _, peak := range []float64{5, 1, 9, 3, 7, 2} {
		c.Now = append(c.Now, ops.Series{Name: Format(peak, ""), Points: wave(start, time.Minute, 5, flat(peak))})
	}
	var names []string
	for _, l := range layout(t, c).lines {
		names = append(names, l.name)
	}
	if diff := cmp.Diff([]string{"5", "9", "3", "7"}, names); diff != "" {
		t.Errorf("series drawn (-want +got):\n%s", diff)
	}
}

func BenchmarkPNG(b *testing.B) {
	for name, c := range map[string]Chart{"hour": latency(), "10kpoints": traffic()} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := PNG(c); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
