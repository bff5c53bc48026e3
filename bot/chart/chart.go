// Package chart draws a metric as a picture for a chat room: now against before, with the onset, the alert and the deploys marked.
//
// It queries nothing and decides nothing: the caller gives the points and the moments. It is not a plotting library; there
// is one kind of picture, made to be read on a phone at night, and a text that says the same for those who cannot see it.
//
// The colours are those of Okabe and Ito (https://jfly.uni-koeln.de/color/), and every line can also be told by its dash or its dots.
package chart

import (
	"bytes"
	"fmt"
	"image/color"
	"image/png"
	"math"
	"time"

	"sitrep/bot/ops"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
)

// The size of a picture in pixels, and how many series it can hold.
const (
	Width     = 960
	Height    = 480
	MaxSeries = 4
)

// Mark is a moment worth showing, with the few words that name it.
type Mark struct {
	At    time.Time
	Label string
}

// Chart is what to draw. Title, Before and the marks may be left out; a mark outside the window is not drawn.
type Chart struct {
	Title    string
	Window   ops.Window     // what the axis spans
	Now      []ops.Series   // in Window; of more than MaxSeries those with the highest peaks are drawn
	Before   []ops.Series   // in Window.Before(); matched with Now by name, or alone with alone
	Onset    time.Time      // when the change began, or zero
	Alert    time.Time      // when the alert fired, or zero
	Deploys  []Mark         // labelled with their versions
	Location *time.Location // for the times that people read; nil means UTC
}

// PNG draws the chart, Width by Height pixels. The same chart gives the same bytes. The error is of kind Invalid when the
// window is empty or the series have different units, and NotFound when there is no point to draw. It may be called concurrently.
func PNG(c Chart) ([]byte, error) {
	f, err := newFigure(c)
	if err != nil {
		return nil, err
	}
	img := vgimg.NewWith(vgimg.UseWH(Width, Height), vgimg.UseDPI(72), vgimg.UseBackgroundColor(color.White))
	p := newPage(draw.New(img), f)
	p.drawHeader()
	p.drawAxes()
	p.drawMarkLines()
	p.drawLines()
	p.drawMarkLabels()
	var out bytes.Buffer
	enc := png.Encoder{CompressionLevel: png.BestSpeed}
	if err := enc.Encode(&out, img.Image()); err != nil {
		return nil, &ops.Error{Op: "chart.PNG", Kind: ops.Internal, Msg: "could not encode the chart", Err: err}
	}
	return out.Bytes(), nil
}

// page is the canvas with the places of things worked out. One unit is one pixel; the origin is at the bottom left.
type page struct {
	canvas draw.Canvas
	figure
	yAxis    axis
	xAxis    []tick
	captions []caption
	area     vg.Rectangle // where the lines are
}

const (
	margin        = 14
	titleRow      = 44
	legendRow     = 36
	captionRow    = 30
	xLabelRow     = 44
	yLabelGap     = 10
	captionGap    = 14 // between the labels of the marks and the topmost label of the axis
	maxCaptionRow = 3
)

func newPage(canvas draw.Canvas, f figure) *page {
	p := &page{canvas: canvas, figure: f}
	p.yAxis = newAxis(f.low, f.high, f.unit)
	var widest vg.Length
	for _, t := range p.yAxis.ticks {
		widest = max(widest, labelText.Width(t.label))
	}
	p.area.Min = vg.Point{X: margin + widest + yLabelGap, Y: xLabelRow}
	p.area.Max = vg.Point{X: Width - 2*margin, Y: Height - margin - titleRow - p.legendHeight()}
	p.captions = placeCaptions(suspectFirst(f.marks), p.words, p.x, Width-margin)
	p.area.Max.Y -= vg.Length(rowsOf(p.captions)*captionRow) + captionGap
	p.xAxis = timeTicks(f.window, f.loc, 8)
	return p
}

// x is rounded to a pixel, so that upright lines are sharp.
func (p *page) x(at time.Time) vg.Length {
	share := float64(at.Sub(p.window.From)) / float64(p.window.Length())
	return vg.Length(math.Round(float64(p.area.Min.X) + share*float64(p.area.Size().X)))
}

// words is the label of a mark; the moments that matter most tell their time.
func (p *page) words(m mark) string {
	if m.kind == deploy {
		return deployWords(m.label)
	}
	return m.kind.String() + " " + m.at.In(p.loc).Format("15:04")
}

func (p *page) point(pt ops.Point) vg.Point {
	share := float64(pt.At.Sub(p.window.From)) / float64(p.window.Length())
	return vg.Point{
		X: p.area.Min.X + vg.Length(share)*p.area.Size().X,
		Y: p.y(pt.Value),
	}
}

func (p *page) y(v float64) vg.Length {
	share := (v - p.yAxis.low) / (p.yAxis.high - p.yAxis.low)
	return p.area.Min.Y + vg.Length(share)*p.area.Size().Y
}

func invalid(format string, args ...any) error {
	return &ops.Error{Op: "chart.PNG", Kind: ops.Invalid, Msg: fmt.Sprintf(format, args...)}
}
