package loki

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
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
	Labels map[string]string `json:"stream"`
	Values []entry           `json:"values"`
}

// entry is ["nanoseconds", "line"] or ["nanoseconds", "line", {structured metadata}].
type entry []json.RawMessage

func (e entry) line(labels map[string]string) (ops.LogLine, error) {
	var at, text string
	if len(e) < 2 {
		return ops.LogLine{}, fmt.Errorf("entry of %d parts", len(e))
	}
	if err := json.Unmarshal(e[0], &at); err != nil {
		return ops.LogLine{}, err
	}
	if err := json.Unmarshal(e[1], &text); err != nil {
		return ops.LogLine{}, err
	}
	if len(e) > 2 {
		labels = maps.Clone(labels)
		if err := json.Unmarshal(e[2], &labels); err != nil {
			return ops.LogLine{}, err
		}
	}
	ns, err := strconv.ParseInt(at, 10, 64)
	if err != nil {
		return ops.LogLine{}, fmt.Errorf("entry time: %w", err)
	}
	return ops.LogLine{At: time.Unix(0, ns).UTC(), Text: text, Labels: labels}, nil
}

// toLines merges the streams, newest line first; lines of the same time keep the order of the answer.
func toLines(streams []stream) ([]ops.LogLine, error) {
	var out []ops.LogLine
	for _, s := range streams {
		for _, e := range s.Values {
			line, err := e.line(s.Labels)
			if err != nil {
				return nil, err
			}
			out = append(out, line)
		}
	}
	slices.SortStableFunc(out, func(a, b ops.LogLine) int { return b.At.Compare(a.At) })
	return out, nil
}
