package generic

import (
	"fmt"
	"strconv"
	"strings"
)

// path names places in a JSON document: `labels.service`, `alerts[*]`, `tags[0]`, `annotations["a.b"]`, `$.data.x`.
type path struct {
	nowhere  bool // leads to nothing, for what is not mapped
	fromRoot bool // begins with $: looked up in the whole document and not in the alert
	steps    []step
}

// step goes one level down: to a key of an object, an item of a list, or all of them.
type step struct {
	key   string
	index int
	kind  stepKind
}

type stepKind uint8

const (
	toKey stepKind = iota
	toIndex
	toAll
)

// parsePath reads a path. The empty path is the place itself.
func parsePath(text string) (path, error) {
	p := path{}
	rest := strings.TrimSpace(text)
	if after, ok := strings.CutPrefix(rest, "$"); ok {
		p.fromRoot, rest = true, after
	} else if rest != "" && rest[0] != '[' {
		rest = "." + rest
	}
	for rest != "" {
		s, after, err := parseStep(rest)
		if err != nil {
			return path{}, fmt.Errorf("path %q: %w", text, err)
		}
		p.steps, rest = append(p.steps, s), after
	}
	return p, nil
}

func parseStep(text string) (s step, rest string, err error) {
	if text[0] == '.' {
		end := strings.IndexAny(text[1:], ".[") + 1
		if end == 0 {
			end = len(text)
		}
		if s.key = text[1:end]; s.key == "" {
			return s, "", fmt.Errorf("a name is missing after a dot")
		}
		return s, text[end:], nil
	}
	if text[0] != '[' {
		return s, "", fmt.Errorf("%q must begin with a dot or a bracket", text)
	}
	if quote := text[1:]; quote != "" && (quote[0] == '"' || quote[0] == '\'') {
		key, after, ok := strings.Cut(quote[1:], quote[:1]+"]")
		if !ok {
			return s, "", fmt.Errorf("a quoted name is not closed")
		}
		return step{key: key}, after, nil
	}
	inside, after, ok := strings.Cut(text[1:], "]")
	if !ok {
		return s, "", fmt.Errorf("a bracket is not closed")
	}
	if inside == "*" {
		return step{kind: toAll}, after, nil
	}
	n, err := strconv.Atoi(inside)
	if err != nil || n < 0 {
		return s, "", fmt.Errorf("[%s] must be a number, * or a quoted name", inside)
	}
	return step{kind: toIndex, index: n}, after, nil
}

// all returns every place that the path names, in the order of the document. What is not there, or is null, is left out.
func (p path) all(root, here any) []any {
	if p.nowhere {
		return nil
	}
	places := []any{here}
	if p.fromRoot {
		places[0] = root
	}
	if places[0] == nil {
		return nil
	}
	for _, s := range p.steps {
		var next []any
		for _, place := range places {
			next = s.from(next, place)
		}
		places = next
	}
	return places
}

func (s step) from(out []any, place any) []any {
	add := func(v any) {
		if v != nil {
			out = append(out, v)
		}
	}
	switch place := place.(type) {
	case map[string]any:
		if s.kind == toKey {
			add(place[s.key])
		}
	case []any:
		switch {
		case s.kind == toAll:
			for _, v := range place {
				add(v)
			}
		case s.kind == toIndex && s.index < len(place):
			add(place[s.index])
		}
	}
	return out
}

// first returns the first place that the path names, or nil.
func (p path) first(root, here any) any {
	if found := p.all(root, here); len(found) > 0 {
		return found[0]
	}
	return nil
}
