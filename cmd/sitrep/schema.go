package main

import (
	"strings"

	"github.com/spf13/cobra"

	"sitrep/integrations"
	"sitrep/integrations/all"
)

func schemaCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON Schema of the configuration, for editors",
		Long: `Prints the JSON Schema of the configuration file. With the YAML language server, begin the file with
# yaml-language-server: $schema=sitrep.schema.json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return jsonIndented(cmd.OutOrStdout(), configSchema()) },
	}
}

// object is a JSON Schema, or a part of one.
type object = map[string]any

// configSchema describes the configuration file; it is made from the same keys as the documentation.
func configSchema() object {
	s := schemaOf(integrations.Keys(defaultConfig()))
	s["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	s["title"] = "sitrep"
	var kinds []any
	for _, spec := range all.Specs() {
		one := schemaOf(spec.Keys)
		one["properties"].(object)["kind"] = object{"const": spec.Kind}
		one["required"] = append([]string{"kind"}, required(spec.Keys)...)
		one["title"] = spec.Title
		kinds = append(kinds, one)
	}
	s["properties"].(object)["integrations"] = object{
		"type": "object", "additionalProperties": object{"oneOf": kinds},
		"description": s["properties"].(object)["integrations"].(object)["description"],
	}
	return s
}

// schemaOf turns keys such as "queries.latency" and "rules[].path" into nested objects.
func schemaOf(keys []integrations.Key) object {
	root := newObject()
	for _, k := range keys {
		at := root
		parts := strings.Split(k.Name, ".")
		for _, p := range parts[:len(parts)-1] {
			at = inner(at, p)
		}
		name := parts[len(parts)-1]
		at["properties"].(object)[name] = valueSchema(k)
	}
	return root
}

func newObject() object {
	return object{"type": "object", "additionalProperties": false, "properties": object{}}
}

// inner returns the object below a key: a section, the items of a list ("rules[]"), or the values of a map ("cadence{}").
func inner(at object, part string) object {
	name := strings.TrimRight(part, "[]{}")
	below, _ := at["properties"].(object)[name].(object)
	if below == nil {
		below = object{}
		at["properties"].(object)[name] = below
	}
	key := ""
	switch {
	case strings.HasSuffix(part, "[]"):
		key = "items"
		below["type"] = "array"
	case strings.HasSuffix(part, "{}"):
		key = "additionalProperties"
		below["type"] = "object"
	default:
		if _, ok := below["properties"]; !ok {
			below["type"], below["additionalProperties"], below["properties"] = "object", false, object{}
		}
		return below
	}
	if next, ok := below[key].(object); ok && next["properties"] != nil {
		return next
	}
	next := newObject()
	below[key] = next
	return next
}

// required names the keys without which a configuration is refused.
func required(keys []integrations.Key) []string {
	var names []string
	for _, k := range keys {
		if k.Required && !strings.Contains(k.Name, ".") {
			names = append(names, k.Name)
		}
	}
	return names
}

func valueSchema(k integrations.Key) object {
	s := object{"description": k.Doc}
	if k.Default != "" {
		s["default"] = k.Default
	}
	switch k.Type {
	case "integer", "number", "boolean":
		s["type"] = []string{k.Type, "string"} // a string may be a reference to the environment
	case "list":
		s["type"] = "array"
	case "map", "section":
		s["type"] = "object"
	case "duration":
		s["type"], s["pattern"] = "string", `^(\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+$|^\$\{`
	default:
		s["type"] = "string"
	}
	return s
}
