package prometheus

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"sitrep/bot/ops"
)

// answer is what query_range gives.
type answer struct {
	Status string `json:"status"`
	Data   struct {
		ResultType string   `json:"resultType"`
		Result     []stream `json:"result"`
	} `json:"data"`
}

type stream struct {
	Metric map[string]string `json:"metric"`
	Values []sample          `json:"values"`
}

// sample is [unix seconds, "value"].
type sample struct {
	at    time.Time
	value float64
}

// UnmarshalJSON reads the pair.
func (s *sample) UnmarshalJSON(b []byte) error {
	var at json.Number
	var value string
	if err := json.Unmarshal(b, &[]any{&at, &value}); err != nil {
		return err
	}
	sec, err := at.Float64()
	if err != nil {
		return fmt.Errorf("sample time: %w", err)
	}
	s.at = time.UnixMilli(int64(math.Round(sec * 1000))).UTC()
	if s.value, err = strconv.ParseFloat(value, 64); err != nil {
		return fmt.Errorf("sample value: %w", err)
	}
	return nil
}

// toSeries keeps the points that lie in the window and are numbers: a division by nothing is a gap, and no value.
// Series without a point are left out; the others are in the order of their names.
func toSeries(streams []stream, q ops.MetricQuery) []ops.Series {
	shared := sharedLabels(streams, q)
	var out []ops.Series
	for _, s := range streams {
		series := ops.Series{Name: legend(s.Metric, shared, q), Unit: q.Signal.Unit()}
		if q.Raw != "" {
			series.Unit = ""
		}
		for _, v := range s.Values {
			if !math.IsNaN(v.value) && !math.IsInf(v.value, 0) && !v.at.Before(q.Window.From) && v.at.Before(q.Window.To) {
				series.Points = append(series.Points, ops.Point{At: v.at, Value: v.value})
			}
		}
		if len(series.Points) > 0 {
			out = append(out, series)
		}
	}
	slices.SortStableFunc(out, func(a, b ops.Series) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// sharedLabels are those that all series have with the same value, and that therefore tell nothing. The labels of a single
// series tell something only to the one who wrote the query.
func sharedLabels(streams []stream, q ops.MetricQuery) map[string]bool {
	shared := map[string]bool{}
	if len(streams) == 0 || len(streams) == 1 && q.Raw != "" {
		return shared
	}
	for k, v := range streams[0].Metric {
		shared[k] = !slices.ContainsFunc(streams, func(s stream) bool { return s.Metric[k] != v })
	}
	return shared
}

// legend names a series by the labels that tell it from the others, else by what was asked for.
func legend(metric map[string]string, shared map[string]bool, q ops.MetricQuery) string {
	var labels []string
	for k, v := range metric {
		if k != "__name__" && !shared[k] {
			labels = append(labels, k+"="+v)
		}
	}
	sort.Strings(labels)
	name := metric["__name__"]
	if shared["__name__"] {
		name = ""
	}
	switch {
	case name != "" && len(labels) > 0:
		return name + " " + strings.Join(labels, " ")
	case len(labels) > 0:
		return strings.Join(labels, " ")
	case name != "":
		return name
	case q.Raw != "":
		return q.Raw
	}
	return string(q.Signal)
}
