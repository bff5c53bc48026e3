// Package integrations says what an integration is: how it is named and configured, and how a configured one is opened.
//
// It knows no vendor; the list of them is in integrations/all. It holds no HTTP client either: see integrations/vendorhttp.
//
// A vendor is a folder with a Spec made by Define from a typed configuration and a constructor:
//
//	var Spec = integrations.Define(integrations.Spec{
//		Kind: "loki", Title: "Grafana Loki", Offers: []string{"Logs"}, Docs: "https://grafana.com/docs/loki/latest/",
//	}, Config{Limit: 1000}, New)
package integrations

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"go.uber.org/zap"
	"go.yaml.in/yaml/v3"

	"sitrep/bot/ops"
)

// Spec describes one kind of integration. Make it with Define; the zero value cannot be opened.
type Spec struct {
	Kind   string   // as in the configuration: "prometheus"
	Title  string   // as people write it: "Prometheus"
	Offers []string // the fields of ops.Offer that it can fill
	Docs   string   // the vendor's API documentation
	// Sources documents the keys that a service of the catalog may have under this integration's name.
	// Other keys are refused. Type, Default and Required mean nothing here.
	Sources []Key
	Keys    []Key // the configuration's keys, in the order of the struct; set by Define

	open func(Env, *yaml.Node) (ops.Offer, error)
}

// Env is what an integration gets from the process that runs it.
type Env struct {
	Name    string       // the integration's name in the configuration, under which the catalog's Sources are found
	HTTP    *http.Client // what vendorhttp builds on; nil for Go's default
	Log     *zap.Logger  // already narrowed to the integration; nil for none
	Catalog ops.Catalog
	Now     func() time.Time                                 // nil for time.Now
	Wait    func(ctx context.Context, d time.Duration) error // before a repeated request; nil to wait for real
}

// Define completes a Spec with its configuration's type. New is called with the defaults overlaid by what was configured,
// after the keys marked required and a method `Validate() error` of C have had their say; it must not reach the network.
// The fields of C carry the tags yaml (the key), doc (one sentence) and, where it applies, required:"true".
func Define[C any](s Spec, defaults C, open func(Env, C) (ops.Offer, error)) Spec {
	s.Keys = keysOf(defaults)
	s.open = func(env Env, node *yaml.Node) (ops.Offer, error) {
		cfg := defaults
		if err := Decode(node, &cfg); err != nil {
			return ops.Offer{}, err
		}
		if err := missing(cfg); err != nil {
			return ops.Offer{}, err
		}
		if v, ok := any(cfg).(interface{ Validate() error }); ok {
			if err := v.Validate(); err != nil {
				return ops.Offer{}, err
			}
		}
		return open(env, cfg)
	}
	return s
}

// Open decodes and checks the configuration in node, a mapping, and constructs the integration without reaching the network.
// The key "kind" in node is the caller's own and is passed over. The error is for the operator, names the line where it can,
// and holds no secret.
func (s Spec) Open(env Env, node *yaml.Node) (ops.Offer, error) {
	if s.open == nil {
		return ops.Offer{}, fmt.Errorf("integration kind %q was not made by Define", s.Kind)
	}
	if env.Now == nil {
		env.Now = time.Now
	}
	if env.Log == nil {
		env.Log = zap.NewNop()
	}
	if err := s.checkSources(env); err != nil {
		return ops.Offer{}, err
	}
	return s.open(env, without(node, "kind"))
}

// checkSources refuses what the catalog says to this integration and it would not understand.
func (s Spec) checkSources(env Env) error {
	var errs []error
	for _, svc := range env.Catalog.Services {
		for key := range svc.Source(env.Name) {
			if !hasKey(s.Sources, key) {
				errs = append(errs, fmt.Errorf("service %s: sources.%s: %w", svc.Name, env.Name, unknown(key, names(s.Sources))))
			}
		}
	}
	return errors.Join(errs...)
}

// without copies a mapping and leaves out one key; any other node is returned as it is.
func without(node *yaml.Node, key string) *yaml.Node {
	if node != nil && node.Kind == yaml.AliasNode {
		node = node.Alias
	}
	if node == nil || node.Kind != yaml.MappingNode {
		return node
	}
	out := *node
	out.Content = nil
	for i := 0; i+1 < len(node.Content); i += 2 {
		if node.Content[i].Value != key {
			out.Content = append(out.Content, node.Content[i], node.Content[i+1])
		}
	}
	return &out
}
