// Package templates turns the record of an incident into what people read: cards, announcements, updates, drafts, lines in
// rooms, and the postmortem. The texts are files beside this one, built in, and a file of the same name in an operator's folder takes the place of ours.
//
// It decides nothing and sends nothing: what is told, to whom and when is the business of incident and bot; how a platform shows it is chat's.
//
// A template file is text/template (https://pkg.go.dev/text/template) in CommonMark. Each part of a message is a {{define}} of its own:
// "summary" (plain, one line), "header" (plain, one line), "text", "fields" (one "Name: value" in a line), "more" and "context"; a part
// that is missing or comes out empty is left out. Words that a person or a machine wrote print themselves escaped; {{short .Impact}} prints
// the beginning of them, {{plain .Title}} prints them as they are, for the two plain parts alone.
package templates
