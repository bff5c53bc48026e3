package handlers

import (
	"context"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"time"

	"sitrep/bot/chart"
	"sitrep/bot/chat"
	"sitrep/bot/incident"
	"sitrep/bot/ops"
)

const (
	metricWindow  = time.Hour
	longestMetric = 24 * time.Hour
	beforeOnset   = 30 * time.Minute // of the time before an incident, shown for comparison
)

func metricsVerb() *Verb {
	return &Verb{
		Name: "metrics", Group: GroupLook, Subject: IfAny, Summary: "Shows a service's golden signals, now against before",
		Usage:    `[service] [latency|traffic|errors|saturation] [--since 1h] | ["query" --raw]`,
		Examples: []string{"metrics", "metrics checkout latency --since 3h", `metrics "rate(http_requests_total[5m])"`},
		Args: []Arg{
			lookedAt,
			{Name: "signal", Kind: Choice, Choices: signalNames(), Label: "Which signal?", Hint: "All four when not given"},
			{Name: "query", Kind: Text, Rest: true, Phrases: true, Max: 1000, Label: "Query", Hint: "A query in the source's own language, instead of a signal"},
			sinceArg,
			{Name: "raw", Kind: Yes, Flag: true, Hint: "Even a single word is a query"},
		},
		Settle: (*Call).settleMetrics,
		Run:    func(ctx context.Context, c *Call) (Answer, error) { return c.metrics(ctx) },
	}
}

func signalNames() []string {
	var names []string
	for _, s := range ops.Signals() {
		names = append(names, string(s))
	}
	return names
}

var oneWord = regexp.MustCompile(`^[A-Za-z][\w-]*$`)

// settleMetrics takes a single plain word for a service that was mistyped, since no query is that short by chance.
func (c *Call) settleMetrics() error {
	query := c.Args.Text("query")
	if c.Args.Has("raw") && query == "" {
		return improper("`--raw` needs a query in the source's own language.")
	}
	if c.Args.Has("raw") || !oneWord.MatchString(query) {
		return nil
	}
	if c.Args.Has("service") {
		return improper("%q is no signal. There are: %s.", query, strings.Join(signalNames(), ", "))
	}
	v, err := c.readService(query)
	if err == nil {
		c.Args.set("service", v)
		c.Args.drop("query")
	}
	return err
}

// reading is one signal as a source tells it.
type reading struct {
	name        string // the signal's, or the raw query
	unit        string
	now, before ops.MetricResult
	value, was  float64 // NaN when there is no point
}

// metricsOf is all that one source tells.
type metricsOf struct {
	readings []reading
	deploys  []ops.Change
	lacking  error // why some of it is missing, though the rest came
}

func (c *Call) metrics(ctx context.Context) (Answer, error) {
	sources := c.router.offering(func(o ops.Offer) bool { return o.Metrics != nil })
	if len(sources) == 0 {
		return Answer{}, noSource("metrics")
	}
	q, err := c.metricQuery()
	if err != nil {
		return Answer{}, err
	}
	changes := c.router.offering(func(o ops.Offer) bool { return o.Deploys != nil && o.Metrics == nil && q.Raw == "" })
	c.progress(asking("the metrics of "+esc(c.metricName(q)), sources))
	replies := ask(ctx, c.router.deps.Patience, slices.Concat(sources, changes), func(ctx context.Context, s ops.Source) (metricsOf, error) {
		return readMetrics(ctx, s, q, c.signals(q))
	}, func(sofar []reply[metricsOf]) { c.progress(c.metricsFound(q, sofar, false)) })
	for _, r := range replies {
		if r.err == nil && len(r.value.readings) > 0 {
			c.evidence(ctx, look{
				verb: "metrics", source: r.source.Name, query: queries(r.value.readings), window: q.Window, link: r.value.readings[0].now.Link,
				result: r.value.results(), finding: strings.Join(conclusions(r.value.readings), "; "),
			})
		}
	}
	return Answer{Message: c.metricsFound(q, replies, true)}, nil
}

// metricQuery is what is asked of each source, for each signal. Within an incident it reaches back to before its start.
func (c *Call) metricQuery() (ops.MetricQuery, error) {
	from := c.clock.now.Add(-metricWindow)
	if start := began(c.State).Add(-beforeOnset); c.State.Declared() && start.Before(from) {
		from = start
	}
	if oldest := c.clock.now.Add(-longestMetric); from.Before(oldest) {
		from = oldest
	}
	q := ops.MetricQuery{Window: c.window(from), Raw: plainQuery(c.Args.Text("query"))}
	if q.Raw != "" {
		return q, nil
	}
	var err error
	q.Service, err = c.subject()
	return q, err
}

