package handlers

import "slices"

// allVerbs are the verbs, those of one group together.
func allVerbs() []*Verb {
	return slices.Concat(declareVerbs(), runVerbs(), peopleVerbs(), lookVerbs(), tellVerbs(), recordVerbs(), careVerbs(), helpVerbs())
}
