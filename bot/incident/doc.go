// Package incident is the pure core: what an incident is, which commands it takes, which events follow from them, and
// what is known after an event. Decide says which events a command leads to, Apply folds an event into the State;
// the timeline, the updates and the postmortem are folds over the same events.
//
// It has no clock, network, store or goroutine; time comes in with each command. It imports the standard library alone.
package incident
