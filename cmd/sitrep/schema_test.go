package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"sitrep/integrations"
	"sitrep/integrations/all"
)

// schema is what an editor gets: the schema as JSON, read back.
func schema(t *testing.T) map[string]any {
	t.Helper()
	text, err := json.Marshal(configSchema())
	if err != nil {
		t.Fatal(err)
	}
	var s map[string]any
	if err := json.Unmarshal(text, &s); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSchemaHasEveryKey(t *testing.T) {
	hasKeys(t, schema(t), integrations.Keys(defaultConfig()))
	kinds := schema(t)["properties"].(map[string]any)["integrations"].(map[string]any)["additionalProperties"].(map[string]any)["oneOf"].([]any)
	for i, spec := range all.Specs() {
		hasKeys(t, kinds[i].(map[string]any), spec.Keys)
	}
}

func hasKeys(t *testing.T, s map[string]any, keys []integrations.Key) {
	t.Helper()
	for _, k := range keys {
		at := s
		for part := range strings.SplitSeq(k.Name, ".") {
			name := strings.TrimRight(part, "[]{}")
			next, ok := at["properties"].(map[string]any)[name].(map[string]any)
			if !ok {
				t.Errorf("the schema has no %s", k.Name)
				break
			}
			switch {
			case strings.HasSuffix(part, "[]"):
				next = next["items"].(map[string]any)
			case strings.HasSuffix(part, "{}"):
				next = next["additionalProperties"].(map[string]any)
			}
			at = next
		}
		if at["description"] != k.Doc && !strings.HasSuffix(k.Name, "integrations") {
			t.Errorf("%s is described as %q, want %q", k.Name, at["description"], k.Doc)
		}
	}
}

func TestSchemaTakesWhatIsRight(t *testing.T) {
	for name, text := range map[string]string{"the example": exampleConfig, "the example with all that is commented out": uncommented(exampleConfig), "the demo": demoConfig} {
		if wrong := violations(t, text); len(wrong) > 0 {
			t.Errorf("%s is refused:\n%s", name, strings.Join(wrong, "\n"))
		}
	}
}

func TestSchemaRefusesWhatIsWrong(t *testing.T) {
	tests := map[string]string{
		"an unknown key":                   "lissten: x",
		"an unknown key below":             "routes: [{name: a, triag: true}]",
		"an unknown key in a map's value":  "audiences: [{name: a, cadence: {sev1: {frist: 1m}}}]",
		"a list for a section":             "store: [a]",
		"a word for a duration":            "incidents: {draft_lead: soon}",
		"an unknown kind":                  "integrations: {m: {kind: nagios}}",
		"an unknown key of an integration": "integrations: {m: {kind: loki, url: 'http://l', tennant: x}}",
		"a required key that is missing":   "integrations: {m: {kind: loki}}",
	}
	for name, text := range tests {
		if len(violations(t, text)) == 0 {
			t.Errorf("%s: %s is taken", name, text)
		}
	}
}

// violations holds a configuration against the schema, with as much of JSON Schema as the schema uses.
func violations(t *testing.T, text string) []string {
	t.Helper()
	var v any
	if err := yaml.Unmarshal([]byte(text), &v); err != nil {
		t.Fatal(err)
	}
	return validate(schema(t), v, "")
}

func validate(s map[string]any, v any, at string) []string {
	if kinds, ok := s["oneOf"].([]any); ok {
		return validateOne(kinds, v, at)
	}
	if want, ok := s["const"]; ok && v != want {
		return []string{fmt.Sprintf("%s is %v, want %v", at, v, want)}
	}
	if !typed(s["type"], v) {
		return []string{fmt.Sprintf("%s is %v, want %v", at, v, s["type"])}
	}
	var wrong []string
	switch v := v.(type) {
	case string:
		if p, ok := s["pattern"].(string); ok && !regexp.MustCompile(p).MatchString(v) {
			wrong = append(wrong, fmt.Sprintf("%s: %q does not match %s", at, v, p))
		}
	case []any:
		for i, item := range v {
			if items, ok := s["items"].(map[string]any); ok {
				wrong = append(wrong, validate(items, item, fmt.Sprintf("%s[%d]", at, i))...)
			}
		}
	case map[string]any:
		wrong = append(wrong, validateObject(s, v, at)...)
	}
	return wrong
}

func validateOne(kinds []any, v any, at string) []string {
	var wrong []string
	fitting := 0
	for _, k := range kinds {
		w := validate(k.(map[string]any), v, at)
		if len(w) == 0 {
			fitting++
		}
		wrong = append(wrong, w...)
	}
	if fitting == 1 {
		return nil
	}
	return append(wrong, fmt.Sprintf("%s fits %d schemas, want one", at, fitting))
}

func validateObject(s, v map[string]any, at string) []string {
	var wrong []string
	properties, _ := s["properties"].(map[string]any)
	for _, key := range slices.Sorted(maps.Keys(v)) {
		below := at + "." + key
		switch p, ok := properties[key].(map[string]any); {
		case ok:
			wrong = append(wrong, validate(p, v[key], below)...)
		case s["additionalProperties"] == false:
			wrong = append(wrong, below+" is unknown")
		default:
			if more, ok := s["additionalProperties"].(map[string]any); ok {
				wrong = append(wrong, validate(more, v[key], below)...)
			}
		}
	}
	required, _ := s["required"].([]any)
	for _, key := range required {
		if _, ok := v[key.(string)]; !ok {
			wrong = append(wrong, at+"."+key.(string)+" is missing")
		}
	}
	return wrong
}

func typed(want, v any) bool {
	if many, ok := want.([]any); ok {
		return slices.ContainsFunc(many, func(w any) bool { return typed(w, v) })
	}
	is := map[string]bool{}
	switch v.(type) {
	case string, time.Time:
		is["string"] = true
	case bool:
		is["boolean"] = true
	case int:
		is["integer"], is["number"] = true, true
	case float64:
		is["number"] = true
	case []any:
		is["array"] = true
	case map[string]any:
		is["object"] = true
	}
	return want == nil || is[want.(string)]
}

// uncommented makes an example's commented-out keys count, and leaves its remarks.
func uncommented(text string) string {
	key := regexp.MustCompile(`^# ( *(- )?[a-z_]+:.*)$`)
	var out []string
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if m := key.FindStringSubmatch(line); m != nil && !strings.HasPrefix(line, "# sitrep:") {
			line = m[1]
		}
		out = append(out, line)
	}
	return strings.Join(out, "\n")
}
