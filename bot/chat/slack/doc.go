// Package slack is the chat platform Slack: it hears slash commands, buttons, forms, mentions and reactions over Socket Mode
// or over HTTP, and writes rooms, messages, files and answers with the Web API.
//
// It decides nothing and repeats nothing: what a verb means is the business of handlers, when a call is tried again that of
// bot. What it hears is stored by the Intake before Slack is told that it arrived.
//
// The Web API: https://docs.slack.dev/reference/methods. Socket Mode: https://docs.slack.dev/apis/events-api/using-socket-mode.
package slack
