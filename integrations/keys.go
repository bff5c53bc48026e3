package integrations

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// Key documents one key of a configuration, for the generated documentation and the editor's schema.
type Key struct {
	Name     string // with dots for nesting, "[]" for the items of a list and "{}" for the values of a map: "queries.latency", "rules[].path"
	Type     string // "string", "secret", "duration", "integer", "number", "boolean", "list", "map" or "section"
	Default  string // as it would be written; empty for none
	Doc      string // one sentence
	Required bool
}

// Keys lists the keys of any configuration that is written with the same tags, in the order of its fields.
func Keys(defaults any) []Key { return keysOf(defaults) }

// keysOf lists the keys of a configuration in the order of its fields, a section before its own keys.
func keysOf(defaults any) []Key { return appendKeys(nil, "", reflect.ValueOf(defaults)) }

func appendKeys(keys []Key, prefix string, v reflect.Value) []Key {
	for f, field := range v.Fields() {
		name, options, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		if options == "inline" {
			keys = appendKeys(keys, prefix, field)
			continue
		}
		if !f.IsExported() || name == "-" {
			continue
		}
		if name == "" {
			name = strings.ToLower(f.Name)
		}
		key := Key{Name: prefix + name, Type: typeName(f.Type), Doc: f.Tag.Get("doc"), Required: f.Tag.Get("required") == "true"}
		if key.Type != "section" && !field.IsZero() {
			key.Default = written(field)
		}
		keys = append(keys, key)
		switch {
		case key.Type == "section":
			keys = appendKeys(keys, key.Name+".", field)
		case key.Type == "list" && typeName(f.Type.Elem()) == "section":
			keys = appendKeys(keys, key.Name+"[].", reflect.Zero(f.Type.Elem()))
		case key.Type == "map" && typeName(f.Type.Elem()) == "section" && f.Type.Elem() != reflect.TypeFor[yaml.Node]():
			keys = appendKeys(keys, key.Name+"{}.", reflect.Zero(f.Type.Elem()))
		}
	}
	return keys
}

func typeName(t reflect.Type) string {
	switch t {
	case reflect.TypeFor[Secret]():
		return "secret"
	case reflect.TypeFor[time.Duration]():
		return "duration"
	}
	switch t.Kind() {
	case reflect.Bool:
		return "boolean"
	case reflect.Int, reflect.Int64, reflect.Int32, reflect.Uint, reflect.Uint64:
		return "integer"
	case reflect.Float64, reflect.Float32:
		return "number"
	case reflect.Slice:
		return "list"
	case reflect.Map:
		return "map"
	case reflect.Struct:
		return "section"
	}
	return "string"
}

func written(v reflect.Value) string {
	switch v.Kind() {
	case reflect.Slice, reflect.Map:
		node := yaml.Node{}
		if err := node.Encode(v.Interface()); err != nil {
			return ""
		}
		node.Style = yaml.FlowStyle
		text, err := yaml.Marshal(&node)
		if err != nil {
			return ""
		}
		return strings.TrimSpace(string(text))
	}
	return fmt.Sprint(v.Interface())
}

// missing names the required keys that a configuration has left empty. Those of a list's items are for Validate.
func missing(cfg any) error {
	var errs []error
	for _, k := range keysOf(cfg) {
		if k.Required && k.Default == "" && !strings.Contains(k.Name, "[") {
			errs = append(errs, fmt.Errorf("%s is required: %s", k.Name, k.Doc))
		}
	}
	return errors.Join(errs...)
}

func names(keys []Key) []string {
	out := make([]string, len(keys))
	for i, k := range keys {
		out[i] = k.Name
	}
	return out
}

func hasKey(keys []Key, name string) bool {
	for _, k := range keys {
		if k.Name == name {
			return true
		}
	}
	return false
}
