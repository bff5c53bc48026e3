package chart

import (
	"image/color"
	"strings"

	"sitrep/bot/ops"

	xfont "golang.org/x/image/font"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// The palette of Okabe and Ito: four hues for series, three for marks, none used twice.
var (
	seriesColors = [MaxSeries]color.RGBA{
		{0x00, 0x72, 0xB2, 0xFF}, // blue
		{0xE6, 0x9F, 0x00, 0xFF}, // orange
		{0x00, 0x9E, 0x73, 0xFF}, // bluish green
		{0x56, 0xB4, 0xE9, 0xFF}, // sky blue
	}
	seriesGlyphs = [MaxSeries]draw.GlyphDrawer{draw.CircleGlyph{}, draw.BoxGlyph{}, draw.PyramidGlyph{}, diamond{}}

	onsetColor  = color.RGBA{0xD5, 0x5E, 0x00, 0xFF} // vermillion
	alertColor  = color.RGBA{0x00, 0x00, 0x00, 0xFF}
	deployColor = color.RGBA{0xCC, 0x79, 0xA7, 0xFF} // reddish purple

	ink   = color.RGBA{0x22, 0x22, 0x22, 0xFF}
	quiet = color.RGBA{0x5A, 0x5A, 0x5A, 0xFF}
	grid  = color.RGBA{0xE2, 0xE2, 0xE2, 0xFF}
	gray  = color.RGBA{0x85, 0x85, 0x85, 0xFF}

	beforeDash = []vg.Length{9, 7}

	titleText   = textStyle(29, xfont.WeightBold, ink)
	labelText   = textStyle(23, xfont.WeightNormal, ink)
	quietText   = textStyle(22, xfont.WeightNormal, quiet)
	captionText = textStyle(22, xfont.WeightBold, ink)
)

func textStyle(size vg.Length, weight xfont.Weight, c color.Color) text.Style {
	f := font.From(font.Font{Typeface: "Liberation", Variant: "Sans", Weight: weight}, size)
	return text.Style{Color: c, Font: f, Handler: plot.DefaultTextHandler, YAlign: text.YCenter}
}

// mix is a with share of b in it.
func mix(a, b color.RGBA, share float64) color.RGBA {
	m := func(x, y uint8) uint8 { return uint8(float64(x)*(1-share) + float64(y)*share) }
	return color.RGBA{m(a.R, b.R), m(a.G, b.G), m(a.B, b.B), 0xFF}
}

var (
	white = color.RGBA{0xFF, 0xFF, 0xFF, 0xFF}
	black = color.RGBA{0x00, 0x00, 0x00, 0xFF}
)

// diamond is a filled square that stands on its corner.
type diamond struct{}

func (diamond) DrawGlyph(c *draw.Canvas, sty draw.GlyphStyle, at vg.Point) {
	r := sty.Radius * 1.3
	c.FillPolygon(sty.Color, []vg.Point{{X: at.X - r, Y: at.Y}, {X: at.X, Y: at.Y + r}, {X: at.X + r, Y: at.Y}, {X: at.X, Y: at.Y - r}})
}

func nowStyle(i int) draw.LineStyle {
	return draw.LineStyle{Color: seriesColors[i], Width: 4}
}

// beforeStyle is gray when there is one series, as nothing can be confused then, and a pale form of the series' colour else.
func (f *figure) beforeStyle(i int) draw.LineStyle {
	c := gray
	if len(f.lines) > 1 {
		c = mix(seriesColors[i], white, 0.35)
	}
	return draw.LineStyle{Color: c, Width: 3, Dashes: beforeDash}
}

func glyphStyle(i int) draw.GlyphStyle {
	return draw.GlyphStyle{Color: seriesColors[i], Radius: 7, Shape: seriesGlyphs[i]}
}

// write puts one line of text with its middle at y; align is 0 for left, -0.5 for centre, -1 for right of x.
func (p *page) write(sty text.Style, x, y vg.Length, align float64, words string) {
	sty.XAlign = text.XAlignment(align)
	p.canvas.FillText(sty, vg.Point{X: x, Y: y}, words)
}

// fit cuts words so that they are at most width wide.
func fit(sty text.Style, words string, width vg.Length) string {
	words = strings.Join(strings.Fields(words), " ")
	for n := len([]rune(words)) - 1; n > 0 && sty.Width(words) > width; n-- {
		words = cutRunes(words, n)
	}
	return words
}

func (p *page) drawHeader() {
	y := vg.Length(Height - margin - titleRow/2)
	date := p.dateText()
	p.write(quietText, Width-2*margin, y, -1, date)
	title := p.title
	if title == "" && len(p.lines) == 1 {
		title = p.lines[0].name
	}
	room := Width - 4*margin - quietText.Width(date)
	if p.yAxis.unit != "" {
		unit := fit(quietText, p.yAxis.unit, room/3)
		title = fit(titleText, title, room-quietText.Width(unit)-margin)
		p.write(quietText, margin+titleText.Width(title)+margin, y-1, 0, unit)
	}
	p.write(titleText, margin, y, 0, fit(titleText, title, room))
	if p.legendHeight() == legendRow {
		p.drawLegend(vg.Length(Height - margin - titleRow - legendRow/2))
	}
}

// legendHeight is only a little air when one line is all that there is.
func (p *page) legendHeight() vg.Length {
	if len(p.lines) == 1 && !p.hasBefore() {
		return legendRow / 3
	}
	return legendRow
}

func (p *page) dateText() string {
	from, to := p.window.From.In(p.loc), p.window.To.In(p.loc)
	if from.YearDay() != to.YearDay() {
		return from.Format("2 Jan") + "–" + to.Format("2 Jan 2006") + ", " + zone(to)
	}
	return to.Format("2 Jan 2006") + ", " + zone(to)
}

func (p *page) drawLegend(y vg.Length) {
	const sample, gap = 46, 10
	x := vg.Length(margin)
	entry := func(sty draw.LineStyle, words string) {
		p.canvas.StrokeLine2(sty, x, y, x+sample, y)
		p.write(labelText, x+sample+gap, y+2, 0, words)
	}
	var earlier string
	room := vg.Length(Width - 2*margin)
	if p.hasBefore() {
		earlier = lengthText(p.window.Length()) + " earlier"
		room -= sample + 3*gap + labelText.Width(earlier)
	}
	each := room/vg.Length(len(p.lines)) - sample - 3*gap
	for i, l := range p.lines {
		words := "now"
		if len(p.lines) > 1 {
			words = fit(labelText, l.name, each)
			p.canvas.DrawGlyphNoClip(glyphStyle(i), vg.Point{X: x + sample/2, Y: y})
		}
		entry(nowStyle(i), words)
		x += sample + 3*gap + labelText.Width(words)
	}
	if earlier != "" {
		sty := p.beforeStyle(0)
		sty.Color = gray
		entry(sty, earlier)
	}
}

func (p *page) drawAxes() {
	for _, t := range p.yAxis.ticks {
		y := vg.Length(int(p.y(t.value)))
		p.canvas.StrokeLine2(draw.LineStyle{Color: grid, Width: 2}, p.area.Min.X, y, p.area.Max.X, y)
		p.write(labelText, p.area.Min.X-yLabelGap, y+2, -1, t.label)
	}
	base := vg.Length(int(p.area.Min.Y))
	p.canvas.StrokeLine2(draw.LineStyle{Color: quiet, Width: 2}, p.area.Min.X, base, p.area.Max.X, base)
	for _, t := range p.xAxis {
		x := p.x(t.at)
		p.canvas.StrokeLine2(draw.LineStyle{Color: quiet, Width: 2}, x, base, x, base-6)
		half := labelText.Width(t.label) / 2
		p.write(labelText, min(max(x, half), Width-half-2), base-24, -0.5, t.label)
	}
}

func (p *page) drawLines() {
	for i, l := range p.lines {
		p.drawRuns(l.before, p.beforeStyle(i))
	}
	for i, l := range p.lines {
		p.drawRuns(l.now, nowStyle(i))
		if len(p.lines) > 1 {
			p.drawGlyphs(i, l.now)
		}
	}
}

func (p *page) drawRuns(points []ops.Point, sty draw.LineStyle) {
	columns := int(p.area.Size().X)
	for _, run := range segments(points) {
		all := len(run)
		run = thin(run, p.window, columns)
		if len(run) < all {
			sty.Width = 2 // a dense line is a band, which a broad pen would blur
		}
		path := make([]vg.Point, len(run))
		for i, pt := range run {
			path[i] = p.point(pt)
		}
		if len(path) == 1 {
			p.canvas.DrawGlyphNoClip(draw.GlyphStyle{Color: sty.Color, Radius: 6, Shape: draw.CircleGlyph{}}, path[0])
			continue
		}
		p.canvas.StrokeLines(sty, path)
	}
}

// drawGlyphs sets about six of the series' own glyphs along its line; series are set off from each other, so that lines that lie on
// each other can be told apart.
func (p *page) drawGlyphs(i int, points []ops.Point) {
	const along = 6
	every := max(1, len(points)/along)
	for n := every * i / MaxSeries; n < len(points); n += every {
		if points[n].Value == points[n].Value {
			p.canvas.DrawGlyphNoClip(glyphStyle(i), p.point(points[n]))
		}
	}
}
