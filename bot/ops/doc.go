// Package ops is the vocabulary that sitrep's core shares with vendors and chat platforms: what an integration can
// do (its capabilities), what it is asked and what it answers, the service catalog's types, and errors that have a name.
//
// It holds no behaviour beyond small methods on its own types, reaches no network and knows no vendor.
package ops