func (c *Call) metricName(q ops.MetricQuery) string {
	if q.Raw != "" {
		return chat.Cut(q.Raw, 80)
	}
	return q.Service.Name
}

func (c *Call) signals(q ops.MetricQuery) []ops.Signal {
	switch {
	case q.Raw != "":
		return []ops.Signal{""}
	case c.Args.Has("signal"):
		return []ops.Signal{ops.Signal(c.Args.Text("signal"))}
	}
	return ops.Signals()
}

// readMetrics asks one source for each signal, now and before, and for the deploys if it knows of them. A signal that it does not have
// is left out; when no signal came, the error is that of the first that failed otherwise.
func readMetrics(ctx context.Context, s ops.Source, q ops.MetricQuery, signals []ops.Signal) (metricsOf, error) {
	var out metricsOf
	readings, errs := make([]reading, len(signals)), make([]error, len(signals)+1)
	together(len(signals)+1, func(i int) {
		switch {
		case i < len(signals) && s.Offer.Metrics != nil:
			readings[i], errs[i] = readSignal(ctx, s.Offer.Metrics, q, signals[i])
		case i == len(signals) && s.Offer.Deploys != nil && q.Raw == "":
			var res ops.DeployResult
			res, errs[i] = s.Offer.Deploys.ListDeploys(ctx, ops.DeployQuery{Service: q.Service, Window: q.Window, Limit: deployLimit})
			out.deploys = res.Changes
		}
	})
	var failed error
	for i, r := range readings {
		if errs[i] == nil && s.Offer.Metrics != nil {
			out.readings = append(out.readings, r)
		}
	}
	for _, err := range errs {
		if err != nil && failed == nil && ops.KindOf(err) != ops.NotFound {
			failed = err
		}
	}
	if len(out.readings) > 0 {
		out.lacking = failed
		return out, nil
	}
	return out, failed
}

func readSignal(ctx context.Context, m ops.MetricQuerier, q ops.MetricQuery, signal ops.Signal) (reading, error) {
	q.Signal = signal
	earlier := q
	earlier.Window = q.Window.Before()
	r := reading{name: string(signal), unit: signal.Unit()}
	var err, errBefore error
	together(2, func(i int) {
		if i == 0 {
			r.now, err = m.QueryMetrics(ctx, q)
		} else {
			r.before, errBefore = m.QueryMetrics(ctx, earlier)
		}
	})
	if err != nil {
		return r, err
	}
	if errBefore != nil {
		r.before = ops.MetricResult{}
	}
	if r.name == "" {
		r.name = "the query"
	}
	if r.unit == "" && len(r.now.Series) > 0 {
		r.unit = r.now.Series[0].Unit
	}
	r.value, r.was = level(signal, r.now.Series, recent(q.Window)), level(signal, r.before.Series, earlier.Window.From)
	return r, nil
}

// recent is from when on values count as those of now: the last twentieth of a window, which is three minutes of an hour. Longer would hide what
// has just begun.
func recent(w ops.Window) time.Time { return w.To.Add(-w.Length() / 20) }

// fewest is how many points count at the least, where a series has them: a single one may be an outlier.
const fewest = 3

// level is the middle value of each series from a moment on, of several the sum for traffic and else the highest.
func level(signal ops.Signal, series []ops.Series, from time.Time) float64 {
	total := math.NaN()
	for _, s := range series {
		var values []float64
		first := slices.IndexFunc(s.Points, func(p ops.Point) bool { return !p.At.Before(from) })
		if last := len(s.Points) - fewest; first < 0 || first > last {
			first = max(0, last)
		}
		for _, p := range s.Points[first:] {
			if !math.IsNaN(p.Value) {
				values = append(values, p.Value)
			}
		}
		if len(values) == 0 {
			continue
		}
		slices.Sort(values)
		v := values[len(values)/2]
		switch {
		case math.IsNaN(total):
			total = v
		case signal == ops.Traffic:
			total += v
		default:
			total = max(total, v)
		}
	}
	return total
}

// conclusion is a reading in plain words: "latency 2.4 s, was 210 ms (+1,043 %)".
func (r reading) conclusion() string {
	if math.IsNaN(r.value) {
		return r.name + ": no values"
	}
	text := r.name + " " + chart.Format(r.value, r.unit)
	if math.IsNaN(r.was) {
		return text + ", no values before"
	}
	return text + ", was " + chart.Format(r.was, r.unit) + " (" + percent(r.value, r.was) + ")"
}

