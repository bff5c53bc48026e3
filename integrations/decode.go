package integrations

import (
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"strings"

	"github.com/agnivade/levenshtein"
	"go.yaml.in/yaml/v3"
)

// Decode reads node into the struct that out points to, over what stands there. Unknown keys, at any depth, are an error
// that names each one's line and the nearest key. A nil node changes nothing. No error repeats a configured value,
// because it may be a secret under the wrong key.
func Decode(node *yaml.Node, out any) error {
	if node == nil || node.IsZero() || node.Tag == "!!null" {
		return nil
	}
	if err := errors.Join(strangers(node, reflect.TypeOf(out).Elem())...); err != nil {
		return err
	}
	if err := node.Decode(out); err != nil {
		return withoutValues(err)
	}
	return nil
}

var quotedValue = regexp.MustCompile("(?s) `.*`")

func withoutValues(err error) error {
	var typed *yaml.TypeError
	if !errors.As(err, &typed) {
		return err
	}
	lines := make([]string, len(typed.Errors))
	for i, e := range typed.Errors {
		lines[i] = quotedValue.ReplaceAllString(e, "")
	}
	return errors.New(strings.Join(lines, "; "))
}

var unmarshaler = reflect.TypeFor[yaml.Unmarshaler]()

// strangers finds the keys of node that t has no field for.
func strangers(node *yaml.Node, t reflect.Type) []error {
	if node.Kind == yaml.AliasNode {
		node = node.Alias
	}
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t == reflect.TypeFor[yaml.Node]() || reflect.PointerTo(t).Implements(unmarshaler) {
		return nil
	}
	var errs []error
	switch {
	case t.Kind() == reflect.Slice && node.Kind == yaml.SequenceNode:
		for _, item := range node.Content {
			errs = append(errs, strangers(item, t.Elem())...)
		}
	case t.Kind() == reflect.Map && node.Kind == yaml.MappingNode:
		for i := 1; i < len(node.Content); i += 2 {
			errs = append(errs, strangers(node.Content[i], t.Elem())...)
		}
	case t.Kind() == reflect.Struct && node.Kind == yaml.MappingNode:
		fields, known := fieldsOf(t)
		for i := 0; i+1 < len(node.Content); i += 2 {
			key := node.Content[i]
			field, ok := fields[key.Value]
			switch {
			case ok:
				errs = append(errs, strangers(node.Content[i+1], field.Type)...)
			case key.Value != "<<":
				errs = append(errs, fmt.Errorf("line %d: %w", key.Line, unknown(key.Value, known)))
			}
		}
	}
	return errs
}

// fieldsOf maps the keys of a struct to its fields, and lists them in the struct's order.
func fieldsOf(t reflect.Type) (map[string]reflect.StructField, []string) {
	fields, order := map[string]reflect.StructField{}, []string{}
	for f := range t.Fields() {
		name, options, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		switch {
		case options == "inline":
			inner, names := fieldsOf(f.Type)
			for _, n := range names {
				fields[n] = inner[n]
			}
			order = append(order, names...)
		case f.IsExported() && name != "-":
			if name == "" {
				name = strings.ToLower(f.Name)
			}
			fields[name] = f
			order = append(order, name)
		}
	}
	return fields, order
}

func unknown(key string, known []string) error {
	near, best := "", 4
	for _, k := range known {
		if d := levenshtein.ComputeDistance(key, k); d < best && d < len(k) {
			near, best = k, d
		}
	}
	if near != "" {
		return fmt.Errorf("unknown key %q; did you mean %q?", key, near)
	}
	return fmt.Errorf("unknown key %q; known are %s", key, strings.Join(known, ", "))
}
