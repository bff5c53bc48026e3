// Package handlers is what sitrep understands and answers: the verbs that people type after /inc, the parser and the forms that they share,
// and the router that finds the incident, checks who may, runs the verb and turns every failure into a clear answer.
//
// It keeps nothing and posts nothing: a verb gives commands to the Engine and returns a message, and who called decides where it goes.
package handlers