func percent(now, was float64) string {
	switch {
	case now == was:
		return "unchanged"
	case was == 0:
		return "from nothing"
	}
	p := (now - was) / math.Abs(was) * 100
	switch {
	case math.Abs(p) < 1:
		return "unchanged"
	case p >= 900:
		return fmt.Sprintf("×%.0f", now/was)
	}
	return fmt.Sprintf("%+.0f %%", p)
}

// shift is how far a reading has moved, to find the one worth a picture.
func (r reading) shift() float64 {
	if math.IsNaN(r.value) || math.IsNaN(r.was) || r.value == r.was {
		return 0
	}
	if r.was == 0 || r.value == 0 {
		return 10
	}
	return math.Abs(math.Log(math.Abs(r.value / r.was)))
}

func conclusions(rs []reading) []string {
	var out []string
	for _, r := range rs {
		out = append(out, r.conclusion())
	}
	return out
}

func queries(rs []reading) string {
	var out []string
	for _, r := range rs {
		out = append(out, r.now.Query)
	}
	return strings.Join(out, " ; ")
}

func (m metricsOf) results() []ops.MetricResult {
	var out []ops.MetricResult
	for _, r := range m.readings {
		out = append(out, r.now, r.before)
	}
	return out
}

func (c *Call) metricsFound(q ops.MetricQuery, replies []reply[metricsOf], picture bool) chat.Message {
	var m chat.Message
	var best reading
	var links []string
	var deploys []ops.Change
	for _, r := range replies {
		if !r.done {
			continue
		}
		deploys = append(deploys, r.value.deploys...)
		if len(r.value.readings) == 0 {
			continue
		}
		m.Blocks = append(m.Blocks, chat.Block{Text: c.metricsLine(q, r.source, r.value.readings)})
		for _, rd := range r.value.readings {
			if len(rd.now.Series) > 0 && (len(best.now.Series) == 0 || rd.shift() > best.shift()) {
				best = rd
			}
		}
		if r.value.lacking != nil {
			m.Blocks = append(m.Blocks, chat.Block{Context: "⚠ " + esc(r.source.Name) + ", in part: " + esc(c.why(r.source, r.value.lacking))})
		}
		if l := r.value.readings[0].now.Link; l != "" {
			links = append(links, link(r.source.Name, l))
		}
	}
	if len(m.Blocks) == 0 && !slices.ContainsFunc(replies, func(r reply[metricsOf]) bool { return !r.done }) {
		m.Blocks = append(m.Blocks, chat.Block{Text: fmt.Sprintf("No source told anything of **%s**.", esc(c.metricName(q)))})
	}
	if picture && len(best.now.Series) > 0 {
		m.Blocks = append(m.Blocks, c.picture(q, best, deploys)...)
	}
	small := fmt.Sprintf("the last %s, against the middle of %s before %s", incident.Span(q.Window.To.Sub(recent(q.Window))),
		incident.Span(q.Window.Length()), c.at(q.Window.From))
	m.Blocks = append(m.Blocks, chat.Block{Context: strings.Join(append([]string{small}, links...), " · ")})
	m.Blocks = append(m.Blocks, trouble(c, replies)...)
	return m
}

func (c *Call) metricsLine(q ops.MetricQuery, s ops.Source, readings []reading) string {
	rs := slices.Clone(readings)
	slices.SortStableFunc(rs, func(a, b reading) int {
		switch d := b.shift() - a.shift(); {
		case d > 0:
			return 1
		case d < 0:
			return -1
		}
		return 0
	})
	return fmt.Sprintf("**%s** (%s): %s.", esc(c.metricName(q)), esc(s.Name), esc(strings.Join(conclusions(rs), "; ")))
}

// picture draws the reading that has moved most, with the alert, the onset and the deploys marked.
func (c *Call) picture(q ops.MetricQuery, r reading, deploys []ops.Change) []chat.Block {
	ch := chart.Chart{
		Title: c.metricName(q) + " " + r.name, Window: q.Window, Now: r.now.Series, Before: r.before.Series, Location: c.clock.zone,
		Alert: c.firstAlert(), Onset: c.onset(),
	}
	for _, d := range deploys {
		ch.Deploys = append(ch.Deploys, chart.Mark{At: d.At, Label: changeName(d)})
	}
	png, err := chart.PNG(ch)
	if err != nil {
		c.note("No picture: %s.", strings.TrimSuffix(c.why(ops.Source{Name: "chart"}, err), "."))
		return nil
	}
	file := strings.Map(fileRune, strings.ToLower(ch.Title)) + ".png"
	return []chat.Block{{Image: &chat.File{Name: file, Title: ch.Title, Alt: chart.Alt(ch), Data: png}}}
}

func fileRune(r rune) rune {
	if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
		return r
	}
	return '-'
}
