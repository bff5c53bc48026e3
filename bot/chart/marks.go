package chart

import (
	"image/color"
	"slices"
	"time"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// caption is the label of a mark: above the lines, in a row where it covers no other.
type caption struct {
	mark
	words    string
	x        vg.Length // of the mark's line
	from, to vg.Length // what the words cover
	row      int       // counted upwards; -1 when there is no place for the words
}

// placeCaptions gives each mark's label a place, in the order of the marks, so that the onset comes nearest to the lines. A label
// stands over its line or beside it; when every such place has another mark's line running through it, one is taken all the
// same. What finds no place in maxCaptionRow rows goes without a label.
func placeCaptions(marks []mark, words func(mark) string, x func(time.Time) vg.Length, right vg.Length) []caption {
	lines := make([]vg.Length, len(marks))
	for i, m := range marks {
		lines[i] = x(m.at)
	}
	var captions []caption
	for i, m := range marks {
		f, ok := place(captions, caption{mark: m, words: words(m), x: lines[i]}, right, lines)
		if !ok {
			f, _ = place(captions, f, right, nil)
		}
		captions = append(captions, f)
	}
	return captions
}

// place looks for a free place through which none of the lines runs.
func place(placed []caption, f caption, right vg.Length, lines []vg.Length) (caption, bool) {
	width := captionText.Width(f.words)
	for f.row = range maxCaptionRow {
		for _, from := range []vg.Length{f.x - width/2, f.x - width + 4, f.x - 4} {
			f.from = min(max(from, margin), right-width)
			f.to = f.from + width
			if !f.meets(placed) && !f.crossed(lines) {
				return f, true
			}
		}
	}
	f.row = -1
	return f, false
}

func (f caption) meets(placed []caption) bool {
	const gap = 12
	for _, o := range placed {
		if o.row == f.row && f.from < o.to+gap && o.from < f.to+gap {
			return true
		}
	}
	return false
}

func (f caption) crossed(lines []vg.Length) bool {
	for _, x := range lines {
		if x != f.x && f.from-3 < x && x < f.to+3 {
			return true
		}
	}
	return false
}

func rowsOf(captions []caption) int {
	rows := 0
	for _, f := range captions {
		rows = max(rows, f.row+1)
	}
	return rows
}

func deployWords(version string) string {
	if version == "" {
		return "deploy"
	}
	return cutRunes(version, 20)
}

// suspectFirst puts the last deploy before the onset before the other deploys, so that it is labelled in a crowd.
func suspectFirst(marks []mark) []mark {
	suspect := -1
	for i, m := range marks {
		if m.kind == deploy && marks[0].kind == onset && !m.at.After(marks[0].at) {
			suspect = i
		}
	}
	if suspect < 0 {
		return marks
	}
	first := slices.IndexFunc(marks, func(m mark) bool { return m.kind == deploy })
	out := slices.Insert(slices.Clone(marks), first, marks[suspect])
	return slices.Delete(out, suspect+1, suspect+2)
}

func (k markKind) style() draw.LineStyle {
	switch k {
	case onset:
		return draw.LineStyle{Color: onsetColor, Width: 4}
	case alert:
		return draw.LineStyle{Color: alertColor, Width: 2, Dashes: []vg.Length{3, 5}}
	}
	return draw.LineStyle{Color: deployColor, Width: 3, Dashes: []vg.Length{16, 5, 4, 5}}
}

// textColor is dark enough to be read on white.
func (k markKind) textColor() color.RGBA {
	return mix(k.style().Color.(color.RGBA), black, 0.3)
}

// drawMarkLines draws the least of them first, so that what matters most lies on top.
func (p *page) drawMarkLines() {
	for i := len(p.captions) - 1; i >= 0; i-- {
		f := p.captions[i]
		top := p.area.Max.Y + captionGap/2
		if f.row >= 0 {
			top = p.captionY(f.row) - captionRow/2 + 4
		}
		p.canvas.StrokeLine2(f.kind.style(), f.x, p.area.Min.Y, f.x, top)
	}
}

// drawMarkLabels lays each label on white, so that a line of another mark ends at it.
func (p *page) drawMarkLabels() {
	for _, f := range p.captions {
		if f.row < 0 {
			continue
		}
		y := p.captionY(f.row)
		low, high := y-captionRow/2+5, y+captionRow/2-5
		p.canvas.FillPolygon(white, []vg.Point{{X: f.from - 3, Y: low}, {X: f.to + 3, Y: low}, {X: f.to + 3, Y: high}, {X: f.from - 3, Y: high}})
		sty := captionText
		sty.Color = f.kind.textColor()
		p.write(sty, f.from, y, 0, f.words)
	}
}

// captionY is the middle of a row of labels.
func (p *page) captionY(row int) vg.Length {
	return p.area.Max.Y + captionGap + vg.Length(row*captionRow) + captionRow/2
}
