package authz_test

import (
	"cmp"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A drawing says what its curves are drawn in: over a logarithmic axis.
type drawing struct {
	title, x, y string
	goal        float64 // a line across
	of          string  // what the goal is for
}

// A curve is what is measured of one thing.
type curve struct {
	name string
	x, y []float64
}

func (c *curve) add(x, y float64) { c.x, c.y = append(c.x, x), append(c.y, y) }

// per makes ratios of the values.
func (c *curve) per(unit float64) {
	for i := range c.y {
		c.y[i] /= unit
	}
}

// plot writes the curves to a file, if a directory for plots is named.
func plot(b *testing.B, name string, d drawing, curves []curve) {
	dir := os.Getenv("OFFLINEAUTH_PLOTS")
	if dir == "" {
		return
	}
	if err := os.WriteFile(filepath.Join(dir, name), []byte(d.svg(curves)), 0o644); err != nil {
		b.Fatal(err)
	}
}

const (
	plotWidth, plotHeight        = 720.0, 420.0
	plotLeft, plotRight          = 80.0, 160.0 // the names of the curves are on the right
	plotTop, plotBottom          = 50.0, 70.0
	plotNameHeight, plotMarkSize = 18.0, 4.5
)

// plotStyle follows the reader's light or dark.
const plotStyle = `<style>
text { font: 13px sans-serif; fill: #24292f } .title { font-size: 16px; font-weight: bold } .paper { fill: #ffffff }
.grid { stroke: #d0d7de } .goal { stroke: #57606a; stroke-dasharray: 6 4 } .curve { fill: none; stroke-width: 2 }
.c0 { stroke: #0550ae } .m0 { fill: #0550ae } .c1 { stroke: #bc4c00 } .m1 { fill: #bc4c00 }
.c2 { stroke: #116329 } .m2 { fill: #116329 } .c3 { stroke: #8250df } .m3 { fill: #8250df }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 } .paper { fill: #0d1117 } .grid { stroke: #30363d } .goal { stroke: #8b949e }
.c0 { stroke: #58a6ff } .m0 { fill: #58a6ff } .c1 { stroke: #f0883e } .m1 { fill: #f0883e }
.c2 { stroke: #3fb950 } .m2 { fill: #3fb950 } .c3 { stroke: #bc8cff } .m3 { fill: #bc8cff }
}
</style>
`

// svg returns the curves as an image, with their values as text for those who
// cannot see it.
func (d drawing) svg(curves []curve) string {
	top := d.goal
	for _, c := range curves {
		for _, y := range c.y {
			top = max(top, y)
		}
	}
	step := niceStep(top / 5)
	top = math.Ceil(top*1.05/step) * step
	xs := curves[0].x
	at := func(x, y float64) (float64, float64) {
		part := math.Log(x/xs[0]) / math.Log(xs[len(xs)-1]/xs[0])
		return plotLeft + part*(plotWidth-plotLeft-plotRight), plotHeight - plotBottom - y/top*(plotHeight-plotTop-plotBottom)
	}
	var s strings.Builder
	fmt.Fprintf(&s, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %g %g" role="img">`+"\n<title>%s</title>\n<desc>%s</desc>\n%s", plotWidth, plotHeight, d.title, d.described(curves), plotStyle)
	fmt.Fprintf(&s, `<rect class="paper" width="100%%" height="100%%"/><text class="title" x="%g" y="28">%s</text>`+"\n", plotLeft, d.title)
	line := func(class string, y float64) (x1, py float64) {
		x0, py := at(xs[0], y)
		x1, _ = at(xs[len(xs)-1], y)
		fmt.Fprintf(&s, `<line class="%s" x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f"/>`, class, x0, py, x1, py)
		return x0, py
	}
	for i := 0; float64(i)*step <= top+step/2; i++ {
		x0, py := line("grid", float64(i)*step)
		fmt.Fprintf(&s, `<text x="%.1f" y="%.1f" text-anchor="end">%g</text>`+"\n", x0-8, py+4, float64(i)*step)
	}
	for _, x := range xs {
		px, py := at(x, 0)
		fmt.Fprintf(&s, `<text x="%.1f" y="%.1f" text-anchor="middle">%s</text>`+"\n", px, py+20, thousands(x))
	}
	middle := plotTop + (plotHeight-plotTop-plotBottom)/2
	fmt.Fprintf(&s, `<text x="%.1f" y="%.1f" text-anchor="middle">%s</text>`, plotLeft+(plotWidth-plotLeft-plotRight)/2, plotHeight-24, d.x)
	fmt.Fprintf(&s, `<text x="24" y="%.1f" text-anchor="middle" transform="rotate(-90 24 %.1f)">%s</text>`+"\n", middle, middle, d.y)
	line("goal", d.goal)
	for i, c := range curves {
		var points []string
		for j := range c.x {
			x, y := at(c.x[j], c.y[j])
			points = append(points, fmt.Sprintf("%.1f,%.1f", x, y))
			s.WriteString(mark(i, x, y))
		}
		fmt.Fprintf(&s, `<polyline class="curve c%d" points="%s"/>`+"\n", i, strings.Join(points, " "))
	}
	d.names(&s, curves, at)
	s.WriteString("</svg>\n")
	return s.String()
}

// names puts the name of each curve beside its end, as near as there is room.
func (d drawing) names(s *strings.Builder, curves []curve, at func(x, y float64) (float64, float64)) {
	type named struct {
		text string
		nth  int // of the curves; -1 for the goal
		y    float64
	}
	right := curves[0].x[len(curves[0].x)-1]
	var all []named
	for i, c := range curves {
		last := c.y[len(c.y)-1]
		_, y := at(right, last)
		all = append(all, named{fmt.Sprintf("%s, %.2f", c.name, last), i, y})
	}
	_, y := at(right, d.goal)
	all = append(all, named{fmt.Sprintf("goal of %s, %g", d.of, d.goal), -1, y})
	slices.SortFunc(all, func(a, b named) int { return cmp.Compare(a.y, b.y) })
	for i := range all {
		if i > 0 {
			all[i].y = max(all[i].y, all[i-1].y+plotNameHeight)
		}
	}
	over := max(0, all[len(all)-1].y-(plotHeight-plotBottom))
	x, _ := at(right, 0)
	for i, n := range all {
		y := n.y - over
		if i < len(all)-1 {
			y = max(y, plotTop)
		}
		if n.nth >= 0 {
			s.WriteString(mark(n.nth, x+18, y))
		}
		fmt.Fprintf(s, `<text x="%.1f" y="%.1f">%s</text>`+"\n", x+28, y+4, n.text)
	}
}

// mark is a point of a curve, of a shape of its own: not all tell colours apart.
func mark(curve int, x, y float64) string {
	const r = plotMarkSize
	corners := [][][2]float64{
		{},
		{{-r, -r}, {r, -r}, {r, r}, {-r, r}},
		{{0, -1.3 * r}, {1.2 * r, r}, {-1.2 * r, r}},
		{{0, -1.4 * r}, {1.4 * r, 0}, {0, 1.4 * r}, {-1.4 * r, 0}},
	}[curve]
	if len(corners) == 0 {
		return fmt.Sprintf(`<circle class="m%d" cx="%.1f" cy="%.1f" r="%g"/>`, curve, x, y, r)
	}
	var points []string
	for _, c := range corners {
		points = append(points, fmt.Sprintf("%.1f,%.1f", x+c[0], y+c[1]))
	}
	return fmt.Sprintf(`<polygon class="m%d" points="%s"/>`, curve, strings.Join(points, " "))
}

// niceStep is at least that, and 1, 2 or 5 times a power of ten.
func niceStep(least float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(least)))
	for _, times := range []float64{1, 2, 5} {
		if times*power >= least {
			return times * power
		}
	}
	return 10 * power
}

func (d drawing) described(curves []curve) string {
	lines := []string{fmt.Sprintf("Across: %s. Upwards: %s", d.x, d.y)}
	for _, c := range curves {
		var values []string
		for i := range c.x {
			values = append(values, fmt.Sprintf("%.2f at %s", c.y[i], thousands(c.x[i])))
		}
		lines = append(lines, c.name+": "+strings.Join(values, ", "))
	}
	return strings.Join(lines, "; ")
}

func thousands(x float64) string {
	text := fmt.Sprintf("%.0f", x)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
