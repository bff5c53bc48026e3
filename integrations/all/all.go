// Package all lists every kind of integration that sitrep has. A new one is one entry here.
//
// It is imported by the process that runs them and by the generated documentation, and by no integration.
package all

import (
	"sitrep/integrations"
	"sitrep/integrations/alertmanager"
	"sitrep/integrations/generic"
	"sitrep/integrations/github"
	"sitrep/integrations/loki"
	"sitrep/integrations/prometheus"
)

// Specs returns the kinds of integration in alphabetical order.
func Specs() []integrations.Spec {
	return []integrations.Spec{
		alertmanager.Spec,
		generic.Spec,
		github.Spec,
		loki.Spec,
		prometheus.Spec,
	}
}
